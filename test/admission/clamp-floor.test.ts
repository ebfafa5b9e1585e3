import { describe, expect, it } from 'vitest';
import { type Limits, scopeLimitsOf } from '../../shared/admission/limits.ts';
import { gatewayConfigSchema } from '../../shared/config/gateway-config.ts';
import { liveConfig } from '../../shared/config/live-config.ts';
import type { Principal } from '../../shared/control/directory.ts';
import { clampFloor } from '../../shared/middleware/clamp-floor.ts';
import { groupRecord, keyRecord } from '../support/control-records.ts';

const scope = (limits: Limits) => ({ limits: scopeLimitsOf(limits) });
const config = (defaults: object) =>
  liveConfig(gatewayConfigSchema.parse({ defaults }), { secrets: { read: async () => undefined }, environment: {} });
const principal = (defaults?: Record<string, unknown>, team?: Record<string, unknown>): Principal => ({
  key: keyRecord({ ...(defaults && { defaults }) }),
  ...(team && { team: groupRecord({ defaults: team }) }),
});

describe('the floor of clamping', () => {
  it('is 256 tokens where nobody says', () => {
    expect(clampFloor({ principal: principal(), config: config({}) }, [scope({ clamp: true })])).toBe(256);
  });

  it('is that of the configuration, or nearer that of the key or its team, where no limits name one', () => {
    const own = config({ clamp_floor_tokens: 500 });
    expect(clampFloor({ principal: principal(), config: own }, [])).toBe(500);
    expect(clampFloor({ principal: principal(undefined, { clamp_floor_tokens: 400 }), config: own }, [])).toBe(400);
    expect(clampFloor({ principal: principal({ clamp_floor_tokens: 300 }, { clamp_floor_tokens: 400 }), config: own }, [])).toBe(300);
  });

  it('is the highest among the limits of the call, whatever the configuration says', () => {
    const scopes = [scope({}), scope({ clamp_floor_tokens: 16 }), scope({ clamp_floor_tokens: 64 })];
    expect(clampFloor({ principal: principal({ clamp_floor_tokens: 300 }), config: config({ clamp_floor_tokens: 500 }) }, scopes)).toBe(64);
  });
});
