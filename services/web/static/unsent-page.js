// The list of what is on this device and not in the log: what waits, and what was refused and why.

import { caseCode } from "/static/case-code.js";
import { looks } from "/static/looks.js";
import { entries, giveUp, keepWords, onChange, waitAgain } from "/static/outbox.js";
import { CANNOT_OPEN, contentOf, sendLooks } from "/static/sending.js";
import { sendNow } from "/static/unsent.js";
import { count, say, time } from "/static/words.js";

const account = document.body.dataset.account;
const list = document.querySelector("[data-outbox]");
const send = document.querySelector("[data-send]");

// Of which case it is only the origin can say (or her PIN, on her page), and is asked for what is to be corrected.
function lineOf(entry) {
  const { event_id, type, kept_at, recorded, refusal, clear } = entry;
  const line = document.querySelector("template[data-line]").content.firstElementChild.cloneNode(true);
  const slot = (name) => line.querySelector(`[data-slot="${name}"]`);
  line.dataset.event = event_id;
  line.dataset.state = refusal ? "refused" : "waiting";
  line.dataset.what = recorded ? "words" : "event";
  slot("type").textContent = recorded ? say("outbox.words_of", { type: say(`type.${type}`) }) : say(`type.${type}`);
  slot("state").textContent = say(refusal ? "outbox.state_refused" : "outbox.state_waiting");
  slot("time").textContent = say("outbox.kept_at", { time: time(kept_at) });
  line.querySelector("[data-in-clear]").hidden = !clear;
  if (refusal) showRefusal(line, slot, entry);
  return line;
}

function showRefusal(line, slot, entry) {
  const { event_id, refusal } = entry;
  line.className = "high";
  slot("state").className = "tag high";
  line.querySelector("[data-refusal]").hidden = false;
  const errors = refusal.errors.map(({ field, message }) => (field ? `${field}: ${message}` : message));
  slot("refusal").textContent = [refusal.detail, ...errors].join(" ");
  line.querySelector("[data-give-up]").addEventListener("click", () => giveUp(event_id));
  const again = line.querySelector("[data-again]");
  again.hidden = refusal.type !== CANNOT_OPEN && !entry.recorded;
  again.addEventListener("click", () => waitAgain(event_id).then(sendNow));
  if (refusal.type !== CANNOT_OPEN) offerCorrection(line, slot, entry);
}

async function offerCorrection(line, slot, entry) {
  try {
    const { event, words } = await contentOf(entry);
    if (entry.recorded) return offerWords(line, entry, words);
    slot("code").textContent = caseCode(event.case_id);
    slot("code").href = `/cases/${event.case_id}`;
    const form = event.type === "case_opened" ? "/open-case" : `/cases/${event.case_id}/record?type=${event.type}`;
    slot("correct").href = `${form}#correct=${entry.event_id}`;
    slot("correct").hidden = false;
  } catch (error) {
    console.info("it cannot be corrected now:", error.message);
    line.querySelector("[data-not-now]").hidden = false;
  }
}

function offerWords(line, entry, words) {
  const form = line.querySelector("[data-rewrite]");
  form.hidden = false;
  form.elements.words.value = words.text;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    keepWords(entry, { ...words, text: form.elements.words.value }).then(sendNow);
  });
}

// A line that says the same stays as it is: somebody may be typing in it.
const lines = new Map();

function lineFor(entry) {
  const { event_id, edition, recorded, refusal, clear } = entry;
  const mark = [edition, recorded, refusal?.detail, clear !== null].join(" ");
  const before = lines.get(event_id);
  if (before?.mark === mark && before.line.querySelector("[data-not-now]").hidden) return before.line;
  const line = lineOf(entry);
  lines.set(event_id, { mark, line });
  return line;
}

async function paint() {
  const all = await entries();
  const hers = all.filter((entry) => entry.account === account);
  const others = all.length - hers.length;
  list.replaceChildren(...hers.map(lineFor));
  document.querySelector("[data-empty]").hidden = all.length > 0;
  send.hidden = !hers.some((entry) => entry.refusal === null);
  const elsewhere = document.querySelector("[data-others]");
  elsewhere.hidden = others === 0;
  if (others) elsewhere.textContent = count("outbox.of_others", others);
}

// Looks at cards that the vault does not take: they are said here and stay.
async function sayRefusedLooks() {
  const refused = (await looks()).filter((look) => look.account === account && look.refusal).length;
  const said = document.querySelector("[data-refused-looks]");
  said.dataset.refusedLooks = String(refused);
  said.hidden = refused === 0;
  if (refused) said.textContent = count("outbox.refused_looks", refused);
}

// Whether the browser has promised to throw nothing away when the device runs out of space.
async function sayWhetherItStays() {
  const promised = await navigator.storage?.persisted?.();
  const stays = promised === undefined ? "unknown" : promised ? "yes" : "no";
  const said = document.querySelector("[data-stays]");
  said.dataset.stays = stays;
  said.textContent = say(`outbox.stays_${stays}`);
  said.hidden = false;
}

document.querySelector("[data-needs-script]").remove();
send.addEventListener("click", sendNow);
onChange(paint);
window.addEventListener("online", paint);
paint();
sayWhetherItStays();
sayRefusedLooks();
sendLooks().then(sayRefusedLooks, (error) => console.info("looks were not told yet:", error.message));
