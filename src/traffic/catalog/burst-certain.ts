import { defineSignal, when } from "../define.ts";

const SPAN_MS = 1000;
const LINKS = 3;

/**
 * Three different links of one mail within a second: no hand does that. Finds the scanners that come
 * with a browser's headers from a home's address.
 */
export default defineSignal({
  says: "Three or more links of one mail within a second",
  weight: 80,
  category: "pattern",
  certain: true,
  appliesTo: ["click"],
  test({ near }) {
    const links = near.links(SPAN_MS);
    return when(links >= LINKS, `${links} links within 1 s`);
  },
  examples: [
    {
      says: "three links in 340 ms",
      hit: { link: "0", at: 0 },
      others: [
        { link: "1", at: 170 },
        { link: "2", at: 340 },
      ],
      fires: true,
    },
    {
      says: "tabs opened 0.9 s apart: each second sees two",
      hit: { link: "1", at: 900 },
      others: [
        { link: "0", at: 0 },
        { link: "2", at: 1800 },
      ],
      fires: false,
    },
    {
      says: "a triple tap on one link",
      hit: { link: "0", at: 0 },
      others: [
        { link: "0", at: 150 },
        { link: "0", at: 300 },
      ],
      fires: false,
    },
    {
      says: "links fetched ahead by the browser",
      hit: { link: "0", at: 0 },
      others: [
        { link: "1", at: 10, headers: { "sec-purpose": "prefetch" } },
        { link: "2", at: 20, headers: { "sec-purpose": "prefetch" } },
      ],
      fires: false,
    },
  ],
});
