import { defineSignal, when } from "../define.ts";

/** The browser carried the cookie of a visitor we know. */
export default defineSignal({
  says: "The cookie of a visitor who is known",
  weight: -60,
  category: "person",
  appliesTo: ["click"],
  test: ({ hit }) => when(hit.returning, "a known visitor's cookie"),
  examples: [
    { says: "known", hit: { returning: true }, fires: true },
    { says: "new", hit: { returning: false }, fires: false },
  ],
});
