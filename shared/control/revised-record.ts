import { GatewayError } from '../errors/gateway-error.ts';

const maxTries = 5;

/**
 * Changes a record under optimistic locking: reads it, applies `change` to it, writes the result, and
 * begins anew when someone else's write came first. `change` may throw to refuse, and must give the same
 * answer when it is applied to its own result, because a write whose reply was lost is met again as if
 * it were another's.
 * @throws GatewayError `conflict` when others keep coming first.
 */
export async function reviseRecord<Stored>(
  read: () => Promise<Stored>,
  change: (stored: Stored) => NonNullable<Stored>,
  write: (changed: NonNullable<Stored>) => Promise<boolean>,
): Promise<{ readonly before: Stored; readonly after: NonNullable<Stored> }> {
  for (let tries = 0; tries < maxTries; tries++) {
    const before = await read();
    const after = change(before);
    if (await write(after)) return { before, after };
  }
  throw new GatewayError('conflict', 'Others are changing the same record at this moment. Read it again and repeat the change.');
}
