/** A value of an attribute as OTLP writes it in JSON (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding). */
export type OtlpValue =
  | { readonly stringValue: string }
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly boolValue: boolean }
  | { readonly arrayValue: { readonly values: readonly OtlpValue[] } };

/** One attribute. */
export interface OtlpAttribute {
  readonly key: string;
  readonly value: OtlpValue;
}

/** What attributes are made of; undefined is left out. */
export type AttributeValue = string | number | boolean | readonly string[] | undefined;

/** Attributes in OTLP's form. Whole numbers are integers, which JSON writes as text because they have 64 bits. */
export function attributesOf(values: Readonly<Record<string, AttributeValue>>): OtlpAttribute[] {
  return Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value: otlpValue(value) }]));
}

function otlpValue(value: Exclude<AttributeValue, undefined>): OtlpValue {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  return { arrayValue: { values: value.map((stringValue) => ({ stringValue })) } };
}

/** Milliseconds since the epoch as OTLP's nanoseconds, exact to the microsecond. */
export function unixNano(atMs: number): string {
  return `${Math.round(atMs * 1_000)}000`;
}

/** Who speaks: one process among the many that may run. */
export function resourceOf(instanceId: string): { readonly attributes: readonly OtlpAttribute[] } {
  return { attributes: attributesOf({ 'service.name': 'sluice', 'service.instance.id': instanceId }) };
}

/** What measured. */
export const otlpScope = { name: 'sluice' } as const;
