// The live inbox: every transition that comes after the page was made refreshes the list.

import { noteFreshness } from "/static/freshness.js";

const notice = document.querySelector("[data-changed]");
const failed = document.querySelector("[data-refresh-failed]");
let waiting = null;

function list() {
  return document.getElementById("inbox");
}

// Somebody types, has chosen lines, or has just been told why something was refused: the list is not taken away.
function isBusy() {
  const focused = document.activeElement;
  if (list().contains(focused) && focused.matches("input:not([type=checkbox]), select, textarea")) return true;
  if (list().querySelector("[data-choose]:checked, [data-refusal]")) return true;
  const fields = document.querySelectorAll("#inbox :is(input:not([type=hidden], [type=checkbox]), select), #several :is(input:not([type=hidden]), select)");
  return [...fields].some((field) => field.value !== "");
}

async function refresh() {
  waiting = null;
  if (isBusy()) {
    notice.hidden = false;
    return;
  }
  let fresh;
  try {
    const answer = await fetch(list().dataset.address, { headers: { accept: "text/html" }, cache: "no-store" });
    if (!answer.ok || answer.redirected) throw new Error(`answered ${answer.status}`);
    fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch (error) {
    console.info("the list could not be made anew:", error.message);
    failed.hidden = false;
    again(5000);
    return;
  }
  failed.hidden = true;
  notice.hidden = true;
  const open = [...list().querySelectorAll("details[open][data-alert]")].map((found) => found.dataset.alert);
  const focused = document.activeElement?.closest?.("[data-alert]")?.dataset.alert;
  const line = document.activeElement?.closest?.("li[data-case]")?.dataset.case;
  list().replaceWith(fresh.getElementById("inbox"));
  document.dispatchEvent(new Event("list-renewed"));
  document.querySelector("[data-count]").textContent = fresh.querySelector("[data-count]").textContent;
  if (!document.querySelector("[data-number]") && fresh.querySelector("[data-number]")) {
    document.querySelector("[data-freshness]").replaceWith(fresh.querySelector("[data-freshness]"));
  }
  for (const alert of open) list().querySelector(`[data-alert="${alert}"]`)?.setAttribute("open", "");
  if (focused) list().querySelector(`[data-alert="${focused}"] summary`)?.focus();
  else if (line) list().querySelector(`[data-case="${line}"] [data-choose]`)?.focus();
}

function again(milliseconds) {
  if (waiting === null) waiting = setTimeout(refresh, milliseconds);
}

// A browser comes back to a stream by itself unless it was refused; then the list is read anew first, so that nothing
// between the old stream and the new one is missed.
function connect() {
  const after = encodeURIComponent(list().dataset.after);
  const stream = new EventSource(`/v1/alerts/stream?after=${after}&lang=${document.documentElement.lang}`);
  stream.addEventListener("transition", () => again(250));
  stream.addEventListener("reset", () => again(250));
  stream.addEventListener("heartbeat", (event) => noteFreshness(JSON.parse(event.data)));
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) {
      again(4000);
      setTimeout(connect, 5000);
    }
  });
}

document.addEventListener("freshness-known", () => again(0));
connect();
