// Sends what waits in the outbox, in the order it was written, by one page or the service worker at a time. Beside it looks at
// cards are told.
//
// The answer says what is left and why: "" (nothing waits), "offline", "sign_in" (nobody is signed in), "others" (what is
// left was written by somebody else on this device), "away" (the service cannot take it now).

import { lookRefused, looks, lookTold, sealLooks } from "/static/looks.js";
import { entries, received, refused, sealAll, wordsReceived } from "/static/outbox.js";

const AT_ONCE = 50;
const PATIENCE = 30_000;
// What would be refused again. Anything else may be different the next time.
const FINAL = new Set([403, 404, 409, 410, 413, 422]);
export const CANNOT_OPEN = "urn:reintegration:problem:cannot_open";
const OF_THE_SESSION = "urn:reintegration:problem:not_from_this_origin";

// Where it goes, and what its answer does to an entry: when it is there for good, and when it is refused.
const EVENTS = {
  path: "/unsent/events",
  arrived: (entry, { receipt }) => receipt?.event_id === entry.event_id && received(entry, receipt),
  refused,
};
const WORDS = { path: "/unsent/words", arrived: (entry, said) => said.words_kept_at && wordsReceived(entry), refused };
const LOOKS = { path: "/unsent/looks", arrived: (look, said) => said.noted_at && lookTold(look), refused: lookRefused };

class Unsent extends Error {
  constructor(why, retryAfter = 0) {
    super(why);
    this.why = why;
    this.retryAfter = retryAfter;
  }
}

// { left, why, retryAfter }: how much still waits, why, and for how many seconds not to ask again. Words wait for their event
// and never the other way round.
export function sendAll() {
  return navigator.locks.request("outbox", async () => {
    const stopped = [await sendAsFarAsPossible(sendEvents), await sendAsFarAsPossible(sendWords)].find(Boolean);
    const left = (await waiting()).length;
    return { left, why: left ? (stopped?.why ?? "others") : "", retryAfter: stopped?.retryAfter ?? 0 };
  });
}

async function sendAsFarAsPossible(send) {
  try {
    await send();
  } catch (error) {
    if (error instanceof Unsent) return error;
    throw error;
  }
  return undefined;
}

async function waiting() {
  return (await entries()).filter((entry) => entry.refusal === null);
}

const ofEvents = async () => (await waiting()).filter((entry) => !entry.recorded);
const ofWords = async () => (await waiting()).filter((entry) => entry.recorded);

// What cannot be sealed now goes as it is: the line is sealed, too.
const sealedAsFarAsPossible = (seal) => seal().catch((error) => console.warn("something is not sealed yet:", error.message));

async function sendEvents() {
  await sealedAsFarAsPossible(sealAll);
  if ((await ofEvents()).length === 0) return;
  const session = await whoIsSignedIn();
  for (;;) {
    const hers = (await ofEvents()).filter((entry) => entry.account === session.account_id).slice(0, AT_ONCE);
    if (hers.length === 0) return;
    const settled = await send(EVENTS, hers, session);
    if (settled === 0) throw new Unsent("away");
  }
}

async function sendWords() {
  if ((await ofWords()).length === 0) return;
  const session = await whoIsSignedIn();
  const hers = (await ofWords()).filter((entry) => entry.account === session.account_id);
  if ((await sendEach(WORDS, hers, session, 1)) < hers.length) throw new Unsent("away");
}

// Looks at cards: no event waits for them. What could not be opened may be another time.
export function sendLooks() {
  return navigator.locks.request("looks", async () => {
    await sealedAsFarAsPossible(sealLooks);
    const waiting = (await looks()).filter(({ refusal }) => refusal === null || refusal.type === CANNOT_OPEN);
    if (waiting.length === 0) return;
    const session = await whoIsSignedIn();
    const hers = waiting.filter((look) => look.account === session.account_id);
    await sendEach(LOOKS, hers, session, AT_ONCE);
  });
}

async function ask(path, wanted) {
  let answer;
  try {
    answer = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE), ...wanted });
  } catch (error) {
    console.info("no answer:", error.message);
    throw new Unsent("offline");
  }
  if (answer.status === 401) throw new Unsent("sign_in");
  if (answer.status === 429 || answer.status >= 500) {
    throw new Unsent("away", Number(answer.headers.get("retry-after")) || 0);
  }
  return answer;
}

async function told(answer) {
  try {
    return await answer.json();
  } catch (error) {
    console.info("an answer that cannot be read:", error.message);
    throw new Unsent("away");
  }
}

async function whoIsSignedIn() {
  const answer = await ask("/session", {});
  if (!answer.ok) throw new Unsent("away");
  return told(answer);
}

const shownToTheOrigin = ({ event_id, edition, sealed, clear }) => ({ event_id, edition, sealed, clear });

// What the origin says. The form token goes with them: had somebody else signed in meanwhile, it would be refused, and
// nothing would be recorded in her name.
async function sendEntries(path, sent, session) {
  const headers = { "content-type": "application/json", "x-form-token": session.form_token };
  const body = JSON.stringify({ entries: sent.map(shownToTheOrigin) });
  const said = await told(await ask(path, { method: "POST", headers, body }));
  if (said.type === OF_THE_SESSION) throw new Unsent("sign_in");
  return said;
}

// How many of them have their final answer now.
async function send(kind, sent, session) {
  const said = await sendEntries(kind.path, sent, session);
  // The batch as a whole was not taken: each is asked for by itself, so that none holds up the others.
  if (!said.results) return sent.length === 1 ? settle(kind, sent[0], { problem: said }) : sendEach(kind, sent, session, 1);
  let settled = 0;
  for (const [place, entry] of sent.entries()) {
    const result = said.results[place];
    if (result?.event_id === entry.event_id) settled += await settle(kind, entry, result);
  }
  return settled;
}

// So many at a time, whatever became of the others. How many of them have their final answer now.
async function sendEach(kind, all, session, atOnce) {
  let settled = 0;
  for (let place = 0; place < all.length; place += atOnce) {
    settled += await send(kind, all.slice(place, place + atOnce), session);
  }
  return settled;
}

async function settle(kind, entry, result) {
  const arriving = kind.arrived(entry, result);
  if (arriving) {
    await arriving;
    return 1;
  }
  if (FINAL.has(result.problem?.status)) {
    const { status, title, type, detail, errors } = result.problem;
    await kind.refused(entry, { status, type, detail: detail || title, errors: errors ?? [] });
    return 1;
  }
  return 0;
}

// { event, words } of an entry, as far as there are both: the origin tells her who is signed in what she wrote herself, so that
// she can correct it. Throws where it cannot now, and where nobody can.
export async function contentOf(entry) {
  if (entry.clear) return entry.clear;
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ entries: [shownToTheOrigin(entry)] });
  const said = await told(await ask("/unsent/opened", { method: "POST", headers, body }));
  const result = said.results?.[0];
  if (result?.event_id !== entry.event_id || result.problem) throw new Error("the origin does not open it");
  return result;
}
