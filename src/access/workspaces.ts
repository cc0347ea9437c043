import { AppError } from "../lib/errors.ts";
import type { WorkspaceRow } from "./store.ts";

/**
 * Finds a workspace by what an operator calls it: its id, its slug, or its name in any case.
 *
 * @throws {AppError} `not_found` where none, `invalid_query` where several are called that
 */
export function findWorkspaceId(
  workspaces: readonly Pick<WorkspaceRow, "workspace_id" | "slug" | "name">[],
  given: string,
): number {
  const wanted = given.trim().toLowerCase();
  const exact = workspaces.find(
    ({ workspace_id, slug }) => slug === wanted || String(workspace_id) === wanted,
  );
  if (exact) return exact.workspace_id;
  const [named, ...others] = workspaces.filter(({ name }) => name.trim().toLowerCase() === wanted);
  if (named && others.length === 0) return named.workspace_id;
  const said = workspaces.map(({ workspace_id, name }) => `${name} (${workspace_id})`).join(", ");
  if (!named) {
    throw new AppError("not_found", 404, `There is no workspace "${given}".`, {
      hint: `Workspaces are ${said}.`,
    });
  }
  throw new AppError("invalid_query", 422, `Several workspaces are called "${given}".`, {
    hint: `Give its number. Workspaces are ${said}.`,
  });
}
