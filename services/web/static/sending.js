// Sends what waits in the outbox, in the order it was written, by one page or the service worker at a time.
//
// The answer says what is left and why: "" (nothing waits), "offline", "sign_in" (nobody is signed in), "others" (what is
// left was written by somebody else on this device), "away" (the service cannot take it now).

import { entries, received, refused, sealAll, wordsReceived } from "/static/outbox.js";

const AT_ONCE = 50;
const PATIENCE = 30_000;
// What would be refused again. Anything else may be different the next time.
const FINAL = new Set([403, 404, 409, 410, 413, 422]);
const OF_THE_SESSION = "urn:reintegration:problem:not_from_this_origin";

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

async function sendEvents() {
  if ((await ofEvents()).length === 0) return;
  // What cannot be sealed now goes as it is: the line is sealed, too.
  await sealAll().catch((error) => console.warn("something is not sealed yet:", error.message));
  const session = await whoIsSignedIn();
  for (;;) {
    const hers = (await ofEvents()).filter((entry) => entry.account === session.account_id).slice(0, AT_ONCE);
    if (hers.length === 0) return;
    const settled = await send(hers, session);
    if (settled === 0) throw new Unsent("away");
  }
}

// One at a time, each whatever became of the others.
async function sendWords() {
  if ((await ofWords()).length === 0) return;
  const session = await whoIsSignedIn();
  const hers = (await ofWords()).filter((entry) => entry.account === session.account_id);
  let settled = 0;
  for (const entry of hers) {
    const said = await sendEntries("/unsent/words", [entry], session);
    const result = said.results?.[0] ?? { problem: said };
    settled += await settle(entry, result);
  }
  if (settled < hers.length) throw new Unsent("away");
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
async function send(sent, session) {
  const said = await sendEntries("/unsent/events", sent, session);
  if (!said.results) return sent.length === 1 ? settle(sent[0], { problem: said }) : oneByOne(sent, session);
  let settled = 0;
  for (const [place, entry] of sent.entries()) {
    const result = said.results[place];
    if (result?.event_id === entry.event_id) settled += await settle(entry, result);
  }
  return settled;
}

// The batch as a whole was not taken: each event is asked for by itself, so that none holds up the others.
async function oneByOne(sent, session) {
  let settled = 0;
  for (const entry of sent) settled += await send([entry], session);
  return settled;
}

async function settle(entry, { receipt, words_kept_at, problem }) {
  if (receipt?.event_id === entry.event_id) {
    await received(entry, receipt);
    return 1;
  }
  if (words_kept_at && entry.recorded) {
    await wordsReceived(entry);
    return 1;
  }
  if (problem && FINAL.has(problem.status)) {
    const { status, title, type, detail, errors } = problem;
    await refused(entry, { status, type, detail: detail || title, errors: errors ?? [] });
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
