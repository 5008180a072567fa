// What waits on this device, sealed to the origin's key: this device cannot open it again (services/web/envelopes.py does).

import { base64Of, bytesOf, publicKeyAt, sealedTo } from "/static/sealing.js";

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

// what: event or words, of this edition of an entry and no other.
export async function enveloped(what, { event_id, account, edition }, content) {
  const { key_id, key } = await originKey();
  const about = [PURPOSE, what, event_id, account, key_id, edition].join("|");
  const { point, iv, bytes } = await sealedTo(key, PURPOSE, about, content);
  return { version: VERSION, key_id, point: base64Of(point), iv: base64Of(iv), sealed: base64Of(bytes) };
}
