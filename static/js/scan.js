// A keyboard scanner ends with Enter: that presses the button beside the field. It types the separator of the code as Ctrl+], also into
// another field of the form: the portal finds the code there.
document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (field.type != "text" || !field.form?.querySelector("[data-scan]")) return;
  if (event.key == "Enter" && field.matches("[data-scan]") && field.value) field.nextElementSibling.click();
  else if (event.key == "]" && event.ctrlKey) field.setRangeText("␝", field.selectionStart, field.selectionEnd, "end");
  else return;
  event.preventDefault();
});
// A picture is sent as a file, and smaller: a code needs no more, and lines are slow.
document.addEventListener("change", async ({target}) => {
  const file = target.matches("[data-photo]") && target.files[0];
  if (!file) return;
  target.form.enctype = "multipart/form-data";
  try {
    const image = await createImageBitmap(file), {width, height} = image, less = 1600 / Math.max(width, height);
    if (less >= 1) return;
    const canvas = new OffscreenCanvas(width * less, height * less), list = new DataTransfer();
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    list.items.add(new File([await canvas.convertToBlob({type: "image/jpeg", quality: .75})], "code.jpg"));
    if (target.files[0] == file) target.files = list.files;
  } catch {}
});
