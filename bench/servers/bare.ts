import http from "node:http";

/** The ceiling: node:http that answers a constant 302. */
const server = http.createServer((_req, res) => {
  res
    .writeHead(302, {
      Location:
        "https://shop.example/spring/shoes?utm_source=newsletter&utm_medium=email&utm_campaign=spring",
      "Content-Length": 0,
      "Cache-Control": "no-store",
    })
    .end();
});
server.listen(Number(process.env["PORT"]), "127.0.0.1", () => console.log("listening"));
