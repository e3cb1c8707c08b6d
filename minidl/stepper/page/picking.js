// Pictures of one channel: cells are marked on them, and pixels chosen.

// Given ``pick``, a pixel can be chosen, by mouse or with the arrow keys.
class PickPicture {
  constructor(title, rows, columns, pick) {
    Object.assign(this, { title, rows, columns });
    this.box = element("div", { class: "picture" });
    this.overlay = drawn("svg", {
      viewBox: `0 0 ${columns} ${rows}`,
      class: "overlay",
      "aria-hidden": "true",
      preserveAspectRatio: "none",
    });
    this.caption = element("span", { class: "type" });
    this.scale = element("div");
    this.figure = element(
      "figure",
      { class: "array" },
      element("figcaption", {}, element("strong", {}, title), this.caption),
      this.box,
      this.scale,
    );
    if (!pick) return;
    this.box.classList.add("pickable");
    Object.entries({ tabindex: "0", role: "application", "aria-roledescription": "pixel picker" }).forEach(([name, value]) =>
      this.box.setAttribute(name, value),
    );
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
    const box = [
      Math.min(...rows),
      Math.min(...columns),
      Math.max(...rows) - Math.min(...rows) + 1,
      Math.max(...columns) - Math.min(...columns) + 1,
    ];
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
