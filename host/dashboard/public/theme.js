// Before the first paint, so that nobody who chose dark sees a flash of light. Kept apart from the bundle for that.
(function () {
  try {
    var chosen = localStorage.getItem("sentinel.theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch (_) {
    // Storage is off: the system's choice counts.
  }
})();
