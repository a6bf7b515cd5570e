// Who leaves a page with a half-filled form is asked first. A form that is sent is half-filled no longer, one that is refused is so again.
const half = new Set(), {leave} = document.body.dataset;
const left = (root = document) => [...half].find((form) => root.contains(form));
const counts = (form) => form?.method === "post" && !form.matches("[role=search],[data-again]") && !form.querySelector("[type=password]");
const refused = () => {
  for (const form of document.forms) if (counts(form) && form.querySelector("[aria-invalid=true]")) half.add(form);
};
refused();
document.addEventListener("htmx:after:swap", refused);
addEventListener("input", ({target: {form}}) => counts(form) && half.add(form));
addEventListener("submit", (event) => {
  const {target} = event;
  if (!event.defaultPrevented || target.matches("[hx-post]")) half.delete(target);
});
document.addEventListener("htmx:finally:request", ({target, detail: {ctx}}) => {
  if (counts(target) && !(ctx?.response?.status < 400)) half.add(target);
});
// A link beside the form's buttons throws away what was entered, on purpose.
addEventListener("click", ({target}) => target.closest?.("form .acts a") && half.delete(target.closest("form")));
document.addEventListener("htmx:before:request", (event) => {
  const {target: from, detail: {ctx}} = event, form = leave && ctx?.target?.contains && left(ctx.target);
  if (!form || form.contains(from) || from.matches?.("[data-live]")) return;
  if (confirm(leave)) half.delete(form);
  else event.preventDefault();
});
// Back leads to what was begun on the page that is left, not to an empty form.
document.addEventListener("htmx:before:history:update", ({detail: {response}}) => {
  const was = response?.headers?.get("Page-Was");
  if (was) history.replaceState({htmx: true}, "", was);
});
addEventListener("beforeunload", (event) => left() && event.preventDefault());
