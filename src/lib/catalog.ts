import { readdir } from "node:fs/promises";

/** One file of a catalog folder: `name` is its file name without the ending. */
export interface CatalogEntry<T> {
  readonly name: string;
  readonly entry: T;
}

const MODULE = /^(?<name>[a-z0-9-]+)\.[jt]s$/;

/**
 * Imports every file of a catalog folder, in the order of their names: a new entry is a new file.
 *
 * Runs once at start, from the sources (`.ts`) and from the build (`.js`) alike.
 *
 * @param folder  address of the folder, made with `new URL("./catalog/", import.meta.url)`
 * @param isEntry tells whether a file's default export is an entry of this catalog
 * @throws {Error} if a file's default export is no entry, or the folder holds none
 */
export async function loadCatalog<T>(
  folder: URL,
  isEntry: (value: unknown) => value is T,
): Promise<readonly CatalogEntry<T>[]> {
  const names = new Map<string, string>();
  for (const file of (await readdir(folder)).sort()) {
    const name = MODULE.exec(file)?.groups?.["name"];
    if (name !== undefined) names.set(name, file);
  }
  if (names.size === 0) throw new Error(`The catalog ${folder.href} is empty.`);
  return await Promise.all(
    [...names].map(async ([name, file]) => ({
      name,
      entry: await loadEntry(folder, file, isEntry),
    })),
  );
}

async function loadEntry<T>(
  folder: URL,
  file: string,
  isEntry: (value: unknown) => value is T,
): Promise<T> {
  const address = new URL(file, folder).href;
  const module: { default?: unknown } = await import(address);
  if (!isEntry(module.default)) throw new Error(`${address} does not export an entry by default.`);
  return module.default;
}
