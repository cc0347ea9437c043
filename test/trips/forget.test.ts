import { execFile } from "node:child_process";
import { copyFile, readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  callApi,
  createDataDir,
  disposeService,
  type RunningService,
  startService,
  waitUntilSettled,
} from "../support/service.ts";

const run = promisify(execFile);
const NAMES = ["aldonza", "rocinante", "dulcinea", "sancho", "cardenio"];
const [OFFLINE = "", BESIDE = "", KILLED = "", , STAYS = ""] = NAMES;

describe("erasing from the command line, through a kill and over a restore", () => {
  let dataDir: string;
  let service: RunningService;
  const file = (name: string) => path.join(dataDir, name);

  beforeAll(async () => {
    dataDir = await createDataDir();
    service = await startService({ dataDir });
    for (const name of NAMES) {
      const { links } = await callApi<{ links: { tracking_url: string }[] }>(
        service,
        "POST",
        "/v1/rewrite",
        {
          html: '<a href="https://shop.test/">x</a>',
          campaign: "Spring",
          contact: { id: `user-${name}`, email: `${name}@ex.test` },
        },
      );
      await fetch(links[0]?.tracking_url ?? "", { redirect: "manual" });
    }
    await waitUntilSettled(service);
    await callApi(service, "PUT", `/v1/contacts/user-${OFFLINE}/consent`, { opens: "none" });
    await service.end("SIGTERM");
    await copyFile(file("clicktrail.db"), file("backup.db"));
  }, 60_000);
  afterAll(() => disposeService(service));

  function forget(id: string) {
    const env = { PATH: process.env["PATH"], DATA_DIR: dataDir };
    return run(process.execPath, ["dist/cli.js", "forget", id], { env });
  }

  /** Who is found in any byte but those of the backup. */
  async function found(): Promise<string[]> {
    const files = await readdir(dataDir, { recursive: true, withFileTypes: true });
    const texts = await Promise.all(
      files
        .filter((entry) => entry.isFile() && entry.name !== "backup.db")
        .map((entry) => readFile(path.join(entry.parentPath, entry.name), "latin1")),
    );
    return NAMES.filter((name) => texts.some((text) => text.includes(name)));
  }

  it("erases where no service runs", async () => {
    const kept = () => readFile(file("kept/consents.ndjson"), "utf8");
    expect(await found()).toEqual(NAMES);
    expect(await kept()).toContain('"opens":"none"');
    const { stdout } = await forget(`${OFFLINE}@ex.test`);
    expect(stdout).toMatch(
      /^Erased: 2 events, 0 visitors, 0 refused events; .* Receipt [0-9a-f]{64}/,
    );
    expect(await found()).not.toContain(OFFLINE);
    expect(await kept()).not.toContain("none");
  });

  it("has a running service do it", async () => {
    service = await startService({ dataDir });
    const { stdout } = await forget(`user-${BESIDE}`);
    expect(stdout).toContain("Erased: 2 events");
    expect(await found()).not.toContain(BESIDE);
    await expect(forget("nobody@ex.test")).rejects.toThrow("There is no such contact.");
  });

  it("goes on after a kill", async () => {
    const begun = callApi(service, "DELETE", `/v1/contacts/user-${KILLED}`).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 40));
    await service.end("SIGKILL");
    await begun;
    service = await startService({ dataDir });
    await callApi(service, "DELETE", `/v1/contacts/user-${KILLED}`);
    expect(await found()).not.toContain(KILLED);
  });

  it("erases again whoever comes back with a backup", async () => {
    await service.end("SIGTERM");
    await Promise.all(
      ["-wal", "-shm"].map((end) => rm(file(`clicktrail.db${end}`), { force: true })),
    );
    await copyFile(file("backup.db"), file("clicktrail.db"));
    service = await startService({ dataDir });
    const left = NAMES.filter((name) => ![OFFLINE, BESIDE, KILLED].includes(name));
    await expect.poll(found, { timeout: 40_000 }).toEqual(left);
    await waitUntilSettled(service);
    const { entries } = await callApi<{ entries: unknown[] }>(
      service,
      "GET",
      `/v1/contacts/user-${STAYS}/journey`,
    );
    expect(entries).toHaveLength(2);
  }, 60_000);
});
