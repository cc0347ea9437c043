import { defineSignal, when } from "../define.ts";

const LEAST_BLINK = 90;

/** Says it is a current Chrome, yet sends no client hints, which Chrome always does over TLS. */
export default defineSignal({
  says: "A current Chrome without client hints",
  weight: 15,
  category: "headers",
  appliesTo: ["click"],
  test: ({ hit, agent }) =>
    when(
      hit.tls && !agent.embedded && (agent.blink ?? 0) >= LEAST_BLINK && !hit.headers["sec-ch-ua"],
      `Chrome ${agent.blink} without Sec-CH-UA`,
    ),
  examples: [
    { says: "Chrome without them", hit: { headers: { "accept-language": "en" } }, fires: true },
    { says: "Chrome without TLS", hit: { headers: {}, tls: false }, fires: false },
    { says: "Chrome with them", fires: false },
    {
      says: "Firefox, which has none",
      hit: {
        headers: {},
        userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
      },
      fires: false,
    },
    {
      says: "Chrome 88, from before they came",
      hit: {
        headers: {},
        userAgent:
          "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/88.0.4324.96 Safari/537.36",
      },
      fires: false,
    },
  ],
});
