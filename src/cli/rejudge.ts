import { setTimeout as sleep } from "node:timers/promises";
import { createSecret } from "../lib/ids.ts";
import { createAppendChanges } from "../log/changes.ts";
import { createFollower } from "../log/follow.ts";
import { refillProjection } from "../log/generations.ts";
import { createRefillWatch } from "../log/refill-watch.ts";
import { createTrafficProjection } from "../traffic/project.ts";
import { loadSignals } from "../traffic/signals.ts";
import { withStorage } from "./with-storage.ts";

const LOOK_EVERY_MS = 250;

/**
 * `clicktrail rejudge`: fills a new generation of verdicts beside the one that serves, and swaps.
 *
 * A running server does the work, else this command; either way it says how far it is.
 */
export async function rejudge(): Promise<void> {
  await withStorage(async ({ storage: { db }, now }) => {
    const appendChanges = createAppendChanges(db.engine);
    const projection = createTrafficProjection({ signals: await loadSignals(), appendChanges });
    const watch = await createRefillWatch(db, projection.name);
    await refillProjection(db, projection);
    const follower = createFollower([projection], {
      db,
      owner: `rejudge-${createSecret(8)}`,
      now,
      monotonicNow: () => performance.now(),
      onTrouble: (_name, error) => console.error(`It tries again after: ${String(error)}`),
    });
    await follower.start();
    try {
      await watchUntilSwapped(watch);
    } finally {
      await follower.stop();
    }
  });
}

async function watchUntilSwapped(watch: Awaited<ReturnType<typeof createRefillWatch>>) {
  let said = "";
  for (;;) {
    const { isDone, done, all, corrections } = await watch.look();
    if (isDone) {
      console.log(
        `All ${all} events are judged by these rules; ${corrections} verdicts are other ones now.`,
      );
      return;
    }
    const percent = all === 0 ? 100 : Math.floor((100 * done) / all);
    const line = `${percent} % (${done} of ${all} events)`;
    if (line !== said) console.error(line);
    said = line;
    await sleep(LOOK_EVERY_MS);
  }
}
