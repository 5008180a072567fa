// The page that stands in for others while there is no connection: a form, by the address, or what is kept of today's list
// and its cases. The PIN opens those for as long as this page lives, so from one to another it is the same page.

import { caseCode } from "/static/case-code.js";
import { noteLook } from "/static/looks.js";
import { entries } from "/static/outbox.js";
import { Closed, heed, lockOf, open } from "/static/reading.js";
import { contentOf } from "/static/sending.js";
import { attend } from "/static/sheet.js";
import { count, forForm, latinDigits, say, time } from "/static/words.js";

const OPENING = "case_opened";
const FORM = /^\/cases\/([0-9a-f-]{36})\/record$/;
const CASE = /^\/cases\/([0-9a-f-]{36})$/;
const LIST = /^\/(today)?$/;
const TELEPHONE_TAKES_OVER = 500;
const account = document.body.dataset.account;
const main = document.querySelector("main");
const templates = [...main.querySelectorAll("template")];
let opened = null;

const viewNamed = (name) => templates.find((template) => template.dataset.view === name);
const sheetOf = (type) => templates.find((template) => template.dataset.sheet === type);

function show(name) {
  main.replaceChildren(...templates, viewNamed(name).content.cloneNode(true));
}

async function render() {
  try {
    await showWhatIsAskedFor();
  } catch (error) {
    console.warn("what is kept cannot be read:", error.message);
    showNothing(say("reading.unreadable"));
  }
}

async function showWhatIsAskedFor() {
  const { pathname, search } = window.location;
  const asked = new URLSearchParams(search);
  const [, caseId] = pathname.match(FORM) ?? [];
  if (pathname === "/open-case") showSheet(OPENING, crypto.randomUUID(), false);
  else if (caseId && sheetOf(asked.get("type"))) showSheet(asked.get("type"), caseId, asked.get("direction") === "outgoing");
  else if (caseId) showKinds(caseId);
  else await showKept(pathname);
}

// --- forms ------------------------------------------------------------------------------------------------------------

function showCase(caseId) {
  const back = main.querySelector("[data-back]");
  back.hidden = false;
  back.querySelector("a").href = `/cases/${caseId}`;
  back.querySelector(".code").textContent = caseCode(caseId);
}

function showKinds(caseId) {
  show("kinds");
  showCase(caseId);
}

function showSheet(type, caseId, isOutgoing) {
  show("sheet");
  const form = sheetOf(type).content.querySelector("form").cloneNode(true);
  Object.assign(form.dataset, { eventId: crypto.randomUUID(), noteId: crypto.randomUUID(), caseId });
  form.elements.occurred_at.value = forForm(Date.now());
  const outgoing = form.querySelector('[name="direction"][value="outgoing"]');
  if (outgoing) outgoing.checked = isOutgoing;
  main.querySelector("[data-title]").textContent = form.dataset.typeName;
  main.append(form);
  if (type !== OPENING) {
    // Where nothing can be kept it goes there as a form.
    form.action = `/cases/${caseId}/record?type=${type}`;
    showCase(caseId);
  }
  attend(form, async (entry) => (await readHere(entry)) ?? contentOf(entry));
}

// --- what is kept -----------------------------------------------------------------------------------------------------

async function showKept(pathname) {
  if (opened === null) {
    const lock = await lockOf(account);
    if (lock?.half) askForPin();
    else showNothing(lock ? say(`reading.${lock.closed}`) : say("reading.none"));
    return;
  }
  const kept = opened.pages[LIST.test(pathname) ? "/today" : pathname];
  if (kept === undefined) {
    showNothing(say("reading.not_this_one"));
    return;
  }
  show("kept");
  main.querySelector("[data-as-of]").textContent = say("reading.as_of", { time: time(opened.kept_at) });
  const page = new DOMParser().parseFromString(kept, "text/html").body;
  // Nobody watches here how far checking has come: the line above says how old all of it is.
  page.querySelector("[data-freshness]")?.classList.add("stale");
  for (const banner of page.querySelectorAll("[data-stale-banner], [data-unwatched], [data-take-along]")) banner.remove();
  main.querySelector("[data-kept-page]").replaceChildren(...page.childNodes);
  const [, caseId] = pathname.match(CASE) ?? [];
  if (caseId) offerCard(caseId);
  await showUnsent(caseId);
}

function showNothing(why) {
  show("nothing");
  main.querySelector("[data-why-not]").textContent = why;
}

