import { defineSignal, when } from "../define.ts";

const LIMIT_MS = 1000;

/**
 * Less than a second after delivery, or before it: scanners look while a mail still arrives. Clocks
 * of ESPs and ours differ, so it proves nothing alone.
 */
export default defineSignal({
  says: "Less than a second after delivery",
  weight: 50,
  category: "timing",
  appliesTo: ["click"],
  test({ hit, mail }) {
    if (mail.deliveredAt === null) return undefined;
    const afterMs = hit.at - mail.deliveredAt;
    return when(afterMs < LIMIT_MS, `${afterMs} ms after delivery`);
  },
  examples: [
    { says: "900 ms after", hit: { at: 2900 }, mail: { deliveredAt: 2000 }, fires: true },
    { says: "before it", hit: { at: 1000 }, mail: { deliveredAt: 2000 }, fires: true },
    { says: "a second after", hit: { at: 3000 }, mail: { deliveredAt: 2000 }, fires: false },
    { says: "delivery unknown", hit: { at: 0 }, mail: { deliveredAt: null }, fires: false },
  ],
});
