import { AwsV4Signer } from 'aws4fetch';
import { describe, expect, it } from 'vitest';
import { awsSignature } from '../../shared/providers/aws-signature.ts';

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const atMs = Date.UTC(2026, 0, 2, 3, 4, 5);

describe('a signature', () => {
  it.each([
    ['https://bedrock-runtime.eu-west-1.amazonaws.com/model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream', undefined],
    [
      'https://bedrock-runtime.eu-west-1.amazonaws.com/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Ainference-profile%2Fx/converse',
      'session-token',
    ],
    ['https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1/chat/completions?b=2&a=1%20(x)', undefined],
  ])('is the one another implementation makes for %s', async (address, sessionToken) => {
    const body = '{"messages":[{"content":"Grüße"}]}';
    const own = awsSignature(
      { url: new URL(address), method: 'POST', body, region: 'eu-west-1', service: 'bedrock', atMs },
      { ...credentials, sessionToken },
    );
    const other = await new AwsV4Signer({
      url: address,
      method: 'POST',
      body,
      region: 'eu-west-1',
      service: 'bedrock',
      datetime: '20260102T030405Z',
      ...credentials,
      ...(sessionToken !== undefined && { sessionToken }),
    }).sign();
    expect(own.authorization).toBe(other.headers.get('authorization'));
  });
});
