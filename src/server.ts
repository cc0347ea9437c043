import type { Access } from "./access/access.ts";
import { bringUp } from "./bring-up.ts";
import { createGatedDb } from "./db/gate.ts";
import { acquireInstanceLock } from "./db/sqlite/lock.ts";
import { type Answering, answer, listen } from "./http/listen.ts";
import { createClock } from "./lib/clock.ts";
import { type Config, displayHost, publicUrl } from "./lib/config.ts";
import type { Logger } from "./lib/log-lines.ts";
import { createMetrics } from "./lib/metrics.ts";
import { settlesWithin } from "./lib/within.ts";
import { createListener } from "./listener.ts";
import { CLOSE_MS, createParts, restoreParts, startParts, stopParts } from "./parts.ts";
import { migrateStorage, openStorage } from "./storage.ts";

/** A running service. */
export interface Service {
  /** Where it listens, on this machine. */
  readonly localUrl: string;
  /** The public address: that of mails and sign-in links. */
  readonly baseUrl: string;
  readonly access: Access;
  /**
   * Stops taking requests, answers those it took, imports what it kept, closes. Loses nothing: what is not
   * imported in time is imported at the next start.
   */
  stop(): Promise<void>;
}

const LOST_DATABASE =
  "A new database is begun: the data folder was used before, but its database file is gone. If that was not meant, stop, put the file or a backup back, and start again.";

/**
 * Starts everything, in the order in which things need each other. Requests that come while it starts wait,
 * but not for a database that is away: redirects and collection begin without it, the rest follows when it
 * is there.
 *
 * @throws {AppError} with one sentence for a person when something foreseen is in the way: a taken port,
 *                    a folder that cannot be written, another instance, a newer schema
 */
export async function startService(config: Config, log: Logger): Promise<Service> {
  const now = createClock(config.CLOCK_OFFSET_FILE);
  const opened = await openStorage(config);
  const gate = createGatedDb(opened.db);
  const storage = { ...opened, db: gate.db };
  if (storage.isDatabaseLost) log.warn(LOST_DATABASE);
  const undo: (() => Promise<unknown>)[] = [() => storage.db.close()];
  try {
    const lock = await acquireInstanceLock(storage.folder.path);
    undo.push(() => lock.release());
    let open: (answering: Answering) => void = () => {};
    const whenOpen = new Promise<Answering>((resolve) => {
      open = resolve;
    });
    const metrics = createMetrics();
    const listening = await listen(waitFor(whenOpen), {
      port: config.PORT,
      host: config.HOST,
      maxConnections: config.MAX_CONNECTIONS,
      onRefused: (reason) => metrics.refusedConnections.inc({ reason }),
    });
    metrics.gauge("clicktrail_connections", "Open connections.", listening.connections);
    undo.push(() => listening.stop());
    const baseUrl = publicUrl(config, listening.port);
    const common = { config, log, now, storage, baseUrl, metrics };
    const parts = await createParts(common, gate.isOpen);
    await restoreParts(parts);
    const rising = bringUp({
      gate,
      log,
      migrate: () => migrateStorage(opened, now),
      start: () => startParts(parts),
    });
    undo.push(async () => rising.stop());
    const answering = await createListener(common, parts);
    await rising.attempted;
    open(answering);
    return {
      localUrl: `http://${displayHost(config.HOST)}:${listening.port}`,
      baseUrl,
      access: parts.access,
      async stop() {
        parts.stopping.abort();
        rising.stop();
        await listening.stop();
        await stopParts(parts);
        await settlesWithin(storage.db.close(), CLOSE_MS);
        await lock.release();
      },
    };
  } catch (error) {
    for (const step of undo.reverse()) await step().catch(() => {});
    throw error;
  }
}

/** Serves with what is not there yet. */
function waitFor(opened: Promise<Answering>): Answering {
  let answering: Answering | undefined;
  void opened.then((ready) => {
    answering = ready;
  });
  return {
    front: (request, send) => answering?.front(request, send) ?? false,
    app(req, res) {
      if (answering) answering.app(req, res);
      else void opened.then((ready) => answer(ready, req, res));
    },
  };
}
