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
