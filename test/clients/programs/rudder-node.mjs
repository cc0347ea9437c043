import { createRequire } from "node:module";
import { promisify } from "node:util";
import { callFromServer } from "./calls.mjs";

const Analytics = createRequire(import.meta.url)("@rudderstack/rudder-sdk-node");
const analytics = new Analytics(process.env.KEY, {
  dataPlaneUrl: process.env.COLLECTOR,
  gzip: process.env.MODE !== "plain",
});
callFromServer(analytics);
await promisify(analytics.flush.bind(analytics))();
