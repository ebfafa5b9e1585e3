import { isJsonObject, type JsonValue } from '../calls/json.ts';

/** One place where two configurations differ. */
export interface ConfigDifference {
  /** `models.smart.targets.0`. */
  readonly path: string;
  /** Absent where there was nothing. */
  readonly before?: JsonValue;
  /** Absent where there is nothing any more. */
  readonly after?: JsonValue;
}

/** Where two values differ, as deep as both have the same shape. Lists are compared place by place. */
export function differences(before: JsonValue | undefined, after: JsonValue | undefined, path: readonly string[] = []): ConfigDifference[] {
  if (isJsonObject(before) && isJsonObject(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) =>
      differences(before[key], after[key], [...path, key]),
    );
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const longest = Math.max(before.length, after.length);
    return Array.from({ length: longest }, (_, index) => differences(before[index], after[index], [...path, String(index)])).flat();
  }
  if (before === after) return [];
  return [{ path: path.join('.'), ...(before !== undefined && { before }), ...(after !== undefined && { after }) }];
}
