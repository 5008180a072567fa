// On the pages of who records: what she may read without a connection is kept anew, where she has chosen a PIN, and today's
// list says until when it can be read. What somebody else kept here is not to be opened any more.

import { drop, keepAnew, keepCards, lockOf, otherThan, readableUntil } from "/static/reading.js";
import { count, language, say, time } from "/static/words.js";

const OLD = 15 * 60 * 1000;
const { account, formToken } = document.body.dataset;

const isOld = (lock) =>
  lock.half === null || lock.language !== language || Math.abs(Date.now() - lock.clock_then) > OLD;

async function keepWhenOld() {
  if (await otherThan(account)) await drop("signed_out");
  const lock = await lockOf(account);
  if (!lock || !isOld(lock)) return;
  // Once for all pages that are open.
  await navigator.locks.request("reading", { ifAvailable: true }, (free) => free && keepAnew(account, language));
}

async function paint() {
  const place = document.querySelector("[data-take-along]");
  if (!place) return;
  const lock = await lockOf(account);
  const isKept = Boolean(lock?.half);
  place.dataset.takeAlong = isKept ? "kept" : "not_kept";
  if (isKept) place.querySelector("a").textContent = say("reading.kept_until", { time: time(readableUntil(lock)) });
  const taking = place.querySelector("[data-take-cards]");
  taking.hidden = !isKept;
  taking.onclick = () => takeCards(place, taking);
  place.hidden = false;
}

// The vault writes down that they were given out, so only when she asks for them.
async function takeCards(place, button) {
  button.disabled = true;
  const said = place.querySelector("[data-cards]");
  try {
    const body = new URLSearchParams({ form_token: formToken });
    const answer = await fetch("/take-along/cards", { method: "POST", body, redirect: "error" });
    const told = await answer.json();
    if (answer.ok) await keepCards(account, told);
    said.dataset.cards = answer.ok ? String(Object.keys(told.cards).length) : "refused";
    said.textContent = answer.ok ? count("reading.cards_kept", Object.keys(told.cards).length) : told.why;
  } catch (error) {
    console.warn("no cards were kept:", error.message);
    said.dataset.cards = "failed";
    said.textContent = say("reading.cards_not_kept");
  }
  said.hidden = false;
  button.disabled = false;
}

if (account) {
  document.addEventListener("list-renewed", paint);
  keepWhenOld()
    .catch((error) => console.info("nothing was kept anew:", error.message))
    .finally(paint);
}
