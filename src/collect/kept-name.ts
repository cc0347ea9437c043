import { AppError } from "../lib/errors.ts";
import { toEventName } from "../log/event-name.ts";

/**
 * Checks that events are kept under a name: what is said of another spelling would never apply.
 *
 * @throws {AppError} `invalid_body` (422) that says the right name
 */
export function requireKeptName(name: string): void {
  if (/\p{Cc}/u.test(name)) {
    throw new AppError("invalid_body", 422, "A name holds no control characters.");
  }
  const kept = toEventName(name);
  if (kept === name) return;
  throw new AppError("invalid_body", 422, `"${name}" is kept as "${kept}": use that name.`);
}
