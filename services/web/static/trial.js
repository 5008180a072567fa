// A trial that goes on: asks once a second how far it is, and shows the page anew when it is over.

const section = document.querySelector("[data-trial=running]");
const bar = section.querySelector("[data-progress]");
const percent = section.querySelector("[data-percent]");
const notKnown = section.querySelector("[data-not-known]");
const numbers = new Intl.NumberFormat(`en-u-nu-${document.body.dataset.digits}`);

// With this script nobody has to look again by hand.
section.querySelector("[data-again]").hidden = true;

function show(trial) {
  const done = trial.of ? Math.floor((100 * trial.done) / trial.of) : 0;
  bar.value = done;
  percent.textContent = numbers.format(done);
  section.querySelector("[data-waiting]").hidden = trial.of > 0;
  section.querySelector("[data-working]").hidden = trial.of === 0;
}

async function look() {
  try {
    const answer = await fetch("/v1/policy/trial", { cache: "no-store" });
    // No trial any more, or another: the page says what there is now.
    if (answer.status === 404) return location.replace("/policy/trial");
    if (!answer.ok) throw new Error(`answered ${answer.status}`);
    const trial = await answer.json();
    if (trial.state !== "running" || trial.trial_id !== section.dataset.trialId) return location.replace("/policy/trial");
    show(trial);
    notKnown.hidden = true;
  } catch (error) {
    console.info("how far the trial is could not be asked:", error.message);
    notKnown.hidden = false;
  }
  setTimeout(look, 1000);
}

look();
