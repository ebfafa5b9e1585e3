import { join, resolve } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { buildCodePackages } from './code-packages.ts';
import { readDeploymentSettings } from './settings.ts';
import { SluiceStack } from './sluice-stack.ts';

const app = new App();
// A finding that nobody has explained fails the synthesis, and with it the deployment.
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));

const project = join(import.meta.dirname, '../..');
const settings = readDeploymentSettings((name) => app.node.tryGetContext(name));
const code = await buildCodePackages({
  project,
  output: join(project, 'dist/functions'),
  config: resolve(project, settings.config),
});

new SluiceStack(app, settings.stackName, { code, settings, tags: { application: 'sluice' } });
app.synth();
