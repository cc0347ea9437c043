import express from "express";

/** What most services do: an Express route that answers a constant redirect. */
const app = express();
app.get("/c/:link/:recipient", (_req, res) => {
  res.redirect(
    302,
    "https://shop.example/spring/shoes?utm_source=newsletter&utm_medium=email&utm_campaign=spring",
  );
});
app.listen(Number(process.env["PORT"]), "127.0.0.1", () => console.log("listening"));
