import { Buffer } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { inflateSync } from 'node:zlib';
import { createOpenAI } from '@ai-sdk/openai';
import { generateImage, transcribe } from 'ai';
import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, configFor, pause, startUpstream, type TestUpstream } from '../support/upstream.ts';

let upstream: TestUpstream;
let gateway: TestGateway;
let client: OpenAI;

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGateway({
    config: configFor(upstream, {
      prices: {
        'up/voice': { per_million_characters: 15 },
        'up/whisper': { per_second: 0.0001 },
        'up/*': { input: 1, output: 2, per_image: 0.04 },
      },
      defaults: { retries: 0, timeouts: { idle_ms: 1_000 } },
    }),
    environment: { UP_KEY: 'provider-secret' },
  });
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0 });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});
beforeEach(() => {
  upstream.received.length = 0;
});

const sound = () => toFile(Buffer.from('RIFFxxxx not really sound'), 'hello.wav', { type: 'audio/wav' });

describe('speech', () => {
  it('flows as it comes, is counted by its characters and leaves no hold', async () => {
    const { key } = await gateway.createKey({ name: 'speaker', limits: { budgets: [{ amount_usd: 1, period: 'day' }] } });
    const speaker = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: 0 });
    const pieces = [Buffer.alloc(9_000, 1), Buffer.alloc(9_000, 2), Buffer.alloc(9_000, 3)];
    let isHeard = (): void => {};
    const heard = new Promise<void>((resolve) => {
      isHeard = resolve;
    });
    upstream.behave(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'audio/mpeg' });
      response.write(pieces[0]);
      // The rest comes once the caller has the beginning.
      await heard;
      for (const piece of pieces.slice(1)) response.write(piece);
      response.end();
    });
    const response = await speaker.audio.speech.create({ model: 'up/voice', voice: 'alloy', input: 'Hello ☃' });
    isHeard();
    expect(response.headers.get('content-type')).toBe('audio/mpeg');
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes.equals(Buffer.concat(pieces))).toBe(true);
    expect(JSON.parse(upstream.received[0]?.body ?? '')).toMatchObject({ model: 'voice', input: 'Hello ☃', voice: 'alloy' });
    // 7 characters at 15 USD a million.
    await expect
      .poll(async () =>
        (await (await fetch(`${gateway.url}/v1/key`, { headers: { authorization: `Bearer ${key}` } })).text()).includes(
          '"spent_usd":0.000105',
        ),
      )
      .toBe(true);
  });

  it('that the provider breaks off ends early, and the receipt says so', async () => {
    upstream.behave(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'audio/mpeg' });
      response.write(Buffer.alloc(1000));
      await pause(20);
      response.destroy();
    });
    const response = await client.audio.speech.create({ model: 'up/voice', voice: 'alloy', input: 'Cut' });
    const id = response.headers.get('x-sluice-request-id');
    expect((await response.arrayBuffer()).byteLength).toBe(1000);
    await expect(
      gateway.logged((line) => JSON.stringify(line).includes(String(id)) && JSON.stringify(line).includes('"failed"')),
    ).resolves.toBeTruthy();
  });

  it('that stalls is given up after the idle time', async () => {
    upstream.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'audio/mpeg' });
      response.write(Buffer.alloc(10));
    });
    const response = await client.audio.speech.create({ model: 'up/voice', voice: 'alloy', input: 'Stall' });
    const begun = performance.now();
    expect((await response.arrayBuffer()).byteLength).toBe(10);
    expect(performance.now() - begun).toBeLessThan(6_000);
  });

  it('ends at the provider when the caller leaves', async () => {
    upstream.behave(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'audio/mpeg' });
      for (let index = 0; index < 200 && !response.destroyed; index += 1) {
        response.write(Buffer.alloc(1000));
        await pause(20);
      }
      response.end();
    });
    const abort = new AbortController();
    const response = await client.audio.speech.create({ model: 'up/voice', voice: 'alloy', input: 'Leave' }, { signal: abort.signal });
    await response.body?.getReader().read();
    abort.abort();
    await expect(Promise.race([upstream.received[0]?.aborted.then(() => 'aborted'), pause(3000).then(() => 'still open')])).resolves.toBe(
      'aborted',
    );
  });

  it('that is refused is told as JSON', async () => {
    upstream.behave(answerJson(400, { error: { message: 'no such voice', type: 'invalid_request_error', code: 'voice' } }));
    await expect(client.audio.speech.create({ model: 'up/voice', voice: 'nobody', input: 'Hi' })).rejects.toMatchObject({
      status: 400,
      code: 'invalid_request',
      message: expect.stringContaining('no such voice'),
    });
  });

  it('of the echo provider is a WAV of a twentieth of a second a character', async () => {
    const response = await client.audio.speech.create({ model: 'echo/ok', voice: 'alloy', input: 'Hello' });
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes.toString('latin1', 0, 4)).toBe('RIFF');
    expect(bytes.length).toBe(44 + 5 * 1_200 * 2);
    const streamed = await client.audio.speech.create({ model: 'echo/ok', voice: 'alloy', input: 'Hello', stream_format: 'sse' });
    const events = (await streamed.text())
      .trim()
      .split('\n\n')
      .map((event) => JSON.parse(event.slice(event.indexOf('data: ') + 6)));
    expect(events.map(({ type }) => type)).toEqual(['speech.audio.delta', 'speech.audio.done']);
    expect(events[1].cost_usd).toBeGreaterThan(0);
  });
});

