/** Events that each program sends at once, so that a client which batches has something to batch. */
export const BURST = 25;

/** A client in one way of using it. */
export interface ClientCase {
  /** As the table in the docs calls it. */
  readonly name: string;
  readonly package: string;
  /** The file in `programs/`, without its ending. */
  readonly program: string;
  readonly runsIn: "node" | "browser";
  /** What the program switches on by it; for Node its environment. */
  readonly mode?: string;
  /** How a user points it here, for the docs. */
  readonly setup: string;
  /** Calls of the protocol that it has. */
  readonly calls: readonly string[];
  /** Whether an event sent at `pagehide` gets out too, or only one of the click that leads away. */
  readonly sendsAtPagehide?: boolean;
}

const ALL = ["page", "screen", "identify", "track", "group", "alias"];
const WITHOUT_SCREEN = ALL.filter((call) => call !== "screen");
const JITSU = WITHOUT_SCREEN.filter((call) => call !== "alias");

export const CLIENT_CASES: readonly ClientCase[] = [
  {
    name: "Segment Node",
    package: "@segment/analytics-node",
    program: "segment-node",
    runsIn: "node",
    setup: "`new Analytics({ writeKey: KEY, host: URL })`",
    calls: ALL,
  },
  {
    name: "RudderStack Node",
    package: "@rudderstack/rudder-sdk-node",
    program: "rudder-node",
    runsIn: "node",
    setup: "`new Analytics(KEY, { dataPlaneUrl: URL })`",
    calls: ALL,
  },
  {
    name: "RudderStack Node, not compressed",
    package: "@rudderstack/rudder-sdk-node",
    program: "rudder-node",
    runsIn: "node",
    mode: "plain",
    setup: "the same with `gzip: false`",
    calls: ALL,
  },
  {
    name: "Jitsu Node",
    package: "@jitsu/js",
    program: "jitsu-node",
    runsIn: "node",
    setup: '`jitsuAnalytics({ host: URL, writeKey: "any:KEY", s2s: true })`',
    calls: JITSU,
  },
  {
    name: "Segment browser",
    package: "@segment/analytics-next",
    program: "segment-browser",
    runsIn: "browser",
    setup: "`AnalyticsBrowser.load({ writeKey: KEY, cdnURL: URL })`",
    calls: ALL,
    sendsAtPagehide: false,
  },
  {
    name: "Segment browser, batching",
    package: "@segment/analytics-next",
    program: "segment-browser",
    runsIn: "browser",
    mode: "batching",
    setup: "the same with the delivery strategy `batching`",
    calls: ALL,
    sendsAtPagehide: false,
  },
  {
    name: "Segment snippet",
    package: "@segment/analytics-next",
    program: "segment-snippet",
    runsIn: "browser",
    setup:
      "its `dist/umd/standalone.js` on the own site in place of the CDN's; `analytics._cdn = URL`",
    calls: ALL,
    sendsAtPagehide: false,
  },
  {
    name: "RudderStack browser",
    package: "@rudderstack/analytics-js",
    program: "rudder-browser",
    runsIn: "browser",
    setup: "`analytics.load(KEY, URL, { configUrl: URL })`",
    calls: WITHOUT_SCREEN,
    sendsAtPagehide: true,
  },
  {
    name: "RudderStack browser, batching",
    package: "@rudderstack/analytics-js",
    program: "rudder-browser",
    runsIn: "browser",
    mode: "batching",
    setup: "the same with `queueOptions: { batch: { enabled: true } }`",
    calls: WITHOUT_SCREEN,
    sendsAtPagehide: true,
  },
  {
    name: "RudderStack browser, beacons",
    package: "@rudderstack/analytics-js",
    program: "rudder-browser",
    runsIn: "browser",
    mode: "beacon",
    setup: "the same with `useBeacon: true`",
    calls: WITHOUT_SCREEN,
    sendsAtPagehide: true,
  },
  {
    name: "Jitsu browser",
    package: "@jitsu/js",
    program: "jitsu-browser",
    runsIn: "browser",
    setup: '`jitsuAnalytics({ host: URL, writeKey: "any:KEY" })`',
    calls: JITSU,
    sendsAtPagehide: true,
  },
];
