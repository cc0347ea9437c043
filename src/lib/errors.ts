/** What can go wrong in an expected way. Part of the API: `code` of every problem+json answer. */
export type ErrorCode =
  | "already_settled"
  | "already_tracked"
  | "body_too_large"
  | "cannot_start"
  | "domain_not_verified"
  | "forbidden"
  | "forbidden_key"
  | "id_too_long"
  | "internal"
  | "invalid_body"
  | "invalid_config"
  | "invalid_event"
  | "invalid_json"
  | "invalid_mime"
  | "invalid_query"
  | "invalid_recipient"
  | "invalid_signature"
  | "invalid_timestamp"
  | "invalid_url"
  | "journal_full"
  | "key_reused"
  | "link_stopped"
  | "method_not_allowed"
  | "missing_event_name"
  | "missing_group_id"
  | "missing_previous_id"
  | "missing_type"
  | "name_too_long"
  | "newer_schema"
  | "no_identity"
  | "not_found"
  | "not_ready"
  | "message_id_reused"
  | "number_too_large"
  | "provider_unreachable"
  | "rate_limited"
  | "signed_mail"
  | "stale_write"
  | "storage_unavailable"
  | "too_deep"
  | "too_large_event"
  | "too_many_new_hosts"
  | "too_many_properties"
  | "unauthorized"
  | "unknown_link"
  | "unknown_option"
  | "unknown_type"
  | "unsupported_charset"
  | "unsupported_encoding"
  | "unsupported_media_type"
  | "url_too_long";

/** One wrong field of a body: `pointer` is an RFC 6901 JSON pointer, e.g. `/contact/email`. */
export interface FieldError {
  pointer: string;
  message: string;
}

interface AppErrorDetails {
  /** What the caller can do about it, as one sentence. */
  hint?: string;
  errors?: readonly FieldError[];
  /** Seconds after which a retry makes sense; becomes `Retry-After`. */
  retryAfterS?: number;
  cause?: unknown;
}

/**
 * A failure that was foreseen: it has a code, an HTTP status and a sentence for a person.
 *
 * Anything else thrown is a bug, logged once at the edge and answered with a bare 500.
 */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly status: number;
  readonly hint: string | undefined;
  readonly errors: readonly FieldError[];
  readonly retryAfterS: number | undefined;

  constructor(code: ErrorCode, status: number, message: string, details: AppErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = status;
    this.hint = details.hint;
    this.errors = details.errors ?? [];
    this.retryAfterS = details.retryAfterS;
  }
}

/** The message of anything thrown, also of what is no Error. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` that Node and the drivers put on their errors (`ENOSPC`, `SQLITE_BUSY`), if any. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
