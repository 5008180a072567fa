// Looks at safe-contact cards without a connection: noted on this device before the card is shown, durably, and told to the
// vault when there is a connection. They go when the vault has them; wiping what is kept for reading takes none of them.
//
// A look: account, case_id, at (RFC 3339).

import { openDB } from "/static/vendor/idb.js";

const NAME = "looks";
const MOST = 500;
const upgrade = (db) => db.createObjectStore(NAME, { autoIncrement: true });

async function withStore(work) {
  const db = await openDB(NAME, 1, { upgrade });
  try {
    return await work(db);
  } finally {
    db.close();
  }
}

export function noteLook(account, caseId, instant) {
  const look = { account, case_id: caseId, at: new Date(instant).toISOString() };
  return withStore(async (db) => {
    const transaction = db.transaction(NAME, "readwrite", { durability: "strict" });
    await Promise.all([transaction.store.add(look), transaction.done]);
  });
}

async function looksOf(account) {
  return withStore(async (db) => {
    const { store } = db.transaction(NAME);
    const [keys, looks] = await Promise.all([store.getAllKeys(), store.getAll()]);
    return looks.map((look, place) => ({ ...look, key: keys[place] })).filter((look) => look.account === account);
  });
}

async function isNoted(looks, formToken) {
  const body = JSON.stringify({ looks: looks.map(({ case_id, at }) => ({ case_id, at })) });
  const headers = { "content-type": "application/json", "x-form-token": formToken };
  return (await fetch("/v1/vault/looks", { method: "POST", headers, body })).ok;
}

// One page at a time; what the vault does not take is asked for again at the next visit.
export function tellLooks(account, formToken) {
  return navigator.locks.request("looks", async () => {
    const looks = (await looksOf(account)).slice(0, MOST);
    if (looks.length === 0 || !(await isNoted(looks, formToken))) return;
    await withStore((db) => Promise.all(looks.map(({ key }) => db.delete(NAME, key))));
  });
}
