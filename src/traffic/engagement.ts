import type { EventRow } from "../log/event.ts";

/** How long after landing an act still speaks for the click that brought the visitor: a longest session. */
export const ENGAGEMENT_MS = 24 * 3_600_000;

/**
 * Events that take a hand. Page views and what fires by itself (list and item views, timers) are left
 * out: a scanner that runs the page's script sends those too.
 */
const ACTS = new Set(
  (
    "scroll user_engagement click file_download video_start form_start form_submit search " +
    "select_item select_promotion select_content add_to_cart remove_from_cart add_to_wishlist " +
    "begin_checkout add_shipping_info add_payment_info purchase place_order generate_lead sign_up " +
    "login share contact schedule submit_application customize_product start_trial subscribe donate " +
    "tutorial_begin tutorial_complete join_group"
  ).split(" "),
);

/** Whether an event shows a person at work on the site. Whether its sender is a machine is judged apart. */
export function isEngagement({ type, name, context, properties }: EventRow): boolean {
  if (type !== "track" || !ACTS.has(name)) return false;
  // Our script tells whether the page was touched: an autofocus starts a form, too. A purchase is
  // reported by a page of thanks that nobody needs to touch.
  const { interacted } = context;
  if ((interacted === 0 || interacted === false) && name !== "purchase") return false;
  // Written when a page is left, also after no time spent on it.
  return name !== "user_engagement" || properties["engagement_time_msec"] !== 0;
}
