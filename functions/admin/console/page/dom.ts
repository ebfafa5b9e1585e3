/** What may stand inside an element; null, undefined and false stand for nothing. */
export type Child = Node | string | number | null | undefined | false | readonly Child[];

/** Attributes by name, and `on` for listeners. `true` sets an attribute without a value; false and undefined leave it out. */
export interface Props {
  readonly on?: Readonly<Record<string, (event: Event) => void>>;
  readonly [attribute: string]: unknown;
}

/** Makes an HTML element. Text only ever becomes text: nothing that came over the network is parsed as markup. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  props?: Props | null,
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  fill(element, props, children);
  return element;
}

/** Makes an SVG element. */
export function s<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  props?: Props | null,
  ...children: readonly Child[]
): SVGElementTagNameMap[Tag] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  fill(element, props, children);
  return element;
}

function fill(element: Element, props: Props | null | undefined, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (name === 'on' || value === undefined || value === null || value === false) continue;
    element.setAttribute(name, value === true ? '' : String(value));
  }
  for (const [type, listener] of Object.entries(props?.on ?? {})) element.addEventListener(type, listener);
  append(element, children);
}

/** Appends what is something. */
export function append(parent: Element, children: Child): void {
  if (children === null || children === undefined || children === false) return;
  if (Array.isArray(children)) for (const child of children) append(parent, child);
  else if (children instanceof Node) parent.append(children);
  else parent.append(String(children));
}

/** Puts `children` in place of all that an element holds. */
export function replace(parent: Element, ...children: readonly Child[]): void {
  parent.replaceChildren();
  append(parent, children);
}

/** Tells screen readers what happened, without moving the focus. */
export function announce(text: string): void {
  const announcer = document.getElementById('announcer');
  if (announcer) announcer.textContent = text;
}

let lastId = 0;

/** An id that no other element of the page has. */
export function uniqueId(prefix: string): string {
  lastId += 1;
  return `${prefix}-${lastId}`;
}
