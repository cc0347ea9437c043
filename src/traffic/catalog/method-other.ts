import { defineSignal, when } from "../define.ts";

const READERS = new Set(["GET", "POST"]);

/** OPTIONS and PROPFIND: Office and file managers resolving a link, not a person following it. */
export default defineSignal({
  says: "A request that no reader sends (OPTIONS, PROPFIND)",
  weight: 100,
  category: "protocol",
  certain: true,
  decides: true,
  appliesTo: ["click", "open"],
  test: ({ hit }) =>
    when(!READERS.has(hit.method) && hit.method !== "HEAD", `${hit.method} request`),
  examples: [
    { says: "PROPFIND", hit: { method: "PROPFIND" }, fires: true },
    { says: "OPTIONS", hit: { method: "OPTIONS" }, fires: true },
    { says: "GET", hit: { method: "GET" }, fires: false },
    { says: "HEAD has a signal of its own", hit: { method: "HEAD" }, fires: false },
  ],
});
