// The name of a record is proposed while product and lot are typed, until somebody types another one.
const propose = () => {
  const name = document.querySelector("[data-propose]");
  if (!name || name === document.activeElement) return;
  const [product, text, lot] = ["product", "product_text", "lot"].map((one) => name.form.querySelector(`[name=${one}]`));
  const number = lot.value.replace(/\s/g, "").toUpperCase(), end = " – " + number;
  const short = text.value.replace(" COVID-19 Vaccine", "").trim();
  const found = product.value && number ? short.slice(0, 120 - end.length).trimEnd() + end : "";
  const before = name.dataset.propose;
  name.dataset.propose = found;
  if (!name.value || name.value === before) name.value = found;
};
// What comes before a change shows whether the name is still the proposed one.
for (const kind of ["focusin", "keydown", "input", "change", "click", "keyup"]) document.addEventListener(kind, propose);
