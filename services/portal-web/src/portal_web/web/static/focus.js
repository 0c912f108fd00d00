// Where the keyboard is: nothing takes the focus from somebody who is writing, and what closes gives it back.

const FIELDS = "input, textarea, select, [contenteditable]";

/** Focus what a page asks for (data-focus), once; somebody who is writing stays there, and is told by the announcer. */
export function welcome() {
  const asking = [...document.querySelectorAll("[data-focus]")];
  for (const one of asking) one.removeAttribute("data-focus");
  if (asking.length === 0) return;
  if (document.activeElement?.matches(FIELDS)) {
    document.dispatchEvent(new CustomEvent("announce", { detail: asking[0].textContent.trim() }));
  } else asking[0].focus();
}

/** Return what gives the focus back to `element`, or to what stands in its place when its part of the page is new. */
export function returnTo(element) {
  const id = element?.id, address = element?.getAttribute?.("href");
  return () => {
    const twin = (id && document.getElementById(id)) || (address && document.querySelector(`a[href="${CSS.escape(address)}"]`));
    const found = element?.isConnected && element !== document.body ? element : twin || document.getElementById("main");
    found.focus();
  };
}
