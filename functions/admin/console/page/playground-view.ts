import { Api, baseUrl } from './api.ts';
import { type Child, h, replace, uniqueId } from './dom.ts';
import { areaField, numberField, numberOf, textField, textOf } from './fields.ts';
import { count, usd } from './format.ts';
import { playgroundAccess } from './playground-key.ts';
import { PlaygroundRun } from './playground-run.ts';
import type { ListedModel } from './shapes.ts';
import { copyButton, type Place, panel, type View } from './view.ts';

/** Where models are tried. */
export const playgroundView: View = { id: 'playground', title: 'Playground', render: renderPlayground };

async function renderPlayground(place: Place): Promise<Child> {
  const access = await playgroundAccess(place);
  if (access.key === undefined) return access.asks;
  const api = new Api(access.key);
  const models: { readonly data: readonly ListedModel[] } = await api.get('/v1/models', { signal: place.signal });
  const run = h('button', { type: 'submit', class: 'primary' }, 'Send');
  const stop = h('button', { type: 'button', hidden: true, on: { click: () => current?.stop() } }, 'Stop');
  const form = h(
    'form',
    { on: { submit: (event) => void send(event), keydown: sendOnCtrlEnter } },
    fieldsFor(models.data),
    h('div', { class: 'row' }, run, stop, h('span', { class: 'fine' }, 'Ctrl + Enter sends')),
  );
  const output = h('div');
  const curl = h('pre', { class: 'code', tabindex: 0 });
  let current: PlaygroundRun | undefined;

  async function send(event: Event): Promise<void> {
    event.preventDefault();
    if (stop.hidden === false) return;
    current = new PlaygroundRun(api, place);
    replace(output, current.element);
    run.disabled = true;
    stop.hidden = false;
    await current.run(bodyOf(form), headersOf());
    run.disabled = false;
    stop.hidden = true;
  }

  function sendOnCtrlEnter(event: Event): void {
    if (event instanceof KeyboardEvent && event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  }

  function headersOf(): Record<string, string> {
    const cap = numberOf(form, 'cap');
    return cap === undefined ? {} : { 'x-sluice-max-cost-usd': String(cap) };
  }

  const drawCurl = (): void => {
    curl.textContent = curlFor(bodyOf(form));
  };
  form.addEventListener('input', drawCurl);
  drawCurl();
  place.signal.addEventListener('abort', () => current?.stop());
  replace(
    output,
    panel(
      'Answer',
      {},
      h('p', { class: 'empty' }, 'Nothing sent yet. The answer streams in here, with its cost and its way through the gateway.'),
    ),
  );
  return [
    access.note,
    h(
      'div',
      { class: 'split' },
      panel(
        'Request',
        {},
        form,
        h(
          'details',
          null,
          h('summary', null, 'The same with curl'),
          curl,
          copyButton(() => curl.textContent ?? ''),
        ),
      ),
      output,
    ),
  ];
}

function fieldsFor(models: readonly ListedModel[]): Child {
  const listId = uniqueId('models');
  const about = h('p', { class: 'hint' });
  const describe = (name: string): void => {
    const model = models.find(({ id }) => id === name);
    about.textContent = model ? aboutModel(model) : 'Not in the list; any provider/model that this key may call works.';
  };
  const first = models[0]?.id ?? '';
  const picker = textField({ name: 'model', label: 'Model', value: first, required: true, more: { list: listId } });
  picker.addEventListener('input', (event) => {
    if (event.target instanceof HTMLInputElement) describe(event.target.value);
  });
  describe(first);
  return [
    picker,
    about,
    h(
      'datalist',
      { id: listId },
      models.map(({ id }) => h('option', { value: id })),
    ),
    areaField({ name: 'system', label: 'System', rows: 2, placeholder: 'You are terse.' }),
    areaField({ name: 'user', label: 'User', rows: 5, value: 'Say in three sentences what a sluice does.', more: { required: true } }),
    h(
      'div',
      { class: 'grid three' },
      numberField({ name: 'max', label: 'Max output tokens', more: { step: 1, min: 1 } }),
      numberField({ name: 'temperature', label: 'Temperature', more: { max: 2 } }),
      numberField({ name: 'cap', label: 'Cost cap, USD' }),
    ),
  ];
}

function aboutModel({ pricing, context_length, max_output_tokens, targets }: ListedModel): string {
  const parts = [
    pricing ? `${usd(pricing.input)} in, ${usd(pricing.output)} out per million tokens` : 'no known price',
    context_length !== null && `${count(context_length)} tokens of context`,
    max_output_tokens !== null && `answers up to ${count(max_output_tokens)}`,
    targets && `goes to ${targets.join(', then ')}`,
  ];
  return `${parts.filter(Boolean).join(' · ')}.`;
}

function bodyOf(form: HTMLFormElement): object {
  const system = textOf(form, 'system');
  const max = numberOf(form, 'max');
  const temperature = numberOf(form, 'temperature');
  return {
    model: textOf(form, 'model'),
    messages: [...(system === '' ? [] : [{ role: 'system', content: system }]), { role: 'user', content: textOf(form, 'user') }],
    ...(max !== undefined && { max_completion_tokens: max }),
    ...(temperature !== undefined && { temperature }),
  };
}

function curlFor(body: object): string {
  const json = JSON.stringify({ ...body, stream: true }, null, 2).replaceAll("'", "'\\''");
  return `curl -N ${baseUrl}/v1/chat/completions \\\n  -H "Authorization: Bearer $SLUICE_KEY" \\\n  -H 'Content-Type: application/json' \\\n  -d '${json}'`;
}
