import request from "supertest";
import { describe, expect, it } from "vitest";
import { AppError } from "../../src/lib/errors.ts";
import type { EventRow } from "../../src/log/event.ts";
import { createEmailApp, NOW } from "../support/email-app.ts";

const html = '<a href="https://x.example/a">Go</a><a href="mailto:a@b.example">m</a>';

/** The parts of a tracking URL. */
function partsOf(url: string): [link: string, recipient: string] {
  const [link = "", recipient = ""] = url.split("/c/")[1]?.split("/") ?? [];
  return [link, recipient];
}

describe("POST /v1/rewrite as JSON", () => {
  it("answers with the mail, its links and what was skipped", async () => {
    const { app, tokens, refs } = createEmailApp();
    const { status, body } = await request(app)
      .post("/v1/rewrite")
      .send({ html, campaign: "spring", contact: { id: "c1" }, utm: { utm_source: "n" } });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      text: null,
      campaign: "spring",
      campaign_id: refs.campaign("spring"),
      links: [
        {
          index: 0,
          name: null,
          text: "Go",
          url: "https://x.example/a",
          destination: "https://x.example/a?utm_source=n",
          offset: 3,
        },
      ],
      skipped: [{ url: "mailto:a@b.example", reason: "scheme", offset: 39 }],
      warnings: [],
    });
    const url: string = body.links[0].tracking_url;
    expect(body.html).toBe(html.replace("https://x.example/a", url));
    const [link, recipient] = partsOf(url);
    expect(tokens.openLink(link)).toMatchObject({ workspaceId: 5, index: 0, isTemplate: false });
    expect(tokens.openRecipient(5, recipient)).toEqual({
      contact: refs.contact({ id: "c1" }),
      message: body.message_id,
    });
  });

  it("puts links on the tracking domain that is asked for, and knows them again", async () => {
    const { app } = createEmailApp();
    const mail = { html, campaign: "spring", options: { tracking_domain: "click.brand.example" } };
    const { body } = await request(app).post("/v1/rewrite").send(mail).expect(200);
    expect(body.html).toContain('href="https://click.brand.example/c/');
    const again = await request(app)
      .post("/v1/rewrite?campaign=spring&tracking_domain=click.brand.example")
      .type("html")
      .send(body.html)
      .expect(200);
    expect(again.text).toBe(body.html);
  });

  it("records one sent fact a message and one rewrite fact a list of links", async () => {
    const { app, facts, refs } = createEmailApp();
    const mail = {
      html,
      campaign: "spring",
      contact: { id: "c1", email: "Ann@x.example", traits: { plan: "pro" } },
      message_id: "m-1",
    };
    await request(app).post("/v1/rewrite").send(mail).expect(200);
    await request(app)
      .post("/v1/rewrite")
      .send({ ...mail, message_id: "m-2" })
      .expect(200);
    expect(facts.map(({ type }) => type)).toEqual(["rewrite", "sent", "sent"]);
    expect(facts[0]).toMatchObject({
      workspace_id: 5,
      source: "email",
      source_id: "rewrite",
      name: "email_rewritten",
      campaign_id: refs.campaign("spring"),
      properties: {
        campaign: "spring",
        links: [{ index: 0, name: null, text: "Go", url: "https://x.example/a" }],
      },
    });
    expect(facts[1]).toMatchObject({
      name: "email_sent",
      occurred_at: NOW,
      user_id: "c1",
      email_claim: "Ann@x.example",
      recipient_contact: refs.contact({ id: "c1" }),
      message_id: refs.message("m-1"),
      properties: { traits: { plan: "pro" }, campaign: "spring", message_id: "m-1" },
    });
    expect(facts[1]?.event_id).not.toBe(facts[2]?.event_id);
  });

  it("records the same message once, however often it is asked for", async () => {
    const { app, facts } = createEmailApp();
    const mail = { html, campaign: "a", contact: { id: "c1" }, message_id: "m-1" };
    await request(app).post("/v1/rewrite").send(mail);
    await request(app).post("/v1/rewrite").send(mail);
    const ids = facts.filter(({ type }) => type === "sent").map(({ event_id }) => event_id);
    expect(new Set(ids).size).toBe(1);
  });

  it("still upserts the contact when record_sent is off", async () => {
    const { app, facts } = createEmailApp();
    const options = { record_sent: false };
    await request(app)
      .post("/v1/rewrite")
      .send({ html, campaign: "a", contact: { id: "c1" }, options });
    expect(facts.map(({ type }) => type)).toEqual(["rewrite", "identify"]);
  });

  it("puts a platform's tag in the recipient's place, and records nobody", async () => {
    const { app, facts } = createEmailApp();
    const { body } = await request(app)
      .post("/v1/rewrite")
      .send({ html, campaign: "a", template: { recipient_tag: "{{ct}}" } });
    expect(body.message_id).toBeNull();
    expect(body.links[0].tracking_url).toMatch(/^https:\/\/t\.example\/c\/[\w-]+\/\{\{ct\}\}$/);
    expect(facts.map(({ type }) => type)).toEqual(["rewrite"]);
  });

  it.each([
    [{ html: " ", campaign: "a" }, "/html", "`html` is empty. Send the full email HTML."],
    [{ campaign: "a" }, "/html", "`html` is empty. Send the full email HTML."],
    [{ html }, "/campaign", "Name the campaign, e.g. `spring sale`."],
    [
      { html, campaign: "a", options: { merge_tag: "skip" } },
      "/options/merge_tag",
      'Did you mean "merge_tags"?',
    ],
    [
      { html, campaign: "a", utm: { utm_sorce: "x" } },
      "/utm/utm_sorce",
      'Did you mean "utm_source"?',
    ],
    [
      { html, campaign: "a", contact: {} },
      "/contact",
      "Give the contact an `id`, an `email`, or both.",
    ],
    [{ html, campaign: "a", utm: { utm_source: "auto" } }, "/utm/utm_source", "`auto` works for"],
  ])("refuses %j at %s", async (body, pointer, message) => {
    const { app } = createEmailApp();
    const answer = await request(app).post("/v1/rewrite").send(body);
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toContainEqual({
      pointer,
      message: expect.stringContaining(message),
    });
  });

  it("names BODY_LIMIT for a mail that is too large", async () => {
    const { app } = createEmailApp();
    const answer = await request(app)
      .post("/v1/rewrite")
      .send({ html: "x".repeat(21_000), campaign: "a" });
    expect(answer.status).toBe(413);
    expect(answer.body.message).toContain("BODY_LIMIT");
  });

  it("passes on that the journal cannot take the facts", async () => {
    const record = async () => {
      throw new AppError("journal_full", 429, "The journal is full.");
    };
    const { app } = createEmailApp({ record });
    const answer = await request(app).post("/v1/rewrite").send({ html, campaign: "a" });
    expect(answer.status).toBe(429);
  });
});

