import { defineSignal, when } from "../define.ts";

const SPAN_MS = 10_000;
const CONTACTS = 20;

/** Twenty contacts from one address within ten seconds: a gateway that looks at one link of each mail. */
export default defineSignal({
  says: "Twenty or more contacts from one address within ten seconds",
  weight: 50,
  category: "network_pattern",
  appliesTo: ["click"],
  // No exact number: it would rewrite the verdict of every hit of a gateway with each one more.
  test: ({ near }) =>
    when(
      near.contacts(SPAN_MS) >= CONTACTS,
      `${CONTACTS} or more contacts from one address within 10 s`,
    ),
  examples: [
    {
      says: "20 contacts in ten seconds",
      hit: { contact: "0" },
      others: Array.from({ length: 19 }, (_, n) => ({ contact: `other ${n}`, at: n * 100 })),
      fires: true,
    },
    {
      says: "one fewer",
      hit: { contact: "0" },
      others: Array.from({ length: 18 }, (_, n) => ({ contact: `other ${n}`, at: n * 100 })),
      fires: false,
    },
    {
      says: "as many from different addresses",
      hit: { contact: "0" },
      others: Array.from({ length: 19 }, (_, n) => ({
        contact: `other ${n}`,
        address: `198.51.100.${n}`,
      })),
      fires: false,
    },
  ],
});
