// The form of one event: written to the outbox first, its words with it, then sent, and the page says what came of it. What
// was typed stays until it is kept. Where nothing can be kept on the device, the form is sent as if there were no script.

import { caseCode } from "/static/case-code.js";
import { entryOf, keep, onChange } from "/static/outbox.js";
import { fillIn, readTyped } from "/static/typed.js";
import { contentOf } from "/static/sending.js";
import { sendNow } from "/static/unsent.js";
import { forForm, latinDigits, say, time, typedInstant } from "/static/words.js";

const SOON = 4000;

// opened: gives what an entry of the outbox says.
export function attend(form, opened = contentOf) {
  let busy = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    if (busy) return;
    busy = true;
    await record(form).finally(() => {
      busy = false;
    });
  });
  form.addEventListener("change", () => offerPause(form));
  correct(form, opened).catch((error) => {
    console.warn("what was refused cannot be shown:", error.message);
    showWrong(form, [], [say("outbox.correct_not_now")]);
  });
}

async function record(form) {
  clear(form);
  const event = read(form);
  if (event === null) return;
  // Nobody changes what is being sent.
  enable(form, false);
  const contents = [{ event, ...wordsAbout(form, event) }, ...pauseAfter(form, event)];
  try {
    await keep(contents, document.body.dataset.account);
  } catch (error) {
    console.warn("nothing can be kept on this device:", error.message);
    sendWithoutKeeping(form, contents);
    return;
  }
  const outcome = await outcomeOf(event.event_id);
  if (outcome.refusal) {
    form.querySelector("[data-pause]")?.remove();
    enable(form, true);
    showRefusal(form, outcome.refusal);
  } else {
    showCard(form, event, outcome);
  }
}

function sendWithoutKeeping(form, contents) {
  enable(form, true);
  if (contents.length > 1) {
    // A form is one event.
    form.querySelector("[data-pause]").remove();
    showWrong(form, [], [say("pause.apart")]);
    return;
  }
  form.elements.event_id.value = form.dataset.eventId;
  form.elements.case_id.value = form.dataset.caseId;
  if (form.elements.note_id) form.elements.note_id.value = form.dataset.noteId;
  form.submit();
}

// The event, with its id, its time and its data for good; null when something cannot be read, which is then said there.
function read(form) {
  const fields = form.elements;
  const { data, unreadable } = readTyped(form);
  let occurredAt = "";
  try {
    occurredAt = typedInstant(latinDigits(fields.occurred_at.value));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    unreadable.push("occurred_at");
  }
  if (unreadable.length) {
    const errors = unreadable.map((field) => ({ field, message: controlOf(form, field).dataset.expected }));
    showWrong(form, errors, [say("record.not_read")]);
    return null;
  }
  // Not from the hidden fields: a browser that goes back to a form may bring back what a script put there, and with it
  // the id of another event.
  const { eventId, caseId, noteId, record: type } = form.dataset;
  if (fields.words?.value.trim()) data.note_id = noteId;
  return { event_id: eventId, case_id: caseId, type, occurred_at: occurredAt, data };
}

// What is said in words, for the vault.
function wordsAbout(form, { case_id, occurred_at, data: { note_id } }) {
  return note_id ? { words: { case_id, note_id, occurred_at, text: form.elements.words.value } } : {};
}

// --- who refuses to be called may be left in peace for a while -------------------------------------------------------

const DAY = 24 * 3600 * 1000;

function offerPause(form) {
  const offer = form.querySelector("[data-pause]");
  if (offer) offer.hidden = form.elements.outcome.value !== "refused";
}

// The pause that was chosen, as an event of its own: offered once, so that correcting the call pauses nothing twice.
function pauseAfter(form, call) {
  const offer = form.querySelector("[data-pause]");
  const days = offer && !offer.hidden ? Number(form.elements.pause_days.value) : 0;
  if (days === 0) return [];
  const until = new Date(new Date(call.occurred_at).getTime() + days * DAY).toISOString();
  const pause = { type: "contact_paused", data: { until, reason: "her_wish" } };
  return [{ event: { ...pause, event_id: crypto.randomUUID(), case_id: call.case_id, occurred_at: call.occurred_at } }];
}

// Also while its words wait for the vault.
const isRecorded = (entry) => entry === undefined || entry.recorded === true;

// What became of an event just kept: { receipt }, { refusal }, or {} while it waits.
function outcomeOf(eventId) {
  return new Promise((resolve) => {
    onChange((change) => {
      if (change.received === eventId || change.refused === eventId) resolve(change);
    });
    setTimeout(resolve, SOON, {});
    sendNow().then(async () => {
      const entry = await entryOf(eventId);
      resolve(isRecorded(entry) ? { receipt: {} } : { refusal: entry.refusal });
    });
  });
}

// --- what is shown ----------------------------------------------------------------------------------------------------

function enable(form, isEnabled, meanwhile = say("outbox.sending")) {
  for (const field of form.elements) field.disabled = !isEnabled;
  const sending = form.querySelector("[data-sending]");
  sending.hidden = isEnabled;
  sending.textContent = meanwhile;
}

