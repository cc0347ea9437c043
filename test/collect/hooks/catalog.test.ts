import { describe, expect, it } from "vitest";
import { loadHooks } from "../../../src/collect/hooks/catalog.ts";

const hooks = await loadHooks();

it("knows the providers that the addresses name", () => {
  expect(hooks.map(({ name }) => name)).toEqual([
    "generic",
    "mailgun",
    "postmark",
    "sendgrid",
    "ses",
  ]);
});

describe.each(hooks)("$name", ({ entry }) => {
  it.each(entry.examples.map((example) => [example.says, example] as const))(
    "reads %s",
    (_says, { body, gives }) => {
      const events = entry.read(body);
      expect(events).toHaveLength(gives.length);
      gives.forEach((wanted, index) => void expect(events[index]).toMatchObject(wanted));
    },
  );

  it.each([null, {}, [], "text", 7, [null]])("survives %j", (body) => {
    for (const { outcome } of entry.read(body)) expect(outcome).toMatch(/invalid|ignored/);
  });

  it("says what is wrong with a credential", () => {
    expect(entry.credential.mistakeIn("no")).toMatch(/^Expected/);
  });
});
