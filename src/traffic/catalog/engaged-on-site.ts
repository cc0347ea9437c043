import { defineSignal, when } from "../define.ts";

/** What the visitor then did on the site took a person. A page view doesn't: scanners run scripts. */
export default defineSignal({
  says: "The visitor then did something on the site that takes a hand",
  weight: -100,
  category: "person",
  appliesTo: ["click"],
  test: ({ hit }) => when(hit.engaged, "the visitor engaged on the site"),
  examples: [
    { says: "engaged", hit: { engaged: true }, fires: true },
    { says: "did not", hit: { engaged: false }, fires: false },
  ],
});
