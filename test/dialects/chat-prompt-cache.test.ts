import { expect, it } from 'vitest';
import { chatCompletions } from '../../shared/dialects/chat-completions.ts';

const minute = { cache_control: { type: 'ephemeral' } };
const hour = { cache_control: { type: 'ephemeral', ttl: '1h' } };
const tool = { type: 'function', function: { name: 'f' } };
const text = { type: 'text', text: 'Hi' };

function promptCache(more: object): string {
  const body = { model: 'anthropic/claude-opus-5', messages: [{ role: 'user', content: 'Hi' }], ...more };
  const call = chatCompletions.parse({
    body: JSON.parse(JSON.stringify(body)),
    bodyBytes: JSON.stringify(body).length,
    headers: {},
    query: {},
    path: {},
  });
  return call.content.promptCache;
}

// What is written to a provider's cache costs more than plain input: a mark that is not seen is money that is not held.
it.each([
  [{}, 'none'],
  [minute, '5m'],
  [hour, '1h'],
  [{ messages: [{ role: 'user', content: [{ ...text, ...minute }] }] }, '5m'],
  [{ messages: [{ role: 'user', content: [{ ...text, ...minute }] }], ...hour }, '1h'],
  [{ messages: [{ role: 'user', content: 'Hi', ...hour }] }, '1h'],
  [{ tools: [tool, { ...tool, ...minute }] }, '5m'],
  [{ tools: [tool, { ...tool, ...hour }] }, '1h'],
  [{ tools: [{ type: 'function', function: { name: 'f', ...hour } }] }, '1h'],
  [{ messages: [{ role: 'user', content: [{ ...text, cache_control: null }] }], tools: [], cache_control: null }, 'none'],
])('marks for the prompt cache are seen wherever they stand: %j', (more, expected) => {
  expect(promptCache(more)).toBe(expected);
});
