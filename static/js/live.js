// A part of a page that asks by itself for what changed does not ask while nobody sees it, and asks at once when it is looked at again.
document.addEventListener("htmx:before:request", (event) => {
  if (document.hidden && event.target.matches?.("[data-live]")) event.preventDefault();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) for (const part of document.querySelectorAll("[data-live]")) part.dispatchEvent(new Event("live"));
});
