import { createHash } from "node:crypto";
import type { EventRow } from "./event.ts";

/** Characters; a longer id is kept as its hash, so that it fits an index. */
const MAX_LENGTH = 200;

/** What a sale calls itself: `transaction_id`, or `order_id` as Segment's clients write it; null where it is no sale or has none. */
export function transactionOf({ name, properties }: Pick<EventRow, "name" | "properties">) {
  const id = properties["transaction_id"] ?? properties["order_id"];
  if (name !== "purchase" || (typeof id !== "string" && typeof id !== "number")) return null;
  const text = String(id).trim();
  if (text === "") return null;
  return text.length <= MAX_LENGTH ? text : createHash("sha256").update(text).digest("base64url");
}
