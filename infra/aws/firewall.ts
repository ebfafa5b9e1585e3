import { CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import { openAiErrorBody } from '../../shared/errors/error-response.ts';
import { GatewayError } from '../../shared/errors/gateway-error.ts';

interface FirewallProps {
  /** The stage that stands behind the firewall. */
  readonly stageArn: string;
  readonly requestsPerMinutePerAddress: number;
}

/**
 * Keeps floods and known bad addresses off the functions, before they cost an invocation. It judges who asks and
 * how often, never what: rules that read bodies take prompts about SQL or shell scripts for attacks, and stop at
 * the first 16 KB anyway.
 */
export class Firewall extends Construct {
  constructor(scope: Construct, id: string, props: FirewallProps) {
    super(scope, id);
    const tooMany = new GatewayError('rate_limit_exceeded', 'Too many requests from this address. Try again in a minute.');
    const acl = new CfnWebACL(this, 'Acl', {
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      visibilityConfig: measuredAs('firewall'),
      customResponseBodies: { TooMany: { contentType: 'APPLICATION_JSON', content: JSON.stringify(openAiErrorBody(tooMany)) } },
      rules: [
        {
          name: 'requests-per-address',
          priority: 0,
          action: {
            block: {
              customResponse: {
                responseCode: tooMany.status,
                customResponseBodyKey: 'TooMany',
                responseHeaders: [{ name: 'retry-after', value: '60' }],
              },
            },
          },
          statement: {
            rateBasedStatement: { aggregateKeyType: 'IP', evaluationWindowSec: 60, limit: props.requestsPerMinutePerAddress },
          },
          visibilityConfig: measuredAs('requests-per-address'),
        },
        {
          name: 'address-reputation',
          priority: 1,
          overrideAction: { none: {} },
          statement: { managedRuleGroupStatement: { vendorName: 'AWS', name: 'AWSManagedRulesAmazonIpReputationList' } },
          visibilityConfig: measuredAs('address-reputation'),
        },
      ],
    });
    new CfnWebACLAssociation(this, 'Association', { resourceArn: props.stageArn, webAclArn: acl.attrArn });
  }
}

/** Counted, but never sampled: a sampled request shows its headers, and with them the caller's key. */
function measuredAs(metricName: string): CfnWebACL.VisibilityConfigProperty {
  return { cloudWatchMetricsEnabled: true, metricName: `sluice-${metricName}`, sampledRequestsEnabled: false };
}
