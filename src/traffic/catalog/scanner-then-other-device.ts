import { defineSignal, when } from "../define.ts";

const SPAN_MS = 60_000;
const SUSPECT_NETWORKS = new Set(["hosting", "scanner_probable", "scanner_certain"]);

/** From a data centre or scanner, while the same link was followed on another device elsewhere. */
export default defineSignal({
  says: "From a data centre or scanner, and the same link on another device elsewhere",
  weight: 15,
  category: "identity",
  appliesTo: ["click"],
  test({ hit, agent, near }) {
    if (!SUSPECT_NETWORKS.has(hit.network ?? "") || agent.os === null) return undefined;
    const other = near.findOn(
      new Set([hit.link ?? ""]),
      SPAN_MS,
      (trace) =>
        trace.os !== null &&
        trace.os !== agent.os &&
        trace.address !== null &&
        !near.isSameNetwork(trace),
    );
    return when(other !== undefined, `${agent.os} here, ${other?.os} elsewhere within 60 s`);
  },
  examples: [
    {
      says: "a data centre 12 s after the reader's iPhone",
      hit: { network: "hosting", address: "198.51.100.20", at: 12_000 },
      others: [
        {
          at: 0,
          network: "residential",
          address: "192.0.2.10",
          userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5)",
        },
      ],
      fires: true,
    },
    {
      says: "the reader's own change of device",
      hit: { network: "residential", address: "192.0.2.99", at: 20_000 },
      others: [
        { at: 0, address: "198.51.100.20", userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5)" },
      ],
      fires: false,
    },
    {
      says: "the same system elsewhere",
      hit: { network: "hosting", address: "198.51.100.20", at: 12_000 },
      others: [{ at: 0, network: "residential", address: "192.0.2.10" }],
      fires: false,
    },
  ],
});
