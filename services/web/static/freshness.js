// The page's own watch: red when it has not seen checking go on for 45 seconds, by a clock that nobody can set.
//
// data-live="stream": the stream's heartbeats say how far checking has come (inbox.js hands them over).
// data-live="page": the detector is asked at once and every 10 seconds, and the page is made anew every two minutes, or
// with the next answer while its list is behind; the time in its line stays that of the list beside it.

const limit = Number(document.body.dataset.staleSeconds) * 1000;
const numerals = document.body.dataset.digits;
const clock = new Intl.DateTimeFormat(`en-GB-u-nu-${numerals}`, {
  timeZone: "Asia/Dhaka",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const numbers = new Intl.NumberFormat(`en-u-nu-${numerals}`);

// From here on this script watches, and no longer the style sheet.
const takeOver = (within) => within.querySelector("[data-unwatched]")?.remove();
takeOver(document);

const line = () => document.querySelector("[data-freshness]");
const isLive = line().dataset.live === "stream";
let newest = line().dataset.checkedUntil;
let proven = performance.now();
let listBehind = line().classList.contains("stale");
let detectorBehind = false;

function paint() {
  const stale = listBehind || detectorBehind || performance.now() - proven > limit;
  line().classList.toggle("stale", stale);
  document.querySelector("[data-stale-banner]").hidden = !stale;
}

function write(until, cases) {
  const shown = line();
  const time = shown.querySelector("[data-until]");
  const count = shown.querySelector("[data-number]");
  if (!time || !count) {
    // The line had said that something is not known; its words are made where all words are made.
    document.dispatchEvent(new Event("freshness-known"));
    return;
  }
  time.dateTime = until;
  time.textContent = clock.format(new Date(until));
  time.removeAttribute("title");
  shown.dataset.checkedUntil = until;
  if (typeof cases === "number") {
    count.textContent = numbers.format(cases);
    const behind = shown.querySelector("[data-one]");
    behind.textContent = cases === 1 ? behind.dataset.one : behind.dataset.many;
    shown.dataset.casesChecked = String(cases);
  }
}

// What a service says about checking. Only a time later than all before is a sign of life; that the service answers
// is none.
export function noteFreshness({ checked_until: until, cases_checked: cases, lag_seconds: lag, stale }) {
  if (until && until > newest) {
    newest = until;
    proven = performance.now();
    if (isLive) {
      listBehind = false;
      write(until, cases);
    }
  }
  detectorBehind = stale === true || typeof lag !== "number" || lag * 1000 > limit;
  paint();
}

async function poll() {
  if (document.hidden) return;
  try {
    const answer = await fetch("/v1/detector", { headers: { accept: "application/json" }, cache: "no-store" });
    if (answer.ok) {
      noteFreshness(await answer.json());
      if (listBehind && !detectorBehind) refresh();
    }
  } catch (error) {
    // No answer is no sign of life, and the watch goes on by itself.
    console.info("checking could not be asked after:", error.message);
  }
}

// What somebody ticked or typed is not taken away under her hands; the line above says how old the list is.
function isTouched() {
  const fields = document.querySelectorAll("main :is(input:not([type=hidden]), select, textarea)");
  return [...fields].some((field) => {
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.tagName === "SELECT") return [...field.options].some((option) => option.selected !== option.defaultSelected && option.value !== "");
    return field.value !== field.defaultValue;
  });
}

async function refresh() {
  if (document.hidden || isTouched()) return;
  let fresh;
  try {
    const answer = await fetch(window.location.href, { headers: { accept: "text/html" }, cache: "no-store" });
    if (!answer.ok || answer.redirected) throw new Error(`answered ${answer.status}`);
    fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch (error) {
    console.info("the page could not be made anew:", error.message);
    listBehind = true;
    paint();
    return;
  }
  takeOver(fresh);
  const focused = document.activeElement?.getAttribute?.("href");
  document.querySelector("main").replaceChildren(...fresh.querySelector("main").childNodes);
  if (focused) document.querySelector(`main a[href="${CSS.escape(focused)}"]`)?.focus();
  document.dispatchEvent(new Event("list-renewed"));
  listBehind = line().classList.contains("stale");
  if (line().dataset.checkedUntil > newest) {
    newest = line().dataset.checkedUntil;
    proven = performance.now();
  }
  paint();
}

setInterval(paint, 1000);
if (!isLive) {
  poll();
  setInterval(poll, 10_000);
  setInterval(refresh, 120_000);
  document.addEventListener("visibilitychange", () => {
    poll();
    refresh();
  });
}
