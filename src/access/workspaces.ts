import { AppError } from "../lib/errors.ts";
import { nearest } from "../lib/nearest.ts";
import type { WorkspaceRow } from "./store.ts";

type Named = Pick<WorkspaceRow, "workspace_id" | "slug" | "name">;

/** How many are named to somebody who mistyped one. */
const MOST_NAMED = 20;

/**
 * Finds a workspace by what an operator calls it: its id, its slug, or its name in any case.
 *
 * @throws {AppError} `not_found` where none, `invalid_query` where several are called that
 */
export function findWorkspaceId(workspaces: readonly Named[], given: string): number {
  const wanted = given.trim().toLowerCase();
  const exact = workspaces.find(
    ({ workspace_id, slug }) => slug === wanted || String(workspace_id) === wanted,
  );
  if (exact) return exact.workspace_id;
  const [named, ...others] = workspaces.filter(({ name }) => name.trim().toLowerCase() === wanted);
  if (named && others.length === 0) return named.workspace_id;
  if (!named) {
    throw new AppError("not_found", 404, `There is no workspace "${given}".`, {
      hint: suggest(workspaces, wanted),
    });
  }
  throw new AppError("invalid_query", 422, `Several workspaces are called "${given}".`, {
    hint: `Give its number: ${describe([named, ...others])}.`,
  });
}

function suggest(workspaces: readonly Named[], wanted: string): string {
  const near = nearest(
    wanted,
    workspaces.flatMap(({ name, slug }) => [name, slug]),
  );
  const meant = workspaces.filter(({ name, slug }) => name === near || slug === near);
  return meant.length > 0
    ? `Did you mean ${describe(meant)}?`
    : `Workspaces are ${describe(workspaces)}.`;
}

function describe(workspaces: readonly Named[]): string {
  const said = workspaces
    .slice(0, MOST_NAMED)
    .map(({ workspace_id, name }) => `${name} (${workspace_id})`);
  const more = workspaces.length - said.length;
  return said.join(", ") + (more > 0 ? ` and ${more} more` : "");
}
