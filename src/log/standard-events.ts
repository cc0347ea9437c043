import { EVENT_CATEGORIES, type EventTable, readEntry, type StandardEvent } from "./event-entry.ts";

const VIDEO = "video_current_time video_duration video_provider video_title video_url visible";
const FORM = "form_id form_name form_destination form_length";
const MONEY = "currency value";
const EMAIL = "campaign_id campaign_name link_id link_label position bounce_type reason";
const EMAIL_WITH_LINK = `link_url ${EMAIL}`;

const ENTRIES: EventTable = {
  automatic: {
    page_view: {
      optional: "page_location page_referrer page_title language screen_resolution",
      native: "page_view PageView PageView page_visit",
    },
    session_start: {},
    first_visit: {},
    user_engagement: { required: "engagement_time_msec" },
  },
  enhanced: {
    scroll: { required: "percent_scrolled" },
    click: {
      required: "link_url",
      optional: "link_id link_classes link_domain link_text outbound",
      native: "click - ClickButton -",
    },
    view_search_results: {
      optional: "search_term q_*",
      native: "view_search_results Search Search search",
    },
    video_start: {
      optional: `${VIDEO} video_percent`,
      aliases: ["Video Playback Started"],
      native: "video_start - - watch_video",
    },
    video_progress: {
      required: "video_percent",
      optional: VIDEO,
      aliases: ["Video Content Playing"],
    },
    video_complete: {
      optional: `${VIDEO} video_percent`,
      aliases: ["Video Playback Completed"],
    },
    file_download: {
      required: "file_name file_extension link_url",
      optional: "link_id link_text",
      aliases: ["Download Link Clicked"],
      native: "file_download - Download -",
    },
    form_start: {
      optional: `${FORM} first_field_id first_field_name first_field_type first_field_position`,
    },
    form_submit: {
      optional: `${FORM} form_submit_text`,
      aliases: ["Form Submitted"],
      native: "form_submit - SubmitForm -",
    },
  },
  ecommerce: {
    view_item_list: {
      required: "items",
      conditional: "currency",
      optional: "item_list_id item_list_name",
      aliases: ["Product List Viewed", "Product Category Viewed"],
      native: "view_item_list - - view_category",
    },
    select_item: {
      conditional: "items",
      optional: "item_list_id item_list_name",
      aliases: ["Product Clicked"],
      native: "select_item - ClickButton -",
    },
    view_item: {
      required: "items",
      conditional: MONEY,
      aliases: ["Product Viewed"],
      native: "view_item ViewContent ViewContent view_content",
    },
    add_to_cart: {
      required: "items",
      conditional: MONEY,
      aliases: ["Product Added"],
      native: "add_to_cart AddToCart AddToCart add_to_cart",
    },
    remove_from_cart: { required: "items", conditional: MONEY, aliases: ["Product Removed"] },
    view_cart: { required: "items", conditional: MONEY, aliases: ["Cart Viewed"] },
    add_to_wishlist: {
      required: "items",
      conditional: MONEY,
      aliases: ["Product Added to Wishlist"],
      native: "add_to_wishlist AddToWishlist AddToWishlist add_to_wishlist",
    },
    begin_checkout: {
      required: "items",
      conditional: MONEY,
      optional: "coupon",
      aliases: ["Checkout Started"],
      native: "begin_checkout InitiateCheckout InitiateCheckout initiate_checkout",
    },
    add_shipping_info: {
      required: "items",
      conditional: MONEY,
      optional: "coupon shipping_tier",
    },
    add_payment_info: {
      required: "items",
      conditional: MONEY,
      optional: "coupon payment_type",
      aliases: ["Payment Info Entered"],
      native: "add_payment_info AddPaymentInfo AddPaymentInfo add_payment_info",
    },
    purchase: {
      required: "transaction_id items",
      conditional: MONEY,
      optional: "customer_type coupon shipping tax",
      aliases: ["Order Completed"],
      native: "purchase Purchase Purchase checkout",
      keyEvent: true,
    },
    refund: {
      required: "transaction_id",
      conditional: MONEY,
      optional: "coupon shipping tax items",
      aliases: ["Order Refunded"],
    },
    view_promotion: {
      conditional: "items",
      optional: "creative_name creative_slot promotion_id promotion_name",
      aliases: ["Promotion Viewed"],
    },
    select_promotion: {
      optional: "creative_name creative_slot promotion_id promotion_name items",
      aliases: ["Promotion Clicked"],
    },
    customize_product: {
      optional: `items ${MONEY}`,
      native: "- CustomizeProduct CustomizeProduct customize_product",
    },
    place_order: {
      optional: `transaction_id ${MONEY} items`,
      aliases: ["Order Placed"],
      native: "- - PlaceAnOrder -",
    },
  },
  lead: {
    generate_lead: {
      conditional: MONEY,
      optional: "lead_source",
      aliases: ["Generate Lead", "Lead Generated"],
      native: "generate_lead Lead Lead lead",
      keyEvent: true,
    },
    qualify_lead: { conditional: MONEY, keyEvent: true },
    disqualify_lead: { conditional: MONEY, optional: "disqualified_lead_reason" },
    working_lead: { conditional: MONEY, optional: "lead_status" },
    close_convert_lead: { conditional: MONEY, keyEvent: true },
    close_unconvert_lead: { conditional: MONEY, optional: "unconvert_lead_reason" },
    contact: {
      optional: `method ${MONEY}`,
      aliases: ["Callback Started"],
      native: "- Contact Contact contact",
      keyEvent: true,
    },
    schedule: { optional: MONEY, native: "- Schedule Schedule schedule", keyEvent: true },
    submit_application: {
      optional: MONEY,
      native: "- SubmitApplication SubmitApplication submit_application",
      keyEvent: true,
    },
    application_approval: { optional: MONEY, native: "- - ApplicationApproval -" },
    find_location: {
      optional: "search_term",
      native: "- FindLocation FindLocation find_location",
    },
  },
  account: {
    sign_up: {
      optional: "method",
      aliases: ["Signed Up"],
      native: "sign_up CompleteRegistration CompleteRegistration signup",
      keyEvent: true,
    },
    login: { optional: "method", aliases: ["Signed In"] },
    join_group: { optional: "group_id" },
  },
  engagement: {
    search: {
      required: "search_term",
      aliases: ["Products Searched"],
      native: "search Search Search search",
    },
    share: { optional: "method content_type item_id", aliases: ["Product Shared"] },
    select_content: { optional: "content_type content_id" },
    tutorial_begin: {},
    tutorial_complete: {},
  },
  game: {
    earn_virtual_currency: { optional: "virtual_currency_name value" },
    spend_virtual_currency: { required: "value virtual_currency_name", optional: "item_name" },
    level_up: { optional: "level character" },
    post_score: { required: "score", optional: "level character" },
    unlock_achievement: { required: "achievement_id" },
  },
  subscription: {
    start_trial: {
      optional: `${MONEY} predicted_ltv`,
      aliases: ["Trial Started"],
      native: "- StartTrial StartTrial start_trial",
      keyEvent: true,
    },
    subscribe: {
      optional: `${MONEY} predicted_ltv`,
      aliases: ["Subscription Created"],
      native: "- Subscribe Subscribe subscribe",
      keyEvent: true,
    },
    donate: { optional: MONEY, native: "- Donate - -" },
  },
  email: {
    email_sent: { required: "message_id", optional: EMAIL_WITH_LINK },
    email_delivered: {
      required: "message_id",
      optional: EMAIL_WITH_LINK,
      aliases: ["Email Delivered"],
    },
    email_opened: {
      required: "message_id",
      optional: EMAIL_WITH_LINK,
      aliases: ["Email Opened"],
    },
    email_clicked: {
      required: "message_id link_url",
      optional: EMAIL,
      aliases: ["Email Link Clicked"],
    },
    email_bounced: {
      required: "message_id",
      optional: EMAIL_WITH_LINK,
      aliases: ["Email Bounced"],
    },
    email_complained: {
      required: "message_id",
      optional: EMAIL_WITH_LINK,
      aliases: ["Email Marked as Spam"],
    },
    email_unsubscribed: {
      required: "message_id",
      optional: EMAIL_WITH_LINK,
      aliases: ["Unsubscribed"],
    },
    email_deferred: { required: "message_id", optional: EMAIL_WITH_LINK },
  },
};

/**
 * The standard events by name: GA4's documented ones, lead, subscription and email events.
 *
 * A new one is one entry here. Any other name is a custom event.
 *
 * @see https://developers.google.com/analytics/devguides/collection/ga4/reference/events
 */
export const STANDARD_EVENTS: ReadonlyMap<string, StandardEvent> = new Map(
  EVENT_CATEGORIES.flatMap((category) =>
    Object.entries(ENTRIES[category]).map(([name, entry]): [string, StandardEvent] => [
      name,
      readEntry(name, category, entry),
    ]),
  ),
);
