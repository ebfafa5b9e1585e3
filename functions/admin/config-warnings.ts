import type { LiveConfig } from '../../shared/config/live-config.ts';
import { isGlob } from '../../shared/pricing/model-pattern.ts';
import { targetsBehind } from '../../shared/routing/plan.ts';

/** What a deployment has that no version of the configuration brings. */
export interface DeployedParts {
  /** A place for prompts and answers. */
  readonly keepsPayloads: boolean;
  /** The permission to send metrics to CloudWatch by OTLP. */
  readonly sendsMetrics: boolean;
}

/** What is allowed in a configuration and probably not meant, or takes more than a version of it. */
export function warningsOf(config: LiveConfig, deployed: DeployedParts): string[] {
  return [...new Set([...unpriced(config), ...undeployed(config, deployed)])];
}

function unpriced(config: LiveConfig): string[] {
  const warnings: string[] = [];
  for (const name of Object.keys(config.routes)) {
    if (isGlob(name)) continue;
    for (const target of targetsBehind(name, config).targets) {
      if (config.priceOf(target) === undefined)
        warnings.push(`models.${name}: no price is known for ${target.name}, so keys with a budget may not call it. Set it under prices.`);
    }
  }
  return warnings;
}

function undeployed({ settings }: LiveConfig, { keepsPayloads, sendsMetrics }: DeployedParts): string[] {
  const keeping = keepsPayloads ? [] : Object.entries(settings.models).filter(([, route]) => route.log_payloads);
  const warnings = keeping.map(
    ([name]) => `models.${name}.log_payloads: nothing is kept, because this deployment has no place for it. Deploy with -c payloads=on.`,
  );
  if (settings.otlp?.aws_sigv4 && settings.otlp.metrics && !sendsMetrics)
    warnings.push('otlp.aws_sigv4: metrics are refused, because this deployment may not send them. Deploy with -c otlpMetrics=on.');
  return warnings;
}
