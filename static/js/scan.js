// A keyboard scanner ends with Enter: that presses the button beside the field. It types the separator of the code as Ctrl+].
document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (!field.matches?.("[data-scan]")) return;
  if (event.key == "Enter" && field.value) field.nextElementSibling.click();
  else if (event.key == "]" && event.ctrlKey) field.setRangeText("␝", field.selectionStart, field.selectionEnd, "end");
  else return;
  event.preventDefault();
});
