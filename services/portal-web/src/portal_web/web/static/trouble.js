// When the portal does not answer a script: show a message, and keep what was there. The list is requested again.

const AGAIN_MS = 5000;
const line = document.getElementById("trouble");
let timer;

document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  if (ctx.response.status >= 400) return;
  if (ctx.select && !contains(ctx.text, ctx.select)) {  // not our page: a proxy's, for example
    event.preventDefault();
    away(ctx);
  } else clear();
});
document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  const { status } = ctx.response;
  if (ctx.hx?.refresh) return;
  if (status === 401) {
    document.getElementById("signed-out").hidden = false;
    return;
  }
  if (status >= 500 || status === 429 || status === 408) away(ctx);
  else show(line.dataset.refused);
});
document.addEventListener("htmx:error", ({ detail: { ctx } }) => { if (ctx) away(ctx); });

const contains = (text, selector) => new DOMParser().parseFromString(text, "text/html").querySelector(selector) !== null;

function show(text) {
  clearTimeout(timer);
  const words = line.querySelector("span");
  if (words.textContent !== text || line.hidden) words.textContent = text;
  line.hidden = false;
}

function clear() {
  clearTimeout(timer);
  line.hidden = true;
  line.querySelector("span").textContent = "";
}

/** The list and automatic requests are repeated; a request that somebody made is theirs to repeat. */
function away({ sourceElement, target }) {
  const filters = document.getElementById("filters");
  const isList = filters !== null && (sourceElement === filters || target?.id === "list");
  show(isList || sourceElement?.matches("[hx-trigger^=every]") ? line.dataset.away : line.dataset.later);
  if (!isList) return;
  timer = setTimeout(() => {
    if (sourceElement.isConnected && sourceElement !== filters) sourceElement.click();
    else filters.requestSubmit();
  }, AGAIN_MS);
}
