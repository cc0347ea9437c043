import { link, rename, unlink } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Database from "better-sqlite3";
import { describe, it } from "vitest";
import { suffer } from "./support/suffer.ts";

const LOCKED_MS = process.env["FAULTS"] === "full" ? 60_000 : 6000;

describe("redirects while SQLite suffers", () => {
  it(`keeps its promise while another process locks the database for ${LOCKED_MS} ms`, () =>
    suffer({
      async inject({ dataDir }) {
        const rival = new Database(path.join(dataDir, "clicktrail.db"), { timeout: 5000 });
        rival.exec("BEGIN EXCLUSIVE");
        const held = sleep(LOCKED_MS);
        return async () => {
          await held;
          rival.close();
        };
      },
    }));

  it("keeps its promise while the database file is away", () =>
    suffer({
      async inject({ dataDir }) {
        const file = path.join(dataDir, "clicktrail.db");
        await link(file, `${file}.kept`);
        await unlink(file);
        return () => rename(`${file}.kept`, file);
      },
    }));
});
