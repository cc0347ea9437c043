import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitStatements } from "../../src/db/split-statements.ts";

describe("splitStatements", () => {
  it.each<[string, string, string[]]>([
    ["several statements", "SELECT 1; SELECT 2;\nSELECT 3", ["SELECT 1", "SELECT 2", "SELECT 3"]],
    ["nothing", " \n", []],
    ["comments alone", "-- a; b\n/* c; d */", []],
    ["empty statements", ";;SELECT 1;;", ["SELECT 1"]],
    [
      "a semicolon in a comment",
      "SELECT 1 -- a; b\n, 2; SELECT 3",
      ["SELECT 1 -- a; b\n, 2", "SELECT 3"],
    ],
    [
      "a semicolon in a block comment",
      "SELECT /* ; */ 1; SELECT 2",
      ["SELECT /* ; */ 1", "SELECT 2"],
    ],
    ["a semicolon in a text", "SELECT 'a;''b'; SELECT 2", ["SELECT 'a;''b'", "SELECT 2"]],
    ["a semicolon in a name", 'SELECT "a;""b"; SELECT 2', ['SELECT "a;""b"', "SELECT 2"]],
    ["comment marks in a text", "SELECT '--', '/*'; SELECT 2", ["SELECT '--', '/*'", "SELECT 2"]],
    [
      "an apostrophe in a comment",
      "-- it's\nSELECT 1; SELECT 2",
      ["-- it's\nSELECT 1", "SELECT 2"],
    ],
    [
      "a trigger with CASE",
      "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  UPDATE a SET b = CASE WHEN 1 THEN 2 END;\n  DELETE FROM c;\nEND; SELECT 2",
      [
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  UPDATE a SET b = CASE WHEN 1 THEN 2 END;\n  DELETE FROM c;\nEND",
        "SELECT 2",
      ],
    ],
    [
      "a temporary trigger in lower case",
      "create temp trigger t after delete on a begin select 1; end; select 2",
      ["create temp trigger t after delete on a begin select 1; end", "select 2"],
    ],
    [
      "CASE outside a trigger",
      "SELECT CASE WHEN 1 THEN 2 END; SELECT 2",
      ["SELECT CASE WHEN 1 THEN 2 END", "SELECT 2"],
    ],
    [
      "a dollar-quoted body",
      "CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN a; b; END $$ LANGUAGE plpgsql; SELECT 2",
      ["CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN a; b; END $$ LANGUAGE plpgsql", "SELECT 2"],
    ],
    [
      "a tagged dollar-quoted body",
      "DO $body$ BEGIN PERFORM $$;$$; END $body$; SELECT 2",
      ["DO $body$ BEGIN PERFORM $$;$$; END $body$", "SELECT 2"],
    ],
    [
      "a column named end",
      "CREATE TABLE a (end_at BIGINT); SELECT 2",
      ["CREATE TABLE a (end_at BIGINT)", "SELECT 2"],
    ],
  ])("cuts %s", (_case, script, expected) => {
    expect(splitStatements(script)).toEqual(expected);
  });

  it("gives back what was joined", () => {
    const piece = fc.constantFrom(
      "SELECT 1",
      "SELECT ';'",
      "INSERT INTO a VALUES ('it''s')",
      "DROP TABLE b",
    );
    fc.assert(
      fc.property(fc.array(piece), (statements) => {
        expect(splitStatements(statements.join(";\n-- and; then\n"))).toEqual(
          statements.map((text, index) => (index === 0 ? text : `-- and; then\n${text}`)),
        );
      }),
    );
  });
});
