/* Not a module: it runs before the first paint, so that a chosen theme never flashes the other one. */
(function () {
  const root = document.documentElement;
  let chosen = null;
  try {
    chosen = localStorage.getItem("runicorn-theme");
  } catch {
    // Storage may be forbidden; the system's theme is then the one to use.
  }
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  root.classList.add("scripted");
})();
