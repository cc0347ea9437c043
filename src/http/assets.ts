import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import express, { type Router } from "express";

const TYPES = {
  "app.css": "text/css; charset=utf-8",
  "app.js": "text/javascript; charset=utf-8",
  "favicon.svg": "image/svg+xml",
} as const;

type AssetName = keyof typeof TYPES;

interface Asset {
  /** Carries a hash of the content, so it can be kept for ever. */
  url: string;
  type: string;
  bytes: Buffer;
}

const FOLDER = new URL("../../templates/assets/", import.meta.url);

const assets = new Map<AssetName, Asset>();
for (const name of Object.keys(TYPES).filter(isAssetName)) assets.set(name, read(name));

/** The address of a stylesheet, script or icon of ours. */
export function assetUrl(name: AssetName): string {
  return assetOf(name).url;
}

/** Serves the three files under their hashed names, and the icon where browsers guess it. */
export function createAssetRoutes(): Router {
  const router = express.Router();
  for (const { url, type, bytes } of assets.values()) {
    router.get(url, (_req, res) => {
      res.set({ "Content-Type": type, "Cache-Control": "public, max-age=31536000, immutable" });
      res.send(bytes);
    });
  }
  router.get(["/favicon.ico", "/favicon.svg"], (_req, res) => {
    const { type, bytes } = assetOf("favicon.svg");
    res.set({ "Content-Type": type, "Cache-Control": "public, max-age=86400" }).send(bytes);
  });
  return router;
}

function read(name: AssetName): Asset {
  const bytes = readFileSync(fileURLToPath(new URL(name, FOLDER)));
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
  const [stem, extension] = name.split(".");
  return { url: `/assets/${stem}.${hash}.${extension}`, type: TYPES[name], bytes };
}

function assetOf(name: AssetName): Asset {
  const asset = assets.get(name);
  if (!asset) throw new Error(`There is no asset "${name}".`);
  return asset;
}

function isAssetName(name: string): name is AssetName {
  return Object.hasOwn(TYPES, name);
}
