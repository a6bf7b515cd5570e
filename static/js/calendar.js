// Arrow keys go from day to day, also to those that cannot be chosen: these say why.
document.addEventListener("keydown", (event) => {
  const list = event.target.closest?.("[data-calendar]");
  const step = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7}[event.key];
  if (!list || !step || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const days = [...list.children], day = days[days.indexOf(event.target.closest("li")) + step]?.firstElementChild;
  if (!day) return;
  day.tabIndex = day.href ? 0 : -1;
  day.focus();
});
