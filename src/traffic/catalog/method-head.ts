import { defineSignal, when } from "../define.ts";

/** Readers don't send HEAD; scanners that only want to know where a link leads do. */
export default defineSignal({
  says: "A HEAD request, which only software sends",
  weight: 100,
  category: "protocol",
  certain: true,
  decides: true,
  appliesTo: ["click", "open"],
  test: ({ hit }) => when(hit.method === "HEAD", "HEAD request"),
  examples: [
    { says: "HEAD", hit: { method: "HEAD" }, fires: true },
    { says: "GET", hit: { method: "GET" }, fires: false },
  ],
});
