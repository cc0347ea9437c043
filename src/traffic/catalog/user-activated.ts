import { defineSignal, when } from "../define.ts";

/** The browser vouches for a click or key press. Easily forged, hence the small weight. */
export default defineSignal({
  says: "The browser says that a click or key led here",
  weight: -10,
  category: "person",
  appliesTo: ["click"],
  test: ({ hit }) => when(hit.headers["sec-fetch-user"] === "?1", "Sec-Fetch-User: ?1"),
  examples: [
    { says: "activated", hit: { headers: { "sec-fetch-user": "?1" } }, fires: true },
    { says: "empty", hit: { headers: { "sec-fetch-user": "" } }, fires: false },
    { says: "absent", hit: { headers: {} }, fires: false },
  ],
});
