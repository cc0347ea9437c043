import { describe, expect, it } from "vitest";
import { hashPassword, verifyPassword } from "../../src/access/passwords.ts";

describe("a password", () => {
  it("is known again, also typed in another Unicode form", async () => {
    const stored = await hashPassword("cafe\u0301 au lait");
    expect(await verifyPassword("caf\u00e9 au lait", stored)).toBe(true);
    expect(await verifyPassword("cafe au lait", stored)).toBe(false);
  });

  it("keeps its cost beside its hash and a salt of its own", async () => {
    const [one, two] = await Promise.all([hashPassword("same"), hashPassword("same")]);
    expect(one).toMatch(/^scrypt\$32768\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
    expect(one).not.toBe(two);
  });

  it.each([[null], [""], ["md5$x"], ["scrypt$2$1$1$AA$AA"]])("never fits %j", async (stored) => {
    expect(await verifyPassword("", stored)).toBe(false);
  });
});
