import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
const folder = mkdtempSync(path.join(tmpdir(), "clicktrail-command-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const BASE = "https://t.example";

function clicktrail(...args: string[]) {
  const env = { ...process.env, DATA_DIR: folder, BASE_URL: BASE };
  return run(process.execPath, ["dist/cli.js", ...args], { env, maxBuffer: 1e8 });
}

function write(name: string, content: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

const trackedUrl = (text: string) =>
  /https:\/\/t\.example\/c\/[\w-]+\/[\w-]+/.exec(text)?.[0] ?? "";

describe("the command line", { timeout: 60_000 }, () => {
  const mail = write("mail.html", '<a href="https://x.example/a?b=1&amp;c=2">Go</a>');

  it("rewrites for many recipients, one line each, and says how far it is", async () => {
    const recipients = [
      ...Array.from({ length: 500 }, (_, i) => JSON.stringify({ contact: { id: `c${i}` } })),
      "no JSON",
      JSON.stringify({ contact: { email: "nobody" } }),
    ];
    const list = write("recipients.ndjson", `${recipients.join("\n")}\n`);
    const args = ["rewrite", mail, "--campaign", "spring", "--recipients", list];
    const { stdout, stderr } = await clicktrail(...args);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(502);
    expect(new Set(lines.slice(0, 500).map(({ html }) => trackedUrl(html))).size).toBe(500);
    expect(lines.slice(500).map(({ error }) => error.code)).toEqual([
      "invalid_recipient",
      "invalid_recipient",
    ]);
    expect(stderr).toContain("done: 502 of 502 recipients, 2 of them wrong");
    expect((await clicktrail(...args, "--quiet")).stderr).toBe("");
  });

  it.each([
    [["--recipients", path.join(folder, "none")], "cannot be read"],
    [["--recipients", mail, "--contact", "c"], "Leave out --contact"],
    [["--recipients", mail, "--eml"], "not --eml"],
  ])("says what is wrong with %j", async (args, message) => {
    const failed = clicktrail("rewrite", mail, "--campaign", "a", ...args);
    await expect(failed).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining(message),
    });
  });

  it("takes a tracking URL apart, and knows a forged one", async () => {
    const { stdout } = await clicktrail("rewrite", mail, "--campaign", "spring", "--contact", "c1");
    const url = trackedUrl(stdout);
    const explained = JSON.parse((await clicktrail("explain-url", url, "--json")).stdout);
    expect(explained).toMatchObject({
      kind: "click",
      linkIsGenuine: true,
      linkIndex: 0,
      destination: "https://x.example/a?b=1&c=2",
      recipient: "contact and message",
    });
    expect((await clicktrail("explain-url", url)).stdout).toContain("https://x.example/a?b=1&c=2");
    const forged = clicktrail("explain-url", url.replace("/c/", "/c/A"));
    await expect(forged).rejects.toMatchObject({ code: 1 });
  });
});
