import { defineSignal, when } from "../define.ts";

const LIMIT_MS = 3000;

/** Less than three seconds after delivery. */
export default defineSignal({
  says: "Less than three seconds after delivery",
  weight: 35,
  category: "timing",
  appliesTo: ["click"],
  unless: ["instant_1s"],
  test({ hit, mail }) {
    if (mail.deliveredAt === null) return undefined;
    const afterMs = hit.at - mail.deliveredAt;
    return when(afterMs < LIMIT_MS, `${afterMs} ms after delivery`);
  },
  examples: [
    { says: "2 s after", hit: { at: 4000 }, mail: { deliveredAt: 2000 }, fires: true },
    {
      says: "half a second after: a stronger signal",
      hit: { at: 2500 },
      mail: { deliveredAt: 2000 },
      fires: false,
    },
    { says: "3 s after", hit: { at: 5000 }, mail: { deliveredAt: 2000 }, fires: false },
  ],
});
