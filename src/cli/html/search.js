// Search and filters of the index. The words of each rule stand in words.js, so that
// the pages work from a disk, without a server.
"use strict";
(() => {
  const form = document.getElementById("filters");
  const rows = Array.from(document.querySelectorAll("#rules > li"));
  const count = document.getElementById("count");
  const empty = document.getElementById("empty");
  const words = window.DETECT_WORDS || [];
  const names = ["severity", "type", "tactic", "data", "os"];
  const texts = rows.map((row, n) => (row.textContent + " " + (words[n] || "")).toLowerCase());
  const sets = rows.map((row) => {
    const all = {};
    for (const name of names) all[name] = (row.dataset[name] || "").split("|");
    return all;
  });

  function apply() {
    const asked = form.elements.q.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = names.map((name) => [name, form.elements[name].value]).filter((w) => w[1]);
    let shown = 0;
    rows.forEach((row, n) => {
      const fits = asked.every((word) => texts[n].includes(word)) &&
        wanted.every(([name, value]) => sets[n][name].includes(value));
      row.hidden = !fits;
      if (fits) shown += 1;
    });
    count.textContent = shown === 1 ? "1 rule" : shown.toLocaleString("en") + " rules";
    empty.hidden = shown > 0;
    const state = new URLSearchParams();
    if (form.elements.q.value) state.set("q", form.elements.q.value);
    for (const [name, value] of wanted) state.set(name, value);
    const hash = state.toString();
    if (hash !== location.hash.slice(1)) {
      history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search);
    }
  }

  function restore() {
    const state = new URLSearchParams(location.hash.slice(1));
    form.elements.q.value = state.get("q") || "";
    for (const name of names) form.elements[name].value = state.get(name) || "";
    apply();
  }

  let waiting = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 60);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    apply();
  });
  form.addEventListener("reset", () => setTimeout(apply, 0));
  addEventListener("hashchange", restore);
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      form.elements.q.focus();
    }
  });
  form.hidden = false;
  restore();
})();
