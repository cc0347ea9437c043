import type { z } from "zod";
import type { Scope } from "../../lib/caller.ts";

/** One call of the API, as the document and the page of it describe it. */
export interface Operation {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  readonly path: string;
  readonly summary: string;
  readonly tag:
    | "Email"
    | "Campaigns"
    | "Collection"
    | "Webhooks"
    | "Contacts"
    | "Reports"
    | "Domains"
    | "Administration"
    | "Operation";
  /** The scope that a key needs; undefined: none. */
  readonly scope?: Scope;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** A small body that works, for the copyable call. */
  readonly example?: unknown;
  readonly status?: number;
  readonly answer?: z.ZodType;
}
