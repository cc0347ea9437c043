import { Analytics } from "@segment/analytics-node";
import { callFromServer } from "./calls.mjs";

const analytics = new Analytics({ writeKey: process.env.KEY, host: process.env.COLLECTOR });
callFromServer(analytics);
await analytics.closeAndFlush();
