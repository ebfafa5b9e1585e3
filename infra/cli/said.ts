/**
 * What was asked and answered in a call, in a few lines for a terminal: the last turn of the request and what the model
 * made of it, whichever API they are worded in. `sluice logs show` has all of it.
 */
export function saidLines(payload: { readonly request: unknown; readonly response: unknown }, width: number): string[] {
  return [...marked('>', requestText(payload.request), width), ...marked('<', responseText(payload.response), width)];
}

/** So many lines are shown of either. */
const mostLines = 6;

function marked(mark: string, text: string, width: number): string[] {
  const room = Math.max(20, width);
  const lines = text.split('\n').flatMap((line) => pieces(line.trimEnd(), room));
  const shown = lines.length > mostLines ? [...lines.slice(0, mostLines - 1), `… ${lines.length - mostLines + 1} more lines`] : lines;
  return shown.map((line, index) => `${index === 0 ? mark : ' '} ${line}`.trimEnd());
}

function pieces(line: string, room: number): string[] {
  if (line.length <= room) return [line];
  return Array.from({ length: Math.ceil(line.length / room) }, (_, index) => line.slice(index * room, (index + 1) * room));
}

/** The last turn: of OpenAI's and Anthropic's `messages`, the Responses API's `input`, Gemini's `contents`, or the `prompt`. */
function requestText(request: unknown): string {
  const body = fieldsOf(request);
  const turns = listOf(body.messages) ?? listOf(body.input) ?? listOf(body.contents);
  const last = turns?.at(-1) ?? body.input ?? body.prompt;
  return textOf(last) ?? json(request);
}

function responseText(response: unknown): string {
  const body = fieldsOf(response);
  const { message } = fieldsOf(body.error);
  if (typeof message === 'string') return `error: ${message}`;
  const choice = fieldsOf(listOf(body.choices)?.[0]);
  const candidate = fieldsOf(listOf(body.candidates)?.[0]);
  return textOf(choice.message ?? choice.text ?? candidate.content ?? body.content ?? body.output) ?? json(response);
}

/** The text of a turn, an item or a list of parts, tools called among them with their arguments; undefined where none is known. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  const list = listOf(value);
  if (list !== undefined) return joined(list.map(textOf));
  const part = fieldsOf(value);
  const said = joined([textIn(part), ...(listOf(part.tool_calls) ?? []).map((call) => calledText(fieldsOf(call).function))]);
  return said ?? calledText(part.functionCall ?? (isCall(part) ? part : undefined));
}

function textIn({ text, content, parts, output, functionResponse }: Readonly<Record<string, unknown>>): string | undefined {
  const inner = text ?? content ?? parts ?? output ?? fieldsOf(functionResponse).response ?? undefined;
  if (inner === undefined || typeof inner === 'string') return inner;
  return Array.isArray(inner) ? textOf(inner) : json(inner);
}

function isCall({ type, name }: Readonly<Record<string, unknown>>): boolean {
  return typeof name === 'string' && (type === 'tool_use' || type === 'function_call');
}

function calledText(call: unknown): string | undefined {
  const { name, arguments: given, args, input } = fieldsOf(call);
  if (typeof name !== 'string') return undefined;
  const passed = given ?? args ?? input ?? {};
  return `${name}(${typeof passed === 'string' ? passed : json(passed)})`;
}

function joined(texts: readonly (string | undefined)[]): string | undefined {
  const said = texts.filter((text) => text !== undefined && text !== '');
  return said.length === 0 ? undefined : said.join('\n');
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function listOf(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

function json(value: unknown): string {
  return JSON.stringify(value) ?? '';
}
