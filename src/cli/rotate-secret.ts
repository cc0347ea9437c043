import { loadConfig } from "../lib/config.ts";
import { openDataFolder } from "../lib/data-folder.ts";
import { AppError } from "../lib/errors.ts";

/**
 * `clicktrail keys rotate`: a new secret for links, in force from the next start.
 *
 * @throws {AppError} `invalid_config` where the secret comes from the environment: only its owner can change it
 */
export async function rotateSecret(): Promise<void> {
  const config = loadConfig(process.env);
  if (config.SECRET !== undefined) {
    throw new AppError("invalid_config", 422, "SECRET is set, so it cannot be changed here.", {
      hint: "Add the new secret to SECRET_PREVIOUS on every node and restart; then swap the two and restart.",
    });
  }
  const folder = await openDataFolder(config.DATA_DIR);
  await folder.rotateSecret();
  console.error("A new secret signs links from the next start on; earlier links go on working.");
}
