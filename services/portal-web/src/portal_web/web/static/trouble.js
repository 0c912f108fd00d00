// When the portal does not answer what a script asked: a message, and what was there stays. The list is asked for again.

const AGAIN_MS = 5000;
const line = document.getElementById("trouble");
let timer;

document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  if (ctx.response.status >= 400) return;
  if (ctx.select && !holds(ctx.text, ctx.select)) {  // another page than ours: a proxy's, say
    event.preventDefault();
    away(ctx);
  } else clear();
});
document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  const { status } = ctx.response;
  if (ctx.hx?.refresh) return;
  if (status >= 500 || status === 429 || status === 408) away(ctx);
  else show(line.dataset.refused);
});
document.addEventListener("htmx:error", ({ detail: { ctx } }) => { if (ctx) away(ctx); });

const holds = (text, selector) => new DOMParser().parseFromString(text, "text/html").querySelector(selector) !== null;

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

/** The list and what asks by itself come back; a question that somebody asked is theirs to ask again. */
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
