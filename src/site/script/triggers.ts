import { type Core, guard, listen } from "./core.ts";
import { readLayerEntry } from "./data-layer.ts";
import { describeLink } from "./links.ts";
import { findSearchTerm } from "./page-url.ts";
import { createThresholds, type Thresholds } from "./thresholds.ts";

type Track = Core["api"]["track"];

/** Starts everything that a site gets without writing a line: each trigger for itself. */
export function startTriggers({ api, onLeavePage }: Core): void {
  const track: Track = (name, properties) => api.track(name, properties);
  const starts = [
    watchScroll,
    watchEngagement,
    watchLinks,
    watchVideos,
    watchDataLayer,
    watchSearch,
  ];
  for (const start of starts) guard(start)(track, onLeavePage);
}

type OnLeavePage = Core["onLeavePage"];

function watchScroll(track: Track, onLeavePage: OnLeavePage): void {
  const depth = createThresholds([25, 50, 75, 90]);
  listen("scroll", () => {
    const page = document.documentElement;
    const percent = ((scrollY + innerHeight) / page.scrollHeight) * 100;
    for (const percent_scrolled of depth.pass(percent)) track("scroll", { percent_scrolled });
  });
  onLeavePage(() => {
    if (document.visibilityState !== "hidden") depth.reset();
  });
}

/** Counts only while the page is visible and has the focus. */
function watchEngagement(track: Track, onLeavePage: OnLeavePage): void {
  let engagedMs = 0;
  let since: number | null = null;
  const update = (): void => {
    if (since !== null) engagedMs += performance.now() - since;
    const isEngaged = document.visibilityState === "visible" && document.hasFocus();
    since = isEngaged ? performance.now() : null;
  };
  for (const type of ["focus", "blur", "pageshow", "visibilitychange"] as const) {
    listen(type, update);
  }
  onLeavePage(() => {
    update();
    const engagement_time_msec = Math.round(engagedMs);
    engagedMs = 0;
    if (engagement_time_msec > 0) track("user_engagement", { engagement_time_msec });
  });
  update();
}

function watchLinks(track: Track): void {
  const onClick = ({ target }: MouseEvent): void => {
    if (!(target instanceof Element)) return;
    const link = target.closest<HTMLAnchorElement>("a[href]");
    const event = link && describeLink(link, location.hostname);
    if (!event) return;
    track(event.name, {
      ...event.properties,
      link_id: link.id,
      link_classes: link.className,
      link_text: link.textContent?.trim().slice(0, 100),
    });
  };
  listen("click", onClick);
  listen("auxclick", (event) => event.button === 1 && onClick(event));
}

function watchVideos(track: Track): void {
  const progress = new WeakMap<EventTarget, Thresholds>();
  const on = (
    type: "play" | "timeupdate" | "ended",
    listener: (video: HTMLVideoElement) => void,
  ): void => listen(type, ({ target }) => target instanceof HTMLVideoElement && listener(target));
  const describe = (video: HTMLVideoElement, video_percent: number): Record<string, unknown> => ({
    video_percent,
    video_current_time: Math.round(video.currentTime),
    video_duration: Math.round(video.duration),
    video_provider: "html5",
    video_title: video.title,
    video_url: video.currentSrc,
    visible: document.visibilityState === "visible",
  });
  on("play", (video) => {
    if (progress.has(video)) return;
    progress.set(video, createThresholds([10, 25, 50, 75]));
    track("video_start", describe(video, 0));
  });
  on("timeupdate", (video) => {
    const passed = progress.get(video)?.pass((video.currentTime / video.duration) * 100) ?? [];
    for (const percent of passed) track("video_progress", describe(video, percent));
  });
  on("ended", (video) => {
    if (progress.delete(video)) track("video_complete", describe(video, 100));
  });
}

function watchDataLayer(track: Track): void {
  const layer: unknown = Reflect.get(window, "dataLayer");
  if (!Array.isArray(layer)) return;
  const read = guard((entry: unknown) => {
    const event = readLayerEntry(entry);
    if (event) track(event.name, event.properties);
  });
  layer.forEach(read);
  const { push } = layer;
  layer.push = (...entries: unknown[]) => {
    entries.forEach(read);
    return push.apply(layer, entries);
  };
}

function watchSearch(track: Track): void {
  const search_term = findSearchTerm(location.search);
  if (search_term) track("view_search_results", { search_term });
}
