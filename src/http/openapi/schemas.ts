import { z } from "zod";

/** A moment, as the API spells it. */
export const timeSchema = z.iso.datetime().meta({ description: "ISO 8601, UTC." });

/** Where a list goes on. */
export const nextSchema = z
  .string()
  .nullable()
  .meta({ description: "Cursor of the following page, or null." });

/** RFC 9457. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: z.string(),
    hint: z.string(),
    errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
    request_id: z.string(),
  })
  .meta({ id: "Problem", description: "What went wrong, and what would be right." });
