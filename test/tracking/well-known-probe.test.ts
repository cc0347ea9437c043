import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import https from "node:https";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDomainNetwork, PROOF_PATH } from "../../src/tracking/well-known-probe.ts";

const HOST = "click.brand.test";

describe("the question for the proof, to a real HTTPS server", () => {
  let folder: string;
  let ca: string;
  let server: https.Server;
  let port: number;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "clicktrail-tls-"));
    const [key, cert] = [path.join(folder, "key.pem"), path.join(folder, "cert.pem")];
    const names = ["-subj", `/CN=${HOST}`, "-addext", `subjectAltName=DNS:${HOST}`];
    const kind = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"];
    await promisify(execFile)("openssl", [...kind, "-keyout", key, "-out", cert, ...names]);
    ca = await readFile(cert, "utf8");
    server = https.createServer({ key: await readFile(key), cert: ca }, (req, res) => {
      const host = req.headers.host?.split(":")[0];
      if (req.url !== PROOF_PATH || host !== HOST) res.writeHead(404).end();
      else res.end("the proof");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(async () => {
    server.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("reads the answer of the very address that was judged, under the host's own name", async () => {
    const network = createDomainNetwork({ port, ca });
    expect(await network.fetchProof(HOST, "127.0.0.1")).toBe("the proof");
  });

  it("takes no certificate that browsers would not take", async () => {
    const network = createDomainNetwork({ port });
    await expect(network.fetchProof(HOST, "127.0.0.1")).rejects.toMatchObject({
      code: "DEPTH_ZERO_SELF_SIGNED_CERT",
    });
  });

  it("takes no certificate of another host", async () => {
    const network = createDomainNetwork({ port, ca });
    await expect(network.fetchProof("other.test", "127.0.0.1")).rejects.toMatchObject({
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
    });
  });
});
