import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFastLane, type FastLane } from "../../src/http/fast-lane.ts";
import type { Reply } from "../../src/lib/front.ts";

const reply = (body: string): Reply => ({
  status: 200,
  location: "",
  headers: ["X-Kind", "test"],
  body,
});
const BIG = "x".repeat(100_000);
const ask = (path: string, more = "") => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;

let lane: FastLane;
let server: http.Server;
let client: Socket;
/** The other side of the last connection. */
let accepted: Socket;
let received: string;
let silent: number;
/** Answers that the front owes, by path. */
let owed: Map<string, () => void>;

beforeEach(async () => {
  received = "";
  silent = 0;
  owed = new Map();
  server = http.createServer((req, res) => res.end(`node:http ${req.url}`));
  const [accept] = server.listeners("connection");
  server.removeAllListeners("connection");
  lane = createFastLane({
    front({ url = "" }, send) {
      if (url.startsWith("/app")) return false;
      if (url === "/now/big") send(reply(BIG));
      else if (url.startsWith("/now")) send(reply(url));
      else owed.set(url, () => send(reply(url)));
      return true;
    },
    headerBytes: 2000,
    firstMs: 150,
    keepAliveMs: 5000,
    leave: (socket) => accept?.call(server, socket),
    onSilent() {
      silent += 1;
    },
  });
  server.on("connection", (socket: Socket) => {
    accepted = socket;
    lane.take(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  client = await connect();
});

afterEach(() => {
  client.destroy();
  server.closeAllConnections();
  server.close();
});

async function connect(): Promise<Socket> {
  const address: AddressInfo | string | null = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("data", (bytes) => {
    received += bytes.toString("latin1");
  });
  await once(socket, "connect");
  return socket;
}

const bodies = () =>
  received
    .split("\r\n\r\n")
    .slice(1)
    .map((text) => text.split("HTTP/1.1")[0]);
const arrives = (text: string) => expect.poll(() => received).toContain(text);

describe("the fast lane", () => {
  it("answers one request after the other on a connection", async () => {
    client.write(ask("/now/1"));
    await arrives("/now/1");
    client.write(ask("/now/2"));
    await arrives("/now/2");
    expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Length: 6\r\nX-Kind: test\r\nDate: /);
    expect(received).toContain("Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n/now/1HTTP");
  });

  it("gives a connection to node:http with whatever is not for the front, in order", async () => {
    client.write(ask("/now/1"));
    await arrives("/now/1");
    client.write(ask("/app/2"));
    await arrives("node:http /app/2");
    client.write(ask("/app/3"));
    await arrives("node:http /app/3");
    expect(bodies()).toHaveLength(3);
  });

  it("gives requests that come in halves or together to node:http whole", async () => {
    const [first, second] = [ask("/app/1").slice(0, 9), ask("/app/1").slice(9)];
    client.write(first);
    await expect.poll(() => accepted.bytesRead).toBe(first.length);
    client.write(second + ask("/app/2"));
    await arrives("node:http /app/2");
    expect(received).toContain("node:http /app/1");
  });

  it("answers in order what is asked before the answer to the last is there", async () => {
    client.write(ask("/later/1"));
    await expect.poll(() => owed.size).toBe(1);
    client.write(ask("/now/2"));
    client.write(ask("/app/3"));
    await expect.poll(() => accepted.bytesRead).toBe(client.bytesWritten);
    expect(received).toBe("");
    owed.get("/later/1")?.();
    await arrives("/app/3");
    expect(received.indexOf("/later/1")).toBeLessThan(received.lastIndexOf("HTTP/1.1"));
    expect(received).toContain("node:http /app/3");
  });

  it("answers a client that has ended its side, and then closes", async () => {
    client.end(ask("/later/1"));
    await expect.poll(() => owed.size).toBe(1);
    owed.get("/later/1")?.();
    await once(client, "end");
    expect(received).toContain("Connection: close\r\n\r\n/later/1");
  });

  it("closes when it is asked to", async () => {
    client.write(ask("/now/1", "Connection: close\r\n"));
    await once(client, "end");
    expect(received).toContain("Connection: close\r\n\r\n/now/1");
  });

  it("sends no body to HEAD, but its length", async () => {
    client.write(ask("/now/1").replace("GET", "HEAD"));
    await arrives("Content-Length: 6");
    await arrives("timeout=5\r\n\r\n");
    expect(received).not.toContain("/now/1");
  });

  it("outlives a client that goes away before its answer", async () => {
    client.write(ask("/later/1"));
    await expect.poll(() => owed.size).toBe(1);
    client.resetAndDestroy();
    await new Promise((resolve) => accepted.once("close", resolve));
    owed.get("/later/1")?.();
    client = await connect();
    client.write(ask("/now/2"));
    await arrives("/now/2");
  });

  it("does not fill the memory for a client that asks and does not read", async () => {
    client.pause();
    const turns = 20;
    let asked = 0;
    for (let idle = 0; idle < turns && asked < 1000; idle++) {
      if (accepted.bytesRead === client.bytesWritten) {
        client.write(ask("/now/big"));
        asked += 1;
        idle = 0;
      }
      await new Promise(setImmediate);
    }
    expect(asked).toBeLessThan(1000);
    expect(accepted.writableLength).toBeLessThan(2 * BIG.length);
    client.resume();
    await expect.poll(() => received.split(BIG).length).toBe(asked + 1);
  });

  it("closes a connection that says nothing, and tells of it", async () => {
    await once(client, "end");
    expect(silent).toBe(1);
  });

  it("closes the connections that have nothing to ask, and says so to the others", async () => {
    const idle = await connect();
    idle.write(ask("/now/1"));
    await arrives("/now/1");
    client.write(ask("/later/2"));
    await expect.poll(() => owed.size).toBe(1);
    const ended = once(idle, "close");
    lane.closeIdle();
    idle.end();
    await ended;
    lane.closeWhenAnswered();
    owed.get("/later/2")?.();
    await arrives("Connection: close\r\n\r\n/later/2");
  });
});
