import type { Access } from "../../src/access/access.ts";
import { createTestDatabase } from "../support/database.ts";
import { createTestAccess, NOON } from "./fakes.ts";

interface SignedIn {
  readonly access: Access;
  readonly cookie: string;
  readonly csrf: string;
  dispose(): Promise<void>;
}

/** A fresh database with an admin, `boss@ex.com` with the password `right password`, who is signed in. */
export async function signInAdmin(): Promise<SignedIn> {
  const database = await createTestDatabase("sqlite");
  const access = createTestAccess(database.db, { now: NOON });
  await access.start();
  await access.users.ensureAdmin("boss@ex.com", "right password");
  const token = (await access.createSignInPath("boss@ex.com")).split("?t=")[1] ?? "";
  const session = (await access.users.redeem(token)) ?? "";
  return {
    access,
    cookie: `clicktrail_session=${session}`,
    csrf: (await access.users.signedIn(session))?.csrfToken ?? "",
    async dispose() {
      access.stop();
      await database.dispose();
    },
  };
}
