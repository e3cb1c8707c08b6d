// A window opened up: pick an output pixel, and see the patch, its row of the im2col matrix, the filter, the products and their sum.

const MOST_WORK = 4e7; // multiplications for checking all windows at once

function windowCards(tape, at, hidden) {
  const window = windowOf(tape, at);
  if (!window) return [];
  if (window.kind === "dropout") return [maskCard(window, hidden)];
  if (!window.x || !window.y) return [card("Window view", element("p", { class: "none" }, "The arrays of this op are too large to be carried in this page, so its windows cannot be opened."))];
  const backward = tape.steps[at].phase === "backward";
  const stages = stagesOf(window);
  const views = stages.map((stage, i) => new WindowView(stage, { backward, hidden, image: window.image ?? 0, part: stages.length > 1 ? i + 1 : 0, key: `${window.of ?? at} ${i}` }));
  if (views.length > 1) views[1].onmove = ({ r, c, f }) => { const won = stages[1].winner(r, c, f); views[0].moveTo(won.row, won.column, f); };
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
    this.card = card(this.part ? `Window view, ${this.part} of 2: ${what}` : `Window view: ${what}`,
      element("p", { class: "type" }, `Image ${this.image} of the batch. Choose an output pixel: click it, or focus the output and use the arrow keys.`, stage.computedHere ? " What lies between convolution and pooling was never kept: it is computed here." : ""),
      this.pickers(), this.pictures(), this.detail);
    this.card.classList.add("window");
    this.update();
  }

  pickers() {
    const { stage, at } = this;
    const { rows, columns } = stage.places;
    const set = (name) => (event) => { this.at[name] = Number(event.target.value); this.update(name === "f" || name === "m"); };
    const choice = (label, name, count) => element("label", {}, label, (this[name + "Select"] = element("select", { "aria-label": label, onchange: set(name) },
      Array.from({ length: count }, (_, i) => element("option", { value: i, selected: i === at[name] }, String(i))))));
    const place = (label, name, count) => element("label", {}, label, (this[name + "Input"] = element("input", { type: "number", "aria-label": label, min: 0, max: count - 1, value: at[name],
      onchange: (event) => this.moveTo(...(name === "r" ? [Number(event.target.value), at.c] : [at.r, Number(event.target.value)])) })));
    return element("div", { class: "pickers" }, place("Row", "r", rows), place("Column", "c", columns),
      choice(this.isConvolution ? "Output channel" : "Channel", "f", stage.filters), this.isConvolution && choice("Input channel", "m", stage.channels));
  }

  pictures() {
    this.input = new PickPicture("Input x", this.stage.places.height, this.stage.places.width);
    this.output = new PickPicture(this.stage.computedHere ? "Convolved" : "Output y", this.stage.places.rows, this.stage.places.columns, (r, c) => this.moveTo(r, c));
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

// A picture of one channel, on which cells can be marked and (given ``pick``) chosen.
class PickPicture {
  constructor(title, rows, columns, pick) {
    Object.assign(this, { title, rows, columns });
    this.box = element("div", { class: "picture" });
    this.overlay = drawn("svg", { viewBox: `0 0 ${columns} ${rows}`, class: "overlay", "aria-hidden": "true", preserveAspectRatio: "none" });
    this.caption = element("span", { class: "type" });
    this.scale = element("div");
    this.figure = element("figure", { class: "array" }, element("figcaption", {}, element("strong", {}, title), this.caption), this.box, this.scale);
    if (!pick) return;
    this.box.classList.add("pickable");
    Object.entries({ tabindex: "0", role: "application", "aria-roledescription": "pixel picker" }).forEach(([name, value]) => this.box.setAttribute(name, value));
    this.box.addEventListener("click", (event) => {
      const area = this.box.getBoundingClientRect();
      pick(Math.floor(((event.clientY - area.top) / area.height) * rows), Math.floor(((event.clientX - area.left) / area.width) * columns));
    });
    this.box.addEventListener("keydown", (event) => {
      const by = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (!by) return;
      event.preventDefault();
      event.stopPropagation();
      pick(this.marked[0][0] + by[0], this.marked[0][1] + by[1]);
    });
  }

  paint(data, note, from = null) {
    const range = from == null ? rangeOf(data) : [from, rangeOf(data)[1]];
    const canvas = exactCanvas(data, this.rows, this.columns, `${this.title}, ${note}`, 152, range);
    this.box.replaceChildren(canvas, this.overlay);
    this.box.style.width = canvas.style.width;
    this.caption.textContent = `${this.rows} × ${this.columns}, ${note}`;
    this.scale.replaceChildren(legend(...range));
  }

  mark(cells, best = null) {
    this.marked = cells;
    const [rows, columns] = [0, 1].map((axis) => cells.map((cell) => cell[axis]));
    const box = [Math.min(...rows), Math.min(...columns), Math.max(...rows) - Math.min(...rows) + 1, Math.max(...columns) - Math.min(...columns) + 1];
    const boxes = box[2] * box[3] === cells.length ? [box] : cells.map(([row, column]) => [row, column, 1, 1]);
    const outline = ([y, x, height, width], kind) => ["halo", kind].map((name) => drawn("rect", { x, y, width, height, class: name }));
    this.overlay.replaceChildren(...boxes.flatMap((one) => outline(one, "marked")), ...(best ? outline([...best, 1, 1], "best") : []));
  }

  say(text) {
    this.box.setAttribute("aria-label", text);
  }
}

function channel(data, channels, m) {
  return Float64Array.from({ length: data.length / channels }, (_, i) => data[i * channels + m]);
}

// A small matrix of a window: cells with {value, pad, best}.
function windowMatrix(stage, title, cells, entry, kind = "") {
  const columns = stage.places.kw;
  const rows = [];
  const known = cells.map(entry);
  const [low, high] = rangeOf(known.map(({ value }) => value));
  for (let from = 0; from < cells.length; from += columns) {
    rows.push(element("tr", {}, known.slice(from, from + columns).map(({ value, pad, best }) => {
      const cell = pad ? element("td", { class: "number pad", title: "padding" }, pad === true ? "0" : pad) : numberCell(value, stage.x.dtype, "td", [], low, high);
      if (!pad) cell.textContent = number(value, "float64", 3);
      if (best) cell.classList.add("best");
      return cell;
    })));
  }
  return element("div", { class: `window-matrix ${kind}` }, element("span", { class: "role" }, title), element("table", { class: "matrix" }, element("tbody", {}, rows)));
}

function sign(text) {
  return element("span", { class: "sign" }, text);
}

// A sign with what follows it: they stay on one line.
function term(text, following) {
  return element("span", { class: "term" }, sign(text), following);
}

function figureIn(stage, value, kind) {
  const shown = element("span", { class: `number ${kind}` }, number(value));
  if (titlesShown) shown.title = allDigits(value, stage.x.dtype);
  return shown;
}

function convolutionParts(stage, { r, c, f, m }, cells) {
  const patch = windowMatrix(stage, `patch, channel ${m}`, cells, (cell) => ({ value: stage.xAt(cell, m), pad: !cell.inside }), "patch");
  const filter = windowMatrix(stage, `filter ${f}, channel ${m}`, cells, (cell) => ({ value: stage.weight(cell, m, f) }), "filter");
  const products = windowMatrix(stage, "products", cells, (cell) => ({ value: stage.xAt(cell, m) * stage.weight(cell, m, f) }), "products");
  const before = stage.beforeActivation(r, c, f, cells);
  const bias = stage.bias ? stage.bias.data[f] : null;
  const sum = bias == null ? before : cells.reduce((total, cell) => { for (let k = 0; cell.inside && k < stage.channels; k++) total += stage.xAt(cell, k) * stage.weight(cell, k, f); return total; }, 0);
  const own = cells.reduce((total, cell) => total + stage.xAt(cell, m) * stage.weight(cell, m, f), 0);
  const row = stage.row(r, c);
  const line = element("p", { class: "sum" }, `Sum of all ${row.length} products = `, figureIn(stage, sum, "the-sum"));
  if (stage.channels > 1) line.append(" (channel ", String(m), ": ", figureIn(stage, own, "channel-sum"), ")");
  if (bias != null) line.append("; + bias ", figureIn(stage, bias, "the-bias"), " = ", figureIn(stage, before, "before"));
  const active = stage.activation && stage.activation !== "linear";
  if (active && stage.act) line.append(`; ${stage.activation} → `, figureIn(stage, stage.act[0](before), "after"));
  if (active && !stage.act) line.append(`; then ${stage.activation}, which this page does not compute`);
  return [
    element("div", { class: "equation scrolls", tabindex: "0", role: "group", "aria-label": "patch times filter" }, patch, term("×", filter), term("=", products)),
    line, agreement(stage, active && !stage.act ? null : stage.output(r, c, f, cells), r, c, f), im2colRow(stage, row, r, c, m),
  ];
}

function im2colRow(stage, row, r, c, m) {
  const { rows, columns } = stage.places;
  const cells = row.map((value, k) => element("span", { class: k % stage.channels === m ? "number own" : "number", title: titlesShown ? `${indexText([...unravel(k, [stage.places.kh, stage.places.kw, stage.channels])])} ${allDigits(value, stage.x.dtype)}` : null }, number(value, "float64", 4)));
  return element("div", { class: "im2col" }, element("span", { class: "role" }, `row ${r * columns + c} of the im2col matrix (${rows * columns} × ${row.length}): the patch as (i, j, channel)`),
    element("div", { class: "vector row-of-im2col", tabindex: "0", role: "group", "aria-label": "row of the im2col matrix" }, cells));
}

function poolingParts(stage, { r, c, f }, cells, winner) {
  const loser = stage.kind === "max_pool" ? "−∞" : "–";
  const patch = windowMatrix(stage, `window, channel ${f}`, cells, (cell) => ({ value: stage.xAt(cell, f), pad: cell.inside ? null : loser, best: cell === winner }), "patch");
  const value = stage.output(r, c, f, cells);
  const text = stage.kind === "max_pool"
    ? [`The largest is element [${winner.i}, ${winner.j}], pixel [${winner.row}, ${winner.column}] of the input: `, figureIn(stage, value, "the-sum"), ". Of equals, the first wins."]
    : [`The mean of the ${cells.filter(({ inside }) => inside).length} pixels inside the image: `, figureIn(stage, value, "the-sum"), "."];
  return [element("div", { class: "equation" }, patch), element("p", { class: "sum" }, text), agreement(stage, value, r, c, f)];
}

// How far two numbers may differ by rounding alone, relative to the largest number in play.
function tolerance(dtype) {
  return { float32: 1e-5, float16: 4e-3 }[dtype] ?? 1e-12;
}

function largestOf(data) {
  return data.reduce((largest, value) => Math.max(largest, Math.abs(value) || 0), 0);
}

function agreement(stage, value, r, c, f) {
  if (value == null || stage.computedHere) return null;
  const y = stage.out(stage.y, r, c, f);
  const same = Math.abs(value - y) <= tolerance(stage.y.dtype) * Math.max(1, largestOf(stage.y.data));
  return verdict(same, [`The tape's y[${r}, ${c}, ${f}] = `, figureIn(stage, y, "tape-y"), same ? ": the same." : ": not what is computed here."]);
}

function verdict(same, children) {
  return element("p", { class: same ? "verdict same" : "verdict differs" }, element("span", { "aria-hidden": "true" }, same ? "✓ " : "✗ "), ...children);
}

function worst(ours, theirs) {
  return ours.reduce((largest, value, i) => Math.max(largest, Number.isFinite(theirs[i]) ? Math.abs(value - theirs[i]) : 0), 0);
}

function allWindowsCheck(stage) {
  if (stage.computedHere || !stage.act) return null;
  if (stage.cost() > MOST_WORK) return element("p", { class: "type" }, "Too many windows to check them all here.");
  const off = worst(stage.everything().y, stage.y.data);
  const same = off <= tolerance(stage.y.dtype) * Math.max(1, largestOf(stage.y.data));
  return verdict(same, [`All ${counted(stage.places.rows * stage.places.columns * stage.filters, "output")} were computed here again; the largest difference from the tape is `, figureIn(stage, off, "worst-y"), "."]);
}
