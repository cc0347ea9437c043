/** An event as a tag manager's data layer holds it; `consent` is what the visitor agreed to. */
export type LayerEvent = readonly [name: string, properties: Record<string, unknown>];

/**
 * Reads an entry of `dataLayer`: `{event, ecommerce?, …}` or the arguments of `gtag("event", …)` and
 * `gtag("consent", …)`.
 *
 * The tag manager's own events and `page_view`, which the script sends itself, are none.
 */
export const readLayerEntry = (entry: unknown): LayerEvent | undefined => {
  const { 0: command, 1: second, 2: third, event, ecommerce, ...others } = Object(entry);
  if (command === "consent") return [command, third];
  const [name, details] =
    command === "event" ? [second, third] : [event, { ...others, ...ecommerce }];
  if (!name || /^(gtm\.|page_view$|consent$)/.test(name)) return undefined;
  const properties = { ...details };
  for (const key in properties) if (key.startsWith("gtm.")) delete properties[key];
  return [name, properties];
};
