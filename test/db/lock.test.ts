import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { acquireInstanceLock } from "../../src/db/sqlite/lock.ts";

const HOLD_LOCK = fileURLToPath(new URL("../support/hold-lock.mjs", import.meta.url));
const refused = {
  code: "cannot_start",
  message: expect.stringContaining("is running on the data"),
};

describe("the instance lock", () => {
  let folder: string;
  let children: ChildProcess[];
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "clicktrail-lock-"));
    children = [];
  });
  afterEach(async () => {
    for (const child of children) child.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  });

  /** Another process that holds the lock from when this resolves until it is killed. */
  async function holdElsewhere(): Promise<ChildProcess> {
    const child = spawn(process.execPath, [HOLD_LOCK, folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.push(child);
    await new Promise((resolve) => child.stdout?.once("data", resolve));
    return child;
  }

  it("is free again when it is released", async () => {
    const first = await acquireInstanceLock(folder, 0);
    await first.release();
    const second = await acquireInstanceLock(folder, 0);
    await second.release();
    await expect(second.release()).resolves.toBeUndefined();
  });

  it("refuses a second holder, naming the folder and the way out", async () => {
    const lock = await acquireInstanceLock(folder, 0);
    await expect(acquireInstanceLock(folder, 0)).rejects.toMatchObject(refused);
    await expect(acquireInstanceLock(folder, 0)).rejects.toThrow(folder);
    await expect(acquireInstanceLock(folder, 0)).rejects.toThrow("DATA_DIR");
    await lock.release();
  });

  it("refuses while another process holds it, and leaves that one unharmed", async () => {
    const other = await holdElsewhere();
    await expect(acquireInstanceLock(folder, 0)).rejects.toMatchObject(refused);
    await expect(acquireInstanceLock(folder, 0)).rejects.toMatchObject(refused);
    expect(other.exitCode).toBeNull();
  });

  it("goes with its process, even by kill -9", async () => {
    const other = await holdElsewhere();
    const waiting = acquireInstanceLock(folder, 15_000);
    other.kill("SIGKILL");
    await (await waiting).release();
  });

  it("waits for an instance that is stopping", async () => {
    const first = await acquireInstanceLock(folder);
    const second = acquireInstanceLock(folder, 15_000);
    await first.release();
    await (await second).release();
  });

  it("makes the folder, and keeps folders apart", async () => {
    const a = await acquireInstanceLock(path.join(folder, "new", "a"), 0);
    const b = await acquireInstanceLock(path.join(folder, "new", "b"), 0);
    await Promise.all([a.release(), b.release()]);
  });

  it("says so when the folder can't be made", async () => {
    const file = path.join(folder, "file");
    await writeFile(file, "");
    await expect(acquireInstanceLock(path.join(file, "data"), 0)).rejects.toMatchObject({
      code: "cannot_start",
      message: expect.stringContaining("can't be locked"),
    });
  });
});
