// The theme reaches the pages in frames, and type can be made large for a lecture hall.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = () => { const chosen = document.body.dataset.theme; return chosen === "dark" || chosen === "light" ? chosen : dark.matches ? "dark" : "light"; };
  const tell = (frame) => frame.contentWindow?.postMessage({ minidlTheme: theme() }, "*");
  const tellAll = () => document.querySelectorAll(".frame iframe").forEach(tell);

  const KEY = "minidl-large-type";
  const remembered = () => { try { return localStorage.getItem(KEY) === "yes"; } catch { return false; } };
  const enlarge = (on) => {
    root.classList.toggle("large", on);
    document.getElementById("large-type")?.setAttribute("aria-pressed", String(on));
    try { localStorage.setItem(KEY, on ? "yes" : "no"); } catch { /* not remembered, then */ }
  };
  if (remembered()) root.classList.add("large");

  // What scrolls sideways can be scrolled with the keyboard, too.
  const focusable = () => {
    for (const box of document.querySelectorAll("div.highlight pre, .table-wrapper, div.math, div.output.text_html")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  addEventListener("load", () => window.MathJax?.startup?.promise?.then(focusable));

  addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll(".frame iframe").forEach((frame) => frame.addEventListener("load", () => tell(frame)));
    tellAll();
    new MutationObserver(tellAll).observe(document.body, { attributes: true, attributeFilter: ["data-theme"] });
    dark.addEventListener("change", tellAll);
    enlarge(remembered());
    document.getElementById("large-type")?.addEventListener("click", () => enlarge(!root.classList.contains("large")));
    focusable();
    addEventListener("resize", focusable);
  });
})();

// What scrolls sideways can be reached by keyboard.
addEventListener("load", () => document.querySelectorAll("pre").forEach((one) => { if (one.scrollWidth > one.clientWidth) one.tabIndex = 0; }));
