import { defineSignal, when } from "../define.ts";

const SPAN_MS = 10_000;
const LEAST_LINKS = 4;

/** Every link of the mail within ten seconds: the scanners that pace themselves. */
export default defineSignal({
  says: "Every link of the mail within ten seconds",
  weight: 80,
  category: "pattern",
  certain: true,
  appliesTo: ["click"],
  unless: ["burst_certain"],
  test({ mail, near }) {
    const all = mail.links.size;
    const isSwept = all >= LEAST_LINKS && near.mailLinks(SPAN_MS) >= all;
    return when(isSwept, `all ${all} links within 10 s`);
  },
  examples: [
    {
      says: "all four links, 3 s apart",
      hit: { link: "0", at: 0 },
      others: [
        { link: "1", at: 3000 },
        { link: "2", at: 6000 },
        { link: "3", at: 9000 },
      ],
      mail: { links: new Set(["0", "1", "2", "3"]) },
      fires: true,
    },
    {
      says: "all but one",
      hit: { link: "0", at: 0 },
      others: [
        { link: "1", at: 3000 },
        { link: "2", at: 6000 },
      ],
      mail: { links: new Set(["0", "1", "2", "3"]) },
      fires: false,
    },
    {
      says: "all three of a short mail",
      hit: { link: "0", at: 0 },
      others: [
        { link: "1", at: 3000 },
        { link: "2", at: 6000 },
      ],
      mail: { links: new Set(["0", "1", "2"]) },
      fires: false,
    },
    {
      says: "all four over two minutes",
      hit: { link: "0", at: 0 },
      others: [
        { link: "1", at: 30_000 },
        { link: "2", at: 60_000 },
        { link: "3", at: 120_000 },
      ],
      mail: { links: new Set(["0", "1", "2", "3"]) },
      fires: false,
    },
  ],
});
