import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';

/**
 * One JSON line per request. `timeToFirstContent` is the time to the first token as the caller sees it, and
 * `integrationLatency` of a stream runs to its end. No header, query string or body is in it: keys travel there.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html
 */
export function accessLogFormat(): AccessLogFormat {
  return AccessLogFormat.custom(
    JSON.stringify({
      requestId: '$context.requestId',
      extendedRequestId: '$context.extendedRequestId',
      lambdaRequestId: '$context.integration.requestId',
      traceId: '$context.xrayTraceId',
      time: '$context.requestTimeEpoch',
      sourceIp: '$context.identity.sourceIp',
      userAgent: '$context.identity.userAgent',
      method: '$context.httpMethod',
      path: '$context.path',
      resource: '$context.resourcePath',
      protocol: '$context.protocol',
      status: '$context.status',
      responseLength: '$context.responseLength',
      responseLatencyMs: '$context.responseLatency',
      integrationStatus: '$context.integration.status',
      integrationLatencyMs: '$context.integration.latency',
      responseTransferMode: '$context.integration.responseTransferMode',
      timeToAllHeadersMs: '$context.integration.timeToAllHeaders',
      timeToFirstContentMs: '$context.integration.timeToFirstContent',
      wafStatus: '$context.waf.status',
      errorType: '$context.error.responseType',
    }),
  );
}
