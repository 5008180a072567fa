// On a person's own page: choosing the PIN with which she reads without a connection, another one, and none any more.

import { choosePin, lockOf, readableUntil, wipe } from "/static/reading.js";
import { language, latinDigits, say, time } from "/static/words.js";

const SHORTEST = 6;
const place = document.querySelector("[data-reading]");
const form = place.querySelector("form");
const [pin, again] = form.querySelectorAll("input");
const account = document.body.dataset.account;

async function paint() {
  const lock = await lockOf(account);
  const said = place.querySelector("[data-until]");
  place.dataset.reading = lock?.half ? "kept" : "not_kept";
  said.hidden = !lock?.half;
  if (lock?.half) said.textContent = say("reading.kept_until", { time: time(readableUntil(lock)) });
  place.querySelector("[data-forget]").hidden = !lock;
  form.querySelector("button").textContent = say(lock ? "reading.change" : "reading.keep");
  place.hidden = false;
}

// What is wrong, in words; "" when today's list is kept under the PIN.
async function choose() {
  const [typed, repeated] = [pin, again].map((field) => latinDigits(field.value));
  if (!/^\d+$/.test(typed) || typed.length < SHORTEST) return say("reading.pin_too_short", { n: SHORTEST });
  if (typed !== repeated) return say("reading.pins_differ");
  try {
    await choosePin(typed, account, language);
  } catch (error) {
    console.warn("nothing could be kept:", error.message);
    return say("reading.not_kept");
  }
  form.reset();
  return "";
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const [button, refusal] = [form.querySelector("button"), place.querySelector("[data-refusal]")];
  button.disabled = true;
  refusal.textContent = await choose();
  refusal.hidden = refusal.textContent === "";
  button.disabled = false;
  await paint();
});
place.querySelector("[data-forget]").addEventListener("click", () => wipe().then(paint));
paint();
