/** An event as a tag manager's data layer holds it; `consent` is what the visitor agreed to. */
export type LayerEvent = readonly [name: string, properties: Record<string, unknown>];

/**
 * Reads an entry of `dataLayer`: `{event, ecommerce?, …}` or the arguments of `gtag("event", …)` and
 * `gtag("consent", …)`.
 *
 * The tag manager's own events and `page_view`, which the script sends itself, are none.
 */
export function readLayerEntry(entry: unknown): LayerEvent | undefined {
  const { 0: command, 1: second, 2: third, event, ecommerce, ...others } = objectOf(entry);
  if (command === "consent") return [command, objectOf(third)];
  const isGtag = command === "event";
  const name = isGtag ? second : event;
  if (typeof name !== "string" || /^(gtm\.|page_view$|consent$|$)/.test(name)) return undefined;
  for (const key in others) if (key.startsWith("gtm.")) delete others[key];
  return [name, isGtag ? objectOf(third) : { ...others, ...objectOf(ecommerce) }];
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" ? { ...value } : {};
}
