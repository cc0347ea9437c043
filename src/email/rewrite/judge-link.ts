import { createEligibility, type LinkHints, type SkipReason } from "./eligibility.ts";
import type { RewriteOptions } from "./options.ts";
import { type SlottedUrl, takeMergeTags } from "./slots.ts";
import { isUnsafeUrl, type WarningList, warnAboutDestination } from "./warnings.ts";

/** A link that will be tracked, or the reason why not; `url` is decoded in both. */
export type JudgedLink =
  | {
      readonly url: string;
      readonly destination: string;
      /** Merge tags that travel on our URL, as they stand in the source. */
      readonly tags: readonly string[];
    }
  | { readonly url: string; readonly reason: SkipReason };

interface JudgeInput {
  readonly options: RewriteOptions;
  readonly trackingBases: readonly string[];
  readonly base: string | undefined;
  readonly warnings: WarningList;
  /** Turns a source value into text: character references in HTML, nothing in plain text. */
  readonly decode: (source: string) => string;
}

/**
 * Judges the links of one part: the same order of rules in HTML and in text.
 *
 * Already tracked comes before merge tags, or a link that carries one would be wrapped twice.
 */
export function createLinkJudge(input: JudgeInput) {
  const { options, warnings, decode } = input;
  const eligibility = createEligibility(input);

  return function judgeLink(raw: string, hints: LinkHints, offset: number): JudgedLink {
    const url = decode(raw);
    if (eligibility.isTracked(url)) return { url, reason: "already_tracked" };
    const slotted = takeMergeTags(raw, decode, options.merge_tags);
    if (slotted && "reason" in slotted) {
      if (hints.optOut) return { url, reason: "opt_out" };
      warnAboutBlock(slotted.reason, offset);
      return { url, reason: slotted.reason };
    }
    const verdict = eligibility.judge(slotted?.url ?? url, hints);
    if ("reason" in verdict) {
      if (verdict.reason === "scheme" && isUnsafeUrl(url)) warnings.add("unsafe_scheme", offset);
      return { url, reason: verdict.reason };
    }
    warnAboutDestination(warnings, verdict.parsed, offset);
    return { url, ...withSlots(verdict.destination, slotted) };
  };

  /** Who asked for slots expects one here. */
  function warnAboutBlock(reason: SkipReason, offset: number): void {
    if (options.merge_tags === "slots" && reason === "merge_tag") {
      warnings.add("merge_block", offset);
    }
  }
}

function withSlots(destination: string, slotted: SlottedUrl | undefined) {
  if (!slotted) return { destination, tags: [] };
  return { destination: slotted.number(destination), tags: slotted.tags };
}
