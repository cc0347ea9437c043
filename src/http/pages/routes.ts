import express, { type Router } from "express";
import { createDocRoutes } from "../openapi/routes.ts";
import type { Render } from "../render.ts";
import { createCampaignPages } from "./campaigns.ts";
import { createContactPrivacyPages } from "./contact-privacy.ts";
import { createContactPages } from "./contacts.ts";
import type { PageDeps } from "./deps.ts";
import { createDomainPages } from "./domains.ts";
import { createFailedPages } from "./failed-events.ts";
import { createHookPages } from "./hooks.ts";
import { createJourneyPages } from "./journey.ts";
import { createLivePages } from "./live.ts";
import { createReviewPages } from "./review.ts";
import { createSignInGate, createWelcomingGate } from "./session.ts";
import { createSettingsPages } from "./settings.ts";
import { createShow } from "./show.ts";
import { createSignInPages } from "./sign-in.ts";
import { createSitePage } from "./site.ts";
import { createSitePages } from "./sites.ts";
import { createTrafficPages } from "./traffic.ts";
import { createTriggerPages } from "./trigger.ts";
import { createUtmPages } from "./utm-defaults.ts";
import { createWelcomePages } from "./welcome.ts";

/** Every page. The sign-in pages come first: they take one-time links on `/welcome`. */
export function createPageRoutes(deps: PageDeps, render: Render): Router {
  const router = express.Router();
  const show = createShow(render);
  const gate = createSignInGate(deps.access);
  router.use(createSignInPages(deps.access, show, gate));
  router.use(createDocRoutes(deps.access.baseUrl, show, createWelcomingGate(deps.access)));
  router.use(createLivePages(deps, show, gate, render));
  router.use(createWelcomePages(deps, show, gate));
  router.use(createCampaignPages(deps, show, gate));
  router.use(createContactPages(deps, show, gate));
  router.use(createJourneyPages(deps, show, gate));
  router.use(createContactPrivacyPages(deps, show, gate));
  router.use(createTrafficPages(deps, show, gate));
  router.use(createFailedPages(deps, show, gate));
  router.use(createReviewPages(deps, show, gate));
  router.use(createSitePages(deps, show, gate));
  router.use(createSitePage(deps, show, gate));
  router.use(createTriggerPages(deps, show, gate));
  router.use(createDomainPages(deps, show, gate));
  router.use(createSettingsPages(deps, show, gate));
  router.use(createUtmPages(deps, show, gate));
  router.use(createHookPages(deps, show, gate));
  return router;
}
