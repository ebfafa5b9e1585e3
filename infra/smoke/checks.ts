import { type SmokeAnswer, send } from './client.ts';

/** What is to be checked, and how patiently. */
export interface SmokeOptions {
  /** Without a trailing slash, and without `/v1`. */
  readonly url: string;
  readonly adminKey: string;
  /** How long the silent stream is silent: longer than the idle timers on the way that are to be proved bridged. */
  readonly silenceSeconds: number;
}

/** What the checks work with. */
interface Site extends SmokeOptions {
  /** A key made for this run. */
  key: string;
  keyId: string;
}

type Check = readonly [name: string, run: (site: Site) => Promise<string | undefined>];

const hello = (model: string, more: object = {}): object => ({
  model,
  messages: [{ role: 'user', content: 'one two three four five' }],
  ...more,
});
const chat = (site: Site, body: object, headers: Record<string, string> = {}): Promise<SmokeAnswer> =>
  send(`${site.url}/v1/chat/completions`, { key: site.key, body, headers });

/** Fails a check with what was seen. */
function expectThat(condition: boolean, seen: string): void {
  if (!condition) throw new Error(seen);
}

function told(answer: SmokeAnswer): string {
  return `${answer.status} ${answer.text.slice(0, 200)}`;
}

const checks: readonly Check[] = [
  [
    'is alive',
    async (site) => {
      const answer = await send(`${site.url}/health`, {});
      expectThat(answer.status === 200, told(answer));
      return undefined;
    },
  ],
  [
    'refuses a call without a key',
    async (site) => {
      const answer = await send(`${site.url}/v1/chat/completions`, { body: hello('echo/ok') });
      expectThat(answer.status === 401 && answer.text.includes('missing_api_key'), told(answer));
      return undefined;
    },
  ],
  [
    'makes a key',
    async (site) => {
      const answer = await send(`${site.url}/admin/keys`, {
        key: site.adminKey,
        body: { name: `smoke ${new Date().toISOString()}`, limits: { parallel_requests: 50 } },
      });
      expectThat(answer.status === 201, told(answer));
      const made: { id: string; key: string } = JSON.parse(answer.text);
      site.key = made.key;
      site.keyId = made.id;
      return made.id;
    },
  ],
  [
    'lists models',
    async (site) => {
      const answer = await send(`${site.url}/v1/models`, { key: site.key });
      expectThat(answer.status === 200 && answer.text.includes('"echo/ok"'), told(answer));
      return undefined;
    },
  ],
  [
    'answers a call, with its cost',
    async (site) => {
      const answer = await chat(site, hello('echo/ok'));
      expectThat(answer.status === 200 && answer.text.includes('one two three four five'), told(answer));
      expectThat(Number(answer.headers.get('x-sluice-cost-usd')) > 0, 'no x-sluice-cost-usd');
      return `$${answer.headers.get('x-sluice-cost-usd')}`;
    },
  ],
  [
    'streams chunk by chunk',
    async (site) => {
      const answer = await chat(site, hello('echo/ok?tokens=6&chunk_delay_ms=300', { stream: true }));
      expectThat(answer.status === 200 && answer.text.trimEnd().endsWith('[DONE]'), told(answer));
      const first = answer.chunkTimesMs[0] ?? 0;
      const last = answer.chunkTimesMs.at(-1) ?? 0;
      expectThat(last - first > 1_000, `all chunks came within ${Math.round(last - first)} ms: something on the way holds the stream back`);
      return `first byte after ${Math.round(first)} ms, last after ${Math.round(last)} ms`;
    },
  ],
  [
    'keeps a silent stream open',
    async (site) => {
      const answer = await chat(site, hello(`echo/ok?delay_ms=${site.silenceSeconds * 1000}`, { stream: true }));
      expectThat(answer.status === 200 && answer.text.includes(': keep-alive') && answer.text.trimEnd().endsWith('[DONE]'), told(answer));
      return `${site.silenceSeconds} s of silence`;
    },
  ],
  [
    'ends a cut stream in an error event',
    async (site) => {
      const answer = await chat(site, hello('echo/cut-mid-stream', { stream: true }));
      expectThat(answer.text.includes('"code":"provider_error"') && !answer.text.includes('[DONE]'), told(answer));
      return undefined;
    },
  ],
  [
    'takes sound in a form and sends sound back, byte by byte',
    async (site) => {
      const spoken = await fetch(`${site.url}/v1/audio/speech`, {
        method: 'POST',
        headers: { authorization: `Bearer ${site.key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'echo/ok', voice: 'alloy', input: 'x'.repeat(100) }),
      });
      const sound = await spoken.blob();
      const form = new FormData();
      form.set('model', 'echo/ok');
      form.set('file', sound, 'spoken.wav');
      const heard = await fetch(`${site.url}/v1/audio/transcriptions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${site.key}` },
        body: form,
      });
      const text = await heard.text();
      // Echo speaks a character in a twentieth of a second, and tells how long a WAV is by its bytes, begun seconds whole.
      expectThat(heard.status === 200 && text.includes('"seconds":6'), `${spoken.status}, ${heard.status} ${text.slice(0, 200)}`);
      return `${sound.size} bytes`;
    },
  ],
  [
    'takes a body past 6 MB by way of an upload',
    async (site) => {
      const asked = await send(`${site.url}/v1/uploads`, { key: site.key, body: {} });
      // Uploads can be left out of a deployment.
      if (asked.status === 404) return 'this gateway takes none';
      expectThat(asked.status === 200, told(asked));
      const upload: { id: string; url: string; headers: Record<string, string> } = JSON.parse(asked.text);
      const body = hello('echo/ok', { padding: 'x'.repeat(7_000_000) });
      const put = await send(upload.url, { method: 'PUT', body, headers: upload.headers });
      expectThat(put.status === 200, told(put));
      const answer = await chat(site, {}, { 'x-sluice-body': upload.id });
      expectThat(answer.status === 200 && answer.text.includes('one two three four five'), told(answer));
      return '7 MB';
    },
  ],
  [
    'falls back to the next target',
    async (site) => {
      const answer = await chat(site, hello('echo/error-503', { models: ['echo/ok'] }));
      expectThat(answer.status === 200 && answer.headers.get('x-sluice-model') === 'echo/ok', told(answer));
      return `${answer.headers.get('x-sluice-attempts')} attempts`;
    },
  ],
  [
    'refuses what the budget does not cover',
    async (site) => {
      const limited = await send(`${site.url}/admin/keys/${site.keyId}`, {
        method: 'PATCH',
        key: site.adminKey,
        body: { limits: { budgets: [{ amount_usd: 0.000001, period: 'day' }] } },
      });
      expectThat(limited.status === 200, told(limited));
      // A change of limits takes effect within ten seconds.
      await new Promise((resolve) => setTimeout(resolve, 11_000));
      const answer = await chat(site, hello('echo/ok'));
      expectThat(answer.status === 402 && answer.text.includes('budget_exceeded'), told(answer));
      return undefined;
    },
  ],
  [
    'revokes the key within ten seconds',
    async (site) => {
      const revoked = await send(`${site.url}/admin/keys/${site.keyId}`, { method: 'DELETE', key: site.adminKey });
      expectThat(revoked.status === 200, told(revoked));
      await new Promise((resolve) => setTimeout(resolve, 11_000));
      const answer = await send(`${site.url}/v1/key`, { key: site.key });
      expectThat(answer.status === 401, told(answer));
      return undefined;
    },
  ],
];

/** Runs every check, one after the other, and tells each result in a line. */
export async function runChecks(
  options: SmokeOptions,
  tell: (line: string) => void,
): Promise<{ readonly passed: number; readonly failed: number }> {
  const site: Site = { ...options, key: '', keyId: '' };
  let failed = 0;
  for (const [name, run] of checks) {
    try {
      const detail = await run(site);
      tell(`  ok    ${name}${detail === undefined ? '' : `  (${detail})`}`);
    } catch (error) {
      failed += 1;
      tell(`  FAIL  ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { passed: checks.length - failed, failed };
}
