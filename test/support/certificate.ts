import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

/** A certificate that signs itself, with its key. */
export interface TestCertificate {
  readonly pem: string;
  readonly privateKey: KeyObject;
}

const SHA256_WITH_RSA = der(0x30, der(0x06, Buffer.from("2a864886f70d01010b", "hex")), der(0x05));
const COMMON_NAME = der(0x06, Buffer.from("550403", "hex"));

/** Makes an X.509 certificate, which Node can read but not write. Valid from 2020 to 2049. */
export function createCertificate(): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const attribute = der(0x30, COMMON_NAME, der(0x0c, Buffer.from("sns.test")));
  const name = der(0x30, der(0x31, attribute));
  const validity = der(
    0x30,
    der(0x17, Buffer.from("200101000000Z")),
    der(0x17, Buffer.from("491231235959Z")),
  );
  const spki = publicKey.export({ type: "spki", format: "der" });
  const serial = der(0x02, Buffer.of(1));
  const body = der(0x30, serial, SHA256_WITH_RSA, name, validity, name, spki);
  const signature = Buffer.concat([Buffer.of(0), sign("sha256", body, privateKey)]);
  const base64 = der(0x30, body, SHA256_WITH_RSA, der(0x03, signature)).toString("base64");
  const lines = base64.match(/.{1,64}/g) ?? [];
  const pem = ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
  return { pem, privateKey };
}

/** One value in DER: tag, length, content. */
function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const { length } = body;
  const size = length < 128 ? [length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}
