// What every page does beyond plain HTML. Pages work without it.
import { returnTo, welcome } from "./focus.js";

// The server shows times in the visitor's zone, which only the browser knows. A zone unknown to the server is sent
// again on each page, but the page reloads only once.
const { browserZone } = document.body.dataset;
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && browserZone !== undefined && zone !== browserZone) {
  document.cookie = `browser_zone=${zone}; path=/; max-age=31536000; samesite=lax`;
  if (document.querySelector("time") && document.cookie.includes(`browser_zone=${zone}`) && isNews(zone)) location.reload();
}

/** Whether this tab has not reloaded for `zone` yet; false if it cannot remember. */
function isNews(zone) {
  try {
    if (sessionStorage.getItem("zone") === zone) return false;
    sessionStorage.setItem("zone", zone);
    return true;
  } catch { return false; }
}

// A phone is narrower than the console's tabs: show the current one.
const tab = document.querySelector(".tabs [aria-current]");
function showTab() {
  const tabs = tab.closest(".tabs");
  tabs.scrollLeft += tab.getBoundingClientRect().left + (tab.offsetWidth - tabs.clientWidth) / 2 - tabs.getBoundingClientRect().left;
}
if (tab) {
  addEventListener("resize", showTab);
  showTab();
}

const announcer = document.getElementById("announcer");
let announcing;

/** Announce to screen readers; the same text twice is announced twice. */
function announce(text) {
  clearTimeout(announcing);
  announcer.textContent = "";
  announcing = setTimeout(() => { announcer.textContent = text; }, 100);
}

document.addEventListener("announce", (event) => announce(event.detail));

// Menus close on Escape, and on a click or focus elsewhere.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details.menu[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});
for (const kind of ["click", "focusin"]) {
  document.addEventListener(kind, (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
}

// A form is sent once, however often its button is pressed. Back enables it again, and so does time: somebody may have
// stopped it, which no event reports.
const SENT_MS = 20000;
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method === "dialog" || form.method === "get") return;
  if (form.dataset.sent) event.preventDefault();
  else if (!event.defaultPrevented) {
    form.dataset.sent = "yes";
    setTimeout(() => { delete form.dataset.sent; }, SENT_MS);
  }
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// A dialog that the server sends opens over the page, and is removed when it closes.
const dialogs = document.getElementById("dialogs");
document.addEventListener("htmx:after:swap", (event) => {
  const dialog = dialogs.querySelector("dialog:not(:modal)");
  if (dialog) open(dialog, event.detail.ctx.sourceElement);
  const list = document.querySelector("[data-announce]");
  if (list && list.dataset.announce !== list.dataset.announced) {
    list.dataset.announced = list.dataset.announce;
    announce(list.dataset.announce);
  }
  if (!dialog) welcome();
});

/** Open a dialog; when it closes, the focus returns to what opened it. */
function open(dialog, opener) {
  const giveBack = returnTo(opener);
  dialog.open = false;
  dialog.addEventListener("close", () => {
    dialog.remove();
    giveBack();
  });
  dialog.showModal();
}
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]") && event.target.closest("dialog")) {
    event.preventDefault();
    event.target.closest("dialog").close();
  }
});
const asked = document.querySelector("dialog[data-modal]");
if (asked) {
  open(asked, document.querySelector(asked.dataset.modal));
  asked.addEventListener("close", () => {
    const address = new URL(location.href);
    address.searchParams.delete("ask");
    history.replaceState(history.state, "", address);
  });
}
if (!asked) welcome();
for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => print());
