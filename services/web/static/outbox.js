// What was recorded on this device and is not known to be in the log yet.
//
// An event is written here before it is sent, durably, and is taken away by a receipt for its event_id alone. Its id, its
// time and its data stay as they were written. One that was refused stays, with the reason, until it is corrected (the
// same event_id again) or given up by the person who wrote it.
//
// What was said in words about it stands beside it, and stays until the vault has it: the event goes first, and never waits.
//
// All of it is sealed to the origin (sealing.js) before it is written, and for her who chose a PIN a copy of it to the key
// that this opens (reading.js). Losing nothing comes first: where the origin's key is not at hand it is kept in clear, and
// sealed as soon as it is.
//
// An entry: place (the order of writing), event_id, account (whose it is), edition (goes up when it is written anew), type
// and kept_at (when it was first written here), recorded (true when only the words are left), refusal (null while it
// waits): { status, type, detail, errors: [{ field, message }] }, and either sealed: { event, words }, an envelope each, with
// copy (null without a PIN), or clear: { event, words }: the event as /v1/events takes it, the words as { case_id, note_id,
// occurred_at, text }. What is not there is left out.

import { copyFor } from "/static/reading.js";
import { inTime, sealedToOrigin, sealedWherePossible } from "/static/sealing.js";
import { databaseNamed } from "/static/store.js";

const NAME = "outbox";
const STORE = "events";

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

async function withCopy(entry, content, seal = sealedWherePossible) {
  const copying = inTime(copyFor(entry.account, content)).catch((error) => {
    console.info("sealed without a copy:", error.message);
    return null;
  });
  const [kept, copy] = await Promise.all([seal(entry, content), copying]);
  return { ...kept, copy: kept.sealed && copy };
}

// What stands in clear is sealed. Throws where the key is not at hand.
export async function sealAll() {
  for (const entry of await entries()) {
    if (!entry.clear) continue;
    const anew = await withCopy(entry, entry.clear, sealedToOrigin);
    await settle(entry, (store, found) => found.clear && store.put({ ...found, ...anew }));
    tell({ sealed: entry.event_id });
  }
}

// --- writing ----------------------------------------------------------------------------------------------------------

// Of each what is to be kept: { event, words }, words where there are some. All of them or none.
export async function keep(contents, account) {
  let isKept = false;
  while (!isKept) {
    const anew = await Promise.all(contents.map((content) => entryWith(content, account)));
    isKept = await outbox.writing(STORE, (store) => putAll(store, anew));
  }
  for (const { event } of contents) tell({ kept: event.event_id });
}

async function entryWith(content, account) {
  const { event_id, type } = content.event;
  const before = await entryOf(event_id);
  const edition = (before?.edition ?? 0) + 1;
  const kept_at = before?.kept_at ?? new Date().toISOString();
  const entry = { event_id, account, edition, type, kept_at, refusal: null };
  return { ...entry, ...(await withCopy(entry, content)) };
}

// In place of words that were refused.
export async function keepWords(before, words) {
  const entry = { ...before, edition: before.edition + 1, refusal: null };
  const anew = { ...entry, ...(await withCopy(entry, { words })) };
  await settle(before, (store) => store.put(anew));
  tell({ kept: entry.event_id });
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

// What was written anew since it was sent waits its turn.
const settle = (sent, change) => outbox.settle(STORE, sent, change);

export async function received(sent, receipt) {
  if (receipt.event_id !== sent.event_id) throw new Error("a receipt for another event");
  await settle(sent, (store, found) => {
    const left = wordsOf(found);
    return left ? store.put(left) : store.delete(found.place);
  });
  tell({ received: sent.event_id, receipt });
}

// The entry without its event, undefined where no words are left.
function wordsOf(entry) {
  const { sealed, clear } = entry;
  if (!(sealed ?? clear).words) return undefined;
  return { ...entry, recorded: true, sealed: sealed && { words: sealed.words }, clear: clear && { words: clear.words } };
}

export async function wordsReceived(sent) {
  await settle(sent, (store, found) => store.delete(found.place));
  tell({ words_received: sent.event_id });
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
