import { defineSignal, when } from "../define.ts";

/** Sent no user agent. Alone it is doubt only: privacy proxies take it off. */
export default defineSignal({
  says: "No user agent",
  weight: 45,
  category: "ua",
  appliesTo: ["click", "open"],
  test: ({ agent }) => when(agent.text === "", "no user agent"),
  examples: [
    { says: "none", hit: { userAgent: "" }, fires: true },
    { says: "blank", hit: { userAgent: "  " }, fires: true },
    { says: "unknown, as from an ESP that does not tell", hit: { userAgent: null }, fires: false },
    { says: "a browser", fires: false },
  ],
});
