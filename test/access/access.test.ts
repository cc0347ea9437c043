import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Access } from "../../src/access/access.ts";
import { actorOf } from "../../src/access/access.ts";
import { hashSecret } from "../../src/access/api-keys.ts";
import { sql } from "../../src/db/sql.ts";
import { API_KEY, createTestAccess, NOON, type TestClock, WRITE_KEY } from "../http/fakes.ts";
import { createTestDatabase, type TestDatabase, testEngines } from "../support/database.ts";

const ACTOR = { kind: "cli", id: "cli" } as const;
const DAY = 86_400_000;

describe.each(testEngines)("access on %s", (engine) => {
  let database: TestDatabase;
  let clock: TestClock;
  let access: Access;

  beforeEach(async () => {
    database = await createTestDatabase(engine);
    clock = { now: NOON };
    access = createTestAccess(database.db, clock);
    await access.start();
  });

  afterEach(async () => {
    access.stop();
    await database.dispose();
  });

  it("makes the default workspace once, with references that stay the same", async () => {
    const again = createTestAccess(database.db, clock);
    await again.start();
    again.stop();
    expect(again.refsOf(1).campaign("Spring")).toBe(access.refsOf(1).campaign("Spring"));
    const rows = await database.db.all(sql`SELECT workspace_id, slug FROM workspaces`);
    expect(rows).toEqual([{ workspace_id: 1, slug: "default" }]);
  });

  it("knows the keys of the environment by what they are, not by their form", () => {
    expect(access.findKey(API_KEY)).toMatchObject({
      workspaceId: 1,
      kind: "secret",
      id: "api-key",
    });
    expect([...(access.findKey(API_KEY)?.scopes ?? [])].sort()).toEqual([
      "admin",
      "collect",
      "read",
      "rewrite",
    ]);
    const site = access.findKey(WRITE_KEY);
    expect(site).toMatchObject({ workspaceId: 1, kind: "site", id: "site-default" });
    expect([...(site?.scopes ?? [])]).toEqual(["collect"]);
    expect(access.findKey(`${API_KEY}x`)).toBeUndefined();
    expect(access.findKey("")).toBeUndefined();
  });

  it("accepts a key as soon as it was made, and not after it was revoked", async () => {
    const { id, key } = await access.createApiKey(
      1,
      { name: "Mailer", scopes: ["rewrite"] },
      ACTOR,
    );
    expect(access.findKey(key)).toMatchObject({ workspaceId: 1, kind: "secret", id });
    await access.revokeKey(1, id, ACTOR);
    expect(access.findKey(key)).toBeUndefined();
    await expect(access.revokeKey(1, id, ACTOR)).rejects.toMatchObject({ code: "not_found" });
  });

  it("accepts a key until it expires", async () => {
    const expiresAt = NOON + DAY;
    const { key } = await access.createApiKey(
      1,
      { name: "Trial", scopes: ["read"], expiresAt },
      ACTOR,
    );
    clock.now = expiresAt - 1;
    expect(access.findKey(key)).toBeDefined();
    clock.now = expiresAt;
    expect(access.findKey(key)).toBeUndefined();
  });

  it("stores only the hash of a key", async () => {
    const { key } = await access.createSiteKey(1, "site7");
    const [row] = await database.db.all<{ hash: string }>(sql`SELECT * FROM api_keys`);
    expect(row?.hash).toBe(hashSecret(key));
    expect(JSON.stringify(row)).not.toContain(key.slice(-32));
    expect(access.findKey(key)).toMatchObject({ kind: "site", id: "site7" });
  });

  it("shows another node a change within its next look", async () => {
    const other = createTestAccess(database.db, clock);
    await other.start();
    other.stop();
    const { key } = await access.createApiKey(1, { name: "New", scopes: ["read"] }, ACTOR);
    await other.createApiKey(1, { name: "Other", scopes: ["read"] }, ACTOR);
    expect(other.findKey(key)).toBeDefined();
  });

  it("keeps the keys of workspaces apart", async () => {
    const { id, key } = await access.createWorkspace("Ängström & Co", ACTOR);
    const theirs = access.findKey(key.key);
    expect(theirs).toMatchObject({ workspaceId: id, kind: "secret" });
    expect(id).toBe(2);
    expect(access.refsOf(2).campaign("Spring")).not.toBe(access.refsOf(1).campaign("Spring"));
    expect(await access.listKeys(1)).toEqual([]);
    expect((await access.listKeys(2)).map((one) => one.id)).toEqual([key.id]);
    await expect(access.revokeKey(1, key.id, ACTOR)).rejects.toMatchObject({ status: 404 });
    expect(access.findKey(key.key)).toBeDefined();
  });

  it("finds a workspace by id, slug and name, and asks where a name is no answer", async () => {
    await access.createWorkspace("North", ACTOR);
    await access.createWorkspace("South", ACTOR);
    await access.createWorkspace("south", ACTOR);
    for (const given of ["2", "north-2", " NORTH "]) {
      expect(await access.findWorkspace(given)).toBe(2);
    }
    expect(await access.findWorkspace("default")).toBe(1);
    await expect(access.findWorkspace("Elsewhere")).rejects.toMatchObject({
      code: "not_found",
      hint: expect.stringMatching(
        /^Workspaces are .* \(1\), North \(2\), South \(3\), south \(4\)\.$/,
      ),
    });
    await expect(access.findWorkspace("Nort")).rejects.toMatchObject({
      code: "not_found",
      hint: "Did you mean North (2)?",
    });
    await expect(access.findWorkspace("South")).rejects.toMatchObject({
      code: "invalid_query",
      hint: expect.stringContaining("South (3), south (4)"),
    });
  });

  it("gives workspaces that are made at once different numbers", async () => {
    const made = await Promise.all(
      ["a", "a", "a"].map((name) => access.createWorkspace(name, ACTOR)),
    );
    expect(made.map(({ id }) => id).sort()).toEqual([2, 3, 4]);
  });

  it("writes down who changed what, newest first and never a secret", async () => {
    const caller = access.findKey(API_KEY);
    if (!caller) throw new Error("API_KEY is known.");
    const { id, key } = await access.createApiKey(
      1,
      { name: "x", scopes: ["read"] },
      actorOf(caller),
    );
    clock.now += 1000;
    await access.revokeKey(1, id, ACTOR);
    const entries = await access.auditLog.list(1, 10);
    expect(entries.map(({ action, actor, subject }) => [action, actor.id, subject])).toEqual([
      ["key.revoke", "cli", id],
      ["key.create", "api-key", id],
    ]);
    expect(JSON.stringify(entries)).not.toContain(key.slice(-32));
    expect(await access.auditLog.list(2, 10)).toEqual([]);
  });

  describe("signing in", () => {
    const tokenOf = (path: string): string => path.split("?t=")[1] ?? "";

    it("takes a one-time link once", async () => {
      const token = tokenOf(await access.createSignInPath());
      const tries = await Promise.all([access.users.redeem(token), access.users.redeem(token)]);
      expect(tries.filter((session) => session !== undefined)).toHaveLength(1);
    });

    it("takes a one-time link for 15 minutes", async () => {
      const token = tokenOf(await access.createSignInPath());
      clock.now += 15 * 60_000;
      expect(await access.users.redeem(token)).toBeUndefined();
    });

    it.each(["", "1.x", "x", `1.${"a".repeat(32)}`, `9.${"a".repeat(32)}`])(
      "refuses the made-up link token %j",
      async (token) => {
        expect(await access.users.redeem(token)).toBeUndefined();
        expect(await access.users.signedIn(token)).toBeUndefined();
      },
    );

    it("knows the session until it is over or signed out", async () => {
      const session = await access.users.redeem(
        tokenOf(await access.createSignInPath("Ana@Ex.com ")),
      );
      if (session === undefined) throw new Error("The link is fresh.");
      const signedIn = await access.users.signedIn(session);
      expect(signedIn).toMatchObject({
        email: "ana@ex.com",
        caller: { workspaceId: 1, kind: "user" },
      });
      expect(access.users.isCsrfToken(session, signedIn?.csrfToken ?? "")).toBe(true);
      expect(access.users.isCsrfToken(session, "")).toBe(false);
      expect(access.users.isCsrfToken(`${session}x`, signedIn?.csrfToken ?? "")).toBe(false);
      await access.users.signOut(session);
      expect(await access.users.signedIn(session)).toBeUndefined();
    });

    it("ends a session after 14 days", async () => {
      const session = await access.users.redeem(tokenOf(await access.createSignInPath()));
      clock.now += 14 * DAY;
      expect(await access.users.signedIn(session ?? "")).toBeUndefined();
    });

    it("takes the admin's password, also after it was changed in the settings", async () => {
      await access.users.ensureAdmin("boss@ex.com", "first password");
      expect(await access.users.signIn("BOSS@ex.com", "first password", "192.0.2.1")).toBeDefined();
      await access.users.ensureAdmin("boss@ex.com", "second password");
      expect(
        await access.users.signIn("boss@ex.com", "first password", "192.0.2.1"),
      ).toBeUndefined();
      expect(
        await access.users.signIn("boss@ex.com", "second password", "192.0.2.1"),
      ).toBeDefined();
    });

    it("makes guessing wait, for known and unknown accounts alike", async () => {
      const guess = () => access.users.signIn("nobody@ex.com", "guess", "192.0.2.1");
      for (let n = 0; n < 5; n++) expect(await guess()).toBeUndefined();
      await expect(guess()).rejects.toMatchObject({ code: "rate_limited", retryAfterS: 1 });
      clock.now += 1000;
      expect(await guess()).toBeUndefined();
    });
  });
});

describe("access without a database", () => {
  it("starts, serves the environment's keys, and asks for patience with the rest", async () => {
    const errors: unknown[] = [];
    const { db, dispose } = await createTestDatabase("sqlite");
    await db.run(sql`ALTER TABLE api_keys RENAME TO gone`);
    const access = createTestAccess(db, { now: NOON }, (error) => errors.push(error));
    await access.start();
    access.stop();
    expect(access.findKey(API_KEY)).toBeDefined();
    expect(() => access.refsOf(1)).toThrow(
      expect.objectContaining({ code: "not_ready", status: 503 }),
    );
    expect(errors).toHaveLength(1);
    await dispose();
  });
});
