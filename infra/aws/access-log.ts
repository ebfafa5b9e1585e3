import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';

/**
 * One JSON line per request. `timeToFirstContentMs` is the time to the first token as the caller sees it, and
 * `integrationLatencyMs` of a stream runs to its end. Of the headers only the user agent is in it, of query string
 * and body nothing: keys travel there.
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
