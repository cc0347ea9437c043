import http from "node:http";
import net from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  API_KEY,
  createClickPath,
  disposeService,
  type RunningService,
  startService,
  WRITE_KEY,
} from "../support/service.ts";

let service: RunningService;
let clickPath: string;

beforeEach(async () => {
  service = await startService();
  clickPath = await createClickPath(service);
});

afterEach(() => disposeService(service));

interface Answer {
  readonly status: number;
  readonly connection: string | undefined;
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** Sends half of the body at once and the rest when told to; without a body, all of it at once. */
function send(agent: http.Agent, { method, path, headers = {}, body }: Call, rest?: Promise<void>) {
  return new Promise<Answer>((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
    const request = http.request(
      service.url + path,
      { method, agent, headers: { ...headers, ...length } },
      (response) => {
        response.resume();
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            connection: response.headers.connection,
          }),
        );
      },
    );
    request.on("error", reject);
    if (rest === undefined || body === undefined) request.end(body);
    else {
      request.write(body.slice(0, body.length / 2));
      void rest.then(() => request.end(body.slice(body.length / 2)));
    }
  });
}

const batchOf = (id: string): Call => ({
  method: "POST",
  path: "/v1/batch",
  headers: { authorization: `Basic ${btoa(`${WRITE_KEY}:`)}`, "content-type": "application/json" },
  body: JSON.stringify({
    batch: [{ type: "track", event: "x", userId: "1", messageId: id }],
  }),
});

const page: Call = { method: "GET", path: "/docs", headers: { accept: "text/html" } };
const contacts: Call = {
  method: "GET",
  path: "/v1/contacts",
  headers: { authorization: `Bearer ${API_KEY}` },
};

describe("SIGTERM", () => {
  it("lets 500 requests in flight finish, resets none, and exits with 0", async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 600 });
    let finishUploads: () => void = () => {};
    const uploads = new Promise<void>((resolve) => {
      finishUploads = resolve;
    });
    const clicks = Array.from({ length: 300 }, () => clickAgain());
    const others = Array.from({ length: 200 }, (_, n) => {
      if (n % 2 === 0) return send(agent, batchOf(`m${n}`), uploads);
      return send(agent, n % 4 === 1 ? page : contacts);
    });
    // Half of the uploads must have arrived: the last connection answers after all others were taken.
    await send(agent, { method: "GET", path: "/healthz" });
    const isDraining = await watchForDrain();
    const ended = service.end("SIGTERM");
    await isDraining();
    finishUploads();
    const [redirects, answers] = await Promise.all([Promise.all(clicks), Promise.all(others)]);
    expect(await ended).toBe(0);
    expect(redirects.flat().every(({ status }) => status === 302)).toBe(true);
    // Every one of the 300 went on clicking on its connection until it was told to close it.
    expect(redirects.every((own) => own.at(-1)?.connection === "close")).toBe(true);
    const uploaded = answers.filter((_, n) => n % 2 === 0);
    expect(uploaded).toEqual(Array(100).fill({ status: 200, connection: "close" }));
    expect(answers.every(({ status }) => status < 400)).toBe(true);
    agent.destroy();
  }, 60_000);

  it("exits at once when it comes twice, whatever is in flight", async () => {
    const socket = net.connect(Number(new URL(service.url).port), "127.0.0.1");
    socket.on("error", () => {});
    socket.write("POST /v1/batch HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{");
    const agent = new http.Agent();
    await send(agent, { method: "GET", path: "/healthz" });
    const isDraining = await watchForDrain();
    const ended = service.end("SIGTERM");
    await isDraining();
    const secondAt = performance.now();
    service.process.kill("SIGTERM");
    expect(await ended).toBe(1);
    expect(performance.now() - secondAt).toBeLessThan(1000);
    socket.destroy();
  });

  it("takes new connections until the door closes, and is then no longer ready", async () => {
    const agent = new http.Agent({ keepAlive: true });
    const isDraining = await watchForDrain();
    const ended = service.end("SIGTERM");
    await isDraining();
    const answer = await send(agent, { method: "GET", path: "/readyz" });
    expect(answer).toEqual({ status: 503, connection: "close" });
    expect(await ended).toBe(0);
    await expect(send(agent, { method: "GET", path: "/healthz" })).rejects.toMatchObject({
      code: "ECONNREFUSED",
    });
  });
});

/** Clicks over one connection, one after the other, until the answer says that it closes. */
async function clickAgain(): Promise<Answer[]> {
  const own = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const answers: Answer[] = [];
  do answers.push(await send(own, { method: "GET", path: clickPath }));
  while (answers.at(-1)?.connection !== "close");
  return answers;
}

/** Opens a connection, and then tells when an answer on it says that the service drains. */
async function watchForDrain(): Promise<() => Promise<void>> {
  const own = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const ask = () => send(own, { method: "GET", path: "/healthz" });
  await ask();
  return async () => {
    for (;;) if ((await ask()).connection === "close") return;
  };
}
