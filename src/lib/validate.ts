import { type core, z } from "zod";
import { AppError, type ErrorCode, type FieldError } from "./errors.ts";
import { unknownName } from "./nearest.ts";

interface ValidateOptions {
  /** What was validated, for the sentence: "body", "query". */
  readonly what?: string;
  readonly code?: ErrorCode;
}

/**
 * Checks a value against a schema and returns it typed, defaults filled in.
 *
 * Objects should be `z.strictObject`, so that an unknown key is an error that names the nearest known
 * one instead of a setting that silently does nothing.
 *
 * @throws {AppError} 422 (`invalid_body` unless told) with a JSON pointer for every wrong field
 */
export function validate<S extends z.ZodType>(
  schema: S,
  value: unknown,
  { what = "body", code = "invalid_body" }: ValidateOptions = {},
): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues.flatMap((issue) => fieldErrors(issue, schema));
  const [first] = errors;
  const at = first?.pointer ? ` at ${first.pointer}` : "";
  throw new AppError(code, 422, `The ${what} is wrong${at}: ${first?.message ?? "invalid"}`, {
    errors,
  });
}

function fieldErrors(issue: core.$ZodIssue, schema: z.ZodType): FieldError[] {
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(schema, issue.path);
    return issue.keys.map((key) => ({
      pointer: toPointer([...issue.path, key]),
      message: unknownName("key", key, known),
    }));
  }
  return [{ pointer: toPointer(issue.path), message: issue.message }];
}

/** RFC 6901. */
function toPointer(path: readonly PropertyKey[]): string {
  return path
    .map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("");
}

function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: unknown = unwrap(schema);
  for (const part of path) {
    if (at instanceof z.ZodObject) at = unwrap(at.shape[String(part)]);
    else if (at instanceof z.ZodArray) at = unwrap(at.element);
    else return [];
  }
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

function unwrap(schema: unknown): unknown {
  let inner = schema;
  while (
    inner instanceof z.ZodOptional ||
    inner instanceof z.ZodDefault ||
    inner instanceof z.ZodPrefault ||
    inner instanceof z.ZodNullable
  ) {
    inner = inner.unwrap();
  }
  return inner;
}
