import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { readDeploymentSettings } from '../../infra/aws/settings.ts';
import { SluiceStack } from '../../infra/aws/sluice-stack.ts';

/** One resource of a template, as far as the tests look into it. */
export interface TemplateResource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly DeletionPolicy?: string;
}

/** The stack as it would be deployed under the context of cdk.json and `settings`, with one-line functions. */
export function synthesise(settings: Readonly<Record<string, unknown>> = {}) {
  const { context } = JSON.parse(readFileSync(join(import.meta.dirname, '../../cdk.json'), 'utf8'));
  const app = new App({ context: { ...context, ...settings } });
  const code = { directory: join(import.meta.dirname, 'fixtures/code'), handler: 'index.handler' };
  const stack = new SluiceStack(app, 'Sluice', {
    code: { gateway: code, admin: code, sweeper: code },
    settings: readDeploymentSettings((name) => app.node.tryGetContext(name)),
  });
  const template = Template.fromStack(stack);
  return { app, stack, template };
}

/** The resources of one type, by logical id. */
export function resourcesOf(template: Template, type: string): Record<string, TemplateResource> {
  return template.findResources(type) as Record<string, TemplateResource>;
}
