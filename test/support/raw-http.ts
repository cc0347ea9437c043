import net from "node:net";

/**
 * Sends bytes as they are and reads until the server closes the connection.
 *
 * @returns everything that came back
 */
export async function sendRaw(url: string, bytes: string | Buffer): Promise<string> {
  const socket = net.connect(Number(new URL(url).port), "127.0.0.1");
  socket.write(bytes);
  return new Promise((resolve, reject) => {
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(text));
  });
}
