import type { z } from "zod";
import { AppError, type FieldError } from "../lib/errors.ts";
import { validate } from "../lib/validate.ts";

/** What is wrong with one item of a request; the others are done all the same. */
export interface ItemError {
  readonly code: "invalid_recipient";
  readonly message: string;
  /** Pointers begin at the item. */
  readonly errors: readonly FieldError[];
}

/** An item as its schema reads it, or what is wrong with it. */
export function readItem<S extends z.ZodType>(
  schema: S,
  given: unknown,
): { readonly item: z.output<S> } | { readonly error: ItemError } {
  try {
    return { item: validate(schema, given, { what: "recipient", code: "invalid_recipient" }) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { message, errors } = error;
    return { error: { code: "invalid_recipient", message, errors } };
  }
}
