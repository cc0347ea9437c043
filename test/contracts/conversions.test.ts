import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Conversions, createConversions } from "../../src/collect/conversions.ts";
import { createTestDatabase, type TestDatabase, testEngines } from "../support/database.ts";

describe.each(testEngines)("conversions on %s", (engine) => {
  let database: TestDatabase;
  let conversions: Conversions;

  beforeAll(async () => {
    database = await createTestDatabase(engine);
    conversions = await open();
  });
  afterAll(async () => {
    conversions.stop();
    await database.dispose();
  });

  async function open(): Promise<Conversions> {
    const opened = createConversions({
      db: database.db,
      now: () => 1,
      onError(error) {
        throw error;
      },
    });
    await opened.start();
    return opened;
  }

  const namesOf = async (workspaceId: number) =>
    (await conversions.list(workspaceId)).map(({ name }) => name);

  it("are the key events of the standard at first", async () => {
    const names = ["purchase", "generate_lead", "sign_up", "page_view", "add_to_cart", "quiz_done"];
    expect(names.map((name) => conversions.isConversion(1, name))).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(await namesOf(1)).toContain("purchase");
    expect(await namesOf(1)).not.toContain("add_to_cart");
  });

  it("are marked and unmarked by name, in one workspace alone", async () => {
    await conversions.set(1, "quiz_done", true);
    await conversions.set(1, "purchase", false);
    expect(conversions.isConversion(1, "quiz_done")).toBe(true);
    expect(conversions.isConversion(1, "purchase")).toBe(false);
    expect(conversions.isConversion(2, "quiz_done")).toBe(false);
    expect(conversions.isConversion(2, "purchase")).toBe(true);
    expect(await conversions.list(1)).toContainEqual({ name: "quiz_done", by_default: false });
    expect(await namesOf(1)).not.toContain("purchase");

    const another = await open();
    another.stop();
    expect(another.isConversion(1, "quiz_done")).toBe(true);
    await conversions.set(1, "purchase", true);
    expect(conversions.isConversion(1, "purchase")).toBe(true);
  });

  it("are not marked under a name that no event is kept under", async () => {
    await expect(conversions.set(1, "Order Completed", true)).rejects.toMatchObject({
      status: 422,
      message: expect.stringContaining('"purchase"'),
    });
    await expect(conversions.set(1, "never_marked", false)).rejects.toMatchObject({ status: 404 });
  });
});
