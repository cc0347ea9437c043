import { z } from "zod";
import type { Operation } from "./operation.ts";
import { timeSchema } from "./schemas.ts";

/** A call of the collection API, as Segment's libraries send it. */
const collectSchema = z
  .looseObject({
    messageId: z.string().optional(),
    userId: z.string().optional(),
    anonymousId: z.string().optional(),
    event: z.string().optional().meta({ description: "Of `track`." }),
    properties: z.record(z.string(), z.unknown()).optional(),
    traits: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: "Of `identify` and `group`." }),
    groupId: z.string().optional().meta({ description: "Of `group`." }),
    previousId: z.string().optional().meta({ description: "Of `alias`." }),
    context: z.record(z.string(), z.unknown()).optional(),
    timestamp: timeSchema.optional(),
  })
  .meta({ id: "CollectCall" });

/** What became of each event of a request. */
const collectAnswerSchema = z
  .object({
    success: z.literal(true),
    accepted: z.int().meta({ description: "Events that are on disk." }),
    rejected: z
      .array(z.object({ index: z.int(), code: z.string() }))
      .meta({ description: "Those kept apart, by their place in the batch, with the reason." }),
  })
  .meta({ id: "CollectAnswer" });

/** Each call of the collection API with a small body that works. */
const COLLECT = {
  track: { what: "An event", example: { userId: "u7", event: "demo_request" } },
  identify: { what: "Who somebody is", example: { userId: "u7", traits: { plan: "pro" } } },
  page: { what: "A page view", example: { userId: "u7" } },
  screen: { what: "A screen view of an app", example: { userId: "u7", name: "Cart" } },
  group: { what: "A membership", example: { userId: "u7", groupId: "acme" } },
  alias: { what: "A new id of somebody", example: { userId: "u7", previousId: "u3" } },
};

const collection: Operation[] = Object.entries(COLLECT).map(([type, { what, example }]) => ({
  method: "post",
  path: `/v1/${type}`,
  summary: `${what}, as Segment's libraries send it`,
  tag: "Collection",
  scope: "collect",
  body: collectSchema,
  example,
  answer: collectAnswerSchema,
}));

const batch = {
  method: "post",
  tag: "Collection",
  scope: "collect",
  body: z.looseObject({ batch: z.array(collectSchema) }),
  example: { batch: [{ type: "track", userId: "u7", event: "demo_request" }] },
  answer: collectAnswerSchema,
} as const;

/** Events taken in, one by one and many at once. */
export const COLLECT_OPERATIONS: readonly Operation[] = [
  ...collection,
  { ...batch, path: "/v1/batch", summary: "Several calls at once" },
  { ...batch, path: "/v1/import", summary: "The same for history: its times stay as they are" },
];
