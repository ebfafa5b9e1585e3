import type { EndStep, RateStep, TakeStep, WindowStep } from '../admission/ledger-steps.ts';
import { budgetPeriods } from '../admission/limits.ts';
import type { DynamoValue, UpdateInput } from './dynamo-client.ts';
import { attributes, holdAttribute, layoutAttributes, packHold, windowAttributes } from './ledger-item.ts';

/** What of an `UpdateItem` a ledger step decides. */
export type LedgerUpdate = Pick<UpdateInput, 'update' | 'condition' | 'names' | 'values'>;

/** The parts of a write, gathered one clause at a time. */
class Clauses {
  readonly sets: string[] = [];
  readonly removes: string[] = [];
  readonly conditions: string[] = [];
  readonly names: Record<string, string> = {};
  readonly values: Record<string, DynamoValue> = { ':zero': 0 };

  /** Registers a value and returns its placeholder. */
  value(name: string, value: DynamoValue): string {
    const placeholder = `:${name}`;
    this.values[placeholder] = value;
    return placeholder;
  }

  update(): LedgerUpdate {
    const removes = this.removes.length > 0 ? ` REMOVE ${this.removes.join(', ')}` : '';
    return {
      update: `SET ${this.sets.join(', ')}${removes}`,
      condition: this.conditions.join(' AND '),
      names: Object.keys(this.names).length > 0 ? this.names : undefined,
      values: this.values,
    };
  }
}

/**
 * The one conditional write that admits a call to a scope, or lets a running one hold more.
 * @param shards over how many items the writer believes the scope is spread; only its first item knows.
 */
export function takeUpdate(step: TakeStep, shards: number | undefined): LedgerUpdate {
  const clauses = new Clauses();
  if (shards !== undefined) {
    const { shards: attribute } = layoutAttributes;
    const isSpreadAsBelieved = shards === 1 ? `attribute_not_exists(${attribute})` : `${attribute} = ${clauses.value('shards', shards)}`;
    clauses.conditions.push(isSpreadAsBelieved);
  }
  addTakenHold(clauses, step);
  for (const window of step.windows) addWindow(clauses, window);
  if (step.requests) addRate(clauses, attributes.requestTat, 'request', step.requests);
  if (step.tokens) addRate(clauses, attributes.tokenTat, 'token', step.tokens);
  return clauses.update();
}

/**
 * The one conditional write that ends holds. It happens once whoever repeats it: each hold must still be there,
 * and as it was when the amounts were worked out.
 */
export function endUpdate(step: EndStep): LedgerUpdate {
  const clauses = new Clauses();
  let requests = 0;
  step.ended.forEach(({ requestId, hold }, index) => {
    clauses.names[`#hold${index}`] = holdAttribute(requestId);
    const holdIsAsItWas = `#hold${index} = ${clauses.value(`hold${index}`, packHold(hold))}`;
    clauses.conditions.push(holdIsAsItWas);
    clauses.removes.push(`#hold${index}`);
    if (hold.countsRequest) requests += 1;
  });
  // Nothing is taken off when no hold counts a request, but an update must set something.
  const underWay = attributes.underWay;
  clauses.sets.push(`${underWay} = if_not_exists(${underWay}, :zero) - ${clauses.value('requests', requests)}`);
  for (const window of step.windows) addWindow(clauses, window);
  addTatBack(clauses, attributes.requestTat, 'requestBack', step.requestTatBackUs);
  addTatBack(clauses, attributes.tokenTat, 'tokenBack', step.tokenTatBackUs);
  return clauses.update();
}

/**
 * The write on a scope's first item that spreads it, and captures what that item has used until this moment.
 * @param inUse whether its rates were in use when it was read; if they have come into use since, the write does not happen.
 */
export function spreadUpdate(shards: number, inUse: boolean): LedgerUpdate {
  const clauses = new Clauses();
  clauses.sets.push(`${layoutAttributes.shards} = ${clauses.value('shards', shards)}`);
  for (const period of budgetPeriods) {
    const name = windowAttributes(period);
    const before = layoutAttributes.before(period);
    clauses.sets.push(`${before.used} = if_not_exists(${name.used}, :zero)`);
    if (period !== 'total') clauses.sets.push(`${before.period} = if_not_exists(${name.period}, :zero)`);
  }
  const isNotSpreadYet = `attribute_not_exists(${layoutAttributes.shards})`;
  const ratesAreStillUnused = `attribute_not_exists(${attributes.requestTat}) AND attribute_not_exists(${attributes.tokenTat})`;
  clauses.conditions.push(isNotSpreadYet, ...(inUse ? [] : [ratesAreStillUnused]));
  return clauses.update();
}

