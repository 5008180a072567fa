// Choosing lines, and the keys. A key counts only while the focus is on a line and not where somebody types, so it takes
// nothing away from a screen reader, from the browser, or from a form.

const numbers = new Intl.NumberFormat(`en-u-nu-${document.body.dataset.digits}`);

// The list and the form are made anew while the page is open: they are looked up each time.
const form = () => document.getElementById("several");
const boxes = () => [...document.querySelectorAll("[data-choose]")];
const chosen = () => boxes().filter((box) => box.checked);

function count() {
  const number = form().querySelector("[data-chosen-number]");
  number.hidden = chosen().length === 0;
  number.textContent = numbers.format(chosen().length);
}

function choose(box, isChosen) {
  box.checked = isChosen;
  count();
}

function move(line, step) {
  const found = boxes();
  found[found.indexOf(line.querySelector("[data-choose]")) + step]?.focus();
}

const KEYS = {
  ArrowDown: (line) => move(line, 1),
  j: (line) => move(line, 1),
  ArrowUp: (line) => move(line, -1),
  k: (line) => move(line, -1),
  x: (line) => {
    const box = line.querySelector("[data-choose]");
    choose(box, !box.checked);
    box.focus();
  },
  a: (line) => {
    const acknowledge = form().querySelector("[data-acknowledge]");
    if (!acknowledge) return;
    if (chosen().length === 0) choose(line.querySelector("[data-choose]"), true);
    form().requestSubmit(acknowledge);
  },
};

// On a box, Enter would send the form; it opens the line instead.
function open(line) {
  const alert = line.querySelector("[data-alert]");
  if (alert) alert.toggleAttribute("open");
  else line.querySelector("a").click();
}

document.addEventListener("keydown", (event) => {
  const target = event.target;
  const line = target.closest("li[data-case]");
  if (!line?.querySelector("[data-choose]") || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (target.matches("input:not([type=checkbox]), select, textarea")) return;
  const act = event.key === "Enter" && target.matches("[data-choose]") ? open : KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act(line);
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-choose]")) count();
});
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-choose-all]")) return;
  const isChosen = chosen().length < boxes().length;
  for (const box of boxes()) choose(box, isChosen);
});

// What only works with this script is shown by it.
function show() {
  for (const hidden of form().querySelectorAll("[data-choose-all], [data-keys]")) hidden.hidden = false;
  count();
}

document.addEventListener("list-renewed", show);
show();
document.querySelector("[data-done], [data-chosen]")?.focus();
