// The controls: buttons, the slider with its phases, the keyboard, the theme.

const ICONS = {
  start: "M6 5v14M19 5l-9 7 9 7z",
  back: "M17 5l-10 7 10 7z",
  play: "M7 4.5l12 7.5-12 7.5z",
  pause: "M8 5v14M16 5v14",
  step: "M7 5l10 7-10 7z",
  end: "M18 5v14M5 5l9 7-9 7z",
};
const KEYS = [
  ["→", "step"],
  ["←", "step back"],
  ["Home", "to the start"],
  ["End", "to the end"],
  ["Space", "play or pause"],
  ["?", "quiz on or off"],
  ["t", "light or dark"],
  ["/", "find a step"],
  ["Esc", "close what is open"],
];

class Controls {
  constructor(tape, actions) {
    Object.assign(this, { tape, actions, timer: null });
    for (const id of ["start", "back", "play", "step", "end", "quiz", "theme", "help", "slider", "speed"])
      this[id] = document.getElementById(id);
    for (const id of ["start", "back", "play", "step", "end"]) this[id].append(icon(ICONS[id]));
    this.back.append(element("span", {}, "Back"));
    this.step.append(element("span", {}, "Step"));
    const moves = { start: () => 0, back: (p) => p - 1, step: (p) => p + 1, end: () => tape.steps.length };
    for (const [id, to] of Object.entries(moves))
      this[id].addEventListener("click", () => {
        this.pause();
        actions.goTo(to(actions.position()));
      });
    this.slider.max = tape.steps.length;
    this.slider.addEventListener("input", () => {
      this.pause();
      actions.goTo(Number(this.slider.value));
    });
    this.play.addEventListener("click", () => this.togglePlay());
    this.speed.addEventListener("change", () => {
      if (this.timer) {
        this.pause();
        this.togglePlay();
      }
    });
    this.quiz.addEventListener("click", actions.quiz);
    this.theme.addEventListener("click", () => {
      toggleTheme();
      actions.redraw();
    });
    this.help.addEventListener("click", () => this.toggleHelp());
    document.getElementById("skip").addEventListener("click", () => document.getElementById("panel").focus());
    document.addEventListener("keydown", (event) => this.key(event));
    this.segments();
    this.keys();
    if (!tape.steps.length) for (const id of ["start", "back", "play", "step", "end", "quiz", "slider", "speed"]) this[id].disabled = true;
  }

  segments() {
    const runs = this.tape.phases();
    const total = this.tape.steps.length;
    const share = (from, to) => `${((to - from) / total) * 100}%`;
    const bars = runs.map(({ phase, from, to }) => {
      const bar = element("span", { class: phase });
      bar.style.width = share(from, to);
      return bar;
    });
    const marks = this.tape.differences.slice(0, 200).map((at) => {
      const mark = element("i", { class: "difference" });
      mark.style.left = `${((at + 1) / total) * 100}%`;
      return mark;
    });
    document.getElementById("segments").replaceChildren(...bars, ...marks);
    const labels = runs
      .filter(({ from, to }) => (to - from) / total > 0.06)
      .map(({ phase, from, to }) => {
        const label = link(
          `${PHASES[phase]} ${to - from}`,
          () => {
            this.pause();
            this.actions.goTo(from + 1);
          },
          { class: phase, title: `Go to step ${from + 1}` },
        );
        label.style.flexGrow = to - from;
        return label;
      });
    this.counter = element("span", { class: "counter" });
    document.getElementById("phases").replaceChildren(...labels, this.counter);
  }

  keys() {
    const list = KEYS.map(([key, text]) => element("div", {}, element("dt", {}, element("kbd", {}, key)), element("dd", {}, text)));
    document.getElementById("keys").append(element("h2", {}, "Keys"), element("dl", {}, list));
  }

  toggleHelp(open = document.getElementById("keys").hidden) {
    document.getElementById("keys").hidden = !open;
    this.help.setAttribute("aria-expanded", String(open));
  }

  show(position) {
    const last = this.tape.steps.length;
    this.slider.value = position;
    const step = this.tape.steps[position - 1];
    this.slider.setAttribute(
      "aria-valuetext",
      step ? `step ${position} of ${last}: ${PHASES[step.phase]}, ${step.op}` : `before the first of ${last} steps`,
    );
    this.counter.textContent = `${position} / ${last}`;
    document.body.dataset.phase = step?.phase ?? "";
    for (const [id, end] of [
      ["start", 0],
      ["back", 0],
      ["step", last],
      ["end", last],
    ])
      this[id].setAttribute("aria-disabled", String(position === end));
  }

  togglePlay() {
    if (this.timer) return this.pause();
    if (!this.tape.steps.length) return;
    if (this.actions.position() === this.tape.steps.length) this.actions.goTo(0);
    this.playing(true);
    this.timer = setInterval(() => {
      const next = this.actions.position() + 1;
      this.actions.goTo(next);
      if (next >= this.tape.steps.length || this.actions.asks()) this.pause();
    }, Number(this.speed.value));
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    this.playing(false);
  }

  playing(on) {
    this.play.setAttribute("aria-pressed", String(on));
    this.play.replaceChildren(icon(ICONS[on ? "pause" : "play"]));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { target, key } = event;
    if (key === "Escape") return this.toggleHelp(false);
    if (target.matches("input:not([type=range]), select, textarea")) return;
    const onButton = target.closest("button, summary, [role=button], a") != null;
    const shortcuts = {
      ArrowRight: () => this.step.click(),
      ArrowLeft: () => this.back.click(),
      Home: () => this.start.click(),
      End: () => this.end.click(),
      " ": onButton ? null : () => this.play.click(),
      "?": () => this.quiz.click(),
      t: () => this.theme.click(),
      T: () => this.theme.click(),
      "/": () => document.getElementById("find").focus(),
    };
    if (!Object.hasOwn(shortcuts, key) || !shortcuts[key]) return;
    event.preventDefault();
    shortcuts[key]();
  }
}

// The learner's choice is remembered where the browser allows it; in a notebook's frame it often does not.
function remembered() {
  try {
    return localStorage.getItem("minidl-theme");
  } catch {
    return null;
  }
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  document.getElementById("theme").setAttribute("aria-pressed", String(theme === "dark"));
}

function toggleTheme() {
  const theme = themeName() === "dark" ? "light" : "dark";
  setTheme(theme);
  try {
    localStorage.setItem("minidl-theme", theme);
  } catch {
    /* not remembered, then */
  }
}
