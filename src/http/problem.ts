import { STATUS_CODES } from "node:http";
import { AppError, type ErrorCode, type FieldError } from "../lib/errors.ts";
import { ERROR_TEXTS } from "./openapi/error-texts.ts";

/**
 * An error as the API answers it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export interface Problem {
  /** Relative, so that it leads to this installation's own documentation. */
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  code: ErrorCode;
  /** What to do about it; where the error says nothing, what its code means. */
  hint: string;
  errors?: readonly FieldError[];
  request_id: string;
}

/** Describes an error of `path`; hides everything about what was not foreseen. */
export function toProblem(error: AppError, path: string, requestId: string): Problem {
  return {
    type: `/docs/errors#${error.code}`,
    title: STATUS_CODES[error.status] ?? "Error",
    status: error.status,
    detail: error.message,
    instance: path,
    code: error.code,
    hint: error.hint ?? ERROR_TEXTS[error.code],
    ...(error.errors.length === 0 ? {} : { errors: error.errors }),
    request_id: requestId,
  };
}

/**
 * Turns anything thrown into an AppError; `internal` (500) means that it was a bug.
 *
 * Express and its parsers throw errors with a `status` for what the client did wrong.
 */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof URIError) return badAddress(error);
  switch (clientStatus(error)) {
    case 400:
      return badAddress(error);
    case 413:
      return new AppError("body_too_large", 413, "The body is too large.", { cause: error });
    case 415:
      return new AppError("unsupported_media_type", 415, "This kind of body is not understood.", {
        cause: error,
      });
    default:
      return new AppError("internal", 500, "Something went wrong on our side.", {
        hint: "Quote the request id when you report it.",
        cause: error,
      });
  }
}

function badAddress(cause: unknown): AppError {
  return new AppError("invalid_url", 400, "The address is not encoded correctly.", {
    hint: "Percent-encode the parts of the path as UTF-8.",
    cause,
  });
}

function clientStatus(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("status" in error)) return undefined;
  return typeof error.status === "number" ? error.status : undefined;
}
