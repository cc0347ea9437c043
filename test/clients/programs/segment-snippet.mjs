import { callFromPage, callOnLeaving } from "./calls.mjs";

// What Segment's snippet does: calls wait in an array until the real thing has loaded.
const { collector, key } = window.test;
const analytics = [];
window.analytics = analytics;
const methods = ["page", "screen", "identify", "track", "group", "alias"];
for (const method of methods) {
  analytics[method] = (...args) => analytics.push([method, ...args]);
}
analytics._writeKey = key;
analytics._cdn = collector;
const script = document.createElement("script");
script.src = "/vendor/@segment/analytics-next/dist/umd/standalone.js";
document.head.append(script);

window.run = () => callFromPage(window.analytics);
// Each call looks the client up: the loaded one replaces the array.
callOnLeaving({ track: (...args) => window.analytics.track(...args) });
