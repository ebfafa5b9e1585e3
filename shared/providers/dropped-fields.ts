/** The caller's fields that got lost on the way to a provider, each named once and in the caller's own words. */
export class DroppedFields {
  readonly #words: Readonly<Record<string, string>>;
  readonly #fields = new Set<string>();

  /** @param words what the caller's dialect calls a field of Chat Completions, where it calls it otherwise. */
  constructor(words: Readonly<Record<string, string>> = {}) {
    this.#words = words;
  }

  add(fields: Iterable<string>): void {
    for (const field of fields) this.#fields.add(this.#words[field] ?? field);
  }

  get all(): readonly string[] {
    return [...this.#fields];
  }
}
