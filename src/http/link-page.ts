import { createRender } from "./render.ts";
import { publicShell, renderPage } from "./shell.ts";

/** Why a tracked link leads nowhere. */
type DeadLink = "unknown" | "expired" | "stopped";

const TEXT: Record<DeadLink, { heading: string; advice: string }> = {
  unknown: {
    heading: "This link is unknown.",
    advice: "It may have been cut off or changed on its way. Try it again from the original email.",
  },
  expired: {
    heading: "This link has expired.",
    advice: "Its sender set it to work for a limited time only.",
  },
  stopped: {
    heading: "This link was stopped by its sender.",
    advice: "If you expected something here, ask the sender of the email.",
  },
};

const pages = renderAll();

/**
 * The page a reader gets for a link that leads nowhere. Made once at start: costs a look-up. `unknown` is
 * the one for every link that is forged, cut or foreign, whatever was wrong with it.
 */
export function renderLinkPage(reason: DeadLink): string {
  return pages[reason];
}

function renderAll(): Record<DeadLink, string> {
  const render = createRender();
  const page = (reason: DeadLink): string =>
    renderPage(
      render,
      "message",
      { ...TEXT[reason], details: [] },
      publicShell(TEXT[reason].heading),
    );
  return { unknown: page("unknown"), expired: page("expired"), stopped: page("stopped") };
}
