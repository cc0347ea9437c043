import type { Caller } from "../../lib/caller.ts";
import type { PageDeps } from "./deps.ts";
import type { PlanFacts } from "./plan-view.ts";

/** The days that the numbers of a tracking plan are of. */
export const PLAN_DAYS = 30;

type PlanDeps = Pick<PageDeps, "trackingPlan" | "readEventUse" | "isConversion" | "now">;

/** Reads what is declared, and what came in the last days. */
export async function readFacts(deps: PlanDeps, workspaceId: number): Promise<PlanFacts> {
  const [planned, use] = await Promise.all([
    deps.trackingPlan.list(workspaceId),
    deps.readEventUse(workspaceId, { days: PLAN_DAYS, until: deps.now() }),
  ]);
  return { planned, use, isConversion: (name) => deps.isConversion(workspaceId, name) };
}

/** Marks an event as a conversion, or takes the mark away; nothing where it is so already. */
export async function mark(
  deps: Pick<PageDeps, "isConversion" | "setConversion">,
  caller: Caller,
  name: string,
  isOn: boolean,
): Promise<void> {
  if (deps.isConversion(caller.workspaceId, name) !== isOn) {
    await deps.setConversion(caller, name, isOn);
  }
}
