// What she may read without a connection: today's list and the pages of its cases, sealed on this device.
//
// They are sealed to a key pair of this device, so that they are kept anew at every visit without asking for the PIN. The
// private key is encrypted under a key made of two halves: one is the origin's, comes with the sign-in and leaves with it;
// the other is made of the PIN and is nowhere. A wrong PIN is counted, durably, before it is tried; the fifth wipes all of
// it. The outbox is another store, and none of this touches it.
//
// The end of the lease counts from the origin's time. Of this device's clock the latest instant ever seen counts, a clock
// before it as that; one that was behind when the pages were kept counts as if it were behind for good.
//
// The lock: account, device (its id), salt, half (null: the pages are not to be opened), half_mark, wrapped (the private
// key), public_key, wrong (tries), lease_days, kept_at (by the origin's clock, in ms, as all of these), clock_then (this
// device's at that moment), seen_at, language, closed (why half is null).

import { bytesOf, CURVE, decrypted, derived, encoded, encrypted, random, sealedTo, secretFrom, unsealed } from "/static/sealing.js";
import { databaseNamed } from "/static/store.js";

export const MOST_WRONG = 5;
const ROUNDS = 600_000;
const DAY = 24 * 3600 * 1000;
const NAME = "reading";
const PAGES = "pages v1";
const COPY = "outbox copy v1";

// why: none (nothing is kept for her), signed_out, lease_over, wrong, wiped. left: how many tries.
export class Closed extends Error {
  constructor(why, left = 0) {
    super(why);
    this.why = why;
    this.left = left;
  }
}

// --- the store --------------------------------------------------------------------------------------------------------

const reading = databaseNamed(NAME, 1, (db) => db.createObjectStore(NAME));
const changing = (change) => reading.writing(NAME, change);
const currentLock = async () => (await reading.opened()).get(NAME, "lock");

export async function lockOf(account) {
  const lock = await currentLock();
  return lock?.account === account ? lock : undefined;
}

// Whether somebody else than this account keeps pages here that could be opened.
export async function otherThan(account) {
  const lock = await currentLock();
  return Boolean(lock?.half) && lock.account !== account;
}

// Nothing of it is left, nor that there was a PIN.
export function wipe() {
  return changing((store) => store.clear());
}

// The pages go, and the origin's half with them; the PIN is good again once there is a connection and a sign-in.
export function drop(why) {
  return changing((store) => dropIn(store, why));
}

async function dropIn(store, why) {
  const lock = await store.get("lock");
  await Promise.all([store.delete("pages"), store.delete("cards")]);
  if (lock) await store.put({ ...lock, half: null, closed: why }, "lock");
}

// --- time -------------------------------------------------------------------------------------------------------------

const behind = (lock) => Math.max(0, lock.kept_at - lock.clock_then);
const instantOf = (lock, clock) => Math.max(lock.seen_at, clock + behind(lock));
const endOf = (lock) => lock.kept_at + lock.lease_days * DAY;

// Until when it can be read by this device's clock, as far as that can be said.
export const readableUntil = (lock) => endOf(lock) - behind(lock);

// Notes how late it is, and takes away what is over: the cards at midnight, the pages with the lease. Answers how late.
export function heed(clock = Date.now()) {
  return changing(async (store) => {
    const lock = await store.get("lock");
    if (!lock?.half) return undefined;
    const seen = { ...lock, seen_at: instantOf(lock, clock) };
    await store.put(seen, "lock");
    if (seen.seen_at > (seen.cards_until ?? 0)) await store.delete("cards");
    if (seen.seen_at > endOf(seen)) await dropIn(store, "lease_over");
    return seen.seen_at;
  });
}

// --- keys -------------------------------------------------------------------------------------------------------------

async function markOf(half) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", half));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function keyOf(pin, { salt, half }) {
  const typed = await crypto.subtle.importKey("raw", encoded(pin), "PBKDF2", false, ["deriveBits"]);
  const way = { name: "PBKDF2", hash: "SHA-256", salt, iterations: ROUNDS };
  return derived(half, await crypto.subtle.deriveBits(way, typed, 256), "private key v1");
}

const sealed = (lock, content) => sealedTo(lock.public_key, PAGES, lock.account, content);

// What she wrote herself and is sealed to the origin, once more for her PIN; null where she has none.
export async function copyFor(account, content) {
  const lock = await lockOf(account);
  return lock ? { device: lock.device, ...(await sealedTo(lock.public_key, COPY, account, content)) } : null;
}

// --- choosing a PIN, keeping, opening ---------------------------------------------------------------------------------

async function toTakeAlong(device) {
  const answer = await fetch(`/take-along?device=${device}`, { cache: "no-store" });
  if (!answer.ok || answer.redirected) throw new Error(`what is to be kept answered ${answer.status}`);
  const told = await answer.json();
  return { ...told, now: Date.parse(told.now), half: bytesOf(told.half) };
}

