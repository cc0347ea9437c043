import { defineSignal, when } from "../define.ts";

/** A data centre. Clicks only: image proxies live there. */
export default defineSignal({
  says: "From a data centre",
  weight: 25,
  category: "network",
  appliesTo: ["click"],
  test: ({ hit }) => when(hit.network === "hosting", "a data centre's network"),
  examples: [
    { says: "a click from a data centre", hit: { network: "hosting" }, fires: true },
    { says: "an open from it", hit: { kind: "open", network: "hosting" }, fires: false },
    { says: "a click from a home", hit: { network: "residential" }, fires: false },
  ],
});
