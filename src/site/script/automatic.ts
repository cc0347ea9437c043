import { type Core, guard, listen } from "./core.ts";
import { readLayerEntry } from "./data-layer.ts";
import { describeLink } from "./links.ts";
import { findSearchTerm } from "./page-url.ts";
import { createThresholds, type Thresholds } from "./thresholds.ts";

/** Starts everything that a site gets without writing a line: each watcher for itself. */
export function watchPage(core: Core): void {
  const watchers = [watchScroll, watchEngagement, watchClicks, watchDataLayer, watchSearch];
  for (const watch of watchers) guard(watch)(core);
}

function watchScroll({ observe, leaving }: Core): void {
  const restart = (): Thresholds => createThresholds([25, 50, 75, 90]);
  let pass = restart();
  listen(["scroll"], () => {
    const percent = ((scrollY + innerHeight) / document.documentElement.scrollHeight) * 100;
    for (const percent_scrolled of pass(percent)) observe("scroll", { percent_scrolled });
  });
  leaving.push(() => {
    if (!document.hidden) pass = restart();
  });
}

/** Counts only while the page is visible and has the focus. */
function watchEngagement({ observe, leaving }: Core): void {
  let engagedMs = 0;
  let since = 0;
  const update = (): void => {
    const now = performance.now();
    if (since) engagedMs += now - since;
    since = !document.hidden && document.hasFocus() ? now : 0;
  };
  listen(["focus", "blur", "pageshow", "visibilitychange"], update);
  leaving.push(() => {
    update();
    const engagement_time_msec = Math.round(engagedMs);
    engagedMs = 0;
    if (engagement_time_msec) observe("user_engagement", { engagement_time_msec });
  });
  update();
}

function watchClicks(core: Core): void {
  const onClick = ({ target }: MouseEvent): void => {
    if (!(target instanceof Element)) return;
    core.notice("element_click", {}, target);
    const link = target.closest<HTMLAnchorElement>("a[href]");
    const [name, properties] = (link && describeLink(link, location.hostname)) ?? [];
    if (!link || !name) return;
    const { id: link_id, className: link_classes } = link;
    const link_text = link.textContent?.trim().slice(0, 100);
    core.observe(name, { ...properties, link_id, link_classes, link_text }, target);
  };
  listen(["click"], onClick);
  listen(["auxclick"], (event) => event.button === 1 && onClick(event));
}

/** The layer may be made, or made anew, after the script has started. */
function watchDataLayer(core: Core): void {
  let known: unknown;
  const read = guard((entry: unknown) => {
    const [event, properties] = readLayerEntry(entry) ?? [];
    if (event === "consent") core.consent = { ...core.consent, ...properties };
    else if (event) {
      core.notice("data_layer", { ...properties, event });
      core.observe(event, { ...properties });
    }
  });
  const adopt = (): void => {
    const layer: unknown = window.dataLayer;
    if (!Array.isArray(layer) || layer === known) return;
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

function watchSearch({ observe }: Core): void {
  const search_term = findSearchTerm(location.search);
  if (search_term) observe("view_search_results", { search_term });
}
