import express from "express";
import { loadCollectBody } from "../built.ts";

/** The ceiling of collection: reads and parses a batch as the service does, and keeps nothing. */
const { readCollectBody, parseJson } = await loadCollectBody();
const app = express();
app.disable("x-powered-by");
app.post("/v1/batch", async (req, res) => {
  const body = parseJson(await readCollectBody(req));
  res.json({ success: true, accepted: Object(body).batch.length, rejected: [] });
});
app.listen(Number(process.env["PORT"]), "127.0.0.1", () => console.log("listening"));
