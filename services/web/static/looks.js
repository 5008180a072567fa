// Looks at safe-contact cards without a connection: noted on this device before the card is shown, durably, and told to the
// vault when there is a connection. They go when the vault has them; wiping what is kept for reading takes none of them. One
// that the vault refuses stays, and holds up no other.
//
// A look: account, case_id, at (RFC 3339), refused (the status it was refused with; not there while it waits).

import { databaseNamed } from "/static/store.js";

const NAME = "looks";
const MOST = 500;
// What would be refused again. Anything else may be different the next time.
const FINAL = new Set([403, 404, 413, 422]);
const kept = databaseNamed(NAME, 1, (db) => db.createObjectStore(NAME, { autoIncrement: true }));

export function noteLook(account, caseId, instant) {
  const look = { account, case_id: caseId, at: new Date(instant).toISOString() };
  return kept.writing(NAME, (store) => store.add(look));
}

async function looksOf(account) {
  const { store } = (await kept.opened()).transaction(NAME);
  const [keys, looks] = await Promise.all([store.getAllKeys(), store.getAll()]);
  return looks.map((look, place) => ({ key: keys[place], look })).filter(({ look }) => look.account === account);
}

// How many looks of hers the vault does not take.
export async function refusedLooks(account) {
  return (await looksOf(account)).filter(({ look }) => look.refused).length;
}

async function answerTo(looks, formToken) {
  const body = JSON.stringify({ looks: looks.map(({ look: { case_id, at } }) => ({ case_id, at })) });
  const headers = { "content-type": "application/json", "x-form-token": formToken };
  return (await fetch("/v1/vault/looks", { method: "POST", headers, body })).status;
}

// The vault takes all of them or none: where it refuses, each is asked for by itself.
async function tell(looks, formToken) {
  const status = await answerTo(looks, formToken);
  if (status === 201) {
    await kept.writing(NAME, (store) => Promise.all(looks.map(({ key }) => store.delete(key))));
  } else if (FINAL.has(status) && looks.length > 1) {
    for (const look of looks) await tell([look], formToken);
  } else if (FINAL.has(status)) {
    const [{ key, look }] = looks;
    await kept.writing(NAME, (store) => store.put({ ...look, refused: status }, key));
  }
}

// One page at a time; what the vault cannot take now is asked for again at the next visit.
export function tellLooks(account, formToken) {
  return navigator.locks.request(NAME, async () => {
    const looks = (await looksOf(account)).filter(({ look }) => !look.refused).slice(0, MOST);
    if (looks.length) await tell(looks, formToken);
  });
}
