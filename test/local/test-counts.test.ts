import { describe, expect, it } from 'vitest';
import { addCounts, countVitestReport } from '../../infra/setup/test-counts.ts';

const file = (status: string, ...tests: string[]) => ({ status, assertionResults: tests.map((one) => ({ status: one })) });
const report = (passed: number, failed: number, ...testResults: object[]) => ({
  numPassedTests: passed,
  numFailedTests: failed,
  testResults,
});

describe('the count of a test run', () => {
  it('is that of the report', () => {
    expect(countVitestReport(report(2, 1, file('failed', 'passed', 'failed'), file('passed', 'passed')), 1)).toEqual({
      passed: 2,
      failed: 1,
    });
  });

  it('has one failure for a file that failed outside its tests', () => {
    expect(countVitestReport(report(1, 0, file('failed'), file('passed', 'passed')), 1)).toEqual({ passed: 1, failed: 1 });
  });

  it('has one failure for a run that ended with an error although its tests passed', () => {
    expect(countVitestReport(report(1, 0, file('passed', 'passed')), 1)).toEqual({ passed: 1, failed: 1 });
  });

  it('refuses what is no report', () => {
    expect(() => countVitestReport({}, 0)).toThrow();
  });

  it('adds up', () => {
    expect(addCounts({ passed: 1, failed: 2 }, { passed: 10, failed: 20 })).toEqual({ passed: 11, failed: 22 });
  });
});
