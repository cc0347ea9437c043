import type { Core } from "../core.ts";
import { createThresholds, type Thresholds } from "../thresholds.ts";

/** What a player says of itself; the embedded ones say it piece by piece. */
interface Player {
  readonly currentTime: number;
  readonly duration: number;
  /** YouTube's numbers: 1 plays, 0 is over. */
  readonly playerState?: number;
  readonly title?: string;
  readonly url: string;
}

const UNKNOWN = { currentTime: 0, duration: 0 };
const VIMEO_EVENTS = ["play", "timeupdate", "ended"];

interface Message {
  readonly event?: string;
  readonly info?: unknown;
  readonly data?: { readonly seconds: number; readonly duration: number };
}

const EMBEDDED = /(youtube|vimeo)(-nocookie)?\.com$/;

/** Watches videos of the page itself, and those embedded from YouTube and Vimeo. */
export function start({ listen, observe }: Core): void {
  const progress = new Map<unknown, Thresholds>();
  const players = new Map<unknown, Player>();

  function note(key: unknown, provider: string, player: Player, isOver: boolean): void {
    const { currentTime, duration, title, url } = player;
    const tell = (name: string, video_percent: number): void =>
      observe(`video_${name}`, {
        video_percent,
        video_current_time: Math.round(currentTime),
        video_duration: Math.round(duration),
        video_provider: provider,
        video_title: title,
        video_url: url,
        visible: !document.hidden,
      });
    if (!progress.has(key)) {
      if (isOver) return;
      progress.set(key, createThresholds([10, 25, 50, 75]));
      tell("start", 0);
    }
    const passed = progress.get(key)?.((currentTime / duration) * 100) ?? [];
    for (const percent of passed) tell("progress", percent);
    if (isOver) {
      progress.delete(key);
      tell("complete", 100);
    }
  }

  listen(["play", "timeupdate", "ended"], ({ type, target: video }) => {
    if (!(video instanceof HTMLVideoElement)) return;
    const isOver = type === "ended";
    // Seeking moves the time of a video that nobody plays.
    if (video.paused && !isOver) return;
    const { currentTime, duration, title, currentSrc: url } = video;
    note(video, "html5", { currentTime, duration, title, url }, isOver);
  });

  const frames = (): HTMLIFrameElement[] => [...document.querySelectorAll("iframe")];

  listen(["message"], ({ source, origin, data }) => {
    const provider = EMBEDDED.exec(origin)?.[1];
    const frame = frames().find(({ contentWindow }) => contentWindow === source);
    if (!provider || !frame) return;
    const news = readMessage(typeof data === "string" ? JSON.parse(data) : data);
    const player = {
      ...UNKNOWN,
      title: frame.title,
      url: frame.src,
      ...players.get(source),
      ...news,
    };
    players.set(source, player);
    const isOver = player.playerState === 0;
    if (player.duration && (isOver || player.playerState === 1)) {
      note(source, provider, player, isOver);
    }
  });

  // A player answers nothing before it is ready: it is asked until it does.
  setInterval(() => {
    for (const { src, contentWindow } of frames()) {
      const provider = EMBEDDED.exec(new URL(src, location.href).origin)?.[1];
      if (!provider || players.has(contentWindow)) continue;
      const ask = (message: unknown): void => contentWindow?.postMessage(message, "*");
      if (provider === "youtube") ask('{"event":"listening","id":1,"channel":"widget"}');
      else for (const value of VIMEO_EVENTS) ask({ method: "addEventListener", value });
    }
  }, 1000);
}

/**
 * What a message of an embedded player says: YouTube's `infoDelivery` and `onStateChange`, or Vimeo's
 * `play`, `timeupdate` and `ended`.
 */
function readMessage({ event, info, data: time }: Message): Partial<Player> {
  if (time?.duration) {
    return { ...time, currentTime: time.seconds, playerState: event === "ended" ? 0 : 1 };
  }
  return event === "onStateChange"
    ? { playerState: Number(info) }
    : { ...Object(info), ...Object(info).videoData };
}
