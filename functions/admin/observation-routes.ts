import type { AdminRoute } from './operation.ts';
import { auditBooks, type BooksParts } from './operations/audit-books.ts';
import { getMetrics, type MetricsParts } from './operations/get-metrics.ts';
import { getRequest } from './operations/get-request.ts';
import { getSession } from './operations/get-session.ts';
import { getUsage, type UsageParts } from './operations/get-usage.ts';
import { listRequests, type RecordParts } from './operations/list-requests.ts';
import { type DashboardParts, putMetricsDashboard } from './operations/put-metrics-dashboard.ts';

/** What can be seen of calls: records, sessions, usage, and whether the books agree. */
export function observationRoutes(parts: RecordParts & UsageParts & BooksParts & MetricsParts & DashboardParts): readonly AdminRoute[] {
  return [
    { method: 'GET', path: '/admin/requests', operation: listRequests(parts) },
    { method: 'GET', path: '/admin/requests/{id}', operation: getRequest(parts) },
    { method: 'GET', path: '/admin/sessions/{id}', operation: getSession(parts) },
    { method: 'GET', path: '/admin/usage', operation: getUsage(parts) },
    { method: 'GET', path: '/admin/metrics', operation: getMetrics(parts) },
    { method: 'PUT', path: '/admin/teams/{id}/dashboard', operation: putMetricsDashboard(parts) },
    { method: 'GET', path: '/admin/audit/books', operation: auditBooks(parts) },
  ];
}
