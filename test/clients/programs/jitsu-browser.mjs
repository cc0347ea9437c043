import { jitsuAnalytics } from "@jitsu/js";
import { callFromPage, callOnLeaving } from "./calls.mjs";

const { collector, key } = window.test;
const analytics = jitsuAnalytics({ host: collector, writeKey: `site:${key}` });
window.run = () => callFromPage(analytics);
callOnLeaving(analytics);
