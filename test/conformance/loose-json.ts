/** A vendor's JSON, looked into without a schema: what is missing reads as nothing. */
export class LooseJson {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  static parse(text: string): LooseJson {
    return new LooseJson(JSON.parse(text));
  }

  at(...path: readonly string[]): LooseJson {
    return path.reduce((inner: LooseJson, key) => new LooseJson(isObject(inner.#value) ? inner.#value[key] : undefined), this);
  }

  get exists(): boolean {
    return this.#value !== undefined && this.#value !== null;
  }

  get text(): string {
    return typeof this.#value === 'string' ? this.#value : '';
  }

  get count(): number {
    return typeof this.#value === 'number' ? this.#value : 0;
  }

  get items(): LooseJson[] {
    return Array.isArray(this.#value) ? this.#value.map((item) => new LooseJson(item)) : [];
  }

  get json(): string {
    return JSON.stringify(this.#value);
  }

  get keys(): string[] {
    return isObject(this.#value) ? Object.keys(this.#value) : [];
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
