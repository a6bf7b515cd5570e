// Look-up fields become comboboxes with a list (WAI-ARIA 1.2). Without script `Search` does the work.
const make = (tag, given) => Object.assign(document.createElement(tag), given);
const upgrade = (input) => {
  const box = input.parentElement, list = box.querySelector("ul"), options = list.children;
  const say = box.appendChild(make("p", {className: "sr", role: "status"}));
  let at, timer, call;
  const set = (name, value) => input.setAttribute(name, value);
  const long = () => input.value.trim()[2];
  const mark = (to) => {
    options[at]?.setAttribute("aria-selected", false);
    const option = options[at = to];
    option?.setAttribute("aria-selected", true);
    set("aria-activedescendant", option?.id || "");
    option?.scrollIntoView({block: "nearest"});
  };
  const show = (open) => {
    set("aria-expanded", open);
    list.hidden = !open;
    mark(-1);
  };
  const stop = () => {
    clearTimeout(timer);
    call?.abort();
    show(false);
  };
  const choose = (value) => {
    box.parentElement.querySelector("fieldset")?.remove();
    (box.querySelector("[type=hidden]") || box.appendChild(make("input", {type: "hidden", name: input.name.slice(0, -5)}))).value = value;
  };
  const pick = (option) => {
    stop();
    say.textContent = input.value = option.dataset.text;
    choose(option.dataset.id);
  };
  const ask = async () => {
    call = new AbortController();
    try {
      const answer = await fetch(input.dataset.lookup + "?q=" + encodeURIComponent(input.value), call);
      const root = make("div", {innerHTML: answer.ok && !answer.redirected ? await answer.text() : "<p>"});
      list.replaceChildren(...root.querySelectorAll("li"));
      [...options].forEach((option, n) => option.id = list.id + n);
      say.textContent = root.querySelector("p").textContent;
      show(!!options[0]);
    } catch {}
  };
  set("role", "combobox");
  set("aria-autocomplete", "list");
  set("aria-controls", list.id);
  show(false);
  input.oninput = () => {
    stop();
    choose("");
    if (long()) timer = setTimeout(ask, 200);
  };
  input.onkeydown = (event) => {
    const key = event.key, last = options.length - 1, open = !list.hidden;
    const to = {ArrowDown: at < last ? at + 1 : 0, ArrowUp: at > 0 ? at - 1 : last, Home: 0, End: last}[key];
    if (key == "ArrowDown" && !open && long()) ask();
    else if (!open || at < 0 && /^(E(nter|nd)|Home)$/.test(key)) return;
    else if (to != null) mark(to);
    else if (key == "Enter") pick(options[at]);
    else if (key == "Escape") stop();
    else return;
    event.preventDefault();
  };
  input.onblur = stop;
  list.onmousedown = (event) => event.preventDefault();
  list.onclick = (event) => {
    const option = event.target.closest("li");
    if (option) pick(option);
  };
};
const start = () => document.querySelectorAll("[data-lookup]:not([role])").forEach(upgrade);
document.addEventListener("htmx:after:swap", start);
start();
