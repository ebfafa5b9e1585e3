import type { LanguageModelV4Prompt } from '@ai-sdk/provider';
import { describe, expect, it } from 'vitest';
import { instructionsFirst, withImageDetail, withToolFilesAfter } from '../../shared/providers/language-model-prompt.ts';

const data = { type: 'data', data: 'aaaa' } as const;
const image = { type: 'file', mediaType: 'image/png', data } as const;
const text = (words: string) => ({ type: 'text', text: words }) as const;
const user = { role: 'user' as const, content: [text('Go on.')] };
const answered = (toolCallId: string, ...value: (typeof image | ReturnType<typeof text>)[]): LanguageModelV4Prompt[number] => ({
  role: 'tool',
  content: [{ type: 'tool-result', toolCallId, toolName: 'camera', output: { type: 'content', value } }],
});
const note = text('The files of this result follow in the next message.');
const title = (id: string) => text(`Files of the result of tool call ${id}:`);

describe('files of tool results', () => {
  it('come after all results of the turn, in the message of the user that follows', () => {
    const prompt = [answered('a', text('One.'), image), answered('b', image), user];
    expect(withToolFilesAfter(prompt)).toEqual([
      answered('a', text('One.'), note),
      answered('b', note),
      { role: 'user', content: [title('a'), image, title('b'), image, text('Go on.')] },
    ]);
  });

  it('come in a message of their own where the results are the last word, or the model speaks next', () => {
    const said = { role: 'assistant' as const, content: [text('I see.')] };
    const shown = { role: 'user', content: [title('a'), image] };
    expect(withToolFilesAfter([user, answered('a', image)])).toEqual([user, answered('a', note), shown]);
    expect(withToolFilesAfter([answered('a', image), said, user])).toEqual([answered('a', note), shown, said, user]);
  });

  it('leave a prompt without any as it is', () => {
    const prompt = [user, answered('a', text('One.')), user];
    expect(withToolFilesAfter(prompt)).toEqual(prompt);
  });
});

describe('the detail of an image', () => {
  it('is auto where nobody says, and what the caller says otherwise', () => {
    const low = { ...image, providerOptions: { openai: { imageDetail: 'low' } } };
    const pdf = { ...image, mediaType: 'application/pdf' };
    expect(withImageDetail([{ role: 'user', content: [image, low, pdf] }])).toEqual([
      { role: 'user', content: [{ ...image, providerOptions: { openai: { imageDetail: 'auto' } } }, low, pdf] },
    ]);
  });
});

describe('instructions', () => {
  it('come first in their order', () => {
    const one = { role: 'system' as const, content: 'One.' };
    const two = { role: 'system' as const, content: 'Two.' };
    expect(instructionsFirst([one, user, two, user])).toEqual([one, two, user, user]);
  });
});
