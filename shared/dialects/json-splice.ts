const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;

/**
 * Puts a member at the end of an object inside a JSON text, and leaves every other byte alone.
 * @param path names of members that lead from the outermost object to that object; where one is missing, the text comes back as it is.
 * @param member such as `"cost_usd":0.1`.
 */
export function withMember(json: string, path: readonly string[], member: string): string {
  let start = json.indexOf('{');
  for (const name of path) {
    start = start === -1 ? -1 : memberStart(json, start, name);
    if (json.charCodeAt(start) !== OPEN_BRACE) return json;
  }
  const end = start === -1 ? -1 : valueEnd(json, start) - 1;
  if (end < 0) return json;
  const isEmpty = json.slice(start + 1, end).trim() === '';
  return `${json.slice(0, end)}${isEmpty ? '' : ','}${member}${json.slice(end)}`;
}

/** Where the value of a member of the object at `start` begins; -1 where it has no such member. */
function memberStart(json: string, start: number, name: string): number {
  const wanted = JSON.stringify(name);
  let at = start + 1;
  while (at < json.length) {
    const key = json.indexOf('"', at);
    if (key === -1) return -1;
    const colon = json.indexOf(':', valueEnd(json, key));
    if (colon === -1) return -1;
    const value = skipSpace(json, colon + 1);
    if (json.startsWith(wanted, key) && valueEnd(json, key) === key + wanted.length) return value;
    const comma = skipSpace(json, valueEnd(json, value));
    if (json[comma] !== ',') return -1;
    at = comma + 1;
  }
  return -1;
}

function skipSpace(json: string, from: number): number {
  let at = from;
  while (at < json.length && ' \n\r\t'.includes(json.charAt(at))) at += 1;
  return at;
}

/** One past the value that begins at `start`. */
function valueEnd(json: string, start: number): number {
  const first = json.charCodeAt(start);
  if (first === QUOTE) return stringEnd(json, start);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) {
    const rest = /[,\]}\s]/g;
    rest.lastIndex = start;
    return rest.exec(json)?.index ?? json.length;
  }
  let depth = 0;
  for (let at = start; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) at = stringEnd(json, at) - 1;
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return json.length;
}

function stringEnd(json: string, start: number): number {
  let end = json.indexOf('"', start + 1);
  while (end !== -1) {
    let backslashes = 0;
    while (json.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end + 1;
    end = json.indexOf('"', end + 1);
  }
  return json.length;
}
