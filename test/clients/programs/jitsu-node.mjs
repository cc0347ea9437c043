import { createRequire } from "node:module";
import { callFromPage } from "./calls.mjs";

const { jitsuAnalytics } = createRequire(import.meta.url)("@jitsu/js");
const analytics = jitsuAnalytics({
  host: process.env.COLLECTOR,
  writeKey: `server:${process.env.KEY}`,
  s2s: true,
});
await callFromPage(analytics);
