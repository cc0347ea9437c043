/** How many events follow one another at once, so that a client which batches has something to batch. */
const BURST = 25;

const ORDER = {
  order_id: "A-1",
  total: 120.5,
  currency: "EUR",
  products: [{ product_id: "p-7", name: "Shoe", quantity: 2, price: 60.25 }],
};

/** What a server sends, in the form of Segment's and RudderStack's Node clients: one object a call. */
export function callFromServer(analytics) {
  const who = { userId: "u-1", anonymousId: "v-1" };
  analytics.page({ ...who, name: "Pricing", properties: { plan: "pro" } });
  analytics.screen({ ...who, name: "Cart", properties: { items: 3 } });
  analytics.identify({ ...who, traits: { email: "ana@example.com", plan: "pro" } });
  analytics.track({ ...who, event: "Order Completed", properties: ORDER });
  analytics.group({ ...who, groupId: "acme", traits: { seats: 5 } });
  analytics.alias({ userId: "u-2", previousId: "u-1" });
  for (let n = 0; n < BURST; n++) {
    analytics.track({ ...who, event: "Item Seen", properties: { n } });
  }
}

/** What a page sends, in the form of analytics.js, which all browser clients share. */
export async function callFromPage(analytics) {
  await analytics.page("Pricing", { plan: "pro" });
  if (analytics.screen) await analytics.screen("Cart", { items: 3 });
  // Before identify: afterwards Segment's client writes the known user in place of the new one.
  if (analytics.alias) await analytics.alias("u-2", "u-1");
  await analytics.identify("u-1", { email: "ana@example.com", plan: "pro" });
  await analytics.track("Order Completed", ORDER);
  await analytics.group("acme", { seats: 5 });
  for (let n = 0; n < BURST; n++) analytics.track("Item Seen", { n });
}

/** Sends one more event as a link is clicked that leads away, and one as the page goes. */
export function callOnLeaving(analytics) {
  addEventListener("click", () => void analytics.track("Link Clicked", { to: "elsewhere" }));
  addEventListener("pagehide", () => void analytics.track("Page Left", { late: true }));
}