describe("POST /v1/rewrite as text/html", () => {
  const post = (
    app: ReturnType<typeof createEmailApp>["app"],
    query: string,
    type: string,
    body: Buffer,
  ) =>
    request(app)
      .post(`/v1/rewrite?${query}`)
      .set("Content-Type", type)
      .buffer(true)
      .parse((res, done) => {
        const chunks: Buffer[] = [];
        res.on("data", (chunk: Buffer) => chunks.push(chunk));
        res.on("end", () => done(null, Buffer.concat(chunks)));
      })
      .send(body);

  it("takes flat parameters and gives the report in a header", async () => {
    const { app } = createEmailApp();
    const query = "campaign=spring&contact_id=c1&utm_source=n&exclude_domains=b.example,c.example";
    const answer = await post(app, query, "text/html", Buffer.from(html));
    expect(answer.status).toBe(200);
    const report = JSON.parse(answer.headers["clicktrail-report"] ?? "");
    expect(report.links[0].destination).toBe("https://x.example/a?utm_source=n");
    expect(answer.body.toString()).toContain(report.links[0].tracking_url);
  });

  it.each(["windows-1252", "iso-8859-7", "koi8-r", "shift_jis", "gb18030", "iso-2022-jp"])(
    "returns every byte outside the links in %s",
    async (charset) => {
      const { app } = createEmailApp();
      const noise = Buffer.from(Array.from({ length: 255 }, (_, i) => i + 1)).filter(
        (byte) => ![0x3c, 0x3e, 0x22, 0x27, 0x1b].includes(byte),
      );
      const link = Buffer.from('<a href="https://x.example/a">');
      const inKanji = charset === "iso-2022-jp" ? "<a href=" : "xx";
      const kanji = Buffer.from(`\x1b$B${inKanji}\x1b(B`, "latin1");
      const mail = Buffer.concat([noise, kanji, link, noise]);
      const { body } = await post(app, "campaign=a", `text/html; charset=${charset}`, mail);
      const [before = "", after = ""] = body
        .toString("latin1")
        .split(/https:\/\/t\.example\/[^"]+/);
      const [wasBefore, wasAfter] = mail.toString("latin1").split("https://x.example/a");
      expect([before, after]).toEqual([wasBefore, wasAfter]);
    },
  );

  it("reads a non-ASCII link in the mail's charset", async () => {
    const { app } = createEmailApp();
    const mail = Buffer.from('<a href="https://x.example/\xe6">', "latin1");
    const answer = await post(app, "campaign=a", "text/html; charset=windows-1251", mail);
    const report = JSON.parse(answer.headers["clicktrail-report"] ?? "");
    // 0xE6 is U+0436 in windows-1251.
    expect(report.links[0].destination).toBe("https://x.example/%D0%B6");
  });

  it("keeps UTF-16 whole", async () => {
    const { app } = createEmailApp();
    const mail = Buffer.from("\ufeff<p>ü</p>", "utf16le");
    const { body } = await post(app, "campaign=a", "text/html; charset=utf-16le", mail);
    expect(body.equals(mail)).toBe(true);
  });

  it("refuses what is not text in its charset", async () => {
    const { app } = createEmailApp();
    const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff, 0xfe]);
    expect((await post(app, "campaign=a", "text/html", png)).status).toBe(415);
    expect((await post(app, "campaign=a", "text/html; charset=nope", png)).status).toBe(415);
    expect((await post(app, "campaign=a", "image/png", png)).status).toBe(415);
    expect((await post(app, "campaign=a", "text/html", Buffer.alloc(0))).status).toBe(422);
  });

  it("names the nearest parameter for an unknown one", async () => {
    const { app } = createEmailApp();
    const { status, body } = await post(app, "campain=a", "text/html", Buffer.from(html));
    expect(status).toBe(422);
    expect(JSON.parse(body.toString()).message).toContain('Did you mean "campaign"?');
  });

  it("takes a text part", async () => {
    const { app } = createEmailApp();
    const { body } = await post(
      app,
      "campaign=a",
      "text/plain",
      Buffer.from("See https://x.example/a."),
    );
    expect(body.toString()).toMatch(/^See https:\/\/t\.example\/c\/[\w-]+\/[\w-]+\.$/);
  });
});

