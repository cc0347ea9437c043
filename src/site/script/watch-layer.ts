import { api, context, core, isAutomatic } from "./core.ts";
import { readLayerEntry } from "./data-layer.ts";
import { guard, listen } from "./guard.ts";

/** Sends the events of the data layer; it may be made, or made anew, after the script has started. */
export function watchDataLayer(): void {
  let known: unknown;
  const read = guard((entry: unknown) => {
    const [event, properties] = readLayerEntry(entry) ?? [];
    if (event === "consent") context.consent = { ...context.consent, ...properties };
    else if (event) {
      core.notice({ type: "data_layer", event });
      if (isAutomatic) api.track(event, properties);
    }
  });
  const adopt = (): void => {
    const layer = window.dataLayer;
    if (!layer?.push || layer === known) return;
    known = layer;
    layer.forEach(read);
    const { push } = layer;
    layer.push = (...entries: unknown[]) => {
      const length = push.apply(layer, entries);
      entries.forEach(read);
      return length;
    };
  };
  listen(["load", "pageshow"], adopt);
  adopt();
}
