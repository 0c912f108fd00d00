// Statuses that change while somebody looks: cells change in place, rows do not move, the focus stays.
import { returnTo } from "./focus.js";

const AGAIN_MS = 10000, FEW = 3, GATHER_MS = 400;
let source = null;
let waiting = [];
let gathering;
let said = "";
let announced = false;  // an event has announced what the next look will show

/** Announce a few changes by their texts, more of them only by number. */
function announce(text) {
  waiting.push(text);
  clearTimeout(gathering);
  gathering = setTimeout(() => {
    const text = waiting.slice(0, FEW).join(". ") + (waiting.length > FEW ? ` (+${waiting.length - FEW})` : "");
    document.dispatchEvent(new CustomEvent("announce", { detail: text }));
    waiting = [];
  }, GATHER_MS);
}

const place = () => document.querySelector("[data-live]");

/** Listen while the page is visible: browsers open only six connections to a site, and others may be open behind it. */
function listen() {
  const address = place()?.dataset.live;
  if (!address || source || document.hidden) return;
  source = new EventSource(address);
  // The stream shows no change from before it was open: of a new page, or while the connection was lost.
  source.addEventListener("open", look);
  source.addEventListener("case", (event) => show(JSON.parse(event.data)));
  source.addEventListener("resync", (event) => {
    removed ||= JSON.parse(event.data).reason === "removed";
    look();
  });
  source.addEventListener("error", () => {
    if (source?.readyState !== EventSource.CLOSED) return;  // it reconnects by itself
    stop();
    look();  // which shows whether somebody is still signed in
    setTimeout(listen, AGAIN_MS);
  });
}

function stop() {
  source?.close();
  source = null;
}

/** Show a change: in its row, on its page, or as news if the list does not have it. */
function show(change) {
  if (place().dataset.of) {
    if (place().dataset.of !== change.case) return;
    announced = true;
    look();
    announceOnce(change.say);
    return;
  }
  const row = rowOf(document, change.case);
  if (!row) news();
  else if (put(row, change.status, change.case_id)) announce(change.say);
}

/** Announce a change of the page's case. Its event comes again once the API has stored it; its reader knows it by then. */
function announceOnce(text) {
  if (text !== said) announce(said = text);
}

const rowOf = (page, id) => page.querySelector(`[data-case="${CSS.escape(id)}"]`);
const cell = (row, name) => row.querySelector(`[data-cell=${name}]`);

/** Show a case's cells in its row; returns whether its status has changed. */
function put(row, status, caseId) {
  const before = cell(row, "status").textContent;
  cell(row, "status").innerHTML = status;
  cell(row, "case_id").textContent = caseId;
  if (words(cell(row, "status").textContent) === words(before)) return false;
  row.classList.remove("changed");
  void row.offsetWidth;
  row.classList.add("changed");
  return true;
}

/** The status on a case's own page. */
const shownStatus = () => words(document.querySelector("#progress .status")?.textContent ?? "");

const words = (text) => text.split(/\s+/).filter(Boolean).join(" ");

function news() {
  const line = document.getElementById("news");
  if (line) line.hidden = false;
}

/** Replace a part of the page if it reads differently now. */
function replace(now, then) {
  if (!now || !then || words(now.textContent) === words(then.textContent)) return;
  const giveBack = now.contains(document.activeElement) ? returnTo(document.activeElement) : null;
  now.innerHTML = then.innerHTML;
  giveBack?.();
}

/** Remove a row; if it has the focus, the page gets it. */
function remove(row) {
  const giveBack = row.contains(document.activeElement) ? returnTo(document.activeElement) : null;
  row.remove();
  giveBack?.();
}

let looking = false, lookAgain = false, later;
let removed = false;  // a case is no longer the dealer's: the next look shows which

/** Fetch this page, one request at a time: an older answer must not arrive after a newer one. */
async function look() {
  lookAgain = true;
  if (looking) return;
  looking = true;
  try {
    while (lookAgain) {
      lookAgain = false;
      await lookOnce();
    }
  } finally { looking = false; }
}

/** Fetch the page once; without an answer, ask again later. A case that its dealer no longer sees leaves the page. */
async function lookOnce() {
  const toRemove = removed;
  removed = false;
  const signal = AbortSignal.timeout(AGAIN_MS);
  const answer = await fetch(location.href, { redirect: "manual", signal }).catch(() => null);
  const text = answer?.ok ? await answer.text().catch(() => null) : null;
  if (answer) document.getElementById("signed-out").hidden = answer.status !== 401;
  if (!answer || answer.status >= 429 || (answer.ok && text === null)) {
    clearTimeout(later);
    later = setTimeout(look, AGAIN_MS);
  }
  if (place().dataset.of && [403, 404, 410].includes(answer?.status)) location.reload();  // to the page that says so
  if (text === null) removed ||= toRemove;
  else showProgress(new DOMParser().parseFromString(text, "text/html"), toRemove);
}

/** Change only what shows the progress of cases, and what it allows; `toRemove`: rows that the new page lacks go. */
function showProgress(page, toRemove) {
  const before = shownStatus(), known = announced;
  announced = false;
  for (const id of ["progress", "actions", "details", "life-card"]) {
    replace(document.getElementById(id), page.getElementById(id));
  }
  if (!known && shownStatus() !== before) announceOnce(`${place().dataset.of}: ${shownStatus()}`);
  for (const row of document.querySelectorAll("[data-case]")) {
    const then = rowOf(page, row.dataset.case);
    if (!then) {
      news();
      if (toRemove && page.getElementById("list")) remove(row);
    } else if (put(row, cell(then, "status").innerHTML, cell(then, "case_id").textContent)) {
      announce(`${row.dataset.case}: ${words(cell(row, "status").textContent)}`);
    }
  }
  if ([...page.querySelectorAll("[data-case]")].some((row) => !rowOf(document, row.dataset.case))) news();
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) stop(); else listen();
});
addEventListener("pagehide", stop);
listen();
