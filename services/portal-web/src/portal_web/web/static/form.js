// The form to write a case: saves a draft by itself, and asks before somebody leaves with unsaved text.
const form = document.querySelector("[data-case-form]");
const saved = document.getElementById("saved");
const PAUSE_MS = 1500, AGAIN_MS = 5000;
let dirty = "unsaved" in form.dataset;
let leaving = false;
let timer;
let running = null;

function changed() {
  dirty = true;
  saved.textContent = "";
  if ("autosave" in form.dataset) plan(PAUSE_MS);
}
form.addEventListener("input", changed);
// Over a slow line people type before this script has loaded. What a browser restores going back is no typing.
const [{ type: arrival }] = performance.getEntriesByType("navigation");
if (arrival === "navigate" && [...form.elements].some(isTyped)) changed();

/** Whether a field's value is not what the page came with. */
function isTyped(field) {
  if (field.localName === "select") {
    const first = [...field.options].findIndex((option) => option.defaultSelected);
    return field.selectedIndex !== Math.max(0, first);
  }
  return field.type !== "hidden" && "defaultValue" in field && field.value !== field.defaultValue;
}

function plan(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(() => { running ??= autosave().finally(() => { running = null; }); }, milliseconds);
}

/** Save the current text; what is typed meanwhile is saved next. */
async function autosave() {
  dirty = false;
  const body = new URLSearchParams(new FormData(form));
  body.set("action", "autosave");
  try {
    const answer = await fetch(form.getAttribute("action"), { method: "POST", body, headers: { Accept: "application/json" } });
    const reply = await answer.json();
    if (answer.ok) {
      if (reply.address && reply.address !== form.getAttribute("action")) await become(reply.address);
      if (reply.etag) for (const field of document.querySelectorAll("input[name=etag]")) field.value = reply.etag;
      saved.textContent = reply.message;
      if (dirty) plan(PAUSE_MS);
      return;
    }
    dirty = true;
    saved.textContent = answer.status === 401 ? form.dataset.ended : reply.message;
    if (answer.status >= 500) plan(AGAIN_MS);
  } catch {
    dirty = true;
    saved.textContent = form.dataset.away;
    plan(AGAIN_MS);
  }
}

/** The new case is a draft now: this page becomes the draft's, with everything on it that names the case. */
async function become(address) {
  form.setAttribute("action", address);
  form.elements.page.value = address;
  history.replaceState(history.state, "", address);
  const answer = await fetch(address).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.title = page.title;
  for (const part of ["h1", ".trail", "#cancel"]) {
    const now = document.querySelector(part), then = page.querySelector(part);
    if (now && then && !now.open) now.innerHTML = then.innerHTML;
  }
}

// A save by button waits for a running save: it needs that save's version.
form.addEventListener("submit", async (event) => {
  clearTimeout(timer);
  leaving = true;
  if (!running) return;
  event.preventDefault();
  await running;
  clearTimeout(timer);
  leaving = true;
  delete form.dataset.sent;
  form.requestSubmit(event.submitter);
}, { capture: true });

for (const way of document.querySelectorAll("[data-leave]")) {
  way.addEventListener(way.localName === "form" ? "submit" : "click", () => { clearTimeout(timer); leaving = true; });
}
addEventListener("pageshow", () => { leaving = false; });
// A running save may still fail, and ends with the page.
addEventListener("beforeunload", (event) => { if ((dirty || running) && !leaving) event.preventDefault(); });

// For browsers without invoker commands: the buttons that open and close the dialogs.
if (!("commandForElement" in HTMLButtonElement.prototype)) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[commandfor]");
    const dialog = button && document.getElementById(button.getAttribute("commandfor"));
    if (dialog) button.getAttribute("command") === "close" ? dialog.close() : dialog.showModal();
  });
}
