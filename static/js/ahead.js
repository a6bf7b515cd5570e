// What the page after signing in needs is fetched while somebody types.
const {next} = document.currentScript.dataset;
if (next) {
  const link = Object.assign(document.createElement("link"), {rel: "prefetch", as: "script", href: next});
  addEventListener("input", () => document.head.append(link), {once: true});
}
