import { execFile } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { callApi, createDataDir, type RunningService, startService } from "../support/service.ts";

const run = promisify(execFile);
const DESTINATION = "https://shop.test/";

let service: RunningService | undefined;
let dataDir = "";

afterEach(async () => {
  await service?.end("SIGKILL");
  await rm(dataDir, { recursive: true, force: true });
});

/** Stops what runs, and starts on the same folder. */
async function restart(env: NodeJS.ProcessEnv = {}): Promise<RunningService> {
  await service?.end("SIGTERM");
  service = await startService({ dataDir, env });
  return service;
}

async function sendMail(by: RunningService): Promise<string> {
  const { links } = await callApi<{ links: { tracking_url: string }[] }>(
    by,
    "POST",
    "/v1/rewrite",
    { html: `<a href="${DESTINATION}">x</a>`, campaign: "spring", contact: { id: "1" } },
  );
  return new URL(links[0]?.tracking_url ?? "").pathname;
}

async function statusOf(by: RunningService, link: string): Promise<number> {
  const answer = await fetch(by.url + link, { redirect: "manual" });
  if (answer.status === 302) expect(answer.headers.get("location")).toBe(DESTINATION);
  return answer.status;
}

describe("rotating the secret", () => {
  it("by SECRET and SECRET_PREVIOUS keeps old mails alive, and signs new ones anew", async () => {
    dataDir = await createDataDir();
    const [old, next] = ["the old secret of links", "the next secret of links"];
    let running = await restart({ SECRET: old });
    const oldLink = await sendMail(running);

    running = await restart({ SECRET: next, SECRET_PREVIOUS: old });
    const newLink = await sendMail(running);
    expect(newLink).not.toBe(oldLink);
    expect([await statusOf(running, oldLink), await statusOf(running, newLink)]).toEqual([
      302, 302,
    ]);

    running = await restart({ SECRET: next });
    expect([await statusOf(running, oldLink), await statusOf(running, newLink)]).toEqual([
      404, 302,
    ]);
  }, 60_000);

  it("by the command keeps the old secret beside the new one", async () => {
    dataDir = await createDataDir();
    let running = await restart();
    const links = [await sendMail(running)];
    for (let times = 0; times < 2; times++) {
      await run(process.execPath, ["dist/cli.js", "keys", "rotate"], {
        env: { DATA_DIR: dataDir },
      });
      running = await restart();
      links.push(await sendMail(running));
    }
    expect(new Set(links).size).toBe(3);
    for (const link of links) expect(await statusOf(running, link)).toBe(302);

    const file = path.join(dataDir, "secret-previous");
    const [newest = ""] = (await readFile(file, "utf8")).split("\n");
    await writeFile(file, newest);
    running = await restart();
    const statuses = await Promise.all(links.map((link) => statusOf(running, link)));
    expect(statuses).toEqual([404, 302, 302]);
  }, 60_000);

  it("is refused where the secret comes from the environment, saying what to do", async () => {
    dataDir = await createDataDir();
    const env = { DATA_DIR: dataDir, SECRET: "a secret of the environment" };
    await expect(
      run(process.execPath, ["dist/cli.js", "keys", "rotate"], { env }),
    ).rejects.toMatchObject({ stderr: expect.stringContaining("SECRET_PREVIOUS") });
  });
});
