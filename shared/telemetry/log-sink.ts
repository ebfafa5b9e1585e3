/** Takes one finished log line, without its line break. */
export type LogSink = (line: string) => void;

/**
 * Lambda's JSON log format wraps what goes through `console`, which would hide embedded metrics from
 * CloudWatch; bytes written to stdout are taken as they are.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
let sink: LogSink = (line) => {
  process.stdout.write(`${line}\n`);
};

/** Sends all further log lines to `newSink` instead of stdout. For hosts that keep stdout for people. */
export function setLogSink(newSink: LogSink): void {
  sink = newSink;
}

/** Writes one line to wherever the host wants it. */
export function writeLogLine(line: string): void {
  sink(line);
}
