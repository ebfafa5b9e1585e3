import * as z from 'zod';

const reportSchema = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.object({ status: z.string() })) })),
});

/** How many checks held and how many did not. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** Adds up. */
export function addCounts(one: Counts, other: Counts): Counts {
  return { passed: one.passed + other.passed, failed: one.failed + other.failed };
}

/**
 * Counts the tests of vitest's JSON report. A file that failed outside its tests (it could not be
 * loaded, a hook threw) counts as one failure, and so does a run that ended with an error and no failed test.
 * @throws ZodError when the report is not one.
 */
export function countVitestReport(report: unknown, exitCode: number): Counts {
  const { numPassedTests, numFailedTests, testResults } = reportSchema.parse(report);
  const brokenFiles = testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const failed = numFailedTests + brokenFiles;
  return { passed: numPassedTests, failed: failed === 0 && exitCode !== 0 ? 1 : failed };
}
