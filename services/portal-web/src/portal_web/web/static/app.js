// What every page does beside what HTML does by itself. Pages work without it.

// The server shows times where the visitor is: it cannot know that, unless the browser says so.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && "askZone" in document.body.dataset) {
  document.cookie = `browser_zone=${zone}; path=/; max-age=31536000; samesite=lax`;
  if (document.querySelector("time") && document.cookie.includes("browser_zone=")) location.reload();
}

const announcer = document.getElementById("announcer");
let announcing;

/** Tell who hears the page; the same text twice is told twice. */
function announce(text) {
  clearTimeout(announcing);
  announcer.textContent = "";
  announcing = setTimeout(() => { announcer.textContent = text; }, 100);
}

document.addEventListener("announce", (event) => announce(event.detail));

// Menus close as menus do.
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

// A form is sent once, however often its button is pressed; Back brings it to life again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method === "dialog" || form.method === "get") return;
  if (form.dataset.sent) event.preventDefault();
  else if (!event.defaultPrevented) form.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// A dialog that the server sends is opened over the page, and is gone when it is closed.
const dialogs = document.getElementById("dialogs");
document.addEventListener("htmx:after:swap", () => {
  const dialog = dialogs.querySelector("dialog:not(:modal)");
  if (dialog) open(dialog);
  const list = document.querySelector("[data-announce]");
  if (list && list.dataset.announce !== list.dataset.announced) {
    list.dataset.announced = list.dataset.announce;
    announce(list.dataset.announce);
  }
  const problem = document.querySelector("[data-focus]");
  if (problem) { problem.removeAttribute("data-focus"); problem.focus(); }
});

/** Open a dialog; focus returns to where it was. */
function open(dialog) {
  const before = document.activeElement;
  dialog.open = false;
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (before?.isConnected) before.focus();
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
  open(asked);
  asked.addEventListener("close", () => {
    const address = new URL(location.href);
    address.searchParams.delete("ask");
    history.replaceState(history.state, "", address);
  });
}
document.querySelector("[data-focus]")?.focus();
for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => print());
