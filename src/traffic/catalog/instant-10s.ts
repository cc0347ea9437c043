import { defineSignal, when } from "../define.ts";

const LIMIT_MS = 10_000;

/** Less than ten seconds after delivery. */
export default defineSignal({
  says: "Less than ten seconds after delivery",
  weight: 15,
  category: "timing",
  appliesTo: ["click"],
  unless: ["instant_1s", "instant_3s"],
  test({ hit, mail }) {
    if (mail.deliveredAt === null) return undefined;
    const afterMs = hit.at - mail.deliveredAt;
    return when(afterMs < LIMIT_MS, `${afterMs} ms after delivery`);
  },
  examples: [
    { says: "9 s after", hit: { at: 11_000 }, mail: { deliveredAt: 2000 }, fires: true },
    {
      says: "2 s after: a stronger signal",
      hit: { at: 4000 },
      mail: { deliveredAt: 2000 },
      fires: false,
    },
    { says: "10 s after", hit: { at: 12_000 }, mail: { deliveredAt: 2000 }, fires: false },
  ],
});
