import { defineSignal, type Trace, when } from "../define.ts";

const SPAN_MS = 3000;

/** The unsubscribe link among others within three seconds: readers who leave don't also browse. */
export default defineSignal({
  says: "The unsubscribe link among others within three seconds",
  weight: 20,
  category: "pattern",
  appliesTo: ["click"],
  test({ hit, mail, near }) {
    const leaves = hit.link !== null && mail.unsubscribes.has(hit.link);
    const isOther = (other: Trace): boolean => other.link !== hit.link;
    const other = leaves
      ? near.find(SPAN_MS, isOther)
      : near.findOn(mail.unsubscribes, SPAN_MS, isOther);
    return when(other !== undefined, "the unsubscribe link among others within 3 s");
  },
  examples: [
    {
      says: "a link beside the unsubscribe link",
      hit: { link: "0", at: 0 },
      others: [{ link: "unsubscribe", at: 60 }],
      fires: true,
    },
    {
      says: "the unsubscribe link beside another",
      hit: { link: "unsubscribe", at: 2000 },
      others: [{ link: "0", at: 0 }],
      fires: true,
    },
    {
      says: "unsubscribing twice",
      hit: { link: "unsubscribe", at: 0 },
      others: [{ link: "unsubscribe", at: 500 }],
      fires: false,
    },
    {
      says: "unsubscribing after a minute of reading",
      hit: { link: "unsubscribe", at: 60_000 },
      others: [{ link: "0", at: 0 }],
      fires: false,
    },
  ],
});
