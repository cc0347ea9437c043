import { type ChildProcess, spawn } from "node:child_process";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  callApi,
  disposeService,
  type RunningService,
  startService,
  waitUntilSettled,
} from "../support/service.ts";

const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
const ROWS = 20_000;
const CONTACTS = 200;

let service: RunningService;
let file: string;

beforeAll(async () => {
  service = await startService();
  file = path.join(service.dataDir, "orders.csv");
  const lines = Array.from({ length: ROWS }, (_, row) => {
    const at = new Date(Date.UTC(2024, 0, 1) + row * 60_000).toISOString();
    return `u${row % CONTACTS},Signed Up ${row},${at}`;
  });
  await writeFile(file, ["user_id,event,timestamp", ...lines, "u1,Late,soon", ""].join("\n"));
});
afterAll(() => disposeService(service));

function start(...args: readonly string[]): ChildProcess {
  const env = { PATH: process.env["PATH"], DATA_DIR: service.dataDir, LOG_LEVEL: "warn" };
  return spawn(process.execPath, [CLI, "import", ...args], { env });
}

async function finish(child: ChildProcess): Promise<{ code: number | null; text: string }> {
  let text = "";
  child.stderr?.on("data", (chunk) => {
    text += String(chunk);
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, text };
}

/** Waits until the import has written down how far it is, or has ended. */
async function isUnderWay(child: ChildProcess): Promise<void> {
  const folder = path.join(service.dataDir, "imports");
  while (child.exitCode === null) {
    const names = await readdir(folder).catch(() => []);
    if (names.some((name) => name.endsWith(".json"))) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

it("goes on after a kill, beside a running service, and counts every row once", async () => {
  const killed = start("events", file);
  const end = finish(killed);
  await isUnderWay(killed);
  killed.kill("SIGKILL");
  expect(await end).toMatchObject({ code: null });

  const resumed = await finish(start("events", file));
  expect(resumed.text).toMatch(/Goes on after row \d+ of an earlier run/);
  expect(resumed.code).toBe(1);
  const refused = await readFile(`${file}.refused.ndjson`, "utf8");
  expect(
    refused
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toMatchObject([{ line: ROWS + 2, problem: expect.stringMatching(/"soon" is no time/) }]);

  const again = await finish(start("events", file));
  expect(again.text).toMatch(/0 new, 20,000 there already, 0 withheld, 1 refused/);

  await waitUntilSettled(service, 60_000);
  const { entries } = await callApi<{ entries: { at: string }[] }>(
    service,
    "GET",
    "/v1/contacts/u7/journey?limit=200",
  );
  expect(entries).toHaveLength(ROWS / CONTACTS);
  expect(entries.at(-1)?.at).toBe("2024-01-01T00:07:00.000Z");
}, 120_000);

it("keeps nothing in a dry run", async () => {
  const contacts = path.join(service.dataDir, "people.csv");
  await writeFile(contacts, "id,email\nnew-one,new@x.example\n");
  expect((await finish(start("contacts", contacts, "--dry-run"))).code).toBe(0);
  await waitUntilSettled(service);
  await expect(callApi(service, "GET", "/v1/contacts/new-one")).rejects.toThrow("404");
  await rm(contacts);
});

it("brings history into another workspace, by its name and by its key", async () => {
  const second = await callApi<{ api_key: string }>(service, "POST", "/v1/workspaces", {
    name: "Second House",
  });
  const contacts = path.join(service.dataDir, "others.csv");
  await writeFile(contacts, "id,email\nguest-1,guest@x.example\n");
  const imported = await finish(start("contacts", contacts, "--workspace", "second house"));
  expect(imported).toMatchObject({ code: 0, text: expect.stringMatching(/1 new/) });
  const auth = { authorization: `Bearer ${second.api_key}`, "content-type": "application/json" };
  const item = { type: "track", userId: "guest-2", event: "Moved In", timestamp: "2023-05-01" };
  const body = JSON.stringify({ batch: [item] });
  const sent = await fetch(`${service.url}/v1/import`, { method: "POST", headers: auth, body });
  expect(sent.status).toBe(200);
  await waitUntilSettled(service);

  const answer = await fetch(`${service.url}/v1/contacts?q=guest`, { headers: auth });
  const { contacts: theirs } = (await answer.json()) as { contacts: { user_id: string }[] };
  expect(theirs.map(({ user_id }) => user_id).sort()).toEqual(["guest-1", "guest-2"]);
  expect(await callApi(service, "GET", "/v1/contacts?q=guest")).toMatchObject({ contacts: [] });

  const lost = await finish(start("contacts", contacts, "--workspace", "third"));
  expect(lost.code).toBe(1);
  expect(lost.text).toContain('There is no workspace "third".');
  expect(lost.text).toContain("Second House (2)");
});
