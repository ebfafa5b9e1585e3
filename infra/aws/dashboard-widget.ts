import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { type FunctionCode, packagedConfig } from './functions.ts';
import { LoggedFunction } from './logged-function.ts';
import type { DeploymentSettings } from './settings.ts';
import type { Tables } from './tables.ts';

interface BudgetWidgetProps {
  readonly code: FunctionCode;
  readonly settings: DeploymentSettings;
  readonly tables: Tables;
}

/**
 * Draws the month so far and budgets on the dashboard: what is spent and held now, out of usage and ledger. The control plane's code with another
 * entry, and with leave to read only; CloudWatch invokes it with the rights of whoever looks at the dashboard.
 */
export class BudgetWidget extends Construct {
  readonly logged: LoggedFunction;

  constructor(scope: Construct, id: string, { code, settings, tables }: BudgetWidgetProps) {
    super(scope, id);
    this.logged = new LoggedFunction(this, 'Draw', {
      description: 'Sluice dashboard: draws what is spent and held of each budget.',
      code: { directory: code.admin.directory, handler: code.admin.handler.replace(/\.handler$/, '.widget') },
      timeout: Duration.seconds(20),
      memorySize: 256,
      logRetention: settings.logRetentionDays,
      environment: { ...tables.environment(['control', 'ledger', 'records']), SLUICE_CONFIG: packagedConfig },
      permissions: { Tables: [tables.allow('control', 'read'), tables.allow('ledger', 'read'), tables.allow('records', 'read')] },
    });
  }
}
