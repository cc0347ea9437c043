import { describe, expect, it } from "vitest";
import { createId, createSecret } from "../../src/lib/ids.ts";

describe("createId", () => {
  it("gives 21 letters and digits that sort by their time", () => {
    const times = [0, 1, 36 ** 7, 1_764_000_000_000, 1_764_000_000_001, 2_800_000_000_000];
    const ids = times.map((time) => createId(time));
    for (const id of ids) expect(id).toMatch(/^[0-9a-z]{21}$/);
    expect([...ids].sort()).toEqual(ids);
  });

  it("never gives the same one twice, in one millisecond either", () => {
    const ids = Array.from({ length: 20_000 }, () => createId(1));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("uses every digit in every random place", () => {
    const ids = Array.from({ length: 5000 }, () => createId(1));
    for (let place = 8; place < 21; place++) {
      expect(new Set(ids.map((id) => id[place])).size).toBe(36);
    }
  });
});

describe("createSecret", () => {
  it.each([12, 32, 48])("gives %i letters and digits", (length) => {
    expect(createSecret(length)).toMatch(new RegExp(`^[0-9A-Za-z]{${length}}$`));
    expect(createSecret(length)).not.toBe(createSecret(length));
  });
});
