import { defineSignal, when } from "../define.ts";

const SPAN_MS = 10_000;
const CONTACTS = 5;

/** Five contacts from one address within ten seconds: an office, or a gateway. */
export default defineSignal({
  says: "Five or more contacts from one address within ten seconds",
  weight: 25,
  category: "network_pattern",
  appliesTo: ["click"],
  unless: ["ip_fanout_mass"],
  // No exact number: it would rewrite the verdict of every hit of a gateway with each one more.
  test: ({ near }) =>
    when(
      near.contacts(SPAN_MS) >= CONTACTS,
      `${CONTACTS} or more contacts from one address within 10 s`,
    ),
  examples: [
    {
      says: "5 contacts in ten seconds",
      hit: { contact: "0" },
      others: Array.from({ length: 4 }, (_, n) => ({ contact: `other ${n}`, at: n * 100 })),
      fires: true,
    },
    {
      says: "one fewer",
      hit: { contact: "0" },
      others: Array.from({ length: 3 }, (_, n) => ({ contact: `other ${n}`, at: n * 100 })),
      fires: false,
    },
    {
      says: "as many from different addresses",
      hit: { contact: "0" },
      others: Array.from({ length: 4 }, (_, n) => ({
        contact: `other ${n}`,
        address: `198.51.100.${n}`,
      })),
      fires: false,
    },
  ],
});
