import { type Core, guard, listen } from "./core.ts";

/**
 * Reports that a form was begun and submitted, never what was typed into it.
 *
 * Two attributes of the page change that, by the site's own choice: the field marked
 * `data-clicktrail-email` says who the visitor is, the hidden one marked `data-clicktrail-honeypot`
 * tells on programs that fill in everything.
 */
export function watchForms({ observe }: Core): void {
  const startedAt = new WeakMap<HTMLFormElement, number>();

  listen(["focusin"], ({ target }) => {
    const form = target instanceof Element && target.closest("form");
    if (!form || startedAt.has(form)) return;
    startedAt.set(form, performance.now());
    observe(
      "form_start",
      {
        ...describeForm(form),
        first_field_id: target.id,
        first_field_name: target.getAttribute("name"),
        first_field_type: target.getAttribute("type"),
        first_field_position: [...form.elements].indexOf(target) + 1,
      },
      form,
    );
  });

  // Bubbling, after every handler of the page: a cancelled submit is none.
  addEventListener(
    "submit",
    guard((event) => {
      const { target: form, submitter } = event;
      if (event.defaultPrevented || !(form instanceof HTMLFormElement)) return;
      const started = startedAt.get(form);
      observe(
        "form_submit",
        {
          ...describeForm(form),
          form_submit_text: submitter?.textContent,
          form_ms: started && Math.round(performance.now() - started),
          email: markedValue(form, "email"),
          form_honeypot: !!markedValue(form, "honeypot") || undefined,
        },
        form,
      );
    }),
  );
}

/** By attribute: a field named "id" or "action" hides the form's own property. */
function describeForm(form: HTMLFormElement): Record<string, unknown> {
  return {
    form_id: form.getAttribute("id"),
    form_name: form.getAttribute("name"),
    form_destination: new URL(form.getAttribute("action") ?? "", location.href).href,
    form_length: form.elements.length,
  };
}

function markedValue(form: HTMLFormElement, mark: string): string | undefined {
  const field = form.querySelector<HTMLInputElement>(`[data-clicktrail-${mark}]`);
  return field?.value || undefined;
}
