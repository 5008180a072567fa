// Looks at safe-contact cards without a connection: noted on this device before the card is shown, durably, and told to the
// vault when there is a connection. They go when the vault has them; wiping what is kept for reading takes none of them. One
// that the vault refuses stays, and holds up no other.
//
// They are sealed to the origin, as what waits in the outbox is, by the same rules.
//
// An entry: place (the order), event_id (its own), account (whose it is), edition (always 1), refusal (null while it waits;
// else with status and type), and either sealed: { look }, an envelope, or clear: { look: { case_id, at (RFC 3339) } }.

import { sealedToOrigin, sealedWherePossible } from "/static/sealing.js";
import { databaseNamed } from "/static/store.js";

const NAME = "looks";
const STORE = "sealed";

const kept = databaseNamed(NAME, 2, async (db, before, _, transaction) => {
  const store = db.createObjectStore(STORE, { keyPath: "place", autoIncrement: true });
  if (before === 0) return;
  // The first edition had them in clear.
  for (const { account, refused, ...look } of await transaction.objectStore(NAME).getAll()) {
    await store.add({ ...waiting(account), refusal: refused ? { status: refused } : null, sealed: null, clear: { look } });
  }
  db.deleteObjectStore(NAME);
});

const waiting = (account) => ({ event_id: crypto.randomUUID(), account, edition: 1, refusal: null });
const settle = (look, change) => kept.settle(STORE, look, change);

export async function noteLook(account, caseId, instant) {
  const entry = waiting(account);
  const look = { case_id: caseId, at: new Date(instant).toISOString() };
  const anew = { ...entry, ...(await sealedWherePossible(entry, { look })) };
  await kept.writing(STORE, (store) => store.add(anew));
}

export async function looks() {
  return (await kept.opened()).getAll(STORE);
}

// What stands in clear is sealed. Throws where the key is not at hand.
export async function sealLooks() {
  for (const look of await looks()) {
    if (!look.clear) continue;
    const anew = await sealedToOrigin(look, look.clear);
    await settle(look, (store, found) => store.put({ ...found, ...anew }));
  }
}

export const lookTold = (look) => settle(look, (store, { place }) => store.delete(place));
export const lookRefused = (look, { status, type }) =>
  settle(look, (store, found) => store.put({ ...found, refusal: { status, type } }));
