// Statuses that change while somebody looks: cells change where they stand, rows do not move, focus stays.

const AGAIN_MS = 10000, FEW = 3, GATHER_MS = 400;
let source = null;
let missed = false;
let waiting = [];
let telling;

/** Tell a few changes by their words, many by their number alone. */
function tell(text) {
  waiting.push(text);
  clearTimeout(telling);
  telling = setTimeout(() => {
    const text = waiting.slice(0, FEW).join(". ") + (waiting.length > FEW ? ` (+${waiting.length - FEW})` : "");
    document.dispatchEvent(new CustomEvent("announce", { detail: text }));
    waiting = [];
  }, GATHER_MS);
}

const place = () => document.querySelector("[data-live]");

function listen() {
  const address = place()?.dataset.live;
  if (!address || source) return;
  source = new EventSource(address);
  source.addEventListener("open", () => { if (missed) refresh(); missed = false; });
  source.addEventListener("case", (event) => show(JSON.parse(event.data)));
  source.addEventListener("resync", refresh);
  source.addEventListener("error", () => {
    missed = true;
    if (source?.readyState !== EventSource.CLOSED) return;  // it comes again by itself
    stop();
    setTimeout(() => { if (!document.hidden) listen(); }, AGAIN_MS);
  });
}

function stop() {
  source?.close();
  source = null;
}

/** Show a change: in its row, on its page, or as news where the list does not have it. */
function show(change) {
  if (place().dataset.of) {
    if (place().dataset.of === change.case) { look(); tell(change.say); }
    return;
  }
  const row = document.querySelector(`[data-case="${CSS.escape(change.case)}"]`);
  if (!row) return news();
  const status = row.querySelector("[data-cell=status]");
  const before = status.textContent.trim();
  status.innerHTML = change.status;
  row.querySelector("[data-cell=case_id]").textContent = change.case_id;
  if (status.textContent.trim() === before) return;
  row.classList.remove("changed");
  void row.offsetWidth;
  row.classList.add("changed");
  tell(change.say);
}

function news() {
  const line = document.getElementById("news");
  if (line) line.hidden = false;
}

/** What may have been missed: a case's page looks anew, a list says so. */
function refresh() {
  if (place().dataset.of) look();
  else news();
}

/** Fetch this page, and change only what tells the case's progress. */
async function look() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of ["progress", "life-card"]) {
    const now = document.getElementById(id), then = page.getElementById(id);
    if (now && then) now.innerHTML = then.innerHTML;
  }
}

// A page that nobody sees gives its connection back: browsers open six to a site.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) { stop(); missed = true; } else listen();
});
addEventListener("pagehide", stop);
listen();
