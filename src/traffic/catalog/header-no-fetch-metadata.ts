import { defineSignal, when } from "../define.ts";

const LEAST_BLINK = 90;

/** Says it is a current Chrome, yet sends no fetch metadata, which Chrome always does over TLS. */
export default defineSignal({
  says: "A current Chrome without fetch metadata",
  weight: 25,
  category: "headers",
  appliesTo: ["click"],
  test: ({ hit, agent }) =>
    when(
      hit.tls &&
        !agent.embedded &&
        (agent.blink ?? 0) >= LEAST_BLINK &&
        !hit.headers["sec-fetch-mode"],
      `Chrome ${agent.blink} without Sec-Fetch-Mode`,
    ),
  examples: [
    { says: "Chrome without it", hit: { headers: { "accept-language": "en" } }, fires: true },
    { says: "Chrome without TLS", hit: { headers: {}, tls: false }, fires: false },
    { says: "Chrome with it", fires: false },
    {
      says: "an Android web view",
      hit: {
        headers: {},
        userAgent:
          "Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/124.0.0.0 Mobile Safari/537.36",
      },
      fires: false,
    },
    {
      says: "an old Safari, which never did",
      hit: {
        headers: {},
        userAgent:
          "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/14.1.2 Safari/605.1.15",
      },
      fires: false,
    },
    {
      says: "Chrome on an iPhone, which is Safari inside",
      hit: {
        headers: {},
        userAgent:
          "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.0.0 Mobile/15E148 Safari/604.1",
      },
      fires: false,
    },
  ],
});
