import { type Api, ApiError } from './api.ts';
import { announce, type Child, h, replace } from './dom.ts';
import { count, duration, usd } from './format.ts';
import { noteCall } from './recent-calls.ts';
import { type CallListener, type CallUsage, streamCall } from './streamed-call.ts';
import { copyButton, errorNotice, facts, hrefTo, type Place, panel, table } from './view.ts';

/** One call from the playground and what is seen of it. */
export class PlaygroundRun {
  readonly element: HTMLElement;
  readonly #api: Api;
  readonly #place: Place;
  readonly #abort = new AbortController();
  readonly #state = h('span', { class: 'badge plain' }, 'sending');
  readonly #reasoning = h('div', { class: 'answer thought', hidden: true });
  readonly #answer = h('div', { class: 'answer', role: 'log', 'aria-label': 'Answer', 'aria-busy': 'true', tabindex: 0 });
  readonly #tools = h('div');
  readonly #problem = h('div');
  readonly #facts = h('div');
  readonly #headers = h('div');
  readonly #begun = performance.now();
  #seen: Headers | undefined;
  #usage: CallUsage | undefined;
  #costUsd: number | undefined;
  #firstTokenMs: number | undefined;
  #endedMs: number | undefined;
  #finish: string | undefined;

  constructor(api: Api, place: Place) {
    this.#api = api;
    this.#place = place;
    this.element = panel(
      'Answer',
      { actions: this.#state },
      this.#problem,
      this.#reasoning,
      this.#answer,
      this.#tools,
      this.#facts,
      this.#headers,
    );
  }

  /** Makes the call and shows it while it comes. Never throws: what goes wrong is shown. */
  async run(body: object, headers: Readonly<Record<string, string>>): Promise<void> {
    const api: Pick<Api, 'send'> = { send: (method, path, options) => this.#api.send(method, path, { ...options, headers }) };
    try {
      await streamCall(api, body, this.#listener(), this.#abort.signal);
      this.#end('answered', 'good');
    } catch (error) {
      if (this.#abort.signal.aborted) this.#end('stopped', 'warn');
      else this.#fail(error);
    }
  }

  /** Ends the call; the gateway settles what came so far. */
  stop(): void {
    this.#abort.abort();
  }

  #listener(): CallListener {
    const calls: HTMLElement[] = [];
    return {
      headers: (headers) => {
        this.#seen = headers;
        this.#setState('streaming', 'plain');
        this.#draw();
      },
      text: (text, atMs) => {
        this.#noteToken(atMs);
        this.#answer.append(text);
      },
      reasoning: (text, atMs) => {
        this.#noteToken(atMs);
        this.#reasoning.hidden = false;
        this.#reasoning.append(text);
      },
      toolCall: (index, name, part, atMs) => {
        this.#noteToken(atMs);
        const known = calls[index] ?? h('pre', { class: 'code', tabindex: 0 }, `${name ?? 'tool'}: `);
        if (!calls[index]) this.#tools.append(known);
        calls[index] = known;
        known.append(part);
      },
      finish: (reason) => {
        this.#finish = reason;
      },
      usage: (usage, costUsd) => {
        this.#usage = usage;
        this.#costUsd = costUsd;
      },
    };
  }

  #noteToken(atMs: number): void {
    if (this.#firstTokenMs !== undefined) return;
    this.#firstTokenMs = atMs;
    this.#draw();
  }

  #setState(text: string, tone: string): void {
    this.#state.textContent = text;
    this.#state.className = `badge ${tone}`;
  }

  #end(state: string, tone: string): void {
    this.#endedMs = performance.now() - this.#begun;
    this.#setState(state, tone);
    this.#answer.setAttribute('aria-busy', 'false');
    this.#draw();
    const id = this.#seen?.get('x-sluice-request-id');
    if (id) noteCall(id);
    announce(`The call is ${state}. ${count(this.#usage?.completion_tokens)} tokens, ${usd(this.#costUsd)}.`);
  }

  #fail(error: unknown): void {
    if (error instanceof ApiError) this.#seen ??= error.headers;
    this.#end('failed', 'bad');
    replace(this.#problem, errorNotice(error));
  }

  #draw(): void {
    const headers = this.#seen;
    const { prompt_tokens: input, completion_tokens: output } = this.#usage ?? {};
    const writingMs = this.#endedMs !== undefined && this.#firstTokenMs !== undefined ? this.#endedMs - this.#firstTokenMs : undefined;
    const speed =
      output !== undefined && writingMs !== undefined && writingMs > 20 ? `${count((output / writingMs) * 1000)} a second` : undefined;
    const rows: [string, Child][] = [
      ['Cost', this.#costUsd === undefined ? undefined : h('strong', null, usd(this.#costUsd))],
      ['First token after', this.#firstTokenMs === undefined ? undefined : duration(this.#firstTokenMs)],
      ['Whole answer', this.#endedMs === undefined ? undefined : duration(this.#endedMs)],
      ['Tokens in / out', output === undefined ? undefined : `${count(input)} / ${count(output)}`],
      ['Output tokens', speed],
      ['Served by', headers?.get('x-sluice-model')],
      ['Attempts', headers?.get('x-sluice-attempts')],
      ['Cache', headers?.get('x-sluice-cache')],
      ['Finish reason', this.#finish],
      ['Request', this.#requestLink()],
    ];
    // While the call runs, what is still to come keeps its place; at the end it is left out.
    const toCome = this.#endedMs === undefined ? '–' : undefined;
    replace(this.#facts, facts(rows.map(([name, value]) => [name, value ?? toCome])));
    if (headers && this.#headers.childElementCount === 0) replace(this.#headers, headerTable(headers));
  }

  #requestLink(): Child {
    const id = this.#seen?.get('x-sluice-request-id');
    if (!id) return undefined;
    const view = this.#place.session.kind === 'admin' ? 'requests' : 'receipts';
    return [h('a', { href: hrefTo(view, id), class: 'mono' }, id), ' ', copyButton(() => id)];
  }
}

function headerTable(headers: Headers): HTMLElement {
  const shown = [...headers].filter(([name]) => /^(x-sluice-|x-ratelimit-|server-timing|retry-after|age$)/.test(name));
  const rows = shown.map(([name, value]) =>
    h('tr', null, h('th', { scope: 'row', class: 'mono' }, name), h('td', { class: 'mono' }, value)),
  );
  return h(
    'details',
    null,
    h('summary', null, `Headers of the gateway (${shown.length})`),
    table('Headers of the gateway', ['Header', 'Value'], rows),
  );
}
