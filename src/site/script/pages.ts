import { api, core, isAutomatic, place, tellEarly } from "./core.ts";
import { listen } from "./guard.ts";
import { pageOf } from "./page-url.ts";
import { flush } from "./transport.ts";

let engagedMs = 0;
let since = 0;

/** Sends a view of the page, one for every later URL, and for how long it was engaged with. */
export function watchPages(): void {
  let url = location.href;
  const viewIfNew = (): void => {
    const next = location.href;
    if (pageOf(url) === pageOf(next)) return;
    place.at = new URL(url);
    tellEngagement();
    place.at = location;
    place.referrer = url;
    viewPage(url);
    url = next;
  };
  // One turn later the page has set its title, and a chain of redirects has come to its end.
  const soon = (): void => void setTimeout(viewIfNew);
  for (const method of ["pushState", "replaceState"] as const) {
    const original = history[method];
    history[method] = (...args) => {
      original.apply(history, args);
      soon();
    };
  }
  listen(["popstate", "focus", "blur", "pageshow", "pagehide", "visibilitychange"], ({ type }) => {
    soon();
    countEngagement();
    if (!document.hidden && type !== "pagehide") return;
    tellEngagement();
    if (core.only === undefined) tellEarly();
    flush(true);
  });
  countEngagement();
  viewPage();
}

/** @param previous the page that this one has come after, without a load */
function viewPage(previous?: string): void {
  if (isAutomatic) api.page();
  core.notice({ type: "page_view", event: previous });
}

/** Counts only while the page is visible and has the focus. */
function countEngagement(): void {
  const now = performance.now();
  if (since) engagedMs += now - since;
  since = !document.hidden && document.hasFocus() ? now : 0;
}

function tellEngagement(): void {
  countEngagement();
  const engagement_time_msec = Math.round(engagedMs);
  engagedMs = 0;
  if (isAutomatic && engagement_time_msec) api.track("user_engagement", { engagement_time_msec });
}
