import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';
import type { Call } from '../calls/call.ts';
import type { JsonObject, JsonValue } from '../calls/json.ts';
import type { OptionalField, TranslatedCall } from './translation.ts';

/** What is gathered of a request on its way into the words of the AI SDK. */
export interface GatheredFields {
  /** Names of fields that find no place. */
  readonly dropped: Set<string>;
  readonly optional: OptionalField[];
  readonly providerOptions: Record<string, JsonObject>;
}

/** How one field of a request is carried. */
export type FieldCarrier<Gathered extends GatheredFields> = (
  options: LanguageModelV4CallOptions,
  value: JsonValue,
  gathered: Gathered,
) => void;

/** Nothing yet. */
export function nothingGathered(): GatheredFields {
  return { dropped: new Set(), optional: [], providerOptions: {} };
}

/** Carries every field of a body that is not among `ownFields`, or names it as dropped. */
export function carryFields<Gathered extends GatheredFields>(
  call: Call,
  options: LanguageModelV4CallOptions,
  gathered: Gathered,
  { carriers, ownFields }: { readonly carriers: Readonly<Record<string, FieldCarrier<Gathered>>>; readonly ownFields: ReadonlySet<string> },
): void {
  if (call.maxOutputTokens !== undefined) options.maxOutputTokens = call.maxOutputTokens;
  for (const [field, value] of Object.entries(call.body)) {
    if (value === null || ownFields.has(field)) continue;
    const carry = Object.hasOwn(carriers, field) ? carriers[field] : undefined;
    if (carry === undefined) gathered.dropped.add(field);
    else carry(options, value, gathered);
  }
}

/** Puts a field into the options of single providers, which the others do not read. */
export function addOptional(field: string, given: Record<string, JsonObject>, { optional, providerOptions }: GatheredFields): void {
  optional.push({ field, keys: Object.keys(given) });
  addProviderOptions(given, providerOptions);
}

/** Lays options of single providers over those that are there. */
export function addProviderOptions(given: Record<string, JsonObject>, providerOptions: Record<string, JsonObject>): void {
  for (const [key, value] of Object.entries(given)) providerOptions[key] = { ...providerOptions[key], ...value };
}

/** Sets an option, where the caller gave it a value. */
export function assignOption<Key extends keyof LanguageModelV4CallOptions>(
  options: LanguageModelV4CallOptions,
  key: Key,
  value: LanguageModelV4CallOptions[Key] | null | undefined,
): void {
  if (value != null) options[key] = value;
}

/** A field that stands in the options of single providers alone; dropped where `optionsFor` can make nothing of it. */
export function optionalField(
  field: string,
  optionsFor: (value: JsonValue) => Record<string, JsonObject> | undefined,
): FieldCarrier<GatheredFields> {
  return (_options, value, gathered) => {
    const given = optionsFor(value);
    if (given === undefined) gathered.dropped.add(field);
    else addOptional(field, given, gathered);
  };
}

/** The call, once everything is gathered. */
export function translatedCall(
  options: LanguageModelV4CallOptions,
  { dropped, optional, providerOptions }: GatheredFields,
): TranslatedCall {
  if (Object.keys(providerOptions).length > 0) options.providerOptions = providerOptions;
  return { options, dropped: [...dropped], optional };
}
