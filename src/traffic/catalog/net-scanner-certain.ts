import { defineSignal, when } from "../define.ts";

/**
 * A published address range of a mail scanner. Clicks only: mailbox providers fetch images for people
 * from the same ranges, and judging opens by them would take away every Outlook open.
 */
export default defineSignal({
  says: "From the published addresses of a mail scanner",
  weight: 100,
  category: "network",
  certain: true,
  appliesTo: ["click"],
  test: ({ hit }) => when(hit.network === "scanner_certain", "a mail scanner's address range"),
  examples: [
    { says: "a click from a scanner's range", hit: { network: "scanner_certain" }, fires: true },
    { says: "an open from it", hit: { kind: "open", network: "scanner_certain" }, fires: false },
    { says: "a click from elsewhere", hit: { network: "residential" }, fires: false },
  ],
});
