import type { Front, Reply, RequestHead } from "../lib/front.ts";
import type { AddClickParameter } from "./click-parameter.ts";
import type { Floods } from "./floods.ts";
import { type Kept, type OpenedLink, type Visitor, writeHit } from "./hit.ts";
import {
  isCaseChanged,
  mendTrackingPath,
  parseTrackingPath,
  type TrackingPath,
} from "./tracking-path.ts";

interface FrontDeps {
  /** Path of BASE_URL without its trailing slash. */
  readonly basePath: string;
  /** Verifies both tokens of a path; undefined when forged, cut, foreign or of another purpose. */
  openPath(path: TrackingPath): OpenedLink | undefined;
  /** Whether a `Host` is another workspace's own domain, which must not lend its name to this one's links. */
  isForeignHost(host: string | undefined, workspaceId: number): boolean;
  addClickParameter: AddClickParameter;
  /** Whether a request says that its click must not be joined to the visit it brings. */
  refusesJoin?(req: RequestHead): boolean;
  /** Keeps a hit (an EventRow as JSON): calls back once it is durable, or after 50 ms or so. */
  record(json: string, done: (kept: Kept) => void): void;
  readonly floods: Floods;
  describeVisitor(req: RequestHead): Visitor;
  now(): number;
  createId(now: number): string;
  /**
   * Counts answers for the metrics; `counted` is a hit of a flood, whose count is durable, `refused` one that
   * consent does not let us keep.
   */
  onHit(kind: "click" | "open", kept: Kept | "counted" | "refused", seconds: number): void;
  onMiss(kind: "click" | "open", reason: "case_changed" | "unknown"): void;
  /** One page for every miss: it must not tell a forged token from an unknown one. */
  readonly notFoundPage: string;
  /** The page of a link that its sender stopped, or that has expired. */
  gonePage(state: "stopped" | "expired"): string;
}

/** 43 bytes: a transparent GIF of one pixel. */
const PIXEL = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64");

const NO_STORE = [
  // A cached redirect would hide every later click, hence 302 and no-store.
  "Cache-Control",
  "private, no-store",
  "X-Robots-Tag",
  "noindex",
  "Referrer-Policy",
  "no-referrer",
];
const PAGE_HEADERS = [
  "Content-Type",
  "text/html; charset=utf-8",
  "Content-Security-Policy",
  "default-src 'none'; style-src 'self'; img-src 'self'",
  "X-Content-Type-Options",
  "nosniff",
  ...NO_STORE,
];

const PIXEL_REPLY: Reply = {
  status: 200,
  location: "",
  headers: ["Content-Type", "image/gif", ...NO_STORE],
  body: PIXEL,
};
const METHOD_REFUSED: Reply = {
  status: 405,
  location: "",
  headers: ["Allow", "GET, HEAD", ...NO_STORE],
  body: "",
};

type Send = (reply: Reply) => void;

/**
 * Answers `/c/…` with a 302 and `/o/…` with a pixel once the hit is safe, before Express sees them:
 * an Express route costs eight times the CPU of this.
 *
 * HEAD gets the same answer and is recorded too: scanners use it, and traffic/ judges it.
 */
export function createFront(deps: FrontDeps): Front {
  return (req, send) => {
    const path = parseTrackingPath(req.url ?? "", deps.basePath);
    if (!path) return false;
    if (req.method !== "GET" && req.method !== "HEAD") send(METHOD_REFUSED);
    else answer(req, send, path, deps);
    return true;
  };
}

function answer(req: RequestHead, send: Send, path: TrackingPath, deps: FrontDeps): void {
  const opened = deps.openPath(path) ?? openMended(path, deps);
  const isForeign = opened && deps.isForeignHost(req.headers.host, opened.workspaceId);
  const link = isForeign ? undefined : opened;
  if (path.kind === "open") answerOpen(req, send, link, deps);
  else if (link) answerClick(req, send, link, deps);
  else answerMiss(send, path, deps);
}

function answerClick(req: RequestHead, send: Send, link: OpenedLink, deps: FrontDeps): void {
  const startedAt = performance.now();
  const at = deps.now();
  if (link.consent?.mode === "none") {
    send(lead(link, link.destination, deps));
    deps.onHit("click", "refused", (performance.now() - startedAt) / 1000);
    return;
  }
  if (deps.floods.isSurplus("click", link, at)) {
    // Nothing names this click but its count, so it has no id to carry.
    deps.floods.count("click", link, at, (kept) => {
      send(lead(link, link.destination, deps));
      deps.onHit("click", countedAs(kept), (performance.now() - startedAt) / 1000);
    });
    return;
  }
  const id = deps.createId(at);
  const hit = writeHit(req, { kind: "click", id, at, link, visitor: deps.describeVisitor(req) });
  // Durable first: answering before the write lost up to 7 % of clicks on kill -9, and one write
  // for all that arrived meanwhile makes the wait cheap.
  deps.record(hit, (kept) => {
    send(lead(link, locate(req, link, id, deps), deps));
    deps.onHit("click", kept, (performance.now() - startedAt) / 1000);
  });
}

/** Where a click goes, with its id where it may be joined to the visit. */
function locate(req: RequestHead, link: OpenedLink, id: string, deps: FrontDeps): string {
  const canJoin = link.consent?.canJoin !== false && !(deps.refusesJoin?.(req) ?? false);
  if (!canJoin) return link.destination;
  return deps.addClickParameter(link.workspaceId, link.destination, id);
}

/** A dead link without a fallback has no destination, but a page that says why. */
function lead(link: OpenedLink, location: string, deps: FrontDeps): Reply {
  const state = link.destination === "" ? link.exception?.state : null;
  if (state) return page(410, deps.gonePage(state));
  return { status: 302, location, headers: NO_STORE, body: "" };
}

function countedAs(kept: Kept): Kept | "counted" {
  return kept === "durable" ? "counted" : kept;
}

/** The pixel comes in any case: a broken image in a mail helps nobody. */
function answerOpen(
  req: RequestHead,
  send: Send,
  link: OpenedLink | undefined,
  deps: FrontDeps,
): void {
  if (!link) {
    deps.onMiss("open", "unknown");
    send(PIXEL_REPLY);
    return;
  }
  const startedAt = performance.now();
  const at = deps.now();
  if (link.consent?.mode === "none") {
    send(PIXEL_REPLY);
    deps.onHit("open", "refused", (performance.now() - startedAt) / 1000);
    return;
  }
  if (deps.floods.isSurplus("open", link, at)) {
    deps.floods.count("open", link, at, (kept) => {
      send(PIXEL_REPLY);
      deps.onHit("open", countedAs(kept), (performance.now() - startedAt) / 1000);
    });
    return;
  }
  const id = deps.createId(at);
  const hit = writeHit(req, { kind: "open", id, at, link, visitor: deps.describeVisitor(req) });
  deps.record(hit, (kept) => {
    send(PIXEL_REPLY);
    deps.onHit("open", kept, (performance.now() - startedAt) / 1000);
  });
}

function openMended(path: TrackingPath, deps: FrontDeps): OpenedLink | undefined {
  const mended = mendTrackingPath(path);
  return mended && deps.openPath(mended);
}

function answerMiss(send: Send, path: TrackingPath, deps: FrontDeps): void {
  deps.onMiss("click", isCaseChanged(path) ? "case_changed" : "unknown");
  send(page(404, deps.notFoundPage));
}

function page(status: 404 | 410, body: string): Reply {
  return { status, location: "", headers: PAGE_HEADERS, body };
}
