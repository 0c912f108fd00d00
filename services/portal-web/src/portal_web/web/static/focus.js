// Keyboard focus: nothing takes the focus from somebody who is writing, and what closes returns it.

const FIELDS = "input, textarea, select, [contenteditable]";

/** Focus what a page asks for (data-focus), once; somebody who is writing keeps the focus and hears the text instead.
   */
export function welcome() {
  const asking = [...document.querySelectorAll("[data-focus]")];
  for (const one of asking) one.removeAttribute("data-focus");
  if (asking.length === 0) return;
  if (document.activeElement?.matches(FIELDS)) {
    document.dispatchEvent(new CustomEvent("announce", { detail: asking[0].textContent.trim() }));
  } else asking[0].focus();
}

/** Return a function that focuses `element` again, or its replacement if its part of the page is new. */
export function returnTo(element) {
  const id = element?.id, address = element?.getAttribute?.("href");
  return () => {
    const twin = (id && document.getElementById(id)) || (address && document.querySelector(`a[href="${CSS.escape(address)}"]`));
    const found = element?.isConnected && element !== document.body ? element : twin || document.getElementById("main");
    found.focus();
  };
}
