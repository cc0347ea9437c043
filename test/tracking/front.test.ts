import http from "node:http";
import request from "supertest";
import { beforeEach, describe, expect, it } from "vitest";
import { findMergeTags } from "../../src/email/rewrite/merge-tags.ts";
import { fillSlots } from "../../src/email/rewrite/slots.ts";
import { createTokens } from "../../src/email/tokens.ts";
import { sendReply } from "../../src/http/reply.ts";
import { createKeyring } from "../../src/lib/keyring.ts";
import { createFloods } from "../../src/tracking/floods.ts";
import { createFront } from "../../src/tracking/front.ts";
import type { LinkException } from "../../src/tracking/hit.ts";
import { createOpenPath } from "../../src/tracking/open-path.ts";

const tokens = createTokens({ keyring: createKeyring("a secret of the front's tests") });
const CONTACT = "AAAAAAAAAAE";
const MESSAGE = "AAAAAAAAAAI";
const DESTINATION = "https://shop.test/shoes?utm_source=news";

const link = {
  purpose: "click",
  workspaceId: 1,
  campaignId: "AAAAAAAAAAM",
  index: 4,
  destination: DESTINATION,
  hasSlots: false,
  isTemplate: false,
} as const;
const recipient = tokens.sealRecipient(1, { contact: CONTACT, message: MESSAGE });
const clickPath = `/c/${tokens.sealLink(link)}/${recipient}`;
const openLink = tokens.sealLink({ ...link, purpose: "open", index: 0, destination: "" });

interface Hit {
  type: string;
  context: string;
  [member: string]: unknown;
}

