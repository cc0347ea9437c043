import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createTransport } from "nodemailer";
import PostalMime from "postal-mime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ClicktrailOptions, clicktrail } from "../../src/email/nodemailer.ts";
import { createEmailApp } from "../support/email-app.ts";
import { reveal } from "../support/rewriting.ts";

const { app, facts, tokens } = createEmailApp();
let server: Server;
let url = "";

beforeAll(async () => {
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

async function send(mail: object, options: Partial<ClicktrailOptions> = {}) {
  const transport = createTransport({ streamTransport: true, buffer: true });
  transport.use("compile", clicktrail({ url, key: "k", campaign: "spring", ...options }));
  const sent = await transport.sendMail({ from: "a@x.example", subject: "Hi", ...mail });
  return PostalMime.parse(sent.message as Buffer);
}

describe("the nodemailer plugin", () => {
  it("rewrites both parts for the one recipient", async () => {
    const parsed = await send({
      to: "Ann <ann@x.example>",
      html: '<a href="https://x.example/a">Grüße</a>',
      text: "https://x.example/a",
    });
    const link = /https:\/\/t\.example\/c\/([\w-]+)/.exec(parsed.html ?? "")?.[1] ?? "";
    expect(tokens.openLink(link)?.destination).toBe("https://x.example/a");
    expect(parsed.text).toContain(link);
    expect(facts.findLast(({ type }) => type === "sent")?.email_claim).toBe("ann@x.example");
    expect(parsed.headers.find(({ key }) => key === "x-clicktrail-message")?.value).toHaveLength(
      11,
    );
  });

  it("leaves a mail alone that says so", async () => {
    const html = '<a href="https://x.example/a">x</a>';
    const parsed = await send({ to: "b@x.example", html, clicktrail: { track: false } });
    expect(reveal(parsed.html ?? "").trim()).toBe(html);
  });

  it("fails when the service is away, or sends untracked if told to", async () => {
    const html = '<a href="https://x.example/a">x</a>';
    const away = { url: "http://127.0.0.1:9" };
    await expect(send({ to: "b@x.example", html }, away)).rejects.toThrow();
    const parsed = await send({ to: "b@x.example", html }, { ...away, onError: "send" });
    expect(parsed.html?.trim()).toBe(html);
  });

  it("passes on why the service refused", async () => {
    await expect(send({ to: "b@x.example", html: "<b>x</b>" }, { campaign: "" })).rejects.toThrow(
      "422",
    );
  });
});
