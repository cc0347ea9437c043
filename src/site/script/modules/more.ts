import type { CompiledTrigger, EmbeddedPlayer } from "../compiled.ts";
import type { Core } from "../core.ts";
import { waitForConsent } from "./consent.ts";
import { watchPlayers } from "./players.ts";
import { watchTriggers } from "./triggers.ts";

/** How a site starts that asks its visitors first. */
export { waitForConsent as consent };

/** Sends the events of triggers: those that a site has published, and those that every site has. */
export function start(
  core: Core,
  [triggers, players]: readonly [readonly CompiledTrigger[], readonly EmbeddedPlayer[]],
): void {
  watchTriggers(core, triggers);
  watchPlayers(core, players);
}