// Her card is shown after it was noted that somebody looked at it; her numbers at the times she agreed to.
function offerCard(caseId) {
  const place = main.querySelector("[data-who]");
  const kept = opened.cards[caseId];
  place.hidden = kept === undefined;
  place.querySelector("button").addEventListener("click", async () => {
    const instant = await heed();
    if (instant === undefined || instant > kept.until) return render();
    await noteLook(account, caseId, instant);
    const card = new DOMParser().parseFromString(kept.card, "text/html").body;
    place.querySelector("[data-card]").replaceChildren(...card.childNodes);
    showPhones(place.querySelector("[data-phones]"), kept, caseId, instant);
    place.querySelector("button").remove();
    place.dataset.who = "shown";
  });
}

function showPhones(place, { phones, open: times }, caseId, instant) {
  const mayBeCalled = times.some(([from, until]) => from <= instant && instant < until);
  for (const phone of mayBeCalled ? phones : []) {
    const link = Object.assign(document.createElement("a"), { href: `tel:${phone}`, textContent: phone });
    const sheet = `/cases/${caseId}/record?type=call&direction=outgoing`;
    link.addEventListener("click", () => setTimeout(go, TELEPHONE_TAKES_OVER, sheet));
    const line = Object.assign(document.createElement("p"), { className: "call-her code" });
    line.append(link);
    place.append(line);
  }
  if (mayBeCalled) return;
  place.append(Object.assign(document.createElement("p"), { className: "notice", textContent: say("reading.not_now") }));
}

// What an entry of the outbox says, as far as this device can tell: undefined where it is sealed to the origin alone.
async function readHere(entry) {
  try {
    return entry.clear ?? (await opened?.reads(entry.copy));
  } catch (error) {
    console.warn("a copy that cannot be opened:", error.message);
    return undefined;
  }
}

// What she recorded of this case since, and nobody else knows yet; and how much there is of which this device cannot say
// whether it is of this case: recorded before she chose her PIN, or another one.
async function showUnsent(caseId) {
  const hers = (await entries()).filter((entry) => entry.account === account && !entry.recorded);
  const read = await Promise.all(hers.map(async (entry) => ({ ...entry, event: (await readHere(entry))?.event })));
  const ofThisCase = read.filter(({ event }) => event?.case_id === caseId);
  const unknown = caseId ? read.filter(({ event }) => event === undefined).length : 0;
  const list = main.querySelector("[data-kept-unsent]");
  list.hidden = ofThisCase.length + unknown === 0;
  list.querySelector("ul").replaceChildren(...ofThisCase.map(unsentLine));
  const more = list.querySelector("[data-unknown]");
  more.dataset.unknown = String(unknown);
  more.hidden = unknown === 0;
  if (unknown) more.textContent = count("reading.of_unknown_cases", unknown);
}

function unsentLine({ event, refusal }) {
  const line = document.createElement("li");
  line.append(`${say(`type.${event.type}`)}, ${time(event.occurred_at)}`);
  if (!refusal) return line;
  const correct = document.createElement("a");
  const form = event.type === OPENING ? "/open-case" : `/cases/${event.case_id}/record?type=${event.type}`;
  Object.assign(correct, { href: `${form}#correct=${event.event_id}`, textContent: say("outbox.correct") });
  line.append(` (${say("outbox.state_refused")}) `, correct);
  return line;
}

function askForPin() {
  show("locked");
  const form = main.querySelector("[data-pin]");
  const [field, button] = [form.querySelector("input"), form.querySelector("button")];
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      opened = await open(latinDigits(field.value), account);
      await render();
      main.focus();
    } catch (error) {
      if (!(error instanceof Closed)) console.warn("what is kept cannot be opened:", error.message);
      refuse(form, error instanceof Closed ? error : new Closed("unreadable"));
      form.reset();
      field.focus();
    } finally {
      button.disabled = false;
    }
  });
  field.focus();
}

function refuse(form, closed) {
  const said = form.querySelector("[data-refusal]");
  said.hidden = false;
  said.dataset.refusal = closed.why;
  said.textContent = say(`reading.${closed.why}`, { n: closed.left });
}

// --- from one to another ----------------------------------------------------------------------------------------------

const isHere = ({ pathname }) => pathname === "/open-case" || [LIST, CASE, FORM].some((page) => page.test(pathname));

function go(where) {
  window.history.pushState(null, "", where);
  render().then(() => main.focus());
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  const isOurs = link?.origin === window.location.origin && isHere(link) && !("live" in link.dataset);
  if (!isOurs || opened === null) return;
  event.preventDefault();
  go(link.href);
});
window.addEventListener("popstate", render);
// With a connection there is a page that is not old; a form that was begun is left alone, and so is a page that somebody
// has just left and emptied: it is on its way to another, and would be shown again in its place.
window.addEventListener("online", () => {
  if (main.isConnected && main.querySelector("[data-kept-page], [data-pin]")) window.location.reload();
});
render();
