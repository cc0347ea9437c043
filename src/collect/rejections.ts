import { AppError, type FieldError } from "../lib/errors.ts";
import type { RejectCode } from "./limits.ts";

/** Where the fault is, and what would be right. */
const EXPLANATIONS: Record<RejectCode, FieldError> = {
  forbidden_key: { pointer: "", message: "No key may be __proto__, constructor or prototype." },
  id_too_long: { pointer: "", message: "Ids have at most 512 characters." },
  invalid_event: { pointer: "", message: "An event is a JSON object." },
  invalid_timestamp: { pointer: "/timestamp", message: "Expected an ISO 8601 time." },
  message_id_reused: {
    pointer: "/messageId",
    message:
      "Another event came with this messageId. Replaying takes this one under an id of its own.",
  },
  missing_event_name: { pointer: "/event", message: "A track call names its event." },
  missing_group_id: { pointer: "/groupId", message: "A group call names its group." },
  missing_previous_id: { pointer: "/previousId", message: "An alias call names the earlier id." },
  missing_type: { pointer: "/type", message: "Expected the type of the call, such as track." },
  name_too_long: { pointer: "", message: "Names have at most 128 characters." },
  no_identity: { pointer: "/userId", message: "Expected a userId or an anonymousId." },
  number_too_large: { pointer: "", message: "Numbers are at most 1.8e308 in size." },
  too_deep: { pointer: "", message: "An event is nested at most 8 levels deep." },
  too_large_event: { pointer: "", message: "An event has at most 32 kB." },
  too_many_properties: { pointer: "/properties", message: "At most 200 properties or traits." },
  unknown_type: {
    pointer: "/type",
    message: "Types are track, page, screen, identify, group and alias.",
  },
};

/** The error of a request whose only event was refused: it can never succeed, so it is a 400. */
export function describeRejection(code: RejectCode): AppError {
  const error = EXPLANATIONS[code];
  return new AppError(code, 400, error.message, { errors: [error] });
}

/** A reason as a sentence: what would be right. What the database said stands for itself. */
export function explainReason(reason: string): string {
  const known = Object.entries(EXPLANATIONS).find(([code]) => code === reason);
  return known?.[1].message ?? BODY_EXPLANATIONS[reason] ?? reason;
}

/** Where the whole body could not be read. */
const BODY_EXPLANATIONS: Readonly<Record<string, string>> = {
  invalid_json: "The body is not JSON in UTF-8.",
  unmatched_mail:
    "The report fits no mail and no contact of this workspace. Replay it once they are known here.",
  report_waiting: "The report came while the database was away; it is matched by itself after.",
  invalid_body: "Expected one event, a list of them, or {batch: […]}.",
  body_too_large: "A batch holds at most 1,000 events, and 4 kB of context of its own.",
};
