import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { chatClient } from './chat-client.ts';
import { messagesClient } from './messages-client.ts';
import { responsesClient } from './responses-client.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ config: { defaults: { retries: 0 } } });
});
afterAll(async () => gateway?.close());

/** Every dialect, natively or translated, rehearses the same scripts. */
const clients = [chatClient, messagesClient, responsesClient];
const tools = [{ name: 'clock', custom: false }];

describe.each(clients)('echo for a client of $dialect', (client) => {
  const ask = (model: string, stream: boolean) => client.ask(gateway, `echo/${model}`, stream, model === 'tool-call' ? tools : []);

  describe.each([false, true])('streamed: %s', (stream) => {
    it('repeats what was said', async () => {
      expect(await ask('ok', stream)).toMatchObject({ text: 'Go on.', finish: 'stop', outputTokens: 2 });
    });

    it('calls a tool', async () => {
      const { toolCalls, finish } = await ask('tool-call', stream);
      expect(toolCalls).toEqual([{ id: 'call_echo', name: 'clock', input: {} }]);
      expect(finish).toBe('tool_calls');
    });

    it('thinks first', async () => {
      expect(await ask('reasoning', stream)).toMatchObject({ reasoning: 'Let me think about that.', text: 'Go on.', reasoningTokens: 4 });
    });

    it('fails as it is told', async () => {
      await expect(ask('error-400', stream)).rejects.toMatchObject({ status: 400 });
      await expect(ask('context-length', stream)).rejects.toThrow(/context is too short/);
    });

    it('breaks in the middle as it is told', async () => {
      await expect(ask(`cut-mid-stream?tokens=40`, stream)).rejects.toThrow(/broke/);
      await expect(ask(`error-mid-stream?tokens=40`, stream)).rejects.toThrow(/told to fail/);
    });
  });
});