describe('transcription', () => {
  it('reaches the provider as the form it was, with its own model', async () => {
    upstream.behave(answerJson(200, { text: 'Hello', usage: { type: 'duration', seconds: 7 } }));
    const { data, response } = await client.audio.transcriptions
      .create({ model: 'up/whisper', file: await sound(), language: 'en' })
      .withResponse();
    expect(data.text).toBe('Hello');
    expect(response.headers.get('x-sluice-cost-usd')).toBe('0.0007');
    const [sent] = upstream.received;
    expect(sent?.path).toBe('/v1/audio/transcriptions');
    expect(sent?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
    expect(sent?.body).toContain('name="model"\r\n\r\nwhisper\r\n');
    expect(sent?.body).toContain('filename="hello.wav"');
    expect(sent?.body).toContain('RIFFxxxx not really sound');
    expect(sent?.body).toContain('name="language"\r\n\r\nen\r\n');
    expect(sent?.body).not.toContain('up/whisper');
  });

  it('as subtitles passes as text', async () => {
    upstream.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
      response.end('1\n00:00:00,000 --> 00:00:01,000\nHällo\n');
    });
    const subtitles = await client.audio.transcriptions.create({ model: 'up/whisper', file: await sound(), response_format: 'srt' });
    expect(subtitles).toBe('1\n00:00:00,000 --> 00:00:01,000\nHällo\n');
  });

  it('streams, and ends in an error where the provider dies', async () => {
    const file = await sound();
    upstream.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"type":"transcript.text.delta","delta":"Hel"}\n\n');
      response.end(
        'data: {"type":"transcript.text.done","text":"Hello","usage":{"type":"tokens","input_tokens":10,"output_tokens":2}}\n\n',
      );
    });
    const events: { type: string }[] = [];
    for await (const event of await client.audio.transcriptions.create({ model: 'up/m', file, stream: true })) events.push(event);
    expect(events.map(({ type }) => type)).toEqual(['transcript.text.delta', 'transcript.text.done']);
    expect(events[1]).toMatchObject({ cost_usd: 0.000014 });
    upstream.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end('data: {"type":"transcript.text.delta","delta":"Hel"}\n\n');
    });
    const reading = (async () => {
      for await (const _ of await client.audio.transcriptions.create({ model: 'up/m', file, stream: true }));
    })();
    await expect(reading).rejects.toMatchObject({ code: 'provider_error' });
  });

  it('is rehearsed on echo, in every format and by the AI SDK', async () => {
    const file = await sound();
    expect((await client.audio.transcriptions.create({ model: 'echo/ok', file, prompt: 'One two' })).text).toBe('One two');
    expect(await client.audio.transcriptions.create({ model: 'echo/ok', file, prompt: 'One', response_format: 'vtt' })).toContain('WEBVTT');
    const provider = createOpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key });
    const { text } = await transcribe({ model: provider.transcription('echo/ok'), audio: Buffer.from('RIFFxxxxWAVE') });
    expect(text).not.toBe('');
  });

  it.each([
    ['as JSON', { 'content-type': 'application/json' }, '{"model":"up/whisper"}', 415],
    [
      'as half a form',
      { 'content-type': 'multipart/form-data; boundary=x' },
      '--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nup/whisper\r\n',
      400,
    ],
    [
      'without sound',
      { 'content-type': 'multipart/form-data; boundary=x' },
      '--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nup/whisper\r\n--x--\r\n',
      400,
    ],
  ])('%s is refused with what is wrong', async (_how, headers, body, status) => {
    const response = await fetch(`${gateway.url}/v1/audio/transcriptions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}`, ...headers },
      body,
    });
    expect(response.status).toBe(status);
    expect(JSON.parse(await response.text()).error.code).toBe('invalid_request');
    expect(upstream.received).toEqual([]);
  });
});

