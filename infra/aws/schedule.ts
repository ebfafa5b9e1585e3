import { Duration, Validations } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

interface SweepScheduleProps {
  readonly sweeper: IFunction;
}

/**
 * Runs the sweeper once a minute. A run that fails is not tried again, since the next one does the same work; it
 * lands in `failures`, whose length is the thing to watch.
 */
export class SweepSchedule extends Construct {
  /** Runs that were not delivered or threw, for 14 days. */
  readonly failures: Queue;

  constructor(scope: Construct, id: string, { sweeper }: SweepScheduleProps) {
    super(scope, id);
    this.failures = new Queue(this, 'Failures', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    Validations.of(this.failures).acknowledge({ id: 'AwsSolutions-SQS3', reason: 'This queue is the dead-letter queue.' });

    const once = { retryAttempts: 0, maxEventAge: Duration.minutes(1) };
    sweeper.configureAsyncInvoke({ ...once, onFailure: new SqsDestination(this.failures) });
    new Rule(this, 'EveryMinute', {
      description: 'Sluice: settle the holds of dead calls.',
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new LambdaFunction(sweeper, { ...once, deadLetterQueue: this.failures })],
    });
  }
}
