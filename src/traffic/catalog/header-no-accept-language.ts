import { defineSignal, when } from "../define.ts";

/** Says it is a browser, yet asks for no language: every browser is set to one. */
export default defineSignal({
  says: "A browser that asks for no language",
  weight: 15,
  category: "headers",
  appliesTo: ["click"],
  test: ({ hit, agent }) =>
    when(
      hit.tls &&
        !agent.embedded &&
        (agent.text ?? "").startsWith("Mozilla/") &&
        !hit.headers["accept-language"],
      "a browser without Accept-Language",
    ),
  examples: [
    { says: "a browser without it", hit: { headers: {} }, fires: true },
    { says: "a browser with it", hit: { headers: { "accept-language": "de" } }, fires: false },
    { says: "no browser", hit: { headers: {}, userAgent: "MailReader/3" }, fires: false },
    { says: "without TLS", hit: { headers: {}, tls: false }, fires: false },
  ],
});
