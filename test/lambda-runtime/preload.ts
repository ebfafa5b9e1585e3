import { registerHooks } from 'node:module';

/** Loaded before the runtime client: gives it a stand-in for its native part. */
registerHooks({
  resolve(specifier, context, nextResolve) {
    if (specifier !== './rapid-client.node') return nextResolve(specifier, context);
    return { url: new URL('./rapid-client-stub.ts', import.meta.url).href, format: 'module-typescript', shortCircuit: true };
  },
});