const controlOf = (form, field) => form.querySelector(`[data-field="${CSS.escape(field)}"]`);

function clear(form) {
  for (const said of document.querySelectorAll("[data-wrong], [data-refusal]")) said.remove();
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
}

function showRefusal(form, refusal) {
  const general = [];
  const atFields = [];
  for (const { field, message } of refusal.errors) {
    const name = field.replace(/^data\./, "").split(".")[0];
    if (controlOf(form, name)) atFields.push({ field: name, message });
    else general.push(field ? `${field}: ${message}` : message);
  }
  showWrong(form, atFields, [say("record.refused", { detail: refusal.detail }), ...general]);
}

function showWrong(form, errors, messages) {
  for (const { field, message } of errors) {
    const said = Object.assign(document.createElement("p"), { className: "wrong", id: `wrong-${field}`, textContent: message });
    said.dataset.wrong = field;
    controlOf(form, field).append(said);
    for (const input of form.querySelectorAll(`[name="${CSS.escape(field)}"]`)) {
      if (input.type !== "radio") input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", said.id);
    }
  }
  const refusal = Object.assign(document.createElement("div"), { className: "refusal", role: "alert", tabIndex: -1 });
  refusal.dataset.refusal = "";
  for (const message of messages) refusal.append(Object.assign(document.createElement("p"), { textContent: message }));
  form.before(refusal);
  refusal.focus();
}

function cardOf(name, form, event) {
  const card = document.querySelector(`template[data-card="${name}"]`).content.firstElementChild.cloneNode(true);
  fill(card, "type", form.dataset.typeName);
  fill(card, "code", caseCode(event.case_id));
  return card;
}

function fill(card, slot, text) {
  const place = card.querySelector(`[data-slot="${slot}"]`);
  if (place) place.textContent = text;
  return place;
}

function showCard(form, event, outcome) {
  if (outcome.receipt) showReceipt(form, event, outcome.receipt);
  else showKept(form, event);
}

function show(card) {
  const main = document.querySelector("main");
  main.replaceChildren(...main.querySelectorAll("template"), card);
  main.focus();
}

function showReceipt(form, event, receipt) {
  const card = cardOf("receipt", form, event);
  card.dataset.receipt = event.event_id;
  card.dataset.again = receipt.duplicate ? "yes" : "no";
  card.querySelector("[data-again-why]").hidden = !receipt.duplicate;
  fill(card, "title", say(receipt.duplicate ? "receipt.again" : "receipt.title"));
  if (receipt.recorded_at) fill(card, "at", say("receipt.at", { time: time(receipt.recorded_at) }));
  card.querySelector("[data-slot=case]").href = `/cases/${event.case_id}`;
  show(card);
  followWords(card, event);
}

// It is on the device, and the page need not stay open for it.
function showKept(form, event) {
  const card = cardOf("kept", form, event);
  card.dataset.kept = event.event_id;
  show(card);
  followWords(card, event);
  onChange((change) => {
    if (!card.isConnected) return;
    if (change.received === event.event_id) {
      showReceipt(form, event, change.receipt);
    } else if (change.refused === event.event_id) {
      const why = card.querySelector("[data-why]");
      why.hidden = false;
      why.textContent = say("outbox.was_refused", { detail: change.refusal.detail });
    }
  });
  entryOf(event.event_id).then((entry) => {
    if (isRecorded(entry) && card.isConnected) showReceipt(form, event, {});
  });
}

// What becomes of her words: they are on this device until the vault has them.
function followWords(card, { event_id, data }) {
  const said = card.querySelector("[data-words]");
  if (!data.note_id) {
    said.remove();
    return;
  }
  const paint = async () => {
    const entry = await entryOf(event_id);
    const state = entry === undefined ? "kept" : entry.recorded && entry.refusal ? "refused" : "waiting";
    said.dataset.words = state;
    said.textContent = say(`outbox.words_${state}`, { why: entry?.refusal?.detail });
    said.hidden = false;
  };
  onChange((change) => {
    // Whoever gave them up knows it.
    if (card.isConnected && change.given_up !== event_id) paint();
  });
  paint();
}

// --- correcting what was refused --------------------------------------------------------------------------------------

async function correct(form, opened) {
  const eventId = new URLSearchParams(window.location.hash.slice(1)).get("correct");
  const entry = eventId ? await entryOf(eventId) : undefined;
  if (!entry?.refusal || entry.type !== form.dataset.record) return;
  // Nobody types into what is still to be filled in.
  enable(form, false, say("outbox.opening"));
  const { event, words } = await opened(entry).finally(() => enable(form, true));
  const { event_id, case_id, occurred_at, data } = event;
  fillIn(form, data);
  if (words) form.elements.words.value = words.text;
  Object.assign(form.dataset, { eventId: event_id, caseId: case_id, noteId: data.note_id ?? form.dataset.noteId });
  form.elements.occurred_at.value = forForm(occurred_at);
  showRefusal(form, entry.refusal);
}

const form = document.querySelector("form[data-record]");
if (form) attend(form);
