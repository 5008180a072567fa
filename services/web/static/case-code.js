// The code by which people name a case, as services/casework/domain/case_code.py makes it: a phone shows it before the
// server has seen the case.

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHARACTERS = 6;
const POLYNOMIAL = 0b100101;

function doubled(element) {
  const shifted = element << 1;
  return shifted > 31 ? shifted ^ POLYNOMIAL : shifted;
}

export function caseCode(caseId) {
  const bits = Number.parseInt(caseId.replaceAll("-", "").slice(-8), 16);
  const digits = Array.from({ length: CHARACTERS }, (_, place) => (bits >>> (5 * (CHARACTERS - 1 - place))) & 31);
  const check = digits.reduce((sum, digit) => doubled(sum ^ digit), 0);
  const written = [...digits, check].map((digit) => ALPHABET[digit]).join("");
  return `${written.slice(0, 3)}-${written.slice(3)}`;
}
