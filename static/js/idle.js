// Warns before the session ends, counts down, and ends the wait in all tabs when one of them is used.
const { idle, idleTitle, idleSoon, idleLeft, idleStay, idleEnded, idleOver, idleClose } = document.body.dataset;
if (idle) {
  const make = (name, into, id) => Object.assign(into.appendChild(document.createElement(name)), { id });
  const dialog = make("dialog", document.body, "idle");
  dialog.className = "card stack";
  dialog.setAttribute("role", "alertdialog");
  dialog.setAttribute("aria-labelledby", "idle-title");
  dialog.setAttribute("aria-describedby", "idle-text");
  const title = make("h2", dialog, "idle-title");
  const text = make("p", dialog, "idle-text");
  text.setAttribute("aria-live", "assertive");
  const count = make("p", dialog, "idle-left");
  const acts = make("div", dialog, "idle-acts");
  acts.className = "acts";
  const button = make("button", acts, "idle-button");
  button.className = "btn primary";
  let timer, ends;
  const say = (element, words) => element.textContent === words || (element.textContent = words);
  const tick = () => {
    const left = Math.max(0, Math.ceil((ends - Date.now()) / 1e3));
    count.hidden = !left;
    say(count, `${idleLeft} ${Math.floor(left / 60)}:${String(left % 60).padStart(2, 0)}`);
    return left;
  };
  setInterval(() => dialog.open && !count.hidden && (tick() || ask("")), 1e3);
  const ask = async (stay) => {
    clearTimeout(timer);
    try {
      const answer = await fetch("/session" + (stay || ""));
      const left = answer.redirected ? 0 : (await answer.json()).seconds;
      ends = Date.now() + left * 1e3;
      tick();
      say(title, left ? idleTitle : idleEnded);
      say(text, left ? idleSoon : idleOver);
      say(button, left ? idleStay : idleClose);
      button.onclick = () => (left ? ask("/stay") : dialog.close());
      if (left > 90) dialog.close();
      else if (!dialog.open) dialog.showModal();
      timer = left && setTimeout(ask, left > 90 ? (left - 90) * 1e3 : 15e3, "");
    } catch {
      timer = setTimeout(ask, 3e4, "");
    }
  };
  // Escape means the same as the button.
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    button.click();
  });
  addEventListener("visibilitychange", () => document.hidden || ask(""));
  timer = setTimeout(ask, (idle - 90) * 1e3, "");
}