// clock_then: read before the origin read its own, so that this device's never counts as further ahead than it is.
const keptNow = (told, clock_then) => ({
  lease_days: told.lease_days,
  kept_at: told.now,
  seen_at: told.now,
  clock_then,
  closed: "",
});

// In place of what there was, whoever's. Throws where there is no connection or nobody is signed in.
export async function choosePin(pin, account, language) {
  const [device, salt, clock_then] = [crypto.randomUUID(), random(16), Date.now()];
  const told = await toTakeAlong(device);
  const half = await secretFrom(told.half);
  const pair = await crypto.subtle.generateKey(CURVE, true, ["deriveBits"]);
  const secret = await crypto.subtle.exportKey("pkcs8", pair.privateKey);
  const wrapped = await encrypted(await keyOf(pin, { salt, half }), account, secret);
  const key = { account, device, salt, half, half_mark: await markOf(told.half), wrapped, public_key: pair.publicKey };
  const lock = { ...key, ...keptNow(told, clock_then), language, wrong: 0 };
  const pages = await sealed(lock, { kept_at: told.now, pages: told.pages });
  await changing(async (store) => {
    await store.clear();
    await store.put(lock, "lock");
    await store.put(pages, "pages");
  });
}

// Keeps the pages anew, and the lease begins anew. Nothing to do where she has chosen no PIN.
export async function keepAnew(account, language) {
  const before = await lockOf(account);
  if (!before) return;
  const clock_then = Date.now();
  const told = await toTakeAlong(before.device);
  // The origin has another secret than before: no PIN would open what this half is in.
  if ((await markOf(told.half)) !== before.half_mark) {
    await wipe();
    return;
  }
  const half = await secretFrom(told.half);
  const pages = await sealed(before, { kept_at: told.now, pages: told.pages });
  await changing(async (store) => {
    const lock = await store.get("lock");
    if (lock?.device !== before.device) return;
    await store.put({ ...lock, half, language, ...keptNow(told, clock_then) }, "lock");
    await store.put(pages, "pages");
  });
}

// Keeps the safe-contact cards of the day beside the pages. Throws Closed where there is no PIN.
export async function keepCards(account, { until, cards }) {
  const before = await lockOf(account);
  if (!before?.half) throw new Closed("none");
  const content = await sealed(before, cards);
  await changing(async (store) => {
    const lock = await store.get("lock");
    if (lock?.device !== before.device || !lock.half) return;
    await store.put({ ...lock, cards_until: until }, "lock");
    await store.put(content, "cards");
  });
}

// { kept_at, pages: { path: what stands in its main }, cards: { case_id: as /take-along/cards says }, reads }: reads gives
// what a copy of the outbox says, undefined where it was made for another PIN. Throws Closed.
export async function open(pin, account) {
  await heed();
  const lock = await withOneMoreTry(account);
  const privateKey = await privateKeyOf(lock, pin);
  const kept = await changing(async (store) => {
    const current = await store.get("lock");
    if (current?.device !== lock.device) return [];
    await store.put({ ...current, wrong: 0 }, "lock");
    return Promise.all([store.get("pages"), store.get("cards")]);
  });
  if (!kept[0]) throw new Closed("none");
  const [pages, cards] = await Promise.all(kept.map((one) => one && unsealed(privateKey, PAGES, account, one)));
  const reads = async (copy) => (copy?.device === lock.device ? unsealed(privateKey, COPY, account, copy) : undefined);
  return { ...pages, cards: cards ?? {}, reads };
}

// The lock with a try counted, before anything is tried.
async function withOneMoreTry(account) {
  const lock = await changing(async (store) => {
    const found = await store.get("lock");
    if (found?.account !== account || !found.half) return found;
    const counted = { ...found, wrong: found.wrong + 1 };
    // Whoever ends the browser before the wipe has no further try.
    if (counted.wrong > MOST_WRONG) await store.clear();
    else await store.put(counted, "lock");
    return counted;
  });
  if (lock?.account !== account) throw new Closed("none");
  if (!lock.half) throw new Closed(lock.closed);
  if (lock.wrong > MOST_WRONG) throw new Closed("wiped");
  return lock;
}

async function privateKeyOf(lock, pin) {
  try {
    const secret = await decrypted(await keyOf(pin, lock), lock.account, lock.wrapped);
    return await crypto.subtle.importKey("pkcs8", secret, CURVE, false, ["deriveBits"]);
  } catch (error) {
    if (error.name !== "OperationError") throw error;
    if (lock.wrong < MOST_WRONG) throw new Closed("wrong", MOST_WRONG - lock.wrong);
    await wipe();
    throw new Closed("wiped");
  }
}
