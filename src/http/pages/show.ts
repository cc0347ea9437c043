import type { Request, Response } from "express";
import { isTimeZone } from "../format.ts";
import type { Render } from "../render.ts";
import { renderPage, THEMES, type Theme } from "../shell.ts";
import { choiceOf, rememberChoice, visitorOf } from "./session.ts";

/** What a page reads of its request, whatever its path parameters are. */
export type PageRequest = Pick<Request, "headers" | "method" | "originalUrl" | "path" | "query">;

interface Page {
  template: string;
  title: string;
  /** The navigation entry that is open. */
  current?: string;
  view: Record<string, unknown>;
  status?: number;
}

/** Answers with a page in its layout; the view also gets `csrf` and `zone`. */
export type Show = (req: PageRequest, res: Response, page: Page) => void;

export function createShow(render: Render): Show {
  return (req, res, { template, title, current = "", view, status = 200 }) => {
    const visitor = visitorOf(res);
    const zone = zoneOf(req, res);
    const html = renderPage(
      render,
      template,
      { ...view, csrf: visitor?.csrfToken ?? "", zone },
      {
        title,
        current,
        user: visitor && { email: visitor.email, csrfToken: visitor.csrfToken },
        theme: themeOf(req),
        // What a form's answer stands on can't be asked for again: back to its page.
        path: req.method === "GET" ? req.originalUrl : current || "/",
      },
    );
    res.status(status).type("html").send(html);
  };
}

/** The zone of a page's times: `?tz=`, which is remembered, else the last one, else UTC. */
export function zoneOf(req: PageRequest, res: Response): string {
  const asked = req.query["tz"];
  if (typeof asked === "string" && isTimeZone(asked)) {
    if (choiceOf(req, "tz") !== asked) rememberChoice(res, "tz", asked);
    return asked;
  }
  const kept = choiceOf(req, "tz");
  return kept !== undefined && isTimeZone(kept) ? kept : "UTC";
}

function themeOf(req: PageRequest): Theme {
  return THEMES.find((theme) => theme === choiceOf(req, "theme")) ?? "auto";
}
