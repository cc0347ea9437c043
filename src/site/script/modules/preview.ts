import type { CompiledCondition, PreviewArgument } from "../compiled.ts";
import type { Core, Signal } from "../core.ts";
import { readText } from "./values.ts";

const STYLE = `
  :host { all: initial; position: fixed; z-index: 2147483647; right: 12px; bottom: 12px; color-scheme: light dark; }
  section { font: 13px/1.45 system-ui, sans-serif; width: min(24rem, calc(100vw - 24px)); max-height: 60vh;
    display: flex; flex-direction: column; border: 1px solid #8b938d; border-radius: 12px; overflow: hidden;
    background: light-dark(#fffefb, #1b211e); color: light-dark(#212a26, #e6e9e2); box-shadow: 0 8px 30px #0004; }
  header { display: flex; gap: 8px; align-items: center; padding: 8px 12px; background: light-dark(#e4efe8, #20342b); }
  h2 { font: 600 14px system-ui, sans-serif; margin: 0; flex: 1; }
  h3 { font: 600 12px system-ui, sans-serif; margin: 10px 0 4px; }
  button { font: inherit; padding: 2px 10px; border: 1px solid #8b938d; border-radius: 8px; background: none; color: inherit; cursor: pointer; }
  button:focus-visible { outline: 3px solid light-dark(#1c6b52, #74cda9); outline-offset: 2px; }
  div { padding: 4px 12px 12px; overflow: auto; }
  section.folded div { display: none; }
  ul { list-style: none; margin: 0; padding: 0; }
  li { padding: 4px 0; border-top: 1px solid light-dark(#e0dccf, #2f3833); overflow-wrap: anywhere; }
  li.fired b::before { content: "✓ "; color: light-dark(#1c6b52, #74cda9); }
  small { display: block; color: light-dark(#5d6761, #9ba8a0); }
  p { margin: 6px 0; }`;

/** How much of a value or of the list of events is shown. */
const LONGEST = 120;
const MOST_EVENTS = 30;

/** Shows on the page what the draft's triggers do, and why one did not fire. Nothing is sent meanwhile. */
export function start(core: Core, { problem, triggers }: PreviewArgument): void {
  const host = document.createElement("clicktrail-preview");
  const root = host.attachShadow({ mode: "open" });
  // Made by script, which a policy without 'unsafe-inline' allows.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];

  const panel = add(root, "section");
  panel.setAttribute("aria-label", "clicktrail preview");
  const header = add(panel, "header");
  add(header, "h2", "clicktrail preview");
  const fold = add(header, "button", "Fold");
  fold.setAttribute("aria-expanded", "true");
  fold.addEventListener("click", () => {
    const isFolded = panel.classList.toggle("folded");
    fold.textContent = isFolded ? "Unfold" : "Fold";
    fold.setAttribute("aria-expanded", `${!isFolded}`);
  });
  add(header, "button", "End").addEventListener("click", () => {
    sessionStorage.removeItem("clicktrail_preview");
    location.reload();
  });
  const body = add(panel, "div");
  document.documentElement.append(host);
  if (problem) {
    add(body, "p", problem).setAttribute("role", "alert");
    return;
  }

  add(body, "p", "Nothing is sent from this page while you look.");
  add(body, "h3", "Triggers of the draft");
  const rows = add(body, "ul");
  const states = triggers.map(({ name, conditions }) => {
    const row = add(rows, "li");
    add(row, "b", name);
    return { row, conditions, fired: 0, text: add(row, "small", "has not happened yet") };
  });
  if (triggers.length === 0) add(body, "p", "The draft has no trigger that is switched on.");
  add(body, "h3", "Events that would be sent");
  const events = add(body, "ul");

  const why = (
    conditions: readonly string[],
    failed: unknown,
    condition: CompiledCondition | undefined,
    signal: Signal | undefined,
  ): string => {
    if (failed === -2) return "did not fire: another element was meant by the CSS selector";
    if (typeof failed !== "number") return `cannot work: ${failed}`;
    const [, , ...paths] = condition ?? [0, 0];
    const value = signal ? readText(paths, signal) : "";
    return `did not fire: ${conditions[failed]} – it was ${shorten(value)}`;
  };
  core.report = ([, , , , , , , index = -1], failed, condition, signal) => {
    const state = states[index];
    if (!state) return;
    if (failed !== -1) {
      state.text.textContent = why(state.conditions, failed, condition, signal);
      return;
    }
    state.fired += 1;
    state.row.className = "fired";
    state.text.textContent = state.fired > 1 ? `fired ${state.fired} times` : "fired";
  };

  const tellCall = (name: string, details: unknown): void => {
    const row = document.createElement("li");
    add(row, "b", name);
    if (details) add(row, "small", shorten(details));
    events.prepend(row);
    if (events.children.length > MOST_EVENTS) events.lastElementChild?.remove();
  };
  const { api } = core;
  api.track = (name, properties) => tellCall(name, properties);
  api.page = (name, properties) => tellCall("page view", properties ?? name);
  api.identify = (userId, traits) => tellCall("identify", { userId, traits });
}

function add<K extends keyof HTMLElementTagNameMap>(
  parent: Node,
  name: K,
  text = "",
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  element.textContent = text;
  parent.appendChild(element);
  return element;
}

function shorten(value: unknown): string {
  const text = (typeof value === "string" ? `“${value}”` : JSON.stringify(value)) ?? "empty";
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
