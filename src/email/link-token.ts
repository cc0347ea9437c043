import { timingSafeEqual } from "node:crypto";
import type { Key, KeyPair } from "../lib/keyring.ts";
import { decodeBase64Url, endsBadly, MAX_VARINT_BYTES, readVarint, writeVarint } from "./binary.ts";
import { createPacker, type Packer } from "./deflate.ts";
import { LINK_DICTIONARIES } from "./link-dictionary.ts";
import { MAX_DESTINATION_LENGTH } from "./rewrite/destination.ts";

/** What a link part carries. */
export interface SealedLink {
  /** An open token is no click token: the pixel's link part never redirects. */
  readonly purpose: "click" | "open";
  readonly workspaceId: number;
  /** 11 characters of base64url, from `Refs`. */
  readonly campaignId: string;
  /** Position in the mail, from 0; 0 on an open token. */
  readonly index: number;
  /** ASCII; empty on an open token. */
  readonly destination: string;
  /** The destination holds `{0}` … for `fillSlots`. */
  readonly hasSlots: boolean;
  /** Of a campaign template: its recipient part may be a merge tag that nobody filled. */
  readonly isTemplate: boolean;
}

// The header byte: version (2 bits), purpose, template, slots, packed, long MAC, 0.
const VERSION = 1;
const VERSION_SHIFT = 6;
const OPEN = 0x20;
const TEMPLATE = 0x10;
const SLOTS = 0x08;
const PACKED = 0x04;
const LONG_MAC = 0x02;
const UNUSED = 0x01;

/** 96 bits: 2^96 guesses for one forged link. */
const MAC_BYTES = 12;
const REF_BYTES = 8;

/**
 * Seals a link into the first part of `/c/<link>/<recipient>`.
 *
 * Layout: header, key id, workspace (varint), campaign (8 bytes), index (varint), destination (raw
 * deflate with a preset dictionary, or plain where that is shorter), HMAC-SHA256 cut to 96 bits over
 * all before it. The same link always gives the same token.
 *
 * @returns base64url that never ends in `-` or `_`
 */
export function sealLinkToken(link: SealedLink, keys: KeyPair): string {
  const { bytes, isPacked } = packDestination(link.destination);
  const header =
    (VERSION << VERSION_SHIFT) |
    (link.purpose === "open" ? OPEN : 0) |
    (link.isTemplate ? TEMPLATE : 0) |
    (link.hasSlots ? SLOTS : 0) |
    (isPacked ? PACKED : 0);
  const token = assemble(header, link, bytes, keys.current);
  // Only a length divisible by 3 can end badly; one more byte of MAC makes it another length.
  return endsBadly(token) ? assemble(header | LONG_MAC, link, bytes, keys.current) : token;
}

/** A destination as a token carries it: deflated, or plain where that is shorter. */
function packDestination(destination: string): { bytes: Buffer; isPacked: boolean } {
  const packed = packerOf(VERSION).pack(destination);
  const isPacked = packed.length < destination.length;
  return { bytes: isPacked ? packed : Buffer.from(destination, "latin1"), isPacked };
}

/** Header, key id, workspace, campaign, index. */
const MAX_FRONT_BYTES = 2 + MAX_VARINT_BYTES + REF_BYTES + MAX_VARINT_BYTES;

function assemble(header: number, link: SealedLink, payload: Buffer, key: Key): string {
  const token = Buffer.allocUnsafe(MAX_FRONT_BYTES + payload.length + MAC_BYTES + 1);
  token[0] = header;
  token[1] = key.id;
  let end = writeVarint(token, link.workspaceId, 2);
  end += token.write(link.campaignId, end, "base64url");
  end = writeVarint(token, link.index, end);
  end += payload.copy(token, end);
  end += mac(token.subarray(0, end), key, macLength(header)).copy(token, end);
  return token.toString("base64url", 0, end);
}

/**
 * Opens a link part, or undefined when it is forged, cut, extended, spelled otherwise or of another
 * version or key.
 */
export function openLinkToken(token: string, keys: KeyPair): SealedLink | undefined {
  const bytes = decodeBase64Url(token);
  const header = bytes?.[0];
  if (!bytes || header === undefined || header >> VERSION_SHIFT !== VERSION) return undefined;
  if (header & UNUSED) return undefined;
  const bodyEnd = bytes.length - macLength(header);
  if (bodyEnd < 2 + 1 + REF_BYTES + 1) return undefined;
  const body = bytes.subarray(0, bodyEnd);
  const tag = bytes.subarray(bodyEnd);
  const isGenuine = keys.accepted
    .filter((key) => key.id === bytes[1])
    .some((key) => timingSafeEqual(mac(body, key, tag.length), tag));
  return isGenuine ? readBody(header, body) : undefined;
}

function readBody(header: number, body: Buffer): SealedLink | undefined {
  const workspace = readVarint(body, 2);
  if (!workspace) return undefined;
  const campaignEnd = workspace.end + REF_BYTES;
  const index = readVarint(body, campaignEnd);
  if (!index) return undefined;
  const payload = body.subarray(index.end);
  return {
    purpose: header & OPEN ? "open" : "click",
    workspaceId: workspace.value,
    campaignId: body.subarray(workspace.end, campaignEnd).toString("base64url"),
    index: index.value,
    destination: (header & PACKED ? unpack(payload) : payload).toString("latin1"),
    hasSlots: (header & SLOTS) !== 0,
    isTemplate: (header & TEMPLATE) !== 0,
  };
}

function macLength(header: number): number {
  return header & LONG_MAC ? MAC_BYTES + 1 : MAC_BYTES;
}

function mac(body: Buffer, key: Key, length: number): Buffer {
  return key.hmac(body).subarray(0, length);
}

const packers = new Map<number, Packer>();

/** An index of a dictionary is made when it is first needed. */
function packerOf(version: number): Packer {
  const known = packers.get(version);
  if (known) return known;
  const dictionary = LINK_DICTIONARIES.get(version);
  if (!dictionary) throw new Error(`No dictionary of version ${version}.`);
  const packer = createPacker(dictionary);
  packers.set(version, packer);
  return packer;
}

function unpack(payload: Buffer): Buffer {
  return packerOf(VERSION).unpack(payload, MAX_DESTINATION_LENGTH + 1);
}
