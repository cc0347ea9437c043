import type { Pool, PoolClient, PoolConfig } from "pg";
import { isStorageUnavailable, toUnavailable } from "./postgres-errors.ts";

/** A pool that connects when it is first needed. */
export interface LazyPool {
  /** Lends a connection to `work`; one that breaks meanwhile is replaced. */
  use<T>(work: (client: PoolClient) => Promise<T>): Promise<T>;
  /** Waits for what is running or queued, then disconnects. */
  end(): Promise<void>;
}

/** A broken idle connection is told to `onIdleError`. pg itself is loaded by the first use. */
export function createLazyPool(config: PoolConfig, onIdleError: (error: Error) => void): LazyPool {
  let opened: Promise<Pool> | undefined;
  const running = new Set<Promise<unknown>>();

  async function lend<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    opened ??= openPool(config, onIdleError);
    const pool = await opened;
    const client = await pool.connect().catch((error: unknown) => {
      throw toUnavailable(error);
    });
    let broken = false;
    try {
      return await work(client);
    } catch (error) {
      broken = isStorageUnavailable(error);
      throw error;
    } finally {
      client.release(broken);
    }
  }

  return {
    use(work) {
      const lent = lend(work);
      const settled: Promise<unknown> = lent.then(
        () => running.delete(settled),
        () => running.delete(settled),
      );
      running.add(settled);
      return lent;
    },
    async end() {
      // pg's own end() forgets whoever still waits for a connection.
      await Promise.all(running);
      await (await opened)?.end();
    },
  };
}

async function openPool(config: PoolConfig, onIdleError: (error: Error) => void): Promise<Pool> {
  const { default: pg } = await import("pg");
  const pool = new pg.Pool(config);
  pool.on("error", onIdleError);
  // A connection that breaks while it is lent fails its query; the event alone would end the process.
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}
