// Finding a step by its op, tensor, layer or number: a text field with a list.

const MOST_FOUND = 60;

class Jump {
  constructor(tape, goTo) {
    Object.assign(this, {
      tape,
      goTo,
      field: document.getElementById("find"),
      list: document.getElementById("found"),
      found: [],
      active: -1,
    });
    this.field.addEventListener("input", () => this.open());
    this.field.addEventListener("focus", () => this.open());
    this.field.addEventListener("blur", () => setTimeout(() => this.close(), 150));
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.names = null;
    this.field.disabled = !tape.steps.length;
  }

  search(text) {
    this.names ??= this.tape.steps.map((step, at) =>
      `${at + 1} ${this.tape.stepName(at)} ${step.phase} ${this.tape.layersOf(step).join(" ")}`.toLowerCase(),
    );
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const matches = [];
    this.more = 0;
    this.names.forEach((name, at) => {
      if (!words.every((word) => name.includes(word))) return;
      if (matches.length < MOST_FOUND) matches.push(at);
      else this.more++;
    });
    const exactly = Number(text) - 1;
    if (this.tape.steps[exactly])
      matches.unshift(
        ...matches.splice(matches.indexOf(exactly) >= 0 ? matches.indexOf(exactly) : matches.length, 1),
        ...(matches.includes(exactly) ? [] : [exactly]),
      );
    return [...new Set(matches)];
  }

  open() {
    this.found = this.search(this.field.value);
    this.active = this.field.value.trim() && this.found.length ? 0 : -1;
    const options = this.found.map((at, i) =>
      element(
        "li",
        {
          id: `found${i}`,
          role: "option",
          class: this.tape.steps[at].phase,
          "aria-selected": "false",
          onmousedown: (event) => event.preventDefault(),
          onclick: () => this.choose(i),
        },
        element("span", { class: "row" }, String(at + 1)),
        element("span", {}, this.tape.stepName(at)),
        element("span", { class: "type" }, PHASES[this.tape.steps[at].phase]),
      ),
    );
    if (!options.length)
      options.push(element("li", { role: "option", "aria-disabled": "true", "aria-selected": "false" }, "No such step."));
    if (this.more)
      options.push(
        element(
          "li",
          { role: "option", "aria-disabled": "true", "aria-selected": "false", class: "more" },
          `${counted(this.more, "more step")}: type to narrow`,
        ),
      );
    this.list.replaceChildren(...options);
    this.list.hidden = false;
    this.field.setAttribute("aria-expanded", "true");
    this.mark();
  }

  mark() {
    this.found.forEach((_, i) => this.list.children[i].setAttribute("aria-selected", String(i === this.active)));
    if (this.active >= 0) {
      this.field.setAttribute("aria-activedescendant", `found${this.active}`);
      this.list.children[this.active].scrollIntoView({ block: "nearest" });
    } else this.field.removeAttribute("aria-activedescendant");
  }

  close() {
    this.list.hidden = true;
    this.field.setAttribute("aria-expanded", "false");
    this.field.removeAttribute("aria-activedescendant");
  }

  choose(i) {
    const at = this.found[i];
    if (at == null) return;
    this.field.value = "";
    this.close();
    this.goTo(at + 1);
  }

  key(event) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) {
      if (this.list.hidden) this.open();
      this.active = Math.min(this.found.length - 1, Math.max(0, this.active + by));
      this.mark();
    } else if (event.key === "Enter") this.choose(Math.max(0, this.active));
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
