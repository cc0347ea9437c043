import express from "express";
import { loadCollectDoor } from "../built.ts";

/**
 * The ceiling of collection: the service's own listener, headers and body reader, in front of a route that parses a
 * batch and keeps nothing of it.
 */
const { listen, setCommonHeaders, allowAnyOrigin, readCollectBody, parseJson } =
  await loadCollectDoor();
const app = express();
app.disable("x-powered-by");
app.set("query parser", "simple");
app.set("case sensitive routing", true);
app.use((_req, res, next) => {
  res.setHeader("X-Request-Id", "bench");
  next();
});
app.use(setCommonHeaders);
app.post("/v1/batch", allowAnyOrigin, async (req, res) => {
  const body = parseJson(await readCollectBody(req), { maxDepth: 64 });
  const accepted = Object(body).batch.length;
  res.set("Cache-Control", "no-store").json({ success: true, accepted, rejected: [] });
});
const options = { port: Number(process.env["PORT"]), host: "127.0.0.1", maxConnections: 10_000 };
await listen({ front: () => false, app }, { ...options, onRefused: console.error });
console.log("listening");
