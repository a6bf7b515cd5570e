// Look-up fields become comboboxes with a list (WAI-ARIA 1.2). Without script `Search` does the work.
const upgrade = (input) => {
  const box = input.parentElement, say = box.nextElementSibling, list = box.querySelector("ul"), options = list.children;
  const id = box.querySelector("[type=hidden]"), {busy, short} = say.dataset;
  let at, timer, call;
  const set = (name, value, one = input) => one.setAttribute(name, value);
  const see = (one) => one.scrollIntoView({block: "nearest"});
  const tell = (what, waits = false) => {
    say.replaceChildren(what);
    if (what) see(say);
    set("aria-busy", waits);
  };
  const mark = (to) => {
    at = to;
    set("aria-activedescendant", "");
    [...options].forEach((option, n) => {
      set("aria-selected", n === to, option);
      if (n !== to) return;
      set("aria-activedescendant", option.id = list.id + n);
      see(option);
    });
  };
  const show = (open) => {
    list.hidden = !open;
    set("aria-expanded", open);
    if (open) see(list);
    mark(-1);
  };
  const stop = () => {
    clearTimeout(timer);
    if (call) tell("");
    call = 0;
    show(false);
  };
  const pick = (option) => {
    stop();
    input.value = option.dataset.text;
    id.value = option.dataset.id;
    tell(option.textContent);
  };
  const ask = async () => {
    const text = input.value.trim(), mine = call = text[2] && {};
    tell(mine ? busy : text && short, !!mine);
    if (!mine) return;
    let found = "";
    try {
      const answer = await fetch(input.dataset.lookup + "?q=" + encodeURIComponent(text));
      if (answer.ok) found = answer.redirected ? ((say) => "<p>" + say.idleEnded + ". " + say.idleOver)(document.body.dataset) : await answer.text();
    } catch {}
    if (call !== mine) return;
    stop();
    input.dispatchEvent(new CustomEvent("lost", {bubbles: true, detail: !found}));
    list.innerHTML = found;
    tell(list.firstChild || "");
    show(!!options[0]);
  };
  set("role", "combobox");
  set("aria-autocomplete", "list");
  set("aria-controls", list.id);
  show(false);
  input.oninput = () => {
    stop();
    id.value = "";
    box.parentElement.querySelector("fieldset")?.remove();
    timer = setTimeout(ask, 200);
  };
  input.onkeydown = (event) => {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key], to = at + step, last = options.length - 1;
    if (step && list.hidden) ask();
    else if (step) mark(to < 0 ? last : to > last ? 0 : to);
    else if (event.key === "Enter" && at >= 0) pick(options[at]);
    else if (event.key === "Escape" && !list.hidden) stop();
    else return;
    event.preventDefault();
  };
  input.onblur = stop;
  list.onmousedown = (event) => event.preventDefault();
  list.onclick = ({target}) => pick(target.closest("li"));
  // What was typed before this script had come.
  if (input === document.activeElement && input.value !== input.defaultValue) input.oninput();
};
const start = () => document.querySelectorAll("[data-lookup]:not([role])").forEach(upgrade);
document.addEventListener("htmx:after:swap", start);
start();
