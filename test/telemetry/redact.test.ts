import { describe, expect, it } from 'vitest';
import { knownRedactions, redactJson, redactText } from '../../shared/telemetry/redact.ts';

const redact = (text: string): string => redactText(text, knownRedactions);
const rules = { redactions: knownRedactions, longestText: 100 };

describe('redaction', () => {
  it.each([
    ['api_key', 'my key is sk-proj-abcdefghijklmnop1234 ok', 'my key is [api_key] ok'],
    ['api_key', 'AKIAIOSFODNN7EXAMPLE', '[api_key]'],
    ['api_key', 'ghp_abcdefghijklmnopqrstuvwxyz0123456789', '[api_key]'],
    ['jwt', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U', '[jwt]'],
    ['api_key', 'github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz', '[api_key]'],
    ['bearer_token', 'curl -H "Authorization: Bearer abcdef123456"', 'curl -H "Authorization: [bearer_token]"'],
    ['bearer_token', 'Authorization: Bearer abcdefghijklmnop1234', 'Authorization: [bearer_token]'],
    ['password', 'password: hunter2hunter2!', '[password]'],
    ['password', 'export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', 'export [password]'],
    ['password', '{"client_secret": "abcdef123"}', '{"[password]"}'],
    ['credentials', 'postgres://app:pass%40word@db.internal/x', 'postgres://[credentials]@db.internal/x'],
    ['private_key', '-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY----- after', '[private_key] after'],
    ['private_key', '-----BEGIN PRIVATE KEY-----\ncut off', '[private_key]'],
    ['email', 'write to jane.doe+tag@sub.example.co.uk now', 'write to [email] now'],
    ['email', 'jürgen@müller.de', '[email]'],
    ['card_number', 'card 4111 1111 1111 1111, thanks', 'card [card_number], thanks'],
    ['iban', 'IBAN DE89 3704 0044 0532 0130 00 please', 'IBAN [iban] please'],
    ['ssn', 'ssn 123-45-6789', 'ssn [ssn]'],
    ['phone', 'call +49 30 901820 or +1 (212) 555-0143', 'call [phone] or [phone]'],
    ['phone', 'or (415) 555-2671, 415-555-2671', 'or [phone], [phone]'],
    ['ip_address', 'to 2001:db8::8a2e:370:7334 and 2001:0db8:85a3:0000:0000:8a2e:0370:7334.', 'to [ip_address] and [ip_address].'],
    ['ip_address', 'from 192.168.17.4 it came', 'from [ip_address] it came'],
  ])('takes out what looks like %s: %s', (_name, text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it.each([
    'The order 1234567890123456 was shipped.',
    'In 2026, 3.14159 is still pi, and 1,000,000 is a million.',
    'function token(a, b) { return a + b; }',
    'version 1.2.3 of node@24',
    'At 10:30:45 std::vector<int> a::b ran; max_tokens: 100000, see http://host:8080/a@b.',
    'the bearer certificates of the bank, 2026-11-29T12:00:00Z, build 2026-555-12345',
    'a plain sentence about passwords and keys',
  ])('leaves alone what only looks a little like it: %s', (text) => {
    expect(redact(text)).toBe(text);
  });

  it('goes through every text of a payload, names of fields included', () => {
    const payload = {
      messages: [{ role: 'user', content: [{ type: 'text', text: 'I am a@b.example' }] }],
      'a@b.example': 1,
      n: 2,
      none: null,
    };
    expect(redactJson(payload, rules)).toEqual({
      messages: [{ role: 'user', content: [{ type: 'text', text: 'I am [email]' }] }],
      '[email]': 1,
      n: 2,
      none: null,
    });
  });

  it('cuts long texts after redacting them, so that no half of a secret is left', () => {
    const cut = redactJson(`${'x'.repeat(90)} sk-proj-abcdefghijklmnop1234 and more of it`, rules);
    expect(cut).not.toContain('sk-');
    expect(cut).toMatch(/… \[cut, \d+ characters in all\]$/);
    // The look at a very long text ends somewhere: what it ended in is left out.
    const long = redactJson(`${'word '.repeat(1_638)}sk-proj-${'a'.repeat(100)} ${'more '.repeat(9_000)}`, rules);
    expect(long).not.toContain('sk-');
  });

  it('leaves out what is encoded inline', () => {
    expect(redactJson(`data:image/png;base64,${'iVBOR'.repeat(5_000)}`, rules)).toBe('[image/png, 25022 characters]');
    expect(redactJson('QUJD'.repeat(2_000), rules)).toBe('[base64, 8000 characters]');
  });

  it('takes time in proportion to the text', () => {
    const hostile = [
      'a@'.repeat(50_000),
      '1 '.repeat(50_000),
      `-----BEGIN PRIVATE KEY-----${'A'.repeat(100_000)}`,
      'password='.repeat(10_000),
      `${'a.'.repeat(50_000)}@`,
      'a'.repeat(100_000),
      'a-'.repeat(50_000),
      'a:'.repeat(50_000),
      'Bearer '.repeat(10_000),
      `://${'a'.repeat(100_000)}`,
    ];
    const begunAt = performance.now();
    for (const text of hostile) redact(text);
    expect(performance.now() - begunAt).toBeLessThan(3_000);
  });
});
