/** A metadata filter: https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-vectors-metadata-filtering.html */
export type Filter = Readonly<Record<string, unknown>>;

type Primitive = string | number | boolean;
type Refuse = (message: string) => Error;

const isPrimitive = (value: unknown): value is Primitive => ['string', 'number', 'boolean'].includes(typeof value);
const isList = (value: unknown): value is unknown[] => Array.isArray(value) && value.length > 0;

/** Whether metadata satisfies a filter. Throws what `refuse` makes where the filter is none that the service takes. */
export function matches(filter: Filter, metadata: Readonly<Record<string, unknown>>, refuse: Refuse): boolean {
  // Every condition is looked at, so that a wrong one is found whatever the others say.
  return Object.entries(filter)
    .map(([name, condition]) => {
      if (name === '$and' || name === '$or') {
        if (!isList(condition)) throw refuse(`${name} takes a list of filters that is not empty`);
        const each = condition.map((part) => matches(part as Filter, metadata, refuse));
        return name === '$and' ? each.every(Boolean) : each.some(Boolean);
      }
      if (name.startsWith('$')) throw refuse(`unknown operator ${name}`);
      if (isPrimitive(condition)) return equals(metadata[name], condition);
      if (typeof condition !== 'object' || condition === null) throw refuse(`${name} has no condition`);
      return Object.entries(condition)
        .map(([operator, operand]) => compare(metadata[name], operator, operand, refuse))
        .every(Boolean);
    })
    .every(Boolean);
}

function equals(value: unknown, operand: unknown): boolean {
  return Array.isArray(value) ? value.includes(operand) : value === operand;
}

function compare(value: unknown, operator: string, operand: unknown, refuse: Refuse): boolean {
  const wrong = () => refuse(`${operator} does not take ${JSON.stringify(operand)}`);
  if (operator === '$eq' || operator === '$ne') {
    if (!isPrimitive(operand)) throw wrong();
    return equals(value, operand) === (operator === '$eq');
  }
  if (operator === '$in' || operator === '$nin') {
    if (!isList(operand) || !operand.every(isPrimitive)) throw wrong();
    return operand.some((one) => equals(value, one)) === (operator === '$in');
  }
  if (operator === '$exists') {
    if (typeof operand !== 'boolean') throw wrong();
    return (value !== undefined) === operand;
  }
  const order = {
    $gt: (a: number, b: number) => a > b,
    $gte: (a: number, b: number) => a >= b,
    $lt: (a: number, b: number) => a < b,
    $lte: (a: number, b: number) => a <= b,
  }[operator];
  if (order === undefined) throw refuse(`unknown operator ${operator}`);
  if (typeof operand !== 'number') throw wrong();
  return typeof value === 'number' && order(value, operand);
}
