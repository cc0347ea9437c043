import { isbot } from "isbot";
import { defineSignal, when } from "../define.ts";

/** A brand of phones and a search app, which bot lists have taken for bots. */
const PEOPLE = /\bCUBOT\b|Google\/google\b/i;

/** The user agent says that it is software: crawlers, security scanners, command-line clients. */
export default defineSignal({
  says: "Its user agent says that it is software",
  weight: 100,
  category: "ua",
  certain: true,
  decides: true,
  appliesTo: ["click", "open"],
  test: ({ agent: { text, proxy } }) =>
    when(
      text !== null && proxy === null && !PEOPLE.test(text) && isbot(text),
      "a known bot's user agent",
    ),
  examples: [
    { says: "a scanner", hit: { userAgent: "Barracuda Sentinel (EE)" }, fires: true },
    { says: "a library", hit: { userAgent: "python-requests/2.31.0" }, fires: true },
    {
      says: "a phone whose brand ends in BOT",
      hit: {
        userAgent:
          "Mozilla/5.0 (Linux; Android 11; CUBOT NOTE 20) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
      },
      fires: false,
    },
    {
      says: "an image proxy, which a person is behind",
      hit: { userAgent: "Mozilla/5.0 (Windows NT 5.1; rv:11.0) (via ggpht.com GoogleImageProxy)" },
      fires: false,
    },
    { says: "none at all", hit: { userAgent: "" }, fires: false },
    { says: "a browser", fires: false },
  ],
});
