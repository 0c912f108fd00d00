// Fields with a limit: show how much room is left, once there is little. Text that is too long is reported, never cut.

const NEAR = 0.8;
const number = new Intl.NumberFormat(document.documentElement.lang);

for (const counter of document.querySelectorAll("[data-counts]")) {
  const field = document.getElementById(counter.dataset.counts), most = Number(counter.dataset.most);
  const wrongBefore = field.getAttribute("aria-invalid") === "true";
  let over = false;

  const count = () => {
    // Count like the server: characters, or UTF-16 units if D365's limit applies.
    const length = counter.dataset.units ? field.value.trim().length : [...field.value.trim()].length;
    const left = most - length;
    counter.hidden = length < most * NEAR;
    const text = (left < 0 ? counter.dataset.over : counter.dataset.left).replace("{number}", number.format(Math.abs(left)));
    counter.textContent = counter.hidden ? "" : text;
    counter.className = left < 0 ? "error" : "hint";
    if (over === left < 0) return;
    over = left < 0;
    if (!wrongBefore) over ? field.setAttribute("aria-invalid", "true") : field.removeAttribute("aria-invalid");
    document.dispatchEvent(new CustomEvent("announce", { detail: counter.textContent }));
  };
  // The browser would silently cut pasted text; report it as too long instead.
  field.addEventListener("paste", () => field.removeAttribute("maxlength"));
  field.addEventListener("input", count);
  count();
}
