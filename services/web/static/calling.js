// After a call the sheet "how did it go?" is already open: the link hands the number to the telephone, and the page goes on.

const TELEPHONE_TAKES_OVER = 500;

document.addEventListener("click", (event) => {
  const called = event.target.closest("[data-call]");
  if (called) setTimeout(() => window.location.assign(called.dataset.call), TELEPHONE_TAKES_OVER);
});
