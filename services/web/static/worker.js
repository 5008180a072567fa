// The service worker: what pages are made of comes from this device, and where there is no connection so do the few pages
// that carry nothing about anybody; one of them shows what is kept sealed, to whoever has the PIN. What waits in the outbox is sent also when no page is open, where the browser can.
//
// EDITION stands before this text when it is served: it changes with every file of the shell and every word.

import { entries } from "/static/outbox.js";
import { drop, heed, wipe } from "/static/reading.js";
import { sendAll, sendLooks } from "/static/sending.js";

const SHELL = [
  "/static/calling.js",
  "/static/case-code.js",
  "/static/freshness.js",
  "/static/icon.svg",
  "/static/keeping.js",
  "/static/looks.js",
  "/static/notebook.css",
  "/static/notebook.webmanifest",
  "/static/outbox.js",
  "/static/reading.js",
  "/static/sealing-key.json",
  "/static/sealing.js",
  "/static/sending.js",
  "/static/sheet.js",
  "/static/sheets.js",
  "/static/shell.js",
  "/static/store.js",
  "/static/typed.js",
  "/static/unsent-page.js",
  "/static/unsent.js",
  "/static/vendor/idb.js",
  "/static/words.js",
  "/static/words/bn.json",
  "/static/words/en.json",
];
const STATIC = `static ${EDITION}`;
// Hers: they are in her language, and her name's, and go when she signs out.
const PAGES = "pages";
const BLANK = "/blank";
const SHEETS = "/sheets";
const UNSENT = "/unsent";
const KEPT_FOR = "/kept-for";
// What one page stands in for: today's list, her cases, the forms.
const HERS = /^\/(today|open-case|cases\/[^/]+(\/record)?)?$/;
const SIGN_IN = "/sign-in";
const SIGN_OUT = "/sign-out";
const LEAVE = "/leave";
// That somebody left or signed out without a connection, and what is to be said to the origin before anything is shown again.
const LEFT = "left";
const PATIENCE = 8000;
// How often somebody left or signed out: pages that were on their way then are not kept.
let goings = 0;

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("message", (event) => {
  if (event.data.keepPagesOf) event.waitUntil(keepPages(event.data.keepPagesOf));
});
self.addEventListener("sync", (event) => event.waitUntil(sendInTheBackground()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  if (request.method === "POST" && url.pathname === SIGN_OUT) event.respondWith(end(request, drop("signed_out")));
  if (request.method === "POST" && url.pathname === LEAVE) event.respondWith(end(request, wipe()));
  if (request.method !== "GET") return;
  if (url.pathname.startsWith("/static/") && url.pathname !== "/static/worker.js") event.respondWith(fromShell(request));
  else if (request.mode === "navigate") event.respondWith(page(request, url));
});

async function install() {
  const shell = await caches.open(STATIC);
  await shell.addAll(SHELL.map((path) => new Request(path, { cache: "no-cache" })));
  await shell.add(new Request(BLANK, { cache: "no-store" }));
  await self.skipWaiting();
}

async function activate() {
  for (const name of await caches.keys()) if (name.startsWith("static ") && name !== STATIC) await caches.delete(name);
  await self.clients.claim();
}

async function fromShell(request) {
  const shell = await caches.open(STATIC);
  const kept = await shell.match(request);
  if (kept !== undefined) return kept;
  const answer = await fetch(request);
  // The font is of use in one language alone: it is kept where that is read.
  if (request.destination === "font" && answer.ok) await shell.put(request, answer.clone());
  return answer;
}

// Pages are shown also where what is kept sealed cannot be changed.
function changed(change) {
  return change.catch((error) => console.warn("what is kept could not be changed:", error.message));
}

// Nothing readable is left on the device, whether the origin can be told now or not.
async function end(request, forgetting) {
  goings += 1;
  const said = await request.clone().text();
  await Promise.all([caches.delete(PAGES), changed(forgetting)]);
  try {
    return await fetch(request);
  } catch (error) {
    console.info("ended without a connection:", error.message);
    await (await caches.open(LEFT)).put(LEAVE, new Response(said));
    return Response.redirect(BLANK, 303);
  }
}

// Whether somebody went and the origin does not know yet, so that the session would still open her pages.
async function isLeaving() {
  const left = await caches.open(LEFT);
  const said = await left.match(LEAVE);
  if (said === undefined) return false;
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  try {
    const answer = await fetch(LEAVE, { method: "POST", headers, body: await said.text(), redirect: "manual" });
    // Another session than the one that was left is refused here: then that one is over.
    if (answer.type !== "opaqueredirect" && answer.status !== 403) return true;
  } catch (error) {
    console.info("still without a connection:", error.message);
    return true;
  }
  await left.delete(LEAVE);
  return false;
}

// The network's word; what is kept where there is none, or where it takes too long.
async function page(request, url) {
  if (await isLeaving()) return (await caches.open(STATIC)).match(BLANK);
  await changed(heed());
  const kept = await keptInPlaceOf(url);
  if (kept === undefined) return fromOrigin(request, url);
  if (url.pathname === BLANK) return kept;
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE));
  try {
    return (await Promise.race([fromOrigin(request, url), patience])) ?? kept;
  } catch (error) {
    console.info("no connection:", error.message);
    return kept;
  }
}

// Where the origin asks who is there, no session is left whose half could stay.
async function fromOrigin(request, url) {
  const answer = await fetch(request);
  if (url.pathname === SIGN_IN && answer.ok) await changed(drop("signed_out"));
  return answer;
}

async function keptInPlaceOf(url) {
  if (url.pathname === BLANK) return (await caches.open(STATIC)).match(BLANK);
  const pages = await caches.open(PAGES);
  const standsIn = HERS.test(url.pathname) ? await pages.match(SHEETS) : undefined;
  return standsIn ?? pages.match(UNSENT);
}

// All that is new is there before anything old goes: the connection may end in the middle.
async function keepPages(whose) {
  const mark = `${EDITION} ${whose}`;
  const then = goings;
  const before = await (await caches.open(PAGES)).match(KEPT_FOR);
  if (before !== undefined && (await before.text()) === mark) return;
  const found = await Promise.all([SHEETS, UNSENT].map(async (path) => [path, await fetch(path, { cache: "no-store" })]));
  // A supervisor has no forms for the field, and a session may be over by now.
  const hers = found.filter(([, answer]) => answer.ok && !answer.redirected);
  await caches.delete(PAGES);
  if (hers.length === 0) return;
  const anew = await caches.open(PAGES);
  for (const [path, answer] of hers) await anew.put(path, answer);
  await anew.put(KEPT_FOR, new Response(mark));
  if (goings !== then) await caches.delete(PAGES);
}

// An event that is left makes the browser try again, with pauses of its own.
async function sendInTheBackground() {
  await sendAll();
  await sendLooks();
  const waiting = (await entries()).filter((entry) => entry.refusal === null);
  if (waiting.length) throw new Error("something is left to be sent");
}
