// How far an import is, asked for while it goes on; when it is through, the page is made anew and says so.

import { numerals } from "/static/words.js";

const shown = document.querySelector("[data-progress]");
const bar = shown.querySelector("progress");
const EVERY = 1000;

async function look() {
  try {
    const answer = await fetch(shown.dataset.progress, { headers: { accept: "application/json" }, cache: "no-store" });
    if (!answer.ok || answer.redirected) throw new Error(`answered ${answer.status}`);
    const now = await answer.json();
    if (now.stage !== shown.dataset.stage) {
      location.reload();
      return;
    }
    bar.value = now.done;
    shown.querySelector("[data-done]").textContent = numerals(now.done.toLocaleString("en"));
    for (const waits of shown.querySelectorAll("[data-waits]")) waits.hidden = waits.dataset.waits !== now.waits_for;
    shown.querySelector("[data-lost]").hidden = true;
  } catch (error) {
    // It goes on all the same; only this page does not know how far it is.
    shown.querySelector("[data-lost]").hidden = false;
    console.info("the import could not be looked at:", error.message);
  }
  setTimeout(look, EVERY);
}

setTimeout(look, EVERY);
