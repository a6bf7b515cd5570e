// Warns before the session ends, and ends the wait in all tabs when one of them is used.
const { idle, idleSoon, idleStay, idleOver, idleClose } = document.body.dataset;
if (idle) {
  const dialog = document.createElement("dialog");
  const text = document.createElement("p");
  const button = document.createElement("button");
  button.className = "btn primary";
  dialog.append(text, button);
  document.body.append(dialog);
  let timer;
  const ask = async (stay) => {
    clearTimeout(timer);
    try {
      const answer = await fetch("/session" + (stay || ""));
      const left = answer.redirected ? 0 : (await answer.json()).seconds;
      button.textContent = left ? idleStay : idleClose;
      button.onclick = () => (left ? ask("/stay") : dialog.close());
      text.textContent = left ? idleSoon : idleOver;
      if (left > 90) dialog.close();
      else if (!dialog.open) dialog.showModal();
      timer = left && setTimeout(ask, left > 90 ? (left - 90) * 1e3 : 15e3, "");
    } catch {
      timer = setTimeout(ask, 3e4, "");
    }
  };
  addEventListener("visibilitychange", () => document.hidden || ask(""));
  timer = setTimeout(ask, (idle - 90) * 1e3, "");
}
