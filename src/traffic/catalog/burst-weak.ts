import { defineSignal, when } from "../define.ts";

const PAIR_SPAN_MS = 250;
const RUN_SPAN_MS = 3000;
const RUN_LINKS = 4;

/** Two links almost at once, or four in three seconds: fast for a person, but it happens. */
export default defineSignal({
  says: "Two links of one mail almost at once, or four within three seconds",
  weight: 40,
  category: "pattern",
  appliesTo: ["click"],
  unless: ["burst_certain", "sweep_all_links"],
  test({ near }) {
    const run = near.links(RUN_SPAN_MS);
    if (run >= RUN_LINKS) return `${run} links within 3 s`;
    // Three so close together are a certain burst.
    return when(near.links(PAIR_SPAN_MS) >= 2, "2 links within 250 ms");
  },
  examples: [
    {
      says: "two links 60 ms apart",
      hit: { link: "0", at: 0 },
      others: [{ link: "1", at: 60 }],
      fires: true,
    },
    {
      says: "four links in 2.7 s",
      hit: { link: "0", at: 0 },
      others: [
        { link: "1", at: 900 },
        { link: "2", at: 1800 },
        { link: "3", at: 2700 },
      ],
      fires: true,
    },
    {
      says: "a double tap",
      hit: { link: "0", at: 0 },
      others: [{ link: "0", at: 60 }],
      fires: false,
    },
    {
      says: "two links half a second apart",
      hit: { link: "0", at: 0 },
      others: [{ link: "1", at: 500 }],
      fires: false,
    },
  ],
});
