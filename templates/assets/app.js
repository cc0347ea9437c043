// Makes pages livelier; every one of them works without.

const announceEvery = 5000;
let announcedAt = 0;

for (const fallback of document.querySelectorAll("[data-fallback]")) fallback.hidden = true;

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", () => copy(button));
}

for (const form of document.querySelectorAll("form[data-auto]")) {
  form.addEventListener("change", () => form.requestSubmit());
}

for (const place of document.querySelectorAll("[data-stream]")) follow(place);

document.addEventListener("keydown", (event) => {
  const search = document.querySelector("[data-search]");
  const isTyping = event.target.closest("input, textarea, select");
  if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || !search) return;
  event.preventDefault();
  search.focus();
});

async function copy(button) {
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  const label = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => {
    button.textContent = label;
  }, 2000);
}

function follow(place) {
  const stream = new EventSource(place.dataset.stream);
  stream.addEventListener("activity", ({ data }) => {
    const { kind, html } = JSON.parse(data);
    const list = place.matches("[data-most]") ? place : place.querySelector(`[data-list=${kind}]`);
    if (!list) return;
    // Drawn and escaped by the server, from the same template as the page.
    list.insertAdjacentHTML("afterbegin", html);
    list.firstElementChild.classList.add("new");
    while (list.children.length > list.dataset.most) list.lastElementChild.remove();
    tick(place.querySelector(`[data-check=${kind}]`));
    announce(list.firstElementChild.textContent);
  });
}

function tick(check) {
  if (!check || check.classList.contains("done")) return;
  check.classList.add("done");
  check.querySelector("[data-state]").textContent = "done";
}

function announce(text) {
  if (Date.now() - announcedAt < announceEvery) return;
  announcedAt = Date.now();
  document.getElementById("announce").textContent = text;
}
