// Sealing with AES-256-GCM, and to the public half of a key pair (P-256): a pair that is made for one sealed thing alone
// agrees with it on the key (ECDH, HKDF-SHA-256). What a sealed thing is about is bound to it.

export const CURVE = { name: "ECDH", namedCurve: "P-256" };

export const encoded = (text) => new TextEncoder().encode(text);
export const random = (size) => crypto.getRandomValues(new Uint8Array(size));
export const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
export const base64Of = (bytes) => btoa(Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join(""));

export const publicKeyAt = (point) => crypto.subtle.importKey("raw", point, CURVE, false, []);
export const secretFrom = (bytes) => crypto.subtle.importKey("raw", bytes, "HKDF", false, ["deriveKey"]);

export function derived(from, salt, purpose) {
  const way = { name: "HKDF", hash: "SHA-256", salt, info: encoded(purpose) };
  return crypto.subtle.deriveKey(way, from, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

async function agreed(privateKey, publicKey, point, purpose) {
  const bits = await crypto.subtle.deriveBits({ name: "ECDH", public: publicKey }, privateKey, 256);
  return derived(await secretFrom(bits), point, purpose);
}

export async function encrypted(key, about, content) {
  const iv = random(12);
  return { iv, bytes: await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: encoded(about) }, key, content) };
}

export function decrypted(key, about, { iv, bytes }) {
  return crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: encoded(about) }, key, bytes);
}

// content: what JSON can say.
export async function sealedTo(publicKey, purpose, about, content) {
  const once = await crypto.subtle.generateKey(CURVE, true, ["deriveBits"]);
  const point = await crypto.subtle.exportKey("raw", once.publicKey);
  const key = await agreed(once.privateKey, publicKey, point, purpose);
  return { point, ...(await encrypted(key, about, encoded(JSON.stringify(content)))) };
}

export async function unsealed(privateKey, purpose, about, { point, ...content }) {
  const key = await agreed(privateKey, await publicKeyAt(point), point, purpose);
  return JSON.parse(new TextDecoder().decode(await decrypted(key, about, content)));
}

// --- to the origin ----------------------------------------------------------------------------------------------------
//
// What waits on this device is sealed to the origin's key: this device cannot open it again (services/web/envelopes.py does).

const PATH = "/static/sealing-key.json";
const PURPOSE = "outbox v1";
const VERSION = 1;
let fetching = null;

async function fetched() {
  // The service worker's own requests do not come by what it keeps.
  const answer = (await globalThis.caches?.match(PATH)) ?? (await fetch(PATH));
  if (!answer.ok) throw new Error(`the key answered ${answer.status}`);
  const { key_id, point } = await answer.json();
  return { key_id, key: await publicKeyAt(bytesOf(point)) };
}

// The key, once for a page. Throws where it is not at hand; it is asked for again then.
export function originKey() {
  fetching ??= fetched().catch((error) => {
    fetching = null;
    throw error;
  });
  return fetching;
}

// what: event, words or look, of this edition of an entry and no other.
async function enveloped(what, { event_id, account, edition }, content) {
  const { key_id, key } = await originKey();
  const about = [PURPOSE, what, event_id, account, key_id, edition].join("|");
  const { point, iv, bytes } = await sealedTo(key, PURPOSE, about, content);
  return { version: VERSION, key_id, point: base64Of(point), iv: base64Of(iv), sealed: base64Of(bytes) };
}

// What is kept of an entry: sealed, an envelope of each part of its content; or clear, the content as it is.

// So long it is waited for the key and no longer: until it is written it is nowhere.
const PATIENCE = 2000;

export function inTime(work) {
  const tooLate = new Promise((_, reject) => setTimeout(reject, PATIENCE, new Error("it took too long")));
  return Promise.race([work, tooLate]);
}

// Throws where the key is not at hand.
export async function sealedToOrigin(entry, content) {
  const parts = Object.entries(content).map(async ([what, part]) => [what, await enveloped(what, entry, part)]);
  return { sealed: Object.fromEntries(await Promise.all(parts)), clear: null };
}

// Losing nothing comes first.
export async function sealedWherePossible(entry, content) {
  try {
    return await inTime(sealedToOrigin(entry, content));
  } catch (error) {
    console.warn("kept without being sealed:", error.message);
    return { sealed: null, clear: content };
  }
}