describe("the front", () => {
  let exception: LinkException | undefined;
  let hits: Hit[];
  let misses: string[];
  let server: http.Server;

  beforeEach(() => {
    exception = undefined;
    hits = [];
    misses = [];
    const floods = createFloods({
      limit: 3,
      record(json, done) {
        hits.push(JSON.parse(json));
        done("durable");
      },
      createId: () => "id-of-a-count",
    });
    const front = createFront({
      basePath: "",
      openPath: createOpenPath({
        ...tokens,
        findException: () => exception,
        fillSlots,
        isMergeTag: (text) => findMergeTags(text).tags.length > 0,
      }),
      isForeignHost: (host) => host === "click.other.test",
      addClickParameter: (_workspaceId, destination, id) => `${destination}&jt=${id}`,
      record(json, done) {
        hits.push(JSON.parse(json));
        done("durable");
      },
      floods,
      describeVisitor: () => ({ ip: "203.0.113.0", tls: true, network: "hosting" }),
      now: () => 1_764_000_000_000,
      createId: () => "click-id-of-this-test",
      onHit() {},
      onMiss: (kind) => misses.push(kind),
      notFoundPage: "<h1>This link is unknown.</h1>",
      gonePage: (state) => `<h1>${state}</h1>`,
    });
    server = http.createServer((req, res) => {
      if (!front(req, (reply) => sendReply(res, reply))) res.writeHead(418).end("the app");
    });
  });

  it("redirects a click, and no cache may keep it", async () => {
    const answer = await request(server).get(clickPath).expect(302);
    expect(answer.headers).toMatchObject({
      location: `${DESTINATION}&jt=click-id-of-this-test`,
      "cache-control": "private, no-store",
      "x-robots-tag": "noindex",
      "referrer-policy": "no-referrer",
    });
    expect(answer.headers["set-cookie"]).toBeUndefined();
  });

  it("keeps who clicked what, how, and from where, without the full address", async () => {
    await request(server).get(clickPath).set("User-Agent", 'a "quoted" \\ agent').set("DNT", "1");
    expect(hits).toHaveLength(1);
    expect(hits[0]).toMatchObject({
      workspace_id: 1,
      source_id: "click",
      event_id: "click-id-of-this-test",
      type: "click",
      name: "email_clicked",
      occurred_at: 1_764_000_000_000,
      campaign_id: link.campaignId,
      message_id: MESSAGE,
      recipient_contact: CONTACT,
      link_id: "4",
      url: DESTINATION,
    });
    expect(JSON.parse(hits[0]?.context ?? "")).toEqual({
      method: "GET",
      ip: "203.0.113.0",
      ua: 'a "quoted" \\ agent',
      tls: 1,
      headers: { dnt: "1" },
      network: "hosting",
    });
  });

  it("answers HEAD alike and keeps it as HEAD", async () => {
    await request(server).head(clickPath).expect(302);
    expect(JSON.parse(hits[0]?.context ?? "").method).toBe("HEAD");
  });

  it.each(["?fbclid=1", "?url=https://evil.test/&oadest=//evil.test", ".", ")", "%3E", "%22"])(
    "still finds the link when a client appends %j",
    async (suffix) => {
      const answer = await request(server)
        .get(clickPath + suffix)
        .expect(302);
      expect(answer.headers["location"]).toContain(DESTINATION);
    },
  );

  it.each([
    ["a forged link", `/c/${tokens.sealLink(link).slice(0, -2)}xx/${recipient}`],
    ["a cut link", `/c/${tokens.sealLink(link).slice(0, -1)}/${recipient}`],
    ["a cut recipient", clickPath.slice(0, -1)],
    [
      "another workspace's recipient",
      `/c/${tokens.sealLink(link)}/${tokens.sealRecipient(2, { contact: CONTACT, message: null })}`,
    ],
    ["an open token used as a click", `/c/${openLink}/${recipient}`],
    ["no recipient on a personal link", `/c/${tokens.sealLink(link)}/`],
    ["a merge tag on a personal link", `/c/${tokens.sealLink(link)}/%7B%7Bct%7D%7D`],
    ["an upper-cased path", clickPath.toUpperCase().replace("/C/", "/c/")],
    ["nothing", "/c/"],
    ["a URL", "/c/https://evil.test/"],
  ])("answers %s with the one 404 page, and never a redirect", async (_case, path) => {
    const answer = await request(server).get(path).expect(404);
    expect(answer.text).toBe("<h1>This link is unknown.</h1>");
    expect(answer.headers["location"]).toBeUndefined();
    expect(hits).toEqual([]);
    expect(misses).toEqual(["click"]);
  });

  it.each(["", "%7B%7Bct%7D%7D", "*%7CCT%7C*"])(
    "redirects a template link whose recipient is %j, and knows no contact",
    async (part) => {
      const template = tokens.sealLink({ ...link, isTemplate: true });
      await request(server).get(`/c/${template}/${part}`).expect(302);
      expect(hits[0]).not.toHaveProperty("recipient_contact");
    },
  );

  it("puts slot values into the path or query, and never into the host", async () => {
    const slotted = { ...link, destination: "https://shop.test/p?id={0}", hasSlots: true };
    const path = `/c/${tokens.sealLink(slotted)}/${recipient}?m0=//evil.test/%0d%0a`;
    const answer = await request(server).get(path).expect(302);
    expect(new URL(answer.headers["location"] ?? "").host).toBe("shop.test");
  });

  describe("for a link that was changed after the send", () => {
    const onlyHit = () => ({ ...hits[0], properties: JSON.parse(String(hits[0]?.["properties"])) });

    it("leads to the edited destination, and says which version it was", async () => {
      exception = { version: 2, destination: "https://shop.test/boots?x=1", state: null };
      const answer = await request(server).get(clickPath).expect(302);
      expect(answer.headers["location"]).toBe(
        "https://shop.test/boots?x=1&jt=click-id-of-this-test",
      );
      expect(onlyHit()).toMatchObject({
        url: "https://shop.test/boots?x=1",
        properties: { link_version: 2 },
      });
    });

    it("fills the slots of an edited destination", async () => {
      exception = { version: 1, destination: "https://new.test/{0}", state: null };
      const slotted = { ...link, destination: "https://shop.test/p?id={0}", hasSlots: true };
      const path = `/c/${tokens.sealLink(slotted)}/${recipient}?m0=a/b`;
      const answer = await request(server).get(path).expect(302);
      expect(answer.headers["location"]).toContain("https://new.test/a%2Fb");
    });

    it.each(["stopped", "expired"] as const)(
      "answers 410 once %s, and keeps the hit",
      async (state) => {
        exception = { version: null, destination: null, state };
        const answer = await request(server).get(clickPath).expect(410);
        expect(answer.text).toBe(`<h1>${state}</h1>`);
        expect(answer.headers["location"]).toBeUndefined();
        expect(answer.headers["cache-control"]).toBe("private, no-store");
        expect(onlyHit()).toMatchObject({ type: "click", properties: { link_state: state } });
        expect(onlyHit()).not.toHaveProperty("url");
        expect(misses).toEqual([]);
      },
    );

    it("leads a dead link to its fallback as it is", async () => {
      exception = { version: 3, destination: "https://shop.test/over/{0}?y=1", state: "expired" };
      const slotted = { ...link, hasSlots: true };
      const path = `/c/${tokens.sealLink(slotted)}/${recipient}?m0=a`;
      const answer = await request(server).get(path).expect(302);
      expect(answer.headers["location"]).toContain("https://shop.test/over/{0}?y=1");
      expect(onlyHit().properties).toEqual({ link_version: 3, link_state: "expired" });
    });
  });

  it("does not know a link on the domain of another workspace", async () => {
    await request(server).get(clickPath).set("Host", "click.other.test").expect(404);
    await request(server).get(`/o/${openLink}/${recipient}.gif`).set("Host", "click.other.test");
    expect(hits).toEqual([]);
    expect(misses).toEqual(["click", "open"]);
  });

  it("gives the pixel always, and counts only a genuine one", async () => {
    const genuine = await request(server).get(`/o/${openLink}/${recipient}.gif`).expect(200);
    expect(genuine.headers["content-type"]).toBe("image/gif");
    expect(hits.map(({ type }) => type)).toEqual(["open"]);
    const forged = await request(server).get("/o/forged/forged.gif").expect(200);
    expect(forged.body).toEqual(genuine.body);
    await request(server)
      .get(`/o/${tokens.sealLink(link)}/${recipient}.gif`)
      .expect(200);
    expect(hits).toHaveLength(1);
  });

  it("redirects a flood, and keeps its surplus as counts that lose no hit", async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => request(server).get(clickPath).expect(302)),
    );
    expect(answers.every(({ headers }) => headers["location"]?.startsWith(DESTINATION))).toBe(true);
    expect(hits.filter(({ type }) => type === "click")).toHaveLength(3);
    const counts = hits.filter(({ type }) => type === "flood");
    expect(counts.length).toBeLessThan(17);
    expect(counts[0]).toMatchObject({
      workspace_id: 1,
      campaign_id: link.campaignId,
      message_id: MESSAGE,
      link_id: "4",
    });
    const counted = counts.map(({ properties }) => JSON.parse(String(properties)).hits);
    expect(counted.reduce((sum, count) => sum + count, 0)).toBe(17);
  });

  it.each(["post", "put", "delete", "options"] as const)("refuses %s", async (method) => {
    const answer = await request(server)[method](clickPath).expect(405);
    expect(answer.headers["allow"]).toBe("GET, HEAD");
  });

  it("leaves everything else to the app", async () => {
    await request(server).get("/contacts").expect(418);
  });
});
