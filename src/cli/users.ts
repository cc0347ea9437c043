import { publicUrl } from "../lib/config.ts";
import { AppError } from "../lib/errors.ts";
import { type WorkspaceOption, withContext, workspaceOf } from "./context.ts";

/** `clicktrail users add EMAIL`: prints an address that signs this person in, once. */
export async function addUser(email: string, options: WorkspaceOption): Promise<void> {
  if (!/^\S+@\S+$/.test(email)) {
    throw new AppError("invalid_body", 422, `"${email}" is no email address.`);
  }
  await withContext(async (context) => {
    const { access, config } = context;
    const workspaceId = await workspaceOf(context, options);
    console.log(publicUrl(config) + (await access.createSignInPath(email, workspaceId)));
    console.error("The address works once, for 15 minutes.");
  });
}
