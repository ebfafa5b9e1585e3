import { describe, expect, it } from 'vitest';
import type { Admitted, Extended, ExtensionAsk, ExtensionRefused } from '../../shared/admission/ledger.ts';
import { OutputMeter } from '../../shared/admission/output-meter.ts';
import type { Quote } from '../../shared/admission/quote.ts';

/** A thousand nano-USD for the input, two for each token of output. */
const quote: Quote = {
  inputTokens: 1_000,
  outputTokens: 10_000,
  choices: 1,
  units: { images: 0, audioMs: 0, characters: 0, searches: 0, fileSearches: 0, containers: 0 },
  gatewaySetsOutput: false,
  unpriced: [],
  costWith: (tokens) => 1_000 + 2 * tokens,
  affordable: (amount) => Math.floor((amount - 1_000) / 2),
};
const admitted = { outcome: 'admitted', requestId: 'r', amountNanoUsd: 3_000, tokens: 2_000 } as Admitted;

/** A ledger that has so much left, and answers when told to. */
function ledgerWith(leftNanoUsd: number) {
  const asked: ExtensionAsk[] = [];
  let left = leftNanoUsd;
  const extend = async (held: Admitted, ask: ExtensionAsk): Promise<Extended | ExtensionRefused> => {
    asked.push(ask);
    await Promise.resolve();
    const granted = Math.min(left, ask.amountNanoUsd);
    if (granted < (ask.floorNanoUsd ?? ask.amountNanoUsd)) return { outcome: 'refused', admitted: held } as ExtensionRefused;
    left -= granted;
    return {
      outcome: 'extended',
      admitted: { ...held, amountNanoUsd: held.amountNanoUsd + granted },
      grantedNanoUsd: granted,
      grantedTokens: ask.tokens,
    };
  };
  return { asked, extend };
}

function meterOver(ledger: ReturnType<typeof ledgerWith>) {
  const state = { latest: admitted };
  const meter = new OutputMeter(
    ledger,
    { admitted, quote, heldTokens: 1_000 },
    {
      nowMs: () => 0,
      onAdmitted: (next) => {
        state.latest = next;
      },
    },
  );
  return { meter, state };
}

/** Streams events of one size until the meter stops it; a wait is waited for. */
async function run(meter: OutputMeter, eventBytes: number, until: number): Promise<number> {
  let outputBytes = 0;
  while (outputBytes < until) {
    outputBytes += eventBytes;
    for (;;) {
      let decided: () => void = () => {};
      const decision = new Promise<void>((resolve) => {
        decided = resolve;
      });
      const verdict = meter.check({ outputBytes }, () => decided());
      if (verdict === 'stop') return outputBytes;
      if (verdict === 'go') break;
      await decision;
    }
  }
  return outputBytes;
}

describe('the output meter', () => {
  it('asks for more well before the slice is used, twice as much each time, until the whole bound is held', async () => {
    const ledger = ledgerWith(1_000_000);
    const { meter, state } = meterOver(ledger);
    expect(await run(meter, 100, 12_000)).toBe(12_000);
    expect(ledger.asked.map(({ amountNanoUsd }) => amountNanoUsd)).toEqual([2_000, 4_000, 8_000, 4_000]);
    expect(state.latest.amountNanoUsd).toBe(quote.costWith(10_000));
  });

  it.each([1, 20, 333, 700])('never lets events of %i bytes past what is held when the ledger has no more', async (eventBytes) => {
    for (const left of [0, 500, 1_000, 5_000]) {
      const { meter, state } = meterOver(ledgerWith(left));
      const made = await run(meter, eventBytes, 100_000);
      expect(quote.costWith(made)).toBeLessThanOrEqual(state.latest.amountNanoUsd);
    }
  });

  it('takes less than it asked for when that is still of use', async () => {
    const { meter, state } = meterOver(ledgerWith(900));
    await run(meter, 10, 100_000);
    expect(state.latest.amountNanoUsd).toBe(3_900);
  });

  it('ends the stream with what it has when the store does not answer', async () => {
    const { meter } = meterOver({
      asked: [],
      extend: async () => {
        throw new Error('gone');
      },
    });
    expect(await run(meter, 10, 100_000)).toBeLessThanOrEqual(1_000);
  });
});
