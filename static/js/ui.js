// Small behaviours for every page. Listeners sit on the document, so they also serve what htmx swaps in.
(() => {
  const all = (selector, root = document) => root.querySelectorAll(selector);

  // After a refused form: go to the summary of errors, or to a field whose text is to be replaced. When a swap took the focused link away, go to
  // the one of the same name in its place. Bring the current tab into view.
  let was, name;
  document.addEventListener("htmx:before:swap", () => name = (was = document.activeElement).textContent);
  const settle = () => {
    const note = document.querySelector("[data-focus=select]") || document.querySelector("[data-focus]"), now = document.activeElement, {body} = document;
    if (note) {
      for (const each of all("[data-focus]")) each.removeAttribute("data-focus");
      note.focus();
      note.select?.();
    } else if (was && was !== body && (now === was ? was.textContent !== name : now === body)) {
      ([...all("main a")].find((link) => link.textContent === name) || document.querySelector("main")).focus({preventScroll: true});
    }
    was = 0;
    for (const tab of all(".tabs [aria-current]")) {
      const bar = tab.closest("ul");
      bar.scrollLeft = tab.offsetLeft - bar.offsetLeft - 24;
    }
  };

  // A form on its way is not sent again. Buttons keep focus and value, so nothing is `disabled`.
  const busy = new Map();
  const release = (form) => {
    clearTimeout(busy.get(form));
    busy.delete(form);
    for (const button of all("[aria-disabled]", form)) button.removeAttribute("aria-disabled");
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method === "get" || "again" in form.dataset) return;
    if (!navigator.onLine && document.body.dataset.lost) {
      event.preventDefault();
      lost(true);
      return;
    }
    if (busy.has(form)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    busy.set(form, setTimeout(release, 20000, form));
    event.submitter?.setAttribute("aria-disabled", "true");
  }, true);
  document.addEventListener("htmx:finally:request", (event) => {
    const form = event.target.closest?.("form");
    if (form) release(form);
  });
  addEventListener("pageshow", () => [...busy.keys()].forEach(release));

  // No answer, or one from something that stands before the portal: say so, until an answer comes.
  const note = Object.assign(document.createElement("div"), {className: "note danger lost"});
  note.setAttribute("role", "alert");
  const lost = (yes) => {
    note.textContent = document.body.dataset.lost;
    if (yes) document.querySelector("main").prepend(note);
    else note.remove();
  };
  document.addEventListener("lost", ({detail}) => lost(detail));
  document.addEventListener("htmx:before:request", () => lost(false));
  document.addEventListener("htmx:error", ({detail: {ctx}}) => ctx && lost(ctx.text == null));
  document.addEventListener("htmx:before:response", (event) => {
    const {response, hx} = event.detail.ctx;
    if (response.status < 500 || hx.retarget) return;
    event.preventDefault();
    lost(true);
  });

  // Menus close on Escape and on a click elsewhere.
  document.addEventListener("click", (event) => {
    for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of all("details.menu[open]")) {
      menu.open = false;
      if (menu.contains(document.activeElement)) menu.firstElementChild.focus();
    }
  });

  document.addEventListener("htmx:after:swap", settle);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", settle);
  else settle();
})();
