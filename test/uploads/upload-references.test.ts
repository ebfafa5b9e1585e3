import { describe, expect, it } from 'vitest';
import { uploadsNamedIn, withUploads } from '../../shared/uploads/upload-references.ts';

const reference = 'sluice-upload:u1';
const png = { mediaType: 'image/png', base64: 'QUJD' };
const url = 'data:image/png;base64,QUJD';
const part = (holder: object) => withUploads(JSON.parse(JSON.stringify({ input: [{ content: [holder] }] })), () => png);

describe('a reference to an upload', () => {
  it.each([
    [
      'image_url of Chat Completions',
      { type: 'image_url', image_url: { url: reference, detail: 'low' } },
      { type: 'image_url', image_url: { url, detail: 'low' } },
    ],
    [
      'file_data of Chat Completions',
      { type: 'file', file: { filename: 'a.pdf', file_data: reference } },
      { type: 'file', file: { filename: 'a.pdf', file_data: url } },
    ],
    [
      'input_audio',
      { type: 'input_audio', input_audio: { data: reference, format: 'wav' } },
      { type: 'input_audio', input_audio: { data: 'QUJD', format: 'wav' } },
    ],
    ['image_url of Responses', { type: 'input_image', image_url: reference }, { type: 'input_image', image_url: url }],
    ['file_url of Responses', { type: 'input_file', file_url: reference }, { type: 'input_file', filename: 'upload.png', file_data: url }],
    [
      'source of Messages',
      { type: 'image', source: { type: 'url', url: reference } },
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'QUJD' } },
    ],
    ['fileData of Gemini', { fileData: { fileUri: reference, mimeType: 'x/y' } }, { inlineData: { mimeType: 'image/png', data: 'QUJD' } }],
    [
      'file_data of Gemini',
      { file_data: { file_uri: reference }, thought: false },
      { inlineData: { mimeType: 'image/png', data: 'QUJD' }, thought: false },
    ],
  ])('in the %s takes the form of that place', (_place, holder, expected) => {
    expect(part(holder)).toEqual({ input: [{ content: [expected] }] });
  });

  it.each([
    { type: 'text', text: reference },
    { role: 'user', content: reference },
    { image_url: `see ${reference}` },
    { url: 'https://a/1.png' },
    { data: null },
  ])('is only words in %o', (holder) => {
    expect(part(holder)).toEqual({ input: [{ content: [holder] }] });
  });

  it('is told once for each place', () => {
    expect(uploadsNamedIn({ a: { url: reference }, b: [{ url: 'sluice-upload:u2' }, { image_url: reference }] })).toEqual([
      'u1',
      'u2',
      'u1',
    ]);
  });
});
