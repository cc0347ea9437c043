import type { EmbeddedPlayer } from "../compiled.ts";
import type { Core } from "../core.ts";
import { lookUntil } from "./look.ts";

/** What YouTube tells, and what Vimeo tells. */
interface Message {
  readonly event: string;
  /** A state's number, or whatever has changed. */
  readonly info?: Partial<Player> & { readonly videoData?: Partial<Player> };
  readonly data?: { readonly seconds: number; readonly duration: number };
}

/** What is known of a player, in the words of the browser's own videos; it says it piece by piece. */
interface Player {
  readonly provider: string;
  readonly title: string;
  readonly currentSrc: string;
  readonly duration: number;
  /** YouTube's numbers: 1 plays, 0 is over. */
  readonly playerState: number;
}

/** Makes of what embedded players tell that which a video of the page itself would. */
export function watchPlayers(core: Core, embedded: readonly EmbeddedPlayer[]): void {
  const players = new Map<unknown, Partial<Player>>();

  core.listen(["message"], ({ source, data: text }) => {
    const target = players.get(source);
    if (!target) return;
    const message: Message = typeof text === "string" ? JSON.parse(text) : text;
    const { event, info, data: time } = message;
    Object.assign(
      target,
      event === "onStateChange" ? { playerState: info } : info,
      info?.videoData,
      time && { ...time, currentTime: time.seconds },
    );
    core.notice({ type: ["ended", "timeupdate"][target.playerState as number] ?? event, target });
  });

  // A player answers nothing before it is ready: it is asked until it does.
  lookUntil(() => {
    for (const [provider, selector, questions] of embedded) {
      for (const { contentWindow, title, src } of document.querySelectorAll<HTMLIFrameElement>(
        selector,
      )) {
        const player = players.get(contentWindow) ?? { provider, title, currentSrc: src };
        players.set(contentWindow, player);
        if (player.duration) continue;
        for (const question of questions) contentWindow?.postMessage(question, "*");
      }
    }
  });
}
