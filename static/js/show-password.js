// A button beside each password field shows what was typed.
for (const input of document.querySelectorAll("[data-show]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn quiet";
  button.textContent = input.dataset.show;
  button.setAttribute("aria-pressed", "false");
  button.onclick = () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", shown);
  };
  input.after(button);
}
