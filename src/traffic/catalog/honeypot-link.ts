import { defineSignal, when } from "../define.ts";

/** The link that no reader can see. */
export default defineSignal({
  says: "Followed the hidden link",
  weight: 100,
  category: "trap",
  certain: true,
  decides: true,
  appliesTo: ["click"],
  test: ({ hit, mail }) =>
    when(hit.link !== null && mail.traps.has(hit.link), "followed the hidden link"),
  examples: [
    { says: "the hidden link", hit: { link: "trap" }, fires: true },
    { says: "a visible link", hit: { link: "0" }, fires: false },
  ],
});
