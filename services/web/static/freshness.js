// The page's own watch: red when it has not seen checking go on for 45 seconds, by a clock that nobody can set.

const line = document.querySelector("[data-freshness]");
const banner = document.querySelector("[data-stale-banner]");
const limit = Number(document.body.dataset.staleSeconds) * 1000;
const language = document.documentElement.lang;
const numerals = language === "bn" ? "beng" : "latn";
const clock = new Intl.DateTimeFormat(`en-GB-u-nu-${numerals}`, {
  timeZone: "Asia/Dhaka",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const numbers = new Intl.NumberFormat(`en-u-nu-${numerals}`);

let newest = line.dataset.checkedUntil;
let proven = performance.now();
let behind = line.classList.contains("stale");

function paint() {
  const stale = behind || performance.now() - proven > limit;
  line.classList.toggle("stale", stale);
  banner.hidden = !stale;
}

// What a service says about checking. Only a time later than all before is a sign of life; that the service answers
// is none.
export function noteFreshness({ checked_until: until, cases_checked: cases, lag_seconds: lag }) {
  if (until && until > newest) {
    newest = until;
    proven = performance.now();
    behind = typeof lag === "number" && lag * 1000 > limit;
    const time = line.querySelector("[data-until]");
    if (time) {
      time.dateTime = until;
      time.textContent = clock.format(new Date(until));
      time.removeAttribute("title");
    }
    const count = line.querySelector("[data-cases]");
    if (count && typeof cases === "number") {
      count.textContent = numbers.format(cases);
      line.dataset.casesChecked = String(cases);
    }
    line.dataset.checkedUntil = until;
  } else if (typeof lag === "number" && lag * 1000 > limit) {
    behind = true;
  }
  paint();
}

async function poll() {
  try {
    const answer = await fetch("/v1/detector", { headers: { accept: "application/json" }, cache: "no-store" });
    if (answer.ok) noteFreshness(await answer.json());
  } catch (error) {
    // No answer is no sign of life, and the watch goes on by itself.
    console.info("checking could not be asked after:", error.message);
  }
}

setInterval(paint, 1000);
if (line.dataset.live === "poll") setInterval(poll, 10_000);