describe("POST /v1/rewrite/batch", () => {
  it("streams one line a recipient, each with a token of its own", async () => {
    const { app, facts, tokens, refs } = createEmailApp();
    const recipients = Array.from({ length: 450 }, (_, i) => ({ contact: { id: `c${i}` } }));
    const answer = await request(app)
      .post("/v1/rewrite/batch")
      .send({ html, campaign: "a", recipients })
      .buffer(true)
      .parse((res, done) => {
        let text = "";
        res.on("data", (chunk: Buffer) => {
          text += chunk.toString();
        });
        res.on("end", () => done(null, text));
      });
    expect(answer.headers["content-type"]).toContain("application/x-ndjson");
    const lines = String(answer.body)
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(450);
    lines.forEach((line, i) => {
      const [, recipient] = partsOf(/href="(https:\/\/t[^"]+)"/.exec(line.html)?.[1] ?? "");
      expect(tokens.openRecipient(5, recipient)?.contact).toBe(refs.contact({ id: `c${i}` }));
    });
    expect(facts.filter(({ type }) => type === "sent")).toHaveLength(450);
    expect(facts.filter(({ type }) => type === "rewrite")).toHaveLength(1);
  });
});

describe("POST /v1/recipients", () => {
  it("gives a token that names the contact and no message", async () => {
    const { app, facts, tokens, refs } = createEmailApp();
    const contacts = [{ id: "c1", email: "ann@x.example" }, { email: "Bob@x.example" }];
    const { body } = await request(app).post("/v1/recipients").send({ contacts });
    expect(
      body.recipients.map(({ id, email }: { id: string; email: string }) => [id, email]),
    ).toEqual([
      ["c1", "ann@x.example"],
      [null, "Bob@x.example"],
    ]);
    expect(tokens.openRecipient(5, body.recipients[1].token)).toEqual({
      contact: refs.contact({ email: "bob@x.example" }),
      message: null,
    });
    expect(facts.map(({ type }) => type)).toEqual(["identify", "identify"]);
  });
});

