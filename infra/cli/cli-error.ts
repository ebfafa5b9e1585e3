/** Why a command ends without having done its work: 1 when it was refused or failed, 2 when it was typed wrongly. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: 1 | 2;

  /** `message` says what is wrong and what to do, in one line where one is enough. */
  constructor(exitCode: 1 | 2, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.exitCode = exitCode;
  }
}
