import { assetUrl } from "./assets.ts";
import { markup, type Render } from "./render.ts";

/** What surrounds a page. */
export interface Shell {
  title: string;
  /** Path of the navigation entry that is open, `""` for none. */
  current: string;
  /** The signed-in person; null leaves the navigation out. */
  user: { email: string; csrfToken: string } | null;
  theme: Theme;
  /** The path to come back to after switching the theme; null leaves the switch out. */
  path: string | null;
}

/** `auto` follows the system. */
export type Theme = "auto" | "light" | "dark";

export const THEMES = ["auto", "light", "dark"] as const satisfies readonly Theme[];

/** The pages there are, in the order the navigation shows them. */
const NAVIGATION = [
  { href: "/", label: "Live" },
  { href: "/contacts", label: "Contacts" },
  { href: "/review", label: "Review" },
  { href: "/traffic", label: "Traffic" },
  { href: "/quality", label: "Quality" },
  { href: "/tracking-plan", label: "Tracking plan" },
  { href: "/campaigns", label: "Campaigns" },
  { href: "/sites", label: "Sites" },
  { href: "/settings", label: "Settings" },
  { href: "/welcome", label: "Get started" },
] as const;

/** Fills a template and puts the layout around it: the whole HTML document. */
export function renderPage(render: Render, template: string, view: object, shell: Shell): string {
  return render("layout", {
    ...shell,
    body: markup(render(template, view)),
    isDark: shell.theme === "dark",
    navigation: NAVIGATION.map((entry) => ({ ...entry, isOpen: entry.href === shell.current })),
    themes: THEMES.map((name) => ({ name, isOn: name === shell.theme })),
    stylesheet: assetUrl("app.css"),
    script: assetUrl("app.js"),
    icon: assetUrl("favicon.svg"),
  });
}

/** A page that a stranger may see: no navigation, no switch. */
export function publicShell(title: string): Shell {
  return { title, current: "", user: null, theme: "auto", path: null };
}
