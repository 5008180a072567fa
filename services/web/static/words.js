// The words that scripts show: those of the catalogues, like all words of the pages, in the language of the page.

export const language = document.documentElement.lang;
const answer = await fetch(`/static/words/${language}.json`);
if (!answer.ok) throw new Error(`the words answered ${answer.status}`);
const sentences = await answer.json();

const BANGLA = "০১২৩৪৫৬৭৮৯";

export function numerals(text) {
  return document.body.dataset.digits === "beng" ? String(text).replace(/\d/g, (digit) => BANGLA[digit]) : String(text);
}

export function latinDigits(text) {
  return text.replace(/[০-৯]/g, (digit) => BANGLA.indexOf(digit));
}

// Numbers are given with the numerals that she reads; texts (ids, codes) stay as they are.
export function say(key, values = {}) {
  const sentence = sentences[key];
  if (sentence === undefined) throw new Error(`no words for ${key}`);
  return sentence.replace(/\{(\w+)\}/g, (_, name) =>
    typeof values[name] === "number" ? numerals(values[name]) : values[name],
  );
}

export function count(key, n) {
  return n === 1 && `${key}_one` in sentences ? say(`${key}_one`) : say(key, { n });
}

// Bangladesh has been six hours ahead of UTC without a break since 2010.
const DHAKA = 6 * 3600 * 1000;

// An instant as `<input type=datetime-local>` takes it.
export function forForm(instant) {
  return new Date(new Date(instant).getTime() + DHAKA).toISOString().slice(0, 16);
}

// The instant of such a local time, as the services take it. Throws RangeError where there is none.
export function typedInstant(typed) {
  const instant = /[zZ]$|[+-]\d\d:\d\d$/.test(typed) ? typed : `${typed}+06:00`;
  const day = typed.slice(0, 10);
  // A day that no month has (30 February) would become one of the next month.
  if (new Date(`${day}T00:00Z`).toISOString().slice(0, 10) !== day) throw new RangeError("no day");
  return new Date(instant).toISOString();
}

export function time(instant) {
  const [year, month, day] = forForm(instant).slice(0, 10).split("-").map(Number);
  return `${numerals(day)} ${say(`month.${month}`)} ${numerals(year)}, ${numerals(forForm(instant).slice(11))}`;
}
