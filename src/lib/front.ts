import type { IncomingMessage } from "node:http";

/** What a door without Express reads of a request; an IncomingMessage is one. */
export type RequestHead = Pick<IncomingMessage, "method" | "url" | "headers" | "socket">;

/** A whole answer. Its length is told by whoever sends it, and a HEAD request gets no body. */
export interface Reply {
  readonly status: number;
  /** ASCII, or empty. */
  readonly location: string;
  /** Names and values in turn; one list for all replies of a kind, so that its text can be remembered. */
  readonly headers: readonly string[];
  readonly body: string | Buffer;
}

/**
 * Answers requests before Express sees them.
 *
 * @param send takes the reply, at once or later, exactly once
 * @returns    false when the request is none of the front's: then `send` is never called
 */
export type Front = (request: RequestHead, send: (reply: Reply) => void) => boolean;