/** The write that lets a shard begin with its bursts used up; never gives back what it has let in. */
export function drainUpdate(tatUs: number): LedgerUpdate {
  const { requestTat, tokenTat } = attributes;
  return {
    update: `SET ${requestTat} = :tat, ${tokenTat} = :tat`,
    condition: `(attribute_not_exists(${requestTat}) OR ${requestTat} < :tat) AND (attribute_not_exists(${tokenTat}) OR ${tokenTat} < :tat)`,
    names: undefined,
    values: { ':tat': tatUs },
  };
}

function addTakenHold(clauses: Clauses, step: TakeStep): void {
  clauses.names['#hold'] = holdAttribute(step.requestId);
  clauses.sets.push(`#hold = ${clauses.value('hold', packHold(step.hold))}`);
  if (step.previous) {
    const holdIsAsItWas = `#hold = ${clauses.value('previous', packHold(step.previous))}`;
    clauses.conditions.push(holdIsAsItWas);
    return;
  }
  const callIsNotInYet = 'attribute_not_exists(#hold)';
  clauses.conditions.push(callIsNotInYet);
  if (!step.hold.countsRequest) return;
  const underWay = attributes.underWay;
  clauses.sets.push(`${underWay} = if_not_exists(${underWay}, :zero) + ${clauses.value('one', 1)}`);
  if (step.underWayBelow === undefined) return;
  const aPlaceIsFree = `(attribute_not_exists(${underWay}) OR ${underWay} < ${clauses.value('places', step.underWayBelow)})`;
  clauses.conditions.push(aPlaceIsFree);
}

function addWindow(clauses: Clauses, step: WindowStep): void {
  const name = windowAttributes(step.period);
  const used = clauses.value(`${name.used}Add`, step.addUsedNanoUsd);
  if (step.fresh) {
    const number = clauses.value(name.period, step.number);
    clauses.sets.push(`${name.period} = ${number}, ${name.used} = ${used}, ${name.spent} = :zero`);
    const nobodyHasBegunThePeriod = `(attribute_not_exists(${name.period}) OR ${name.period} < ${number})`;
    clauses.conditions.push(nobodyHasBegunThePeriod);
    return;
  }
  const total = step.period === 'total';
  clauses.sets.push(`${name.used} = ${total ? `if_not_exists(${name.used}, :zero)` : name.used} + ${used}`);
  // Written even where nothing is added, so that the answer to the write tells it.
  const spent = step.addSpentNanoUsd === 0 ? ':zero' : clauses.value(`${name.spent}Add`, step.addSpentNanoUsd);
  clauses.sets.push(`${name.spent} = if_not_exists(${name.spent}, :zero) + ${spent}`);
  if (!total) {
    const periodIsTheSame = `${name.period} = ${clauses.value(name.period, step.number)}`;
    clauses.conditions.push(periodIsTheSame);
  }
  if (step.usedAtMostNanoUsd === undefined) return;
  const room = clauses.value(`${name.used}Most`, step.usedAtMostNanoUsd);
  const theAmountFits = total ? `(attribute_not_exists(${name.used}) OR ${name.used} <= ${room})` : `${name.used} <= ${room}`;
  clauses.conditions.push(theAmountFits);
}

function addRate(clauses: Clauses, tat: string, placeholder: string, step: RateStep): void {
  const now = clauses.value(`${placeholder}Now`, step.nowUs);
  if (step.drained) {
    clauses.sets.push(`${tat} = ${clauses.value(`${placeholder}Tat`, step.nowUs + step.costUs)}`);
    const allHasDrained = `(attribute_not_exists(${tat}) OR ${tat} < ${now})`;
    clauses.conditions.push(allHasDrained);
    return;
  }
  clauses.sets.push(`${tat} = ${tat} + ${clauses.value(`${placeholder}Cost`, step.costUs)}`);
  const itFitsOnTopOfTheRest = `${tat} BETWEEN ${now} AND ${clauses.value(`${placeholder}Most`, step.tatAtMostUs)}`;
  clauses.conditions.push(itFitsOnTopOfTheRest);
}

function addTatBack(clauses: Clauses, tat: string, placeholder: string, backUs: number): void {
  if (backUs === 0) return;
  clauses.sets.push(`${tat} = if_not_exists(${tat}, :zero) - ${clauses.value(placeholder, backUs)}`);
}
