import { isIPv6 } from 'node:net';
import type { JsonValue } from '../calls/json.ts';

/** What is taken out of texts. */
export interface Redaction {
  readonly name: string;
  readonly pattern: RegExp;
  /** Of what the pattern matches, only what passes. */
  readonly accepts?: (match: string) => boolean;
}

/**
 * Secrets and personal data that can be told by their form; every repetition is bounded, so that no text takes long. What has no form (names, addresses, secrets in prose) is not
 * found; nobody should take a redacted text for an anonymous one.
 */
export const knownRedactions: readonly Redaction[] = [
  { name: 'private_key', pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g },
  { name: 'jwt', pattern: /\beyJ[\w-]{8,4096}\.eyJ[\w-]{8,4096}\.[\w-]{8,4096}/g },
  {
    name: 'api_key',
    pattern: /\b(?:sk|pk|rk|whsec|ghp|gho|ghs|ghu|ghr|github_pat|glpat|xox[abprs]|AIza|hf|npm|shpat)[-_]?[A-Za-z0-9_-]{16,}/g,
  },
  { name: 'api_key', pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g },
  { name: 'bearer_token', pattern: /\bBearer\s{1,3}(?=[\w.~+/=-]*\d)[\w.~+/=-]{8,4096}/gi },
  {
    name: 'password',
    pattern:
      /\b[\w-]{0,40}?(?:password|passwd|pwd|secret|token|(?:api|access|account|private)[_-]?key)["']?\s{0,3}[:=]\s{0,3}["']?[^\s"',;]{6,200}/gi,
  },
  { name: 'credentials', pattern: /(?<=:\/\/)[^\s/:@]{1,100}:[^\s/@]{1,200}(?=@)/g },
  { name: 'email', pattern: /[\p{L}\p{N}._%+-]{1,64}@(?:[\p{L}\p{N}-]{1,63}\.){1,8}\p{L}{2,24}/gu },
  { name: 'card_number', pattern: /\b\d(?:[ -]?\d){12,18}\b/g, accepts: isCardNumber },
  { name: 'iban', pattern: /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b/g, accepts: isIban },
  { name: 'ssn', pattern: /\b(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}\b/g },
  { name: 'phone', pattern: /(?<![\w.])\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d(?:[ .-]?\d){6,12}\b/g },
  { name: 'phone', pattern: /(?<![\w.-])(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-])[2-9]\d{2}[ .-]\d{4}(?![\w-])/g },
  { name: 'ip_address', pattern: /(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])/gi, accepts: isAddress },
  { name: 'ip_address', pattern: /\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b/g },
];

/** Takes what `redactions` match out of a text. */
export function redactText(text: string, redactions: readonly Redaction[]): string {
  let redacted = text;
  for (const { name, pattern, accepts } of redactions) {
    redacted = redacted.replace(pattern, (match) => (accepts === undefined || accepts(match) ? `[${name}]` : match));
  }
  return redacted;
}

/** How a payload is made fit to be kept. */
export interface PayloadRules {
  readonly redactions: readonly Redaction[];
  readonly longestText: number;
}

/** Goes through every text of a payload, names of fields included: redacts, cuts, and leaves out what is encoded inline. */
export function redactJson(value: JsonValue, rules: PayloadRules): JsonValue {
  if (typeof value === 'string') return keptText(value, rules);
  if (Array.isArray(value)) return value.map((item) => redactJson(item, rules));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [redactText(name, rules.redactions), redactJson(item, rules)]));
}

/** In characters: a private key of 4,096 bits as it is usually written. */
const longestSecret = 4_000;

/** Images, files and sound inline are megabytes that nobody reads. */
function keptText(text: string, { redactions, longestText }: PayloadRules): string {
  const encoded = /^data:([\w./+-]*)[^,]{0,100},/.exec(text);
  if (encoded !== null) return `[${encoded[1] || 'data'}, ${text.length} characters]`;
  if (text.length > 2_000 && /^[A-Za-z0-9+/=\s]+$/.test(text) && !/\s\S{1,40}\s/.test(text.slice(0, 2_000)))
    return `[base64, ${text.length} characters]`;
  const looked = text.slice(0, longestText * 2 + longestSecret * 2);
  // Redacted before it is cut: half a secret is still one. Where the look itself ended in the middle, its end is left out.
  const redacted = redactText(looked, redactions);
  const kept = looked.length === text.length ? longestText : Math.min(longestText, Math.max(0, redacted.length - longestSecret));
  return redacted.length <= kept ? redacted : `${redacted.slice(0, kept)}… [cut, ${text.length} characters in all]`;
}

/** Programs write `a::b` too. */
function isAddress(match: string): boolean {
  return /\d.*:/.test(match) && isIPv6(match);
}

/** https://en.wikipedia.org/wiki/Luhn_algorithm */
function isCardNumber(match: string): boolean {
  const digits = [...match].filter((character) => character >= '0' && character <= '9').map(Number);
  const sum = digits.reverse().reduce((total, digit, index) => {
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0 && digits.some((digit) => digit !== 0);
}

/** ISO 13616: the country and the check digits moved to the end, letters as numbers, modulo 97 it is 1. */
function isIban(match: string): boolean {
  const compact = match.replaceAll(' ', '');
  if (compact.length < 15 || compact.length > 34) return false;
  let remainder = 0;
  for (const character of compact.slice(4) + compact.slice(0, 4)) {
    for (const digit of String(Number.parseInt(character, 36))) remainder = (remainder * 10 + Number(digit)) % 97;
  }
  return remainder === 1;
}
