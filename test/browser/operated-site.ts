import type { Browser, BrowserContext } from "playwright-core";
import { disposeService, type RunningService, startService } from "../support/service.ts";
import { type ServiceSite, startServiceSite } from "./service-site.ts";
import { AS_A_PERSON, launchChromium } from "./support.ts";

/** A service, a site with its tag, and a browser in which somebody is signed in. */
interface OperatedSite {
  readonly service: RunningService;
  readonly site: ServiceSite;
  readonly browser: Browser;
  /** Who is signed in. */
  readonly operator: BrowserContext;
  stop(): Promise<void>;
}

/** Starts all of it; videos play without a hand. */
export async function startOperatedSite(): Promise<OperatedSite> {
  const service = await startService();
  const site = await startServiceSite();
  site.service = service.url;
  const browser = await launchChromium([
    ...AS_A_PERSON,
    "--autoplay-policy=no-user-gesture-required",
  ]);
  const operator = await browser.newContext();
  const page = await operator.newPage();
  await page.goto(service.signInUrl());
  await page.close();
  return {
    service,
    site,
    browser,
    operator,
    async stop() {
      await browser.close();
      site.stop();
      await disposeService(service);
    },
  };
}
