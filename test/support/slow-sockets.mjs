// Holds sockets that never finish their headers, and says on its channel how many the server closed.
//
// A process of its own: thousands of sockets must not slow down the one that measures.
import net from "node:net";

const [port, count] = process.argv.slice(2).map(Number);
let closed = 0;

for (let n = 0; n < count; n++) {
  const socket = net.connect(port, "127.0.0.1");
  let drip;
  socket.on("connect", () => {
    socket.write("GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ");
    drip = setInterval(() => socket.writable && socket.write("a"), 1000);
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    clearInterval(drip);
    closed += 1;
    if (closed === count) process.send?.("all closed");
  });
  socket.resume();
}
process.send?.("attacking");
