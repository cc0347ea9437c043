import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** The open connections of a server, and what each is answering. */
export interface Connections {
  count(): number;
  /** Notes a request as it begins; on the hot path, so nothing is noted when it ends. */
  answering(req: IncomingMessage, res: ServerResponse): void;
  /** The answer that the connection has begun or owes, if any. */
  openAnswer(socket: Socket): ServerResponse | undefined;
  /** From now on every answer says `Connection: close`, also to requests that came before. */
  closeWhenAnswered(): void;
  /** Closes the connections on which no request is under way. */
  closeUnused(): void;
}

/** Follows a server's connections from now on. */
export function followConnections(server: Server): Connections {
  const answers = new Map<Socket, ServerResponse | undefined>();
  let isClosing = false;

  server.on("connection", (socket: Socket) => {
    answers.set(socket, undefined);
    socket.once("close", () => answers.delete(socket));
  });

  function openAnswer(socket: Socket): ServerResponse | undefined {
    const answer = answers.get(socket);
    return answer?.writableFinished ? undefined : answer;
  }

  return {
    count: () => answers.size,
    answering(req, res) {
      answers.set(req.socket, res);
      if (isClosing) res.setHeader("Connection", "close");
    },
    openAnswer,
    closeWhenAnswered() {
      isClosing = true;
      for (const answer of answers.values()) {
        if (answer && !answer.headersSent) answer.setHeader("Connection", "close");
      }
    },
    closeUnused() {
      server.closeIdleConnections();
      // One that has never sent a byte counts as busy there, until its headers are overdue.
      for (const socket of answers.keys()) if (socket.bytesRead === 0) socket.destroy();
    },
  };
}