describe("an Idempotency-Key", () => {
  const mail = { html, campaign: "spring", contact: { id: "c1" } };

  it("makes a retry the same mail, sent once", async () => {
    const { app, facts } = createEmailApp();
    const send = () =>
      request(app).post("/v1/rewrite").set("Idempotency-Key", "k1").send(mail).expect(200);
    const first = await send();
    expect((await send()).body).toEqual(first.body);
    expect(sentIds(facts).size).toBe(1);
    const unkeyed = await request(app).post("/v1/rewrite").send(mail).expect(200);
    expect(unkeyed.body.message_id).not.toBe(first.body.message_id);
  });

  it("makes a batch sent again the same mails, also by another process", async () => {
    const [one, other] = [createEmailApp(), createEmailApp()];
    const recipients = [{ contact: { id: "c1" } }, { contact: {} }, { contact: { id: "c2" } }];
    const send = ({ app }: typeof one) =>
      request(app)
        .post("/v1/rewrite/batch")
        .set("Idempotency-Key", "k1")
        .send({ html, campaign: "spring", recipients })
        .expect(200);
    expect((await send(one)).text).toBe((await send(other)).text);
    expect(sentIds(one.facts)).toEqual(sentIds(other.facts));
    expect(sentIds(one.facts).size).toBe(2);
  });

  it("is one message for every form of the body", async () => {
    const { app } = createEmailApp();
    const eml = "Content-Type: text/html\r\n\r\n<a href='https://x.example/a'>Go</a>\r\n";
    const send = (type: string, body: string, key: string) =>
      request(app)
        .post("/v1/rewrite?campaign=spring&contact_id=c1")
        .set("Idempotency-Key", key)
        .set("Content-Type", type)
        .send(body)
        .buffer(true)
        .parse((res, done) => {
          let all = "";
          res.on("data", (piece) => {
            all += String(piece);
          });
          res.on("end", () => done(null, all));
        })
        .expect(200);
    for (const [type, body] of [
      ["text/html", html],
      ["message/rfc822", eml],
    ] as const) {
      expect((await send(type, body, type)).body).toBe((await send(type, body, type)).body);
    }
  });

  it("is refused with another request, and forgives one that was not valid", async () => {
    const { app, facts } = createEmailApp();
    const send = (body: object) =>
      request(app).post("/v1/rewrite").set("Idempotency-Key", "k1").send(body);
    await send({ ...mail, campaign: "" }).expect(422);
    await send(mail).expect(200);
    const { status, body } = await send({ ...mail, campaign: "summer" });
    expect([status, body.code]).toEqual([422, "key_reused"]);
    expect(sentIds(facts).size).toBe(1);
    await request(app)
      .post("/v1/rewrite")
      .set("Idempotency-Key", "x".repeat(256))
      .send(mail)
      .expect(400);
  });
});

function sentIds(facts: readonly EventRow[]): Set<string> {
  return new Set(facts.filter(({ type }) => type === "sent").map(({ event_id }) => event_id));
}
