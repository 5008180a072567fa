// The page that stands in for a form while there is no connection: the address says which case and which type.

import { caseCode } from "/static/case-code.js";
import { attend } from "/static/sheet.js";
import { forForm } from "/static/words.js";

const OPENING = "case_opened";
const isOpening = window.location.pathname === "/open-case";
const [, caseId] = window.location.pathname.match(/^\/cases\/([0-9a-f-]{36})\/record$/) ?? [];
const type = isOpening ? OPENING : new URLSearchParams(window.location.search).get("type");
const chosen = type === null ? null : document.querySelector(`template[data-sheet="${CSS.escape(type)}"]`);

function showCase() {
  const back = document.querySelector("[data-back]");
  back.hidden = false;
  back.querySelector("a").href = `/cases/${caseId}`;
  back.querySelector(".code").textContent = caseCode(caseId);
}

function showSheet() {
  const form = chosen.content.querySelector("form").cloneNode(true);
  const ids = { eventId: crypto.randomUUID(), noteId: crypto.randomUUID(), caseId: caseId ?? crypto.randomUUID() };
  Object.assign(form.dataset, ids);
  form.elements.occurred_at.value = forForm(Date.now());
  const outgoing = form.querySelector('[name="direction"][value="outgoing"]');
  if (outgoing) outgoing.checked = new URLSearchParams(window.location.search).get("direction") === "outgoing";
  document.querySelector("[data-title]").textContent = form.dataset.typeName;
  document.querySelector("[data-kinds]").replaceWith(form);
  attend(form);
}

if (caseId) showCase();
if (chosen && (caseId || isOpening)) showSheet();
