import { RemovalPolicy, SecretValue, Validations } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';

/**
 * The two secrets: the providers' keys as one JSON object, which the operator fills in, and the admin key,
 * which nobody has to think of because Secrets Manager makes it.
 */
export class Secrets extends Construct {
  readonly provider: Secret;
  readonly adminKey: Secret;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.provider = new Secret(this, 'Provider', {
      description: 'Sluice: provider keys as one JSON object, such as {"OPENAI_API_KEY": "..."}.',
      // An empty object, so that a gateway without provider keys (Bedrock, echo) reads "none" and not an error.
      secretStringValue: SecretValue.unsafePlainText('{}'),
      removalPolicy: RemovalPolicy.RETAIN,
    });
    Validations.of(this.provider).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason: 'Only a provider can issue its key, so there is nothing to rotate by schedule; a changed value is in use within minutes.',
    });

    this.adminKey = new Secret(this, 'AdminKey', {
      description: 'Sluice: the key of the control plane.',
      generateSecretString: { passwordLength: 48, excludePunctuation: true },
      removalPolicy: RemovalPolicy.DESTROY,
    });
    Validations.of(this.adminKey).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'People and scripts hold this key, so a change by schedule would lock them out; the operator changes it by putting a new value.',
    });
  }
}
