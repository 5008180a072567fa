// The list of what is on this device and not in the log: what waits, and what was refused and why.

import { caseCode } from "/static/case-code.js";
import { entries, giveUp, onChange } from "/static/outbox.js";
import { sendNow } from "/static/unsent.js";
import { count, say, time } from "/static/words.js";

const account = document.body.dataset.account;
const list = document.querySelector("[data-outbox]");
const send = document.querySelector("[data-send]");

function lineOf({ event, refusal }) {
  const line = document.querySelector("template[data-line]").content.firstElementChild.cloneNode(true);
  const slot = (name) => line.querySelector(`[data-slot="${name}"]`);
  line.dataset.event = event.event_id;
  line.dataset.state = refusal ? "refused" : "waiting";
  slot("type").textContent = say(`type.${event.type}`);
  slot("code").textContent = caseCode(event.case_id);
  slot("code").href = `/cases/${event.case_id}`;
  slot("state").textContent = say(refusal ? "outbox.state_refused" : "outbox.state_waiting");
  slot("time").textContent = time(event.occurred_at);
  if (refusal) showRefusal(line, slot, event, refusal);
  return line;
}

function showRefusal(line, slot, event, refusal) {
  line.className = "high";
  slot("state").className = "tag high";
  line.querySelector("[data-refusal]").hidden = false;
  const errors = refusal.errors.map(({ field, message }) => (field ? `${field}: ${message}` : message));
  slot("refusal").textContent = [refusal.detail, ...errors].join(" ");
  const form = event.type === "case_opened" ? "/open-case" : `/cases/${event.case_id}/record?type=${event.type}`;
  slot("correct").href = `${form}#correct=${event.event_id}`;
  line.querySelector("[data-give-up]").addEventListener("click", () => giveUp(event.event_id));
}

async function paint() {
  const all = await entries();
  const hers = all.filter((entry) => entry.account === account);
  const others = all.length - hers.length;
  list.replaceChildren(...hers.map(lineOf));
  document.querySelector("[data-empty]").hidden = all.length > 0;
  send.hidden = !hers.some((entry) => entry.refusal === null);
  const elsewhere = document.querySelector("[data-others]");
  elsewhere.hidden = others === 0;
  if (others) elsewhere.textContent = count("outbox.of_others", others);
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
paint();
sayWhetherItStays();
