// Sends what waits in the outbox, in the order it was written, by one page or the service worker at a time.
//
// The answer says what is left and why: "" (nothing waits), "offline", "sign_in" (nobody is signed in), "others" (what is
// left was written by somebody else on this device), "away" (the service cannot take it now).

import { entries, received, refused, sealAll } from "/static/outbox.js";

const AT_ONCE = 50;
const PATIENCE = 30_000;
// What would be refused again. Anything else may be different the next time.
const FINAL = new Set([403, 404, 413, 422]);
const OF_THE_SESSION = "urn:reintegration:problem:not_from_this_origin";

class Unsent extends Error {
  constructor(why, retryAfter = 0) {
    super(why);
    this.why = why;
    this.retryAfter = retryAfter;
  }
}

// { left, why, retryAfter }: how many events still wait, why, and for how many seconds not to ask again.
export function sendAll() {
  return navigator.locks.request("outbox", async () => {
    let stopped = { why: "", retryAfter: 0 };
    try {
      await sendWaiting();
    } catch (error) {
      if (!(error instanceof Unsent)) throw error;
      stopped = error;
    }
    const left = (await waiting()).length;
    return { left, why: left ? stopped.why || "others" : "", retryAfter: stopped.retryAfter };
  });
}

async function waiting() {
  return (await entries()).filter((entry) => entry.refusal === null);
}

async function sendWaiting() {
  if ((await waiting()).length === 0) return;
  // What cannot be sealed now goes as it is: the line is sealed, too.
  await sealAll().catch((error) => console.warn("something is not sealed yet:", error.message));
  const session = await whoIsSignedIn();
  for (;;) {
    const hers = (await waiting()).filter((entry) => entry.account === session.account_id).slice(0, AT_ONCE);
    if (hers.length === 0) return;
    const settled = await send(hers, session);
    if (settled === 0) throw new Unsent("away");
  }
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

// How many of them have their final answer now. The form token goes with them: had somebody else signed in meanwhile,
// it would be refused, and nothing would be recorded in her name.
async function send(sent, session) {
  const headers = { "content-type": "application/json", "x-form-token": session.form_token };
  const body = JSON.stringify({ entries: sent.map(shownToTheOrigin) });
  const answer = await ask("/unsent/events", { method: "POST", headers, body });
  const said = await told(answer);
  if (said.type === OF_THE_SESSION) throw new Unsent("sign_in");
  if (!answer.ok) return sent.length === 1 ? settle(sent[0], { problem: said }) : oneByOne(sent, session);
  let settled = 0;
  for (const [place, entry] of sent.entries()) {
    const result = said.results?.[place];
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

async function settle(entry, { receipt, problem }) {
  if (receipt?.event_id === entry.event_id) {
    await received(entry, receipt);
    return 1;
  }
  if (problem && FINAL.has(problem.status)) {
    const { status, title, type, detail, errors } = problem;
    await refused(entry, { status, type, detail: detail || title, errors: errors ?? [] });
    return 1;
  }
  return 0;
}

// What her entry says: her who is signed in the origin tells what she wrote herself, so that she can correct it. Throws
// where it cannot now, and where nobody can.
export async function contentOf(entry) {
  if (entry.clear) return entry.clear;
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ entries: [shownToTheOrigin(entry)] });
  const answer = await ask("/unsent/opened", { method: "POST", headers, body });
  const { event } = (await told(answer)).results?.[0] ?? {};
  if (event?.event_id !== entry.event_id) throw new Error("the origin does not open it");
  return { event };
}
