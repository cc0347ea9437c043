import { verify, X509Certificate } from "node:crypto";
import { type JsonObject, textOf } from "../json-object.ts";

/** Hosts of Amazon SNS: never anything else is fetched, whatever a request says. */
const SNS_HOST = /^sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/;

const SIGNED = {
  Notification: ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
  SubscriptionConfirmation: [
    "Message",
    "MessageId",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
  ],
} as const;

const ALGORITHMS: Record<string, string> = { "1": "sha1", "2": "sha256" };

/** Whether an address belongs to Amazon SNS: https, its own host, no port and no password. */
export function isSnsAddress(address: string): boolean {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== "https:" || !SNS_HOST.test(url.hostname)) return false;
  return url.port === "" && url.username === "" && url.password === "";
}

/** Whether a request may be one of SNS at all: its form, and where its certificate lies. */
export function signingCertificateOf(envelope: JsonObject): string | undefined {
  const address = textOf(envelope["SigningCertURL"]) ?? "";
  return isSnsAddress(address) && new URL(address).pathname.endsWith(".pem") ? address : undefined;
}

/**
 * Verifies the signature of an SNS message (version 1 with SHA-1, 2 with SHA-256).
 *
 * @param certificate PEM, from the address that `signingCertificateOf` let through
 * @see https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
 */
export function hasSnsSignature(envelope: JsonObject, certificate: string, now: number): boolean {
  const algorithm = ALGORITHMS[textOf(envelope["SignatureVersion"]) ?? ""];
  const signed = textToSign(envelope);
  if (algorithm === undefined || signed === undefined) return false;
  try {
    const { publicKey, validFrom, validTo } = new X509Certificate(certificate);
    if (now < Date.parse(validFrom) || now > Date.parse(validTo)) return false;
    const signature = Buffer.from(textOf(envelope["Signature"]) ?? "", "base64");
    return verify(algorithm, Buffer.from(signed), publicKey, signature);
  } catch {
    // No certificate, whatever the address gave.
    return false;
  }
}

/** The signed fields, name and value a line each, in the order that SNS gives them. */
export function textToSign(envelope: JsonObject): string | undefined {
  const type = envelope["Type"];
  if (type !== "Notification" && type !== "SubscriptionConfirmation") return undefined;
  return SIGNED[type]
    .flatMap((name) => {
      const value = envelope[name];
      return typeof value === "string" ? [`${name}\n${value}\n`] : [];
    })
    .join("");
}
