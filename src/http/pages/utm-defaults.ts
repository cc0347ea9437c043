import express, { type Request, type RequestHandler, type Response, type Router } from "express";
import { actorOf } from "../../access/access.ts";
import { readUtmDefault } from "../../email/routes-utm.ts";
import { UTM_KEYS } from "../../email/utm.ts";
import type { UtmDefault } from "../../email/utm-defaults.ts";
import { AppError } from "../../lib/errors.ts";
import { textOf } from "./contacts.ts";
import type { PageDeps } from "./deps.ts";
import { readSessionForm, requireAdmin, signedInOf } from "./session.ts";
import type { Show } from "./show.ts";

const PATH = "/settings/utm";

const LABELS = {
  utm_source: ["Source", "newsletter"],
  utm_medium: ["Medium", "auto"],
  utm_campaign: ["Campaign", "auto"],
  utm_term: ["Term", ""],
  utm_content: ["Content", "auto"],
  utm_id: ["Id", ""],
} as const;

/** What was typed, and what was wrong with it. */
interface UtmForm {
  readonly campaign: string;
  readonly utm: Readonly<Record<string, string | undefined>>;
  readonly error: string;
}

/** `/settings/utm`: the parameters that links get without being asked for. */
export function createUtmPages(deps: PageDeps, show: Show, gate: RequestHandler): Router {
  const router = express.Router();
  const { access, utmDefaults } = deps;

  async function showDefaults(req: Request, res: Response, failed?: UtmForm): Promise<void> {
    const { workspaceId, scopes } = signedInOf(res).caller;
    const stored = await utmDefaults.list(workspaceId);
    const form = failed ?? toForm(stored, textOf(req, "campaign"));
    const view = {
      isAdmin: scopes.has("admin"),
      stored: stored.map((one) => ({ ...describe(one), campaign: one.campaign })),
      form,
      fields: UTM_KEYS.map((key) => ({
        key,
        label: LABELS[key][0],
        placeholder: LABELS[key][1],
        value: form.utm[key] ?? "",
      })),
    };
    const status = failed ? 422 : 200;
    show(req, res, {
      template: "utm-defaults",
      title: "UTM parameters",
      current: "/settings",
      view,
      status,
    });
  }

  router.get(PATH, gate, (req, res) => showDefaults(req, res));

  router.post(PATH, gate, async (req, res) => {
    const given = readForm(await readSessionForm(req, res, access));
    const { caller } = requireAdmin(res);
    try {
      const { campaign, utm } = given;
      const stored = readUtmDefault({ campaign: campaign === "" ? null : campaign, utm });
      await utmDefaults.set(caller.workspaceId, stored, actorOf(caller));
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error;
      const message = error.errors[0]?.message ?? error.message;
      return showDefaults(req, res, { ...given, error: message });
    }
    res.redirect(303, PATH);
  });

  return router;
}

/** An empty field is no parameter. */
function readForm(form: URLSearchParams): UtmForm {
  const text = (name: string) => (form.get(name) ?? "").trim();
  const utm = UTM_KEYS.flatMap((key) => (text(key) === "" ? [] : [[key, text(key)] as const]));
  return { campaign: text("campaign"), utm: Object.fromEntries(utm), error: "" };
}

function toForm(stored: readonly UtmDefault[], campaign: string): UtmForm {
  const found = stored.find((one) => (one.campaign ?? "") === campaign);
  return { campaign, utm: found?.utm ?? {}, error: "" };
}

function describe({ campaign, utm }: UtmDefault) {
  return {
    name: campaign ?? "Every campaign",
    href: campaign === null ? PATH : `${PATH}?${new URLSearchParams({ campaign })}`,
    query: UTM_KEYS.flatMap((key) => (utm[key] ? [`${key}=${utm[key]}`] : [])).join(" "),
  };
}
