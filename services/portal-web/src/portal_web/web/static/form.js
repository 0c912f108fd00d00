// The form to write a case: saves a draft by itself, and asks before somebody leaves with unsaved text.
const form = document.querySelector("[data-case-form]");
const saved = document.getElementById("saved");
const PAUSE_MS = 1500, AGAIN_MS = 5000, PATIENCE_MS = 20000;
const [{ type: arrival, responseStatus }] = performance.getEntriesByType("navigation");
let dirty = "unsaved" in form.dataset;
let unanswered = responseStatus >= 500 ? content(asItCame()) : null;  // sent, and perhaps saved: it came back
let leaving = false;
let timer, staying;
let running = null;
let waiting = false, ready = false;  // a button waits for a save; it has got it
const cancel = document.getElementById("cancel");

function changed() {
  dirty = true;
  saved.textContent = "";
  if ("autosave" in form.dataset) plan(PAUSE_MS);
}
form.addEventListener("input", changed);
// Over a slow line people type before this script has loaded. What a browser restores going back is no typing.
if (arrival === "navigate" && [...form.elements].some(isTyped)) changed();

/** Whether a field's value is not what the page came with. */
function isTyped(field) {
  if (field.localName === "select") {
    const first = [...field.options].findIndex((option) => option.defaultSelected);
    return field.selectedIndex !== Math.max(0, first);
  }
  return field.type !== "hidden" && "defaultValue" in field && field.value !== field.defaultValue;
}

/** Save later; but while the question whether to delete is open, nothing that it does not name is created. */
function plan(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(() => { if (!cancel.open) save(); }, milliseconds);
}
cancel.addEventListener("close", () => { if (dirty && "autosave" in form.dataset) plan(PAUSE_MS); });

/** One save at a time. */
function save() {
  return running ??= autosave().finally(() => { running = null; });
}

/** The form without what is typed. */
function asItCame() {
  return new DOMParser().parseFromString(form.outerHTML, "text/html").forms[0];
}

/** What a form contains, to be saved by itself. */
function content(of) {
  const body = new URLSearchParams(new FormData(of));
  body.set("action", "autosave");
  return body;
}

/**
 * Save the current text; what is typed meanwhile is saved next. What got no answer is first sent again: if it was saved,
 * only its answer has the version on which the newer text is saved. Returns whether a button can send the form now.
 */
async function autosave() {
  const current = content(form), body = unanswered ??= current;
  dirty = String(body) !== String(current);
  try {
    const answer = await send(body);
    if (answer.status === 413) unanswered = null;  // whatever the answer is: it may be a proxy's page
    const reply = await answer.json();
    unanswered = null;
    await show(answer, reply);
    return answer.status !== 413;  // a button would get only an error page
  } catch {
    dirty = true;
    saved.textContent = form.dataset.away;
    plan(AGAIN_MS);
    return false;
  }
}

/** Send what is to be saved; throws if the service is away or busy. */
async function send(body) {
  const signal = AbortSignal.timeout(PATIENCE_MS), headers = { Accept: "application/json" };
  const answer = await fetch(form.getAttribute("action"), { method: "POST", body, headers, signal });
  if (answer.status >= 500 || answer.status === 408 || answer.status === 429) throw new Error("away");
  return answer;
}

/** Show what became of a save. */
async function show(answer, reply) {
  if (reply.address && reply.address !== form.getAttribute("action")) await become(reply.address);
  // Not in the question whether to submit: that is about the version that it shows.
  if (reply.etag) for (const field of document.querySelectorAll("input[name=etag]:not(#submit *)")) field.value = reply.etag;
  if (dirty) plan(PAUSE_MS);
  if (!answer.ok) dirty = true;
  saved.textContent = answer.status === 401 ? form.dataset.ended : reply.message;
}

/** The new case is a draft now: this page becomes the draft's, with everything on it that names the case. */
async function become(address) {
  form.setAttribute("action", address);
  form.elements.page.value = address;
  history.replaceState(history.state, "", address);
  const answer = await fetch(address, { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => null);
  const text = answer?.ok ? await answer.text().catch(() => null) : null;
  if (text === null) return;
  const page = new DOMParser().parseFromString(text, "text/html");
  document.title = page.title;
  for (const part of ["h1", ".trail", "#cancel"]) {
    const now = document.querySelector(part), then = page.querySelector(part);
    if (now && then) now.innerHTML = then.innerHTML;
  }
  if (cancel.open) cancel.querySelector("[autofocus]").focus();
}

// A button first saves what is not saved yet, or waits for a running save: it needs that save's version. If the service
// does not respond, the text stays here; the browser's own error page would lose it.
form.addEventListener("submit", async (event) => {
  if (form.dataset.sent) return;
  clearTimeout(timer);
  if (ready || !(waiting || running || (dirty && "autosave" in form.dataset))) {
    leave();
    return;
  }
  event.preventDefault();
  if (waiting) return;
  waiting = true;
  saved.textContent = form.dataset.saving;
  ready = await save();
  waiting = false;
  if (ready && !leaving) form.requestSubmit(event.submitter);
  ready = false;
}, { capture: true });

/** The page is about to be left. If it is still here after a while, somebody has stopped that. */
function leave() {
  clearTimeout(timer);
  clearTimeout(staying);
  leaving = true;
  staying = setTimeout(() => { leaving = false; }, PATIENCE_MS);
}

// The dialogs may be new by then: see become().
document.addEventListener("submit", (event) => { if (event.target.matches("[data-leave]")) leave(); });
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-leave]");
  if (!link) return;
  if (running) {  // its draft would be left behind: if it is saved, the question becomes another one
    event.preventDefault();
    await running;
    if (link.isConnected) link.click();
  } else leave();
});
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
