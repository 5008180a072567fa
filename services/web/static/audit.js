// Compares the chain of looks with the end of it that this browser saw last, and remembers the new end: what was taken
// out, put in or put back to an earlier day since then shows here, whatever the store says of itself.

const chain = document.querySelector("[data-chain]");
const key = `audit-end:${chain.dataset.organisation}`;

function remember(end) {
  localStorage.setItem(key, JSON.stringify({ sequence: end.sequence, digest: end.digest }));
}

// A chain that was broken is not remembered in place of the whole one: it stays broken here.
async function compared() {
  const remembered = JSON.parse(localStorage.getItem(key));
  if (remembered === null) {
    remember({ sequence: Number(chain.dataset.endSequence), digest: chain.dataset.endDigest });
    return "first";
  }
  const answer = await fetch(`/v1/vault/audit?limit=1&before=${remembered.sequence + 1}`, { cache: "no-store" });
  if (!answer.ok) throw new Error(`answered ${answer.status}`);
  const page = await answer.json();
  const entry = page.items[0];
  if (entry?.sequence !== remembered.sequence || entry.digest !== remembered.digest) return "broken";
  remember(page.end);
  return "same";
}

function say(what) {
  chain.dataset.chain = what;
  for (const line of chain.querySelectorAll("[data-said]")) line.hidden = line.dataset.said !== what;
}

try {
  say(await compared());
} catch (error) {
  console.info("the chain could not be compared:", error.message);
}
