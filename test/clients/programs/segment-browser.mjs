import { AnalyticsBrowser } from "@segment/analytics-next";
import { callFromPage, callOnLeaving } from "./calls.mjs";

const { collector, key, mode } = window.test;
const batching = { strategy: "batching", config: { size: 10, timeout: 500 } };
const analytics = AnalyticsBrowser.load(
  { writeKey: key, cdnURL: collector },
  mode === "batching" ? { integrations: { "Segment.io": { deliveryStrategy: batching } } } : {},
);
window.run = () => callFromPage(analytics);
callOnLeaving(analytics);
