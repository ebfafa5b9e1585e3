import type { LiveConfig } from '../../shared/config/live-config.ts';
import { isGlob } from '../../shared/pricing/model-pattern.ts';
import { targetsBehind } from '../../shared/routing/plan.ts';

/** What is allowed in a configuration and probably not meant. */
export function warningsOf(config: LiveConfig): string[] {
  const warnings: string[] = [];
  for (const name of Object.keys(config.routes)) {
    if (isGlob(name)) continue;
    for (const target of targetsBehind(name, config).targets) {
      if (config.priceOf(target) === undefined)
        warnings.push(`models.${name}: no price is known for ${target.name}, so keys with a budget may not call it. Set it under prices.`);
    }
  }
  return [...new Set(warnings)];
}
