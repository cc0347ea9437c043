/** An event as a tag manager's data layer holds it. */
export interface LayerEvent {
  readonly name: string;
  readonly properties: Record<string, unknown>;
}

/**
 * Reads an entry of `dataLayer`: `{event, ecommerce?, …}` or the arguments of `gtag("event", …)`.
 *
 * The tag manager's own events and `page_view`, which the script sends itself, are none.
 */
export function readLayerEntry(entry: unknown): LayerEvent | undefined {
  const { 0: command, 1: second, 2: third, event, ecommerce, ...others } = objectOf(entry);
  const isGtag = command === "event";
  const name = isGtag ? second : event;
  if (typeof name !== "string" || /^(gtm\.|page_view$|$)/.test(name)) return undefined;
  for (const key in others) if (key.startsWith("gtm.")) delete others[key];
  return { name, properties: isGtag ? objectOf(third) : { ...others, ...objectOf(ecommerce) } };
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" ? { ...value } : {};
}
