/**
 * The preset dictionaries of sealed links, by version. Never edit one that was released: tokens in
 * mailboxes were packed with it. Add a new one instead.
 *
 * Deflate finds a piece nearer the end cheaper, so the commonest stand last.
 */
const VERSION_1 = [
  "/wp-content/uploads/.pdf.jpg.png.gif.html.htm.php.aspx?id=&p=&ref=email&source=email&campaign=",
  "&v=&t=&type=&lang=en&locale=en_US&page=&q=&search=&sort=&filter=&category=&product=&order=&code=",
  "&token=&user=&email=&key=&hash=&sid=&uid=&cid=&mid=&lid=&aid=&gclid=&fbclid=&mc_cid=&mc_eid=",
  "%20%2F%3A%2F%2F%3F%3D%26%C3%A9%C3%BC{0}{1}{2}{3}",
  "docs.google.com/forms/d/e/1FAIpQL/viewform?usp=maps.google.com/maps?q=calendar/drive.google.com/file/d/",
  "support.help.center/hc/en-us/articles/categories/sections/zendesk.com/intercom.com/mailchimp.com/",
  "eepurl.com/campaign-archive.com/hubspot.com/sendgrid.com/postmarkapp.com/litmus.com/shopify.com/",
  "myshopify.com/collections/products/all/new-arrivals/sale/checkout/cart/account/orders/order/invoice/",
  "amazon.com/dp/ebay.com/itm/etsy.com/listing/booking.com/hotel/airbnb.com/rooms/eventbrite.com/e/",
  "tickets-meetup.com/events/zoom.us/j/typeform.com/to/surveymonkey.com/r/medium.com/@wikipedia.org/wiki/",
  "apps.apple.com/us/app/id?mt=8itunes.apple.com/play.google.com/store/apps/details?id=com.",
  "github.com/blob/main/README.md/issues/pull/releases/wiki/reddit.com/r/discord.gg/discord.com/invite/",
  "t.me/tiktok.com/@pinterest.com/vimeo.com/spotify.com/track/open.spotify.com/twitch.tv/slack.com/",
  "notion.so/figma.com/file/stripe.com/paypal.com/terms-of-service/privacy-policy/legal/terms/privacy",
  "/about-us/contact-us/contact/careers/jobs/faq/pricing/features/product/products/services/solutions/",
  "company/team/press/news/newsletter/newsletters/article/articles/posts/post/stories/story/archive/",
  "blog/category/tag/author/2024/2025/2026/01/02/03/04/05/06/07/08/09/10/11/12/webinar/download/guide/",
  "dashboard/settings/profile/account/preferences/notifications/subscription/unsubscribe/login/signup/",
  "register/verify/confirm/reset-password/activate/welcome/get-started/start/learn/learn-more/courses/",
  "course/shop/store/collection/item/view/browser/preview/index.html/default.aspx/home/en/de/fr/es/us/uk/",
  ".com.au/.co.uk/.org/.net/.io/.de/.fr/.nl/.eu/.ca/.co/.app/.dev/.example/.test/localhost:3000/",
  "https://www.linkedin.com/in/https://www.linkedin.com/company/https://www.instagram.com/p/",
  "https://www.youtube.com/watch?v=https://youtu.be/https://www.youtube.com/channel/UC",
  "https://www.facebook.com/https://twitter.com/https://x.com/intent/tweet?text=https://goo.gl/bit.ly/",
  "http://www.https://shop.https://blog.https://app.https://help.https://docs.https://support.",
  "#utm_content=&utm_term=&utm_id=&utm_source=google&utm_medium=cpc?utm_source=twitter&utm_medium=social",
  "?utm_campaign=?utm_medium=email&utm_source=mailchimp&utm_campaign=spring-sale_summer_winter-black-friday",
  "&utm_content=header_footer-logo-button-cta-image-text-read-more-learn-more-shop-now-get-started",
  "&utm_source=news%20letter&utm_medium=email&utm_source=crm&utm_medium=email&utm_campaign=",
  "http://example.com/https://example.com/&utm_source=newsletter&utm_medium=email&utm_campaign=",
  "https://www..com/?utm_source=newsletter&utm_medium=email&utm_campaign=",
].join("");

/** Newest first; a token names its dictionary by the header's version. */
export const LINK_DICTIONARIES: ReadonlyMap<number, Buffer> = new Map([
  [1, Buffer.from(VERSION_1, "latin1")],
]);
