// What was recorded on this device and is not known to be in the log yet.
//
// An event is written here before it is sent, durably, and is taken away by a receipt for its event_id alone. Its id, its
// time and its data stay as they were written. One that was refused stays, with the reason, until it is corrected (the
// same event_id again) or given up by the person who wrote it.
//
// An entry: place (the order of writing), event_id, account (whose it is), event (as /v1/events takes it), edition (goes
// up when it is written anew), refusal (null while it waits): { status, detail, errors: [{ field, message }] }.

import { openDB } from "/static/vendor/idb.js";

const NAME = "outbox";
const STORE = "events";
let opening = null;

function database() {
  opening ??= openDB(NAME, 1, {
    upgrade(db) {
      const events = db.createObjectStore(STORE, { keyPath: "place", autoIncrement: true });
      events.createIndex("event_id", "event_id", { unique: true });
    },
    blocking: forget,
    terminated: forget,
  }).catch((error) => {
    opening = null;
    throw error;
  });
  return opening;
}

// A newer page wants to change the store, or the browser closed it: it is opened anew when it is needed.
function forget() {
  opening?.then((db) => db.close()).catch((error) => console.info("the outbox was not open:", error.message));
  opening = null;
}

// On disk when the promise is kept: what the person is told to be kept outlives the browser and the battery.
async function writing(change) {
  const transaction = (await database()).transaction(STORE, "readwrite", { durability: "strict" });
  const [answer] = await Promise.all([change(transaction.store), transaction.done]);
  return answer;
}

// All of them or none.
export async function keep(events, account) {
  await writing(async (store) => {
    for (const event of events) {
      const before = await store.index("event_id").get(event.event_id);
      const place = before === undefined ? {} : { place: before.place };
      const edition = (before?.edition ?? 0) + 1;
      await store.put({ ...place, event_id: event.event_id, account, event, edition, refusal: null });
    }
  });
  for (const event of events) tell({ kept: event.event_id });
}

export async function entries() {
  return (await database()).getAll(STORE);
}

export async function entryOf(eventId) {
  return (await database()).getFromIndex(STORE, "event_id", eventId);
}

// Changes the entry as it was when it was sent; what was written anew meanwhile is another matter and waits its turn.
async function settle(sent, change) {
  await writing(async (store) => {
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
export async function giveUp(eventId) {
  await writing(async (store) => {
    const found = await store.index("event_id").get(eventId);
    if (found?.refusal) await store.delete(found.place);
  });
  tell({ given_up: eventId });
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
