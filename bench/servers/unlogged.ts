import { loadService } from "../built.ts";

/** The service's own redirect, front and listener, with a `record` that calls back at once and keeps nothing. */
const { config, server, parts: make, listener, storage: open } = await loadService();
const settings = config.loadConfig(process.env);
const storage = await open.openStorage(settings);
await open.migrateStorage(storage, Date.now);
const baseUrl = config.publicUrl(settings);
const { log, metrics } = server;
const common = { config: settings, log, now: Date.now, storage, baseUrl, metrics };
const parts = await make.createParts(common, () => true);
const pipeline: typeof parts.pipeline = {
  ...parts.pipeline,
  recordHit: (_json, done) => done("durable"),
};
const answering = await listener.createListener(common, { ...parts, pipeline });
await server.listen(answering, {
  port: settings.PORT,
  host: settings.HOST,
  maxConnections: settings.MAX_CONNECTIONS,
  onRefused: console.error,
});
console.log("listening");
