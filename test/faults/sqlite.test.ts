import { link, rename, rm, unlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { createDataDir, type RunningService, startService } from "../support/service.ts";
import {
  canInject,
  databaseFiles,
  makeImmutable,
  mountSmallDisk,
  overwriteIndexRoot,
  probes,
  tamper,
} from "./support/injections.ts";
import { sendMailing } from "./support/mailing.ts";
import { clickDuring, expectEachOnce, suffer } from "./support/suffer.ts";

const LOCKED_MS = process.env["FAULTS"] === "full" ? 60_000 : 4000;
const CAP_PAGES = fileURLToPath(new URL("./support/cap-pages.cjs", import.meta.url));

describe("redirects while SQLite suffers", () => {
  it(`keeps its promise while another process locks the database for ${LOCKED_MS} ms`, () =>
    suffer({
      inject({ dataDir }) {
        const rival = lockDatabase(dataDir);
        const held = sleep(LOCKED_MS);
        return async () => {
          await held;
          rival.close();
        };
      },
      meanwhile: (service) => expectAlarm(service, /takes no import/),
    }));

  it("keeps its promise while the database file is away", () =>
    suffer({
      async inject({ dataDir }) {
        const file = path.join(dataDir, "clicktrail.db");
        await link(file, `${file}.kept`);
        await unlink(file);
        return () => rename(`${file}.kept`, file);
      },
      meanwhile: (service) => expectAlarm(service, /deleted or replaced|no database file/),
    }));

  it("keeps its promise while the database may not grow (max_page_count)", async () => {
    const folder = await createDataDir();
    const cap = path.join(folder, "cap");
    await suffer({
      env: { NODE_OPTIONS: `--require ${CAP_PAGES}`, PAGE_CAP_FILE: cap },
      async inject() {
        await writeFile(cap, "");
        return () => rm(cap);
      },
      meanwhile: (service) => expectAlarm(service, /disk is full/),
    });
    await rm(folder, { recursive: true });
  });

  it.runIf(canInject("A full disk", probes.smallDisk))(
    "keeps its promise while the disk of the database is full",
    async () => {
      const disk = await mountSmallDisk(16);
      await suffer({
        env: { DATABASE_URL: `file:${disk.folder}/clicktrail.db` },
        async inject() {
          await disk.fill();
          return disk.free;
        },
        meanwhile: (service) => expectAlarm(service, /disk is full/),
      }).finally(disk.remove);
    },
  );

  it.runIf(canInject("An immutable file", probes.chattr))(
    "keeps its promise while the database file is immutable",
    () =>
      suffer({
        inject: (service) => makeImmutable(databaseFiles(service)),
        meanwhile: (service) => expectAlarm(service, /takes no import/),
      }),
  );

  it("keeps its promise while a page of the database is overwritten", () =>
    suffer({
      inject: ({ dataDir }) => overwriteIndexRoot(path.join(dataDir, "clicktrail.db")),
      meanwhile: (service) => expectAlarm(service, /malformed/),
    }));

  const hasStrace = canInject("A failing or slow disk", probes.strace);

  it.runIf(hasStrace)("keeps its promise while the disk fails to sync the database", () =>
    suffer({
      inject: (service) =>
        tamper(service, databaseFiles(service), ["fsync:error=EIO", "fdatasync:error=EIO"]),
      meanwhile: (service) => expectAlarm(service, /disk I\/O error/),
    }),
  );

  it.runIf(hasStrace)("keeps its promise while each sync of the database takes 200 ms", () =>
    suffer({
      inject: (service) =>
        tamper(service, databaseFiles(service), [
          "fsync:delay_enter=200000",
          "fdatasync:delay_enter=200000",
        ]),
    }),
  );

  it("starts while another process locks the database, and redirects at once", async () => {
    const { service: first, mailing } = await mailAndStop();
    const { dataDir } = first;
    const rival = lockDatabase(dataDir);
    await withService(dataDir, async (service) => {
      await clickDuring(service, mailing, 50);
      rival.close();
      await expectEachOnce(service, mailing);
      await expect.poll(service.signInUrl, { timeout: 10_000 }).toContain("/welcome?t=");
    });
  });

  it("starts without its database file, and keeps what is clicked in a new one", async () => {
    const { service: first, mailing } = await mailAndStop();
    const { dataDir } = first;
    const file = path.join(dataDir, "clicktrail.db");
    await unlink(file);
    await withService(dataDir, async (service) => {
      await clickDuring(service, mailing, 50);
      await service.end("SIGTERM");
      // The contacts' names went with the old file: the clicks stand under their references.
      const clicks = new Database(file).prepare("SELECT COUNT(*) FROM events WHERE type = 'click'");
      const answered = [...mailing.answered.values()].reduce((sum, count) => sum + count, 0);
      expect(clicks.pluck().get()).toBe(answered);
      expect(service.output()).toContain("A new database");
    });
  });
});

function lockDatabase(dataDir: string): Database.Database {
  const rival = new Database(path.join(dataDir, "clicktrail.db"), { timeout: 5000 });
  rival.exec("BEGIN EXCLUSIVE");
  return rival;
}

async function mailAndStop() {
  const service = await startService();
  const mailing = await sendMailing(service);
  await service.end("SIGTERM");
  return { service, mailing };
}

async function withService(
  dataDir: string,
  work: (service: RunningService) => Promise<void>,
): Promise<void> {
  const service = await startService({ dataDir, env: { LOG_LEVEL: "info" } });
  try {
    await work(service);
  } catch (error) {
    console.error(service.output().slice(-4000));
    throw error;
  } finally {
    await service.end("SIGKILL");
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** The operator is told, in the log, and by `/readyz`. */
async function expectAlarm(service: RunningService, reason: RegExp): Promise<void> {
  await expect.poll(service.output, { timeout: 10_000 }).toMatch(reason);
  expect((await fetch(`${service.url}/readyz`)).status).toBe(503);
}
