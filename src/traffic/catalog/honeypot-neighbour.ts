import { defineSignal, when } from "../define.ts";

const SAME_NETWORK_MS = 10_000;
const ANY_NETWORK_MS = 3000;

/** Came with the one who followed the hidden link: near in time, nearer still from another network. */
export default defineSignal({
  says: "Came together with one who followed the hidden link",
  weight: 100,
  category: "trap",
  certain: true,
  decides: true,
  appliesTo: ["click", "open"],
  unless: ["honeypot_link"],
  test({ hit, mail, near }) {
    const trapped = near.findOn(
      mail.traps,
      SAME_NETWORK_MS,
      (other) => Math.abs(other.at - hit.at) <= ANY_NETWORK_MS || near.isSameNetwork(other),
    );
    return when(trapped !== undefined, "the hidden link was followed beside it");
  },
  examples: [
    {
      says: "8 s after it on the same network",
      hit: { at: 8000, address: "192.0.2.10" },
      others: [{ link: "trap", at: 0, address: "192.0.2.99" }],
      fires: true,
    },
    {
      says: "3 s before it on another network",
      hit: { at: 0 },
      others: [{ link: "trap", at: 3000, address: "203.0.113.9" }],
      fires: true,
    },
    {
      says: "6 s after it on another network",
      hit: { at: 6000 },
      others: [{ link: "trap", at: 0, address: "203.0.113.9" }],
      fires: false,
    },
    {
      says: "another contact's",
      hit: { at: 1000 },
      others: [{ link: "trap", at: 0, contact: "somebody else" }],
      fires: false,
    },
  ],
});