describe('images', () => {
  it('cost what their number or their tokens cost', async () => {
    upstream.behave(answerJson(200, { created: 1, data: [{ b64_json: 'AA==' }, { b64_json: 'AQ==' }] }));
    const { data, response } = await client.images.generate({ model: 'up/painter', prompt: 'A cat', n: 2 }).withResponse();
    expect(data.data).toHaveLength(2);
    expect(response.headers.get('x-sluice-cost-usd')).toBe('0.08');
    expect(JSON.parse(upstream.received[0]?.body ?? '')).toEqual({ model: 'painter', prompt: 'A cat', n: 2 });
  });

  it('of the echo provider are images, for the AI SDK too', async () => {
    const { data = [] } = await client.images.generate({ model: 'echo/ok', prompt: 'A cat' });
    const png = Buffer.from(data[0]?.b64_json ?? '', 'base64');
    expect(png.toString('latin1', 1, 4)).toBe('PNG');
    const start = png.indexOf('IDAT') + 4;
    expect(inflateSync(png.subarray(start, start + png.readUInt32BE(start - 8)))).toHaveLength(2);
    const provider = createOpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key });
    const { image } = await generateImage({ model: provider.imageModel('echo/ok'), prompt: 'A cat' });
    expect(image.mediaType).toBe('image/png');
  });

  const base64 = (bytes: number) => Buffer.alloc(bytes, 7).toString('base64');
  const usage = { input_tokens: 1_000, output_tokens: 4_000, total_tokens: 5_000 };

  it('that are large are handed on as they come, and counted by what the answer says of itself', async () => {
    const pieces = [
      `{"created":1,"data":[{"b64_json":"${base64(600_000)}`,
      `${base64(600_000)}"},{"b64_json":"QQ=="}],"usage":`,
      JSON.stringify(usage),
      '}',
    ];
    let isOver = false;
    upstream.behave(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      for (const piece of pieces) {
        response.write(piece);
        await pause(120);
      }
      isOver = true;
      response.end();
    });
    const response = await client.images.generate({ model: 'up/m', prompt: 'A cat', n: 2 }).asResponse();
    expect(response.headers.get('content-type')).toBe('application/json');
    const reader = response.body!.getReader();
    const first = await reader.read();
    expect(isOver).toBe(false);
    let text = Buffer.from(first.value ?? []).toString();
    for (let read = await reader.read(); !read.done; read = await reader.read()) text += Buffer.from(read.value).toString();
    expect(text).toBe(pieces.join(''));
    const id = response.headers.get('x-sluice-request-id');
    const line = await gateway.logged((candidate) => candidate.message === 'call' && candidate.request_id === id);
    // A thousand tokens in at a dollar a million, four thousand out at two, and two images at four cents.
    expect(line).toMatchObject({
      ending: 'answered',
      usage: { inputTokens: 1_000, outputTokens: 4_000, images: 2 },
      cost_nano_usd: 89_000_000,
    });
    expect(line.estimated).toBeUndefined();
  });

  it.runIf(process.platform === 'linux')('of three hundred megabytes are not held, however slowly they are read', async () => {
    const memoryKb = async () => Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${gateway.process.pid}/status`, 'utf8'))?.[1]);
    const before = await memoryKb();
    const piece = base64(750_000);
    upstream.behave(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"created":1,"data":[{"b64_json":"');
      for (let index = 0; index < 300; index += 1) {
        if (!response.write(piece)) await new Promise((resolve) => response.once('drain', resolve));
      }
      response.end(`"}],"usage":${JSON.stringify(usage)}}`);
    });
    const response = await client.images.generate({ model: 'up/m', prompt: 'A cat' }).asResponse();
    let bytes = 0;
    let most = before;
    let nextLookAtBytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes < nextLookAtBytes) continue;
      // At the beginning, and then after every ten megabytes: whatever came meanwhile has had the time to pile up.
      await pause(nextLookAtBytes === 0 ? 500 : 10);
      nextLookAtBytes = bytes + 10_000_000;
      most = Math.max(most, await memoryKb());
    }
    expect(bytes).toBeGreaterThan(300_000_000);
    // What passed and has not been collected yet, and no more.
    expect(most - before).toBeLessThan(150_000);
  });

  it('that break off end early, and are charged at most what was held', async () => {
    upstream.behave(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write(`{"created":1,"data":[{"b64_json":"${base64(600_000)}`);
      await pause(50);
      response.destroy();
    });
    const response = await client.images.generate({ model: 'up/painter', prompt: 'A cat' }).asResponse();
    expect((await response.text()).endsWith('}')).toBe(false);
    const id = response.headers.get('x-sluice-request-id');
    const line = await gateway.logged((candidate) => candidate.message === 'call' && candidate.request_id === id);
    expect(line).toMatchObject({ ending: 'failed', error: 'provider_error', estimated: true });
  });

  it('are no page of HTML, however large', async () => {
    upstream.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end(`<p>${'x'.repeat(400_000)}`);
    });
    await expect(client.images.generate({ model: 'up/m', prompt: 'A cat' })).rejects.toMatchObject({ status: 502, code: 'provider_error' });
  });

  it('that are large are repeated whole under their Idempotency-Key', async () => {
    upstream.behave(answerJson(200, { created: 1, data: [{ b64_json: base64(600_000) }], usage }));
    const options = { headers: { 'idempotency-key': 'images-1' } };
    const once = await client.images.generate({ model: 'up/m', prompt: 'A cat' }, options);
    await expect
      .poll(async () => {
        const again = await client.images
          .generate({ model: 'up/m', prompt: 'A cat' }, options)
          .withResponse()
          .catch(() => undefined);
        return (
          again?.response.headers.get('x-sluice-idempotent-replayed') === 'true' &&
          again.data.data?.[0]?.b64_json === once.data?.[0]?.b64_json
        );
      })
      .toBe(true);
    expect(upstream.received).toHaveLength(1);
  });

  it('are let in whole or not at all: no cap can be lowered for them', async () => {
    const { key } = await gateway.createKey({ name: 'painter', limits: { budgets: [{ amount_usd: 0.05, period: 'day' }] } });
    const painter = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: 0 });
    await expect(painter.images.generate({ model: 'up/painter', prompt: 'A cat', n: 2 })).rejects.toMatchObject({ status: 402 });
    expect(upstream.received).toEqual([]);
  });
});

