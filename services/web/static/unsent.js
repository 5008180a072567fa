// On every page of who records: how many events are unsent, sending them, and the warning before signing out.

import { originKey } from "/static/sealing.js";
import { entries, onChange } from "/static/outbox.js";
import { sendAll, sendLooks } from "/static/sending.js";
import { count, language, say } from "/static/words.js";

const FIRST_WAIT = 2000;
const LONGEST_WAIT = 60_000;
const ASKED = "asked for durable storage";
// Asking again by itself is no use here: somebody has to sign in first.
const NEEDS_SOMEBODY = new Set(["sign_in", "others"]);

const { account, formToken } = document.body.dataset;
const shown = document.querySelector("[data-unsent]");
const reason = document.querySelector("[data-unsent-why]");
let timer = null;
let tries = 0;

async function paint() {
  const all = await entries();
  const refused = all.filter((entry) => entry.refusal !== null).length;
  const waiting = all.length - refused;
  const said = [count("outbox.waiting", waiting)];
  if (refused) said.push(count("outbox.refused", refused));
  shown.dataset.unsent = String(waiting);
  shown.dataset.refused = String(refused);
  shown.textContent = said.join(" · ");
  shown.hidden = false;
}

function explain(why) {
  reason.hidden = why === "";
  if (why === "") return;
  reason.dataset.unsentWhy = why;
  reason.textContent = say(`outbox.why_${why}`);
  if (why !== "sign_in") return;
  const link = document.createElement("a");
  link.href = `/sign-in?next=${encodeURIComponent(window.location.pathname)}`;
  link.textContent = say("sign_in.title");
  reason.append(" ", link);
}

// Why something is left, "" when nothing is.
export async function sendNow() {
  clearTimeout(timer);
  sendLooks().catch((error) => console.info("looks were not told yet:", error.message));
  const { left, why, retryAfter } = await sendAll();
  explain(why);
  tries = left ? tries + 1 : 0;
  if (left && !NEEDS_SOMEBODY.has(why)) {
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (tries - 1)) * (0.75 + Math.random() / 2);
    timer = setTimeout(sendNow, Math.max(wait, retryAfter * 1000));
  }
  return why;
}

function warnBeforeSigningOut() {
  const form = document.querySelector("[data-sign-out]");
  const dialog = document.querySelector("[data-unsent-warning]");
  form.addEventListener("submit", (event) => {
    const waiting = Number(shown.dataset.unsent ?? 0);
    if (waiting === 0) return;
    event.preventDefault();
    event.stopPropagation();
    dialog.querySelector("h2").textContent = count("outbox.waiting", waiting);
    dialog.showModal();
  });
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "sign-out") form.submit();
  });
}

// The browser sends what waits also when no page is open, where it can.
async function askForSync() {
  const registration = await navigator.serviceWorker?.getRegistration();
  try {
    await registration?.sync?.register("outbox");
  } catch (error) {
    console.info("nothing is sent while no page is open:", error.message);
  }
}

// Once, when the first event waits here: a browser that promises nothing may throw it away when space runs out.
async function askForDurability() {
  if (!navigator.storage?.persist || localStorage.getItem(ASKED) !== null) return;
  localStorage.setItem(ASKED, "yes");
  await navigator.storage.persist();
}

async function register() {
  if (!navigator.serviceWorker) return;
  await navigator.serviceWorker.register("/static/worker.js", { type: "module", scope: "/" });
  const { active } = await navigator.serviceWorker.ready;
  // Whose pages are to be kept, in which language: where that is another matter than before, they are kept anew.
  if (account) active.postMessage({ keepPagesOf: [account, language, formToken].join(" ") });
}

onChange((change) => {
  paint();
  if (!change.kept) return;
  askForSync();
  askForDurability();
});
window.addEventListener("online", sendNow);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) sendNow();
});
warnBeforeSigningOut();
paint();
sendNow();
// The key is there before it is needed: later there may be no connection.
originKey().catch((error) => console.info("nothing can be sealed now:", error.message));
register().catch((error) => console.info("this device keeps no pages:", error.message));
