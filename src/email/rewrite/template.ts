import type { Link } from "./link-list.ts";
import type { Edit } from "./plan.ts";

/** A part of a mail, cut at the places where the recipient's token stands. */
export interface PartTemplate {
  /** What stands before, between and after the tokens: one more than there are tokens. */
  readonly slices: readonly string[];
}

/** Makes tracking URLs up to the recipient: `https://…/c/<link>/`. */
interface LinkSealer {
  link(link: Link): string;
  /** To one of the destinations of the mail; undefined where it has none. */
  honeypot(): string | undefined;
  openPixel(): string;
}

interface TemplateInput {
  readonly source: string;
  readonly edits: readonly Edit[];
  readonly links: readonly Link[];
  readonly sealer: LinkSealer;
}

/**
 * Cuts a part into slices, so that a mail for one recipient is a concatenation: parsing, UTM and
 * sealing are paid once a campaign.
 */
export function createPartTemplate(input: TemplateInput): PartTemplate {
  const { source, edits, links, sealer } = input;
  const slices: string[] = [];
  let slice = "";
  let at = 0;
  const endSlice = (before: string, after: string) => {
    slices.push(slice + before);
    slice = after;
  };
  for (const edit of edits) {
    slice += source.slice(at, edit.start);
    at = edit.end;
    if ("text" in edit) {
      slice += edit.text;
    } else if ("link" in edit) {
      const link = links[edit.link];
      if (link) endSlice(sealer.link(link), edit.query);
    } else if (edit.insert === "open_pixel") {
      endSlice(`<img src="${sealer.openPixel()}`, PIXEL_END);
    } else {
      const sealed = sealer.honeypot();
      if (sealed) endSlice(`<a href="${sealed}`, HONEYPOT_END);
    }
  }
  slices.push(slice + source.slice(at));
  return { slices };
}

/** The part for one recipient: a recipient token, or the merge tag that becomes one. */
export function fillTemplate(template: PartTemplate, recipient: string): string {
  return template.slices.join(recipient);
}

const PIXEL_END = '.gif" width="1" height="1" alt="" style="border:0;width:1px;height:1px">';

/** Hidden from people and their screen readers; a scanner that follows every link follows it too. */
const HONEYPOT_END = '" rel="nofollow" aria-hidden="true" tabindex="-1" style="display:none"></a>';
