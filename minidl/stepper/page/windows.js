// A window opened up: pick an output pixel, and see the patch, its row of the im2col matrix, the filter, the products and their sum.

function windowCards(tape, at, hidden) {
  const window = windowOf(tape, at);
  if (!window) return [];
  if (window.kind === "dropout") return [maskCard(window, hidden)];
  if (!window.x || !window.y)
    return [
      card(
        "Window view",
        element("p", { class: "none" }, "The arrays of this op are too large to be carried in this page, so its windows cannot be opened."),
      ),
    ];
  const backward = tape.steps[at].phase === "backward";
  const stages = stagesOf(window);
  const views = stages.map(
    (stage, i) =>
      new WindowView(stage, {
        backward,
        hidden,
        image: window.image ?? 0,
        part: stages.length > 1 ? i + 1 : 0,
        key: `${window.of ?? at} ${i}`,
      }),
  );
  if (views.length > 1)
    views[1].onmove = ({ r, c, f }) => {
      const won = stages[1].winner(r, c, f);
      views[0].moveTo(won.row, won.column, f);
    };
  views[1]?.onmove?.(views[1].at);
  return views.map((view) => view.card);
}

const chosenPixels = new Map(); // window → {r, c, f, m}: stays when the learner steps on and comes back

class WindowView {
  constructor(stage, options) {
    Object.assign(this, { stage, ...options });
    const { rows, columns } = stage.places;
    this.at = chosenPixels.get(this.key) ?? { r: Math.floor(rows / 2), c: Math.floor(columns / 2), f: 0, m: 0 };
    chosenPixels.set(this.key, this.at);
    this.isConvolution = stage.kind === "convolution";
    this.detail = element("div", { class: "window-detail" });
    const what = { convolution: "convolution", max_pool: "max-pooling", average_pool: "average pooling" }[stage.kind];
    this.card = card(
      this.part ? `Window view, ${this.part} of 2: ${what}` : `Window view: ${what}`,
      element(
        "p",
        { class: "type" },
        `Image ${this.image} of the batch. Choose an output pixel: click it, or focus the output and use the arrow keys.`,
        stage.computedHere ? " What lies between convolution and pooling was never kept: it is computed here." : "",
      ),
      this.pickers(),
      this.pictures(),
      this.detail,
    );
    this.card.classList.add("window");
    this.update();
  }

  pickers() {
    const { stage, at } = this;
    const { rows, columns } = stage.places;
    const set = (name) => (event) => {
      this.at[name] = Number(event.target.value);
      this.update(name === "f" || name === "m");
    };
    const choice = (label, name, count) =>
      element(
        "label",
        {},
        label,
        (this[name + "Select"] = element(
          "select",
          { "aria-label": label, onchange: set(name) },
          Array.from({ length: count }, (_, i) => element("option", { value: i, selected: i === at[name] }, String(i))),
        )),
      );
    const place = (label, name, count) =>
      element(
        "label",
        {},
        label,
        (this[name + "Input"] = element("input", {
          type: "number",
          "aria-label": label,
          min: 0,
          max: count - 1,
          value: at[name],
          onchange: (event) => this.moveTo(...(name === "r" ? [Number(event.target.value), at.c] : [at.r, Number(event.target.value)])),
        })),
      );
    return element(
      "div",
      { class: "pickers" },
      place("Row", "r", rows),
      place("Column", "c", columns),
      choice(this.isConvolution ? "Output channel" : "Channel", "f", stage.filters),
      this.isConvolution && choice("Input channel", "m", stage.channels),
    );
  }

  pictures() {
    this.input = new PickPicture("Input x", this.stage.places.height, this.stage.places.width);
    this.output = new PickPicture(
      this.stage.computedHere ? "Convolved" : "Output y",
      this.stage.places.rows,
      this.stage.places.columns,
      (r, c) => this.moveTo(r, c),
    );
    const boxes = [this.input.figure, this.output.figure];
    if (this.backward) {
      this.touches = new PickPicture("Windows per pixel", this.stage.places.height, this.stage.places.width);
      boxes.push(this.touches.figure);
    }
    return element("div", { class: "pictures" }, boxes);
  }

  moveTo(r, c, f = this.at.f) {
    const { rows, columns } = this.stage.places;
    const within = (value, count) => Math.min(count - 1, Math.max(0, Math.round(value) || 0));
    const repaint = f !== this.at.f;
    Object.assign(this.at, { r: within(r, rows), c: within(c, columns), f });
    this.fSelect.value = String(f);
    this.update(repaint);
  }

  get inputChannel() {
    return this.isConvolution ? this.at.m : this.at.f;
  }

  update(repaint = true) {
    const { stage, at } = this;
    const { places } = stage;
    this.rInput.value = at.r;
    this.cInput.value = at.c;
    if (repaint) {
      this.input.paint(channel(stage.x.data, stage.channels, this.inputChannel), `channel ${this.inputChannel}`);
      this.output.paint(channel(stage.y.data, stage.filters, at.f), `channel ${at.f}`);
      this.touches?.paint(places.touches(), "how many touch it", 0);
    }
    const cells = places.cells(at.r, at.c);
    const seen = cells.filter(({ inside }) => inside).map(({ row, column }) => [row, column]);
    const winner = stage.kind === "max_pool" ? stage.winner(at.r, at.c, at.f, cells) : null;
    this.input.mark(seen, winner && [winner.row, winner.column]);
    this.touches?.mark(seen);
    this.output.mark([[at.r, at.c]]);
    this.output.say(`output pixel, row ${at.r}, column ${at.c}`);
    const parts = this.isConvolution ? convolutionParts(stage, at, cells) : poolingParts(stage, at, cells, winner);
    parts.push(allWindowsCheck(stage));
    if (this.backward) parts.push(...backwardParts(stage, at, cells, this.hidden));
    this.detail.replaceChildren(...parts.filter(Boolean));
    this.onmove?.(at);
  }
}
