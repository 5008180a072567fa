// What was recorded on this device and is not known to be in the log yet.
//
// An event is written here before it is sent, durably, and is taken away by a receipt for its event_id alone. Its id, its
// time and its data stay as they were written. One that was refused stays, with the reason, until it is corrected (the
// same event_id again) or given up by the person who wrote it.
//
// It is sealed to the origin (envelope.js) before it is written, and for her who chose a PIN a copy of it to the key that
// this opens (reading.js). Losing nothing comes first: where the origin's key is not at hand it is kept in clear, and
// sealed as soon as it is.
//
// An entry: place (the order of writing), event_id, account (whose it is), edition (goes up when it is written anew), type
// and kept_at (when it was first written here), refusal (null while it waits): { status, type, detail, errors:
// [{ field, message }] }, and either sealed: { event }, an envelope, with copy (null without a PIN), or clear: { event }, as
// /v1/events takes it.

import { enveloped } from "/static/envelope.js";
import { copyFor } from "/static/reading.js";
import { databaseNamed } from "/static/store.js";

const NAME = "outbox";
const STORE = "events";
// So long it is waited for the key and no longer: until it is written it is nowhere.
const PATIENCE = 2000;

const outbox = databaseNamed(NAME, 2, (db, before, _, transaction) => {
  if (before > 0) return bringOver(transaction.objectStore(STORE));
  const events = db.createObjectStore(STORE, { keyPath: "place", autoIncrement: true });
  return events.createIndex("event_id", "event_id", { unique: true });
});

// The first edition of this store had the events themselves.
async function bringOver(store) {
  for (let cursor = await store.openCursor(); cursor; cursor = await cursor.continue()) {
    const { event, ...entry } = cursor.value;
    await cursor.update({ ...entry, type: event.type, kept_at: event.occurred_at, sealed: null, copy: null, clear: { event } });
  }
}

// --- sealing ----------------------------------------------------------------------------------------------------------

async function sealed(entry, content) {
  const copying = inTime(copyFor(entry.account, content)).catch((error) => {
    console.info("sealed without a copy:", error.message);
    return null;
  });
  const [event, copy] = await Promise.all([enveloped("event", entry, content.event), copying]);
  return { sealed: { event }, copy, clear: null };
}

async function sealedWherePossible(entry, content) {
  try {
    return await inTime(sealed(entry, content));
  } catch (error) {
    console.warn("kept without being sealed:", error.message);
    return { sealed: null, copy: null, clear: content };
  }
}

function inTime(work) {
  const tooLate = new Promise((_, reject) => setTimeout(reject, PATIENCE, new Error("it took too long")));
  return Promise.race([work, tooLate]);
}

// What stands in clear is sealed. Throws where the key is not at hand.
export async function sealAll() {
  for (const entry of await entries()) {
    if (!entry.clear) continue;
    const anew = await sealed(entry, entry.clear);
    await settle(entry, (store, found) => found.clear && store.put({ ...found, ...anew }));
    tell({ sealed: entry.event_id });
  }
}

// --- writing ----------------------------------------------------------------------------------------------------------

// All of them or none.
export async function keep(events, account) {
  let isKept = false;
  while (!isKept) {
    const anew = await Promise.all(events.map((event) => entryWith(event, account)));
    isKept = await outbox.writing(STORE, (store) => putAll(store, anew));
  }
  for (const event of events) tell({ kept: event.event_id });
}

async function entryWith(event, account) {
  const { event_id, type } = event;
  const before = await entryOf(event_id);
  const edition = (before?.edition ?? 0) + 1;
  const kept_at = before?.kept_at ?? new Date().toISOString();
  const entry = { event_id, account, edition, type, kept_at, refusal: null };
  return { ...entry, ...(await sealedWherePossible(entry, { event })) };
}

// Whether they could be put: not where another page wrote one of them while it was being sealed.
async function putAll(store, anew) {
  const before = await Promise.all(anew.map(({ event_id }) => store.index("event_id").get(event_id)));
  if (anew.some(({ edition }, i) => edition !== (before[i]?.edition ?? 0) + 1)) return false;
  await Promise.all(anew.map((entry, i) => store.put(before[i] ? { ...entry, place: before[i].place } : entry)));
  return true;
}

export async function entries() {
  return (await outbox.opened()).getAll(STORE);
}

export async function entryOf(eventId) {
  return (await outbox.opened()).getFromIndex(STORE, "event_id", eventId);
}

// Changes the entry as it was when it was sent; what was written anew meanwhile is another matter and waits its turn.
async function settle(sent, change) {
  await outbox.writing(STORE, async (store) => {
    const found = await store.get(sent.place);
    if (found?.edition === sent.edition && found.event_id === sent.event_id) await change(store, found);
  });
}

export async function received(sent, receipt) {
  if (receipt.event_id !== sent.event_id) throw new Error("a receipt for another event");
  await settle(sent, (store, found) => store.delete(found.place));
  tell({ received: sent.event_id, receipt });
}

export async function refused(sent, refusal) {
  await settle(sent, (store, found) => store.put({ ...found, refusal }));
  tell({ refused: sent.event_id, refusal });
}

// Only what was refused can be given up: what waits may be in the log already.
export function giveUp(eventId) {
  return ofRefused(eventId, (store, found) => store.delete(found.place), { given_up: eventId });
}

// As it is: what could not be opened may be another time.
export function waitAgain(eventId) {
  return ofRefused(eventId, (store, found) => store.put({ ...found, refusal: null }), { kept: eventId });
}

async function ofRefused(eventId, change, said) {
  await outbox.writing(STORE, async (store) => {
    const found = await store.index("event_id").get(eventId);
    if (found?.refusal) await change(store, found);
  });
  tell(said);
}

// --- what changed, told to every page of this browser and to this one -------------------------------------------------

const here = new EventTarget();
const everywhere = new BroadcastChannel(NAME);

function tell(change) {
  here.dispatchEvent(new CustomEvent("change", { detail: change }));
  everywhere.postMessage(change);
}

export function onChange(react) {
  here.addEventListener("change", (event) => react(event.detail));
  everywhere.addEventListener("message", (event) => react(event.data));
}
