// Her photo. It is drawn from what stands in the page: as a picture it would have an address, and browsers keep what has
// one. A chosen one is drawn anew, smaller, before it goes anywhere: what a camera writes into it, where it was taken
// above all, stays behind.

const LONGEST_SIDE = 480;
const MOST_BYTES = 60_000;
const QUALITIES = [0.8, 0.6, 0.4, 0.2];

function put(picture, canvas, longest = Infinity) {
  const smaller = Math.min(1, longest / Math.max(picture.width, picture.height));
  [canvas.width, canvas.height] = [picture.width, picture.height].map((side) => Math.max(1, Math.round(side * smaller)));
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
}

async function show(canvas) {
  const bytes = Uint8Array.from(atob(canvas.dataset.photo), (letter) => letter.charCodeAt(0));
  canvas.removeAttribute("data-photo");
  try {
    put(await createImageBitmap(new Blob([bytes])), canvas);
    canvas.dataset.shown = "yes";
  } catch (error) {
    console.warn("the photo cannot be drawn:", error.name);
    canvas.replaceWith(canvas.textContent);
  }
}

function encoded(canvas, quality) {
  return canvas.toDataURL("image/jpeg", quality).split(",")[1];
}

async function take(form) {
  const [file] = form.elements.chosen.files;
  const said = form.querySelector("[data-wrong=photo]");
  const keep = form.querySelector("[data-keep]");
  const canvas = form.querySelector("canvas");
  form.elements.photo.value = "";
  keep.disabled = true;
  canvas.hidden = said.hidden = true;
  if (!file) return;
  try {
    put(await createImageBitmap(file), canvas, LONGEST_SIDE);
  } catch (error) {
    console.info("no picture:", error.name);
    said.hidden = false;
    return;
  }
  const sizes = QUALITIES.map((quality) => () => encoded(canvas, quality));
  form.elements.photo.value = sizes.reduce((found, next) => (found && found.length <= MOST_BYTES ? found : next()), "");
  canvas.hidden = false;
  keep.disabled = false;
}

for (const canvas of document.querySelectorAll("canvas[data-photo]")) show(canvas);

const form = document.querySelector("form[data-photo-form]");
if (form) {
  form.hidden = false;
  form.elements.chosen.addEventListener("change", () => take(form));
  // The file itself stays where it is.
  form.addEventListener("formdata", (event) => event.formData.delete("chosen"));
}
