import { Buffer } from 'node:buffer';
import { PassThrough, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { BinaryDelivery } from '../../shared/delivery/binary-delivery.ts';
import { GatewayError } from '../../shared/errors/gateway-error.ts';
import type { UpstreamFailure } from '../../shared/providers/upstream-failure.ts';

function deliver(source: Readable, idleMs = 1_000) {
  const failures: UpstreamFailure[] = [];
  const delivery = new BinaryDelivery(source, {
    idleMs,
    nowMs: () => performance.now(),
    errorOf: (failure) => {
      failures.push(failure);
      return new GatewayError('provider_error', failure.message);
    },
  });
  return { delivery, failures };
}

async function collect(delivery: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of delivery) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('an answer of bytes', () => {
  it('arrives whole and says how it ended', async () => {
    const { delivery } = deliver(Readable.from([Buffer.from('one '), Buffer.from('two')]));
    expect((await collect(delivery)).toString()).toBe('one two');
    expect(await delivery.done).toMatchObject({ ending: 'complete', bytes: 7, error: undefined });
  });

  it('is read no faster than the caller takes it', async () => {
    let made = 0;
    const source = Readable.from(
      (function* () {
        for (; made < 1_000; made += 1) yield Buffer.alloc(16 * 1024);
      })(),
    );
    const { delivery } = deliver(source);
    await sleep(30);
    // What waits is a few buffers and not sixteen megabytes.
    expect(made).toBeLessThan(64);
    expect((await collect(delivery)).length).toBe(1_000 * 16 * 1024);
  });

  it('that breaks off ends early, without an error that would kill the runtime', async () => {
    const source = new PassThrough();
    const { delivery, failures } = deliver(source);
    source.write('half');
    setTimeout(() => source.destroy(new Error('reset')), 10);
    expect((await collect(delivery)).toString()).toBe('half');
    expect(await delivery.done).toMatchObject({ ending: 'failed', bytes: 4 });
    expect(failures[0]?.kind).toBe('cut');
  });

  it('that falls silent is given up, but not while the caller is the slow one', async () => {
    const silent = new PassThrough();
    silent.write('half');
    const given = deliver(silent, 40);
    expect((await collect(given.delivery)).toString()).toBe('half');
    expect(given.failures[0]?.kind).toBe('idle_timeout');
    expect(silent.destroyed).toBe(true);

    const patient = deliver(Readable.from(Array.from({ length: 20 }, () => Buffer.alloc(64 * 1024))), 40);
    await sleep(120);
    expect((await collect(patient.delivery)).length).toBe(20 * 64 * 1024);
    expect(patient.failures).toEqual([]);
  });

  it('lets go of the provider when the caller leaves', async () => {
    const source = new PassThrough();
    source.write('half');
    const { delivery } = deliver(source);
    delivery.destroy(new Error('gone'));
    expect(await delivery.done).toMatchObject({ ending: 'client_gone' });
    expect(source.destroyed).toBe(true);
  });
});
