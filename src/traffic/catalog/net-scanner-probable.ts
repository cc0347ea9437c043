import { defineSignal, when } from "../define.ts";

/** The network of a security vendor: mostly scanners, but people can sit behind it too. */
export default defineSignal({
  says: "From the network of a security vendor",
  weight: 45,
  category: "network",
  appliesTo: ["click", "open"],
  test: ({ hit }) => when(hit.network === "scanner_probable", "a security vendor's network"),
  examples: [
    { says: "a vendor's network", hit: { network: "scanner_probable" }, fires: true },
    { says: "any other", hit: { network: "corporate_nat" }, fires: false },
    { says: "unknown", hit: { network: null }, fires: false },
  ],
});
