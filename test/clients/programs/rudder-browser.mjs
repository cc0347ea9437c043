import { RudderAnalytics } from "@rudderstack/analytics-js/bundled";
import { callFromPage, callOnLeaving } from "./calls.mjs";

const { collector, key, mode } = window.test;
const analytics = new RudderAnalytics();
analytics.load(key, collector, {
  configUrl: collector,
  useBeacon: mode === "beacon",
  beaconQueueOptions: { flushQueueInterval: 500 },
  queueOptions: { batch: { enabled: mode === "batching", maxItems: 10, flushInterval: 500 } },
});
window.run = () => callFromPage(analytics);
callOnLeaving(analytics);
