import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  callApi,
  disposeService,
  type RunningService,
  startService,
  waitUntilSettled,
} from "../support/service.ts";

const run = promisify(execFile);

describe("commands in a workspace of one's own", { timeout: 60_000 }, () => {
  let service: RunningService;
  let people: string;
  let key: string;

  beforeAll(async () => {
    service = await startService();
    const made = await callApi<{ api_key: string }>(service, "POST", "/v1/workspaces", {
      name: "Second House",
    });
    key = made.api_key;
    people = path.join(service.dataDir, "people.csv");
    await writeFile(people, "id,email\ntwin,twin@x.example\n");
    await clicktrail("import", "contacts", people);
    await clicktrail("import", "contacts", people, "--workspace", "2");
    await waitUntilSettled(service);
  }, 60_000);
  afterAll(() => disposeService(service));

  function clicktrail(...args: readonly string[]) {
    const env = { PATH: process.env["PATH"], DATA_DIR: service.dataDir };
    return run(process.execPath, ["dist/cli.js", ...args], { env });
  }

  function ask(route: string, token: string): Promise<Response> {
    return fetch(service.url + route, { headers: { authorization: `Bearer ${token}` } });
  }

  /** A running server knows what a command changed within a second. */
  const statusOf = (token: string) =>
    expect.poll(async () => (await ask("/v1/keys", token)).status, { timeout: 10_000 });

  it("makes, lists and revokes the keys of that workspace", async () => {
    const house = ["--workspace", "second house"];
    const made = await clicktrail("keys", "create", "--name", "crm", "--scope", "admin", ...house);
    const token = made.stdout.trim();
    const id = /Key (\S+) /.exec(made.stderr)?.[1] ?? "";
    await statusOf(token).toBe(200);
    expect((await clicktrail("keys", "list", ...house)).stdout).toContain("crm");
    expect((await clicktrail("keys", "list")).stdout).not.toContain("crm");

    await expect(clicktrail("keys", "revoke", id)).rejects.toMatchObject({ code: 1 });
    await clicktrail("keys", "revoke", id, ...house);
    await statusOf(token).toBe(401);
  });

  it("signs a person in to that workspace, who may be in another one too", async () => {
    await clicktrail("users", "add", "ana@x.example");
    const args = ["users", "add", "ana@x.example", "--workspace", "Second House"];
    const { stdout } = await clicktrail(...args);
    const { pathname, search } = new URL(stdout.trim());
    const welcome = await fetch(service.url + pathname + search, { redirect: "manual" });
    const cookie = welcome.headers.get("set-cookie")?.split(";")[0] ?? "";
    const settings = await fetch(`${service.url}/v1/keys`, { headers: { cookie } });
    const theirs = await (await ask("/v1/keys", key)).json();
    expect(await settings.json()).toEqual(theirs);
  });

  it("exports and erases there, and leaves the others alone", async () => {
    const exported = async (...args: readonly string[]) =>
      (await clicktrail("export", "contacts", ...args)).stdout.trim().split("\n").filter(Boolean);
    expect(await exported("--workspace", "Second House")).toHaveLength(1);

    await clicktrail("forget", "twin", "--workspace", "Second House");
    expect(await exported("--workspace", "Second House")).toEqual([]);
    expect(await exported()).toHaveLength(1);
    expect((await ask("/v1/contacts/twin", key)).status).toBe(404);
    expect(await callApi(service, "GET", "/v1/contacts/twin")).toMatchObject({
      id: expect.any(String),
    });
  });

  it.each([
    ["keys create", ["keys", "create", "--name", "x", "--scope", "read"]],
    ["keys list", ["keys", "list"]],
    ["keys revoke", ["keys", "revoke", "key_1"]],
    ["users add", ["users", "add", "eve@x.example"]],
    ["export", ["export", "events"]],
    ["forget", ["forget", "twin"]],
    ["replay", ["replay"]],
    ["import", ["import", "contacts", "FILE"]],
    ["import --dry-run", ["import", "contacts", "FILE", "--dry-run"]],
  ])("says which workspaces there are where %s names another", async (_command, args) => {
    const given = args.map((arg) => (arg === "FILE" ? people : arg));
    await expect(clicktrail(...given, "--workspace", "secnd house")).rejects.toMatchObject({
      code: 1,
      stdout: "",
      stderr: 'clicktrail: There is no workspace "secnd house".\nDid you mean Second House (2)?\n',
    });
    await expect(clicktrail(...given, "--workspace", "elsewhere")).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/\nWorkspaces are \S+ \(1\), Second House \(2\)\.\n$/),
    });
  });
});
