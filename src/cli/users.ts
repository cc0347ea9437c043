import { publicUrl } from "../lib/config.ts";
import { AppError } from "../lib/errors.ts";
import { withContext } from "./context.ts";

/** `clicktrail users add EMAIL`: prints an address that signs this person in, once. */
export async function addUser(email: string): Promise<void> {
  if (!/^\S+@\S+$/.test(email)) {
    throw new AppError("invalid_body", 422, `"${email}" is no email address.`);
  }
  await withContext(async ({ access, config }) => {
    console.log(publicUrl(config) + (await access.createSignInPath(email)));
    console.error("The address works once, for 15 minutes.");
  });
}
