import { GatewayError } from '../../../shared/errors/gateway-error.ts';
import type { TeamDashboards } from '../../../shared/telemetry/team-dashboard.ts';
import type { Operation } from '../operation.ts';

/** What making dashboards works with. */
export interface DashboardParts {
  /** Undefined where there is no CloudWatch. */
  readonly dashboards: Pick<TeamDashboards, 'put'> | undefined;
}

/** `PUT /admin/teams/{id}/dashboard`: makes or renews the team's dashboard in CloudWatch. */
export function putMetricsDashboard({ dashboards }: DashboardParts): Operation {
  return async ({ params }) => {
    if (dashboards === undefined) {
      throw new GatewayError(
        'invalid_request',
        'Dashboards are made in CloudWatch, and this gateway runs outside AWS. Use /admin/usage?team= here.',
      );
    }
    const team = params.id ?? '';
    return { status: 200, body: { object: 'dashboard', team, ...(await dashboards.put(team)) } };
  };
}
