import { PARAMETER_TYPES } from "../../collect/routes-plan.ts";

/** One row of the form's parameters. */
interface ParameterRow {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
}

/** A declared event as its form holds it: all of it text, none of it checked. */
export interface PlanForm {
  readonly name: string;
  readonly parameters: readonly ParameterRow[];
  readonly conversion: boolean;
}

const REQUIRED = "required";

/** Reads a form as it was sent; a row without a name is none. */
export function readPlanForm(form: URLSearchParams): PlanForm {
  const column = (name: string): string[] => form.getAll(name).map((text) => text.trim());
  const [types, needs] = [column("type"), column("need")];
  return {
    name: form.get("name")?.trim() ?? "",
    conversion: form.has("conversion"),
    parameters: column("parameter").flatMap((name, row) =>
      name === ""
        ? []
        : [{ name, type: types[row] ?? "string", required: needs[row] === REQUIRED }],
    ),
  };
}

/** What the template needs: the rows and an empty one more, and all choices. */
export function toPlanFormView(form: PlanForm) {
  const rows = [...form.parameters, { name: "", type: "string", required: false }];
  return {
    ...form,
    rows: rows.map((row, index) => ({
      name: row.name,
      position: index + 1,
      types: PARAMETER_TYPES.map((value) => ({ value, isOn: value === row.type })),
      needs: ["optional", REQUIRED].map((value) => ({
        value,
        isOn: (value === REQUIRED) === row.required,
      })),
    })),
  };
}
