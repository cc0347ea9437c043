import { type Logger, pino } from "pino";

export type { Logger } from "pino";

/** What must never stand in a log line, wherever an object carries it. */
const SECRETS = ["authorization", "cookie", "email", "password", "token", "key", "secret"];

/**
 * Makes the service's log: JSON lines on standard error, so that standard output stays for what a
 * command is asked to print.
 */
export function createLogger(level: string): Logger {
  return pino(
    {
      level,
      base: null,
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`]), censor: "[hidden]" },
      serializers: { err: pino.stdSerializers.errWithCause },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