describe('moderation and reranking', () => {
  it('pass to the provider and back', async () => {
    upstream.behave(answerJson(200, { id: 'modr-1', model: 'm', results: [{ flagged: false }] }));
    expect(await client.moderations.create({ model: 'up/m', input: 'Hi' })).toMatchObject({ results: [{ flagged: false }] });
    upstream.behave(
      answerJson(200, { id: 'r', results: [{ index: 1, relevance_score: 0.9 }], meta: { billed_units: { search_units: 1 } } }),
    );
    const response = await fetch(`${gateway.url}/v1/rerank`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'up/m', query: 'q', documents: ['a', { text: 'b' }], top_n: 1, return_documents: true }),
    });
    expect(JSON.parse(await response.text()).results).toEqual([{ index: 1, relevance_score: 0.9 }]);
    expect(JSON.parse(upstream.received.at(-1)?.body ?? '')).toEqual({
      model: 'm',
      query: 'q',
      documents: ['a', { text: 'b' }],
      top_n: 1,
      return_documents: true,
    });
  });

  it('are rehearsed on echo', async () => {
    const judged = await client.moderations.create({ model: 'echo/ok', input: ['nice words', 'pure violence'] });
    expect(judged.results.map(({ flagged }) => flagged)).toEqual([false, true]);
    const response = await fetch(`${gateway.url}/v1/rerank`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'echo/ok', query: 'green tea', documents: ['black coffee', 'green tea', 'green apple'], top_n: 2 }),
    });
    expect(JSON.parse(await response.text()).results).toEqual([
      { index: 1, relevance_score: 1 },
      { index: 2, relevance_score: 0.5 },
    ]);
  });
});

describe('a body too large for an invocation', () => {
  it('is refused with the way round it', async () => {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'echo/ok', messages: [{ role: 'user', content: 'x'.repeat(6.2 * 1024 * 1024) }] }),
    });
    expect(response.status).toBe(413);
    expect(JSON.parse(await response.text()).error).toMatchObject({
      code: 'request_too_large',
      message: expect.stringContaining('POST /v1/uploads'),
    });
  });
});
