import { defineSignal, when } from "../define.ts";

/** Fetched as an image, a frame or by a script: following a link asks for a document. */
export default defineSignal({
  says: "Fetched as an image, a frame or by a script",
  weight: 35,
  category: "headers",
  appliesTo: ["click"],
  test({ hit }) {
    const destination = hit.headers["sec-fetch-dest"] ?? "";
    const isOther = hit.tls && destination !== "" && destination !== "document";
    return when(isOther, `Sec-Fetch-Dest: ${destination}`);
  },
  examples: [
    { says: "an image", hit: { headers: { "sec-fetch-dest": "image" } }, fires: true },
    { says: "a document", hit: { headers: { "sec-fetch-dest": "document" } }, fires: false },
    { says: "not said", hit: { headers: {} }, fires: false },
  ],
});
