// A form's fields read into an event's data, and back. What cannot be written down as JSON is named at its field;
// whether the values are right is for intake to say. services/web/forms.py reads the same way where no script runs, and a
// test holds the two to each other.

import { forForm, latinDigits, typedInstant } from "/static/words.js";

const READ = {
  text: (text) => text,
  flag: (text) => ({ true: true, false: false })[text] ?? text,
  whole(text) {
    const plain = latinDigits(text).replace(/[, ]/g, "");
    if (!/^[+-]?\d+$/.test(plain)) throw new RangeError("no whole number");
    return Number(plain);
  },
  codes: (text) => text.split(/[,\n]/).map((code) => code.trim()).filter(Boolean),
  country: (text) => text.toUpperCase(),
  instant: (text) => typedInstant(latinDigits(text)),
  day(text) {
    const day = latinDigits(text);
    if (!/^\d{4}-\d\d-\d\d$/.test(day) || new Date(day).toISOString().slice(0, 10) !== day) {
      throw new RangeError("no day");
    }
    return day;
  },
  scores: (text) => Object.fromEntries(latinDigits(text).split("\n").filter((line) => line.trim()).map(score)),
};

function score(line) {
  const said = line.replace(/[:=]/g, " ").trim().split(/\s+/);
  const number = Number(said[1]);
  if (said.length !== 2 || Number.isNaN(number)) throw new RangeError("no dimension with its number");
  return [said[0], number];
}

const WRITTEN = {
  codes: (codes) => codes.join(", "),
  instant: forForm,
  scores: (scores) => Object.entries(scores).map((pair) => pair.join(" ")).join("\n"),
};

const controls = (form) => [...form.querySelectorAll("[data-field][data-reads]")];

// { data, unreadable }: unreadable has the field's place on the page by its name.
export function readTyped(form) {
  const fields = new FormData(form);
  const data = {};
  const unreadable = [];
  for (const { dataset } of controls(form)) {
    const text = String(fields.get(dataset.field) ?? "").trim();
    if (text === "") continue;
    try {
      data[dataset.field] = READ[dataset.reads](text);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      unreadable.push(dataset.field);
    }
  }
  return { data, unreadable };
}

export function fillIn(form, data) {
  for (const { dataset } of controls(form)) {
    const value = data[dataset.field];
    const text = value === undefined ? "" : String((WRITTEN[dataset.reads] ?? String)(value));
    const [first, ...others] = form.querySelectorAll(`[name="${dataset.field}"]`);
    if (first.type === "radio") {
      for (const radio of [first, ...others]) radio.checked = radio.value === text;
    } else {
      first.value = text;
    }
  }
}
