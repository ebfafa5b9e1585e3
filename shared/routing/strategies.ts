import { createHash } from 'node:crypto';
import { type CallFacts, estimatedInputTokens } from './call-facts.ts';
import type { Strategy } from './route-schema.ts';
import type { PlanView, Target } from './target.ts';

/** A target or a group of them, as a strategy sees it: what stands first in it stands for it. */
export interface Candidate {
  readonly label: string;
  readonly weight: number;
  readonly targets: readonly Target[];
}

/** A candidate at its place, with a word on why it stands there. */
export interface Placed extends Candidate {
  readonly reason: string;
}

/** Output tokens assumed of a call that names no bound, for comparing targets. */
const assumedOutputTokens = 500;
/** One call in so many under `fastest` tries a target that nobody has measured, so that it gets a chance. */
const explorationShare = 0.1;

/** Puts candidates in the order of a strategy. What cannot be compared goes last, as configured. */
export function inOrder(
  candidates: readonly Candidate[],
  strategy: Strategy,
  sticky: string | undefined,
  view: PlanView,
  route: string,
): readonly Placed[] {
  switch (strategy) {
    case 'ordered':
      return candidates.map((candidate, index) => ({ ...candidate, reason: `no. ${index + 1} as configured` }));
    case 'weighted':
      return byWeight(candidates, sticky, view, route);
    case 'cheapest':
      return byFigure(
        candidates,
        (target) => view.estimate(target),
        (nanoUsd) => `about $${(nanoUsd / 1e9).toFixed(6)} for this call`,
        'no price is known',
      );
    case 'fastest':
      return bySpeed(candidates, view);
    case 'least_busy':
      return byLoad(candidates, view);
  }
}

function byLoad(candidates: readonly Candidate[], view: PlanView): readonly Placed[] {
  const weights = new Map(candidates.flatMap(({ targets, weight }) => targets.map(({ name }) => [name, weight])));
  return byFigure(
    candidates,
    (target) => view.load(target) / (weights.get(target.name) ?? 1),
    (load) => `${load.toFixed(1)} calls under way for its weight`,
    'nothing is known of its load',
  );
}

function bySpeed(candidates: readonly Candidate[], view: PlanView): readonly Placed[] {
  const expectedMs = (target: Target): number | undefined => {
    const speed = view.speed(target);
    return speed && speed.firstContentMs + (assumedOutputTokens / Math.max(1, speed.tokensPerSecond)) * 1000;
  };
  const placed = byFigure(
    candidates,
    expectedMs,
    (ms) => `${Math.round(ms)} ms for ${assumedOutputTokens} tokens as measured`,
    'not measured lately',
  );
  const unknown = placed.filter(({ targets: [first] }) => first !== undefined && expectedMs(first) === undefined);
  if (unknown.length === 0 || unknown.length === placed.length || view.random() >= explorationShare) return placed;
  const [explored] = unknown;
  return explored === undefined ? placed : [{ ...explored, reason: 'tried to be measured' }, ...placed.filter((one) => one !== explored)];
}

function byFigure(
  candidates: readonly Candidate[],
  figureOf: (target: Target) => number | undefined,
  say: (figure: number) => string,
  unknown: string,
): readonly Placed[] {
  return candidates
    .map((candidate) => {
      const [first] = candidate.targets;
      return { candidate, figure: first === undefined ? undefined : figureOf(first) };
    })
    .sort((one, other) => (one.figure ?? Number.POSITIVE_INFINITY) - (other.figure ?? Number.POSITIVE_INFINITY) || 0)
    .map(({ candidate, figure }) => ({ ...candidate, reason: figure === undefined ? unknown : say(figure) }));
}

/**
 * Draws without replacement, so that the rest stand ready as fallbacks in a fair order: each candidate's key is
 * -ln(u)/weight, the least first (Efraimidis and Spirakis, https://doi.org/10.1016/j.ipl.2005.11.003). With a sticky
 * subject u is a hash of subject and candidate, so that a change of the weights moves no more subjects than it must.
 */
function byWeight(candidates: readonly Candidate[], sticky: string | undefined, view: PlanView, route: string): readonly Placed[] {
  const subject = sticky === undefined ? undefined : subjectOf(sticky, view.facts);
  const draw = (label: string): number => (subject === undefined ? 1 - view.random() : hashed(`${route}\n${subject}\n${label}`));
  const total = candidates.reduce((sum, { weight }) => sum + weight, 0);
  return candidates
    .map((candidate) => ({ candidate, key: -Math.log(draw(candidate.label)) / candidate.weight }))
    .sort((one, other) => one.key - other.key)
    .map(({ candidate }) => ({
      ...candidate,
      reason: `drawn by weight ${candidate.weight} of ${total}${subject === undefined ? '' : `, the same for this ${sticky}`}`,
    }));
}

/** Where a call lies between 0 and 100: at random, or always the same for one sticky subject. */
export function drawPercent(sticky: string | undefined, view: PlanView, route: string): number {
  const subject = sticky === undefined ? undefined : subjectOf(sticky, view.facts);
  return (subject === undefined ? view.random() : hashed(`canary\n${route}\n${subject}`)) * 100;
}

/** What a call has in the sticky trait; undefined where it has none, and is drawn at random. */
function subjectOf(sticky: string, facts: CallFacts): string | undefined {
  switch (sticky) {
    case 'user':
      return facts.user;
    case 'session':
      return facts.session;
    case 'key':
      return facts.key;
    case 'team':
      return facts.team;
    default:
      return facts.tags[sticky.slice('tag:'.length)];
  }
}

/** Uniform in (0, 1]. */
function hashed(text: string): number {
  return (createHash('sha256').update(text).digest().readUIntBE(0, 6) + 1) / 2 ** 48;
}

/** The tokens of a call that targets are compared by. */
export function comparedTokens(
  facts: Pick<CallFacts, 'content'>,
  maxOutputTokens: number | undefined,
): { readonly input: number; readonly output: number } {
  return { input: estimatedInputTokens(facts), output: maxOutputTokens ?? assumedOutputTokens };
}
