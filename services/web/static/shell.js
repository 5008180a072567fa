// On every page: leaving in a hurry, one send per form, and the page's own watch over how fresh it is.

const leaving = document.querySelector("form[data-leave]");
const together = new BroadcastChannel("leaving");
// The origin is told also when the page is gone; what the device empties meanwhile may wait for this very page.
const LEAVES_WITHIN_MS = 1000;

// Whoever leaves one page leaves them all.
together.addEventListener("message", () => {
  document.documentElement.replaceChildren();
  window.location.replace("/blank");
});

function leave() {
  const fields = new URLSearchParams(new FormData(leaving));
  document.documentElement.replaceChildren();
  together.postMessage("now");
  // What is not sent yet stays: it says nothing to whoever has no session, and is nowhere else.
  localStorage.clear();
  sessionStorage.clear();
  // The service worker empties them too; here is also who has none, or whose page it does not serve.
  indexedDB.deleteDatabase("reading");
  globalThis.caches?.delete("pages");
  const told = fetch(leaving.action, { method: "POST", body: fields, keepalive: true, redirect: "manual" });
  const patience = new Promise((over) => setTimeout(over, LEAVES_WITHIN_MS));
  Promise.race([told, patience])
    .catch((error) => console.info("left without having told so:", error.name))
    .finally(() => window.location.replace("/blank"));
}

if (leaving) {
  leaving.addEventListener("submit", (event) => {
    event.preventDefault();
    leave();
  });
  let shifts = [];
  document.addEventListener("keyup", (event) => {
    if (event.key !== "Shift") {
      shifts = [];
      return;
    }
    const now = performance.now();
    shifts = [...shifts.filter((earlier) => now - earlier < 1500), now];
    if (shifts.length === 3) leave();
  });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form === leaving) return;
  if (form.dataset.sent === "yes") {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button[type=submit]")) button.disabled = true;
});

// Where the names of pages do not fit on a phone, the one that is shown is in sight.
document.querySelector(".pages [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// What the vault showed is gone when the page is left, wherever the browser keeps it.
window.addEventListener("pagehide", () => {
  for (const secret of document.querySelectorAll("[data-secret]")) secret.replaceChildren();
});

// A page taken back out of the browser's memory may be somebody else's by now. Asked for anew, not sent anew: what
// somebody looked at is not looked at again.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.replace(window.location.href);
});
