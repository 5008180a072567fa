// The live inbox: every transition that comes after the page was made refreshes the list.

import { noteFreshness } from "/static/freshness.js";

const notice = document.querySelector("[data-changed]");
const failed = document.querySelector("[data-refresh-failed]");
let waiting = null;

function list() {
  return document.getElementById("inbox");
}

// Somebody is typing: the list must not be taken away under her hands.
function isBusy() {
  const focused = document.activeElement;
  if (list().contains(focused) && focused.matches("input, select, textarea")) return true;
  return [...list().querySelectorAll("input:not([type=hidden]), select")].some((field) => field.value !== "");
}

async function refresh() {
  waiting = null;
  if (isBusy()) {
    notice.hidden = false;
    return;
  }
  let fresh;
  try {
    const answer = await fetch(window.location.href, { headers: { accept: "text/html" }, cache: "no-store" });
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
  list().replaceWith(fresh.getElementById("inbox"));
  document.querySelector("[data-count]").textContent = fresh.querySelector("[data-count]").textContent;
  if (!document.querySelector("[data-number]") && fresh.querySelector("[data-number]")) {
    document.querySelector("[data-freshness]").replaceWith(fresh.querySelector("[data-freshness]"));
  }
  for (const alert of open) list().querySelector(`[data-alert="${alert}"]`)?.setAttribute("open", "");
  if (focused) list().querySelector(`[data-alert="${focused}"] summary`)?.focus();
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
