// The drawing of a graph: ops as boxes, the tensors on the edges as labels with value and gradient, layers as frames that fold.

const NO_PICTURE = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"; // one transparent pixel

class Drawing {
  constructor(tape, folding, sizes, actions) {
    Object.assign(this, { tape, folding, sizes, actions, nodes: new Map(), edges: [], lit: null });
    const boxes = sizes.measure(folding.root);
    const { width, height } = boxes.get(folding.root).size;
    this.size = { width: width + 40, height: height + 40 };
    this.svg = drawn("svg", { viewBox: `0 0 ${this.size.width} ${this.size.height}`, class: "drawing" });
    this.parts = { frames: drawn("g"), edges: drawn("g"), nodes: drawn("g") };
    this.draw(folding.root, boxes, 20, 20);
    this.svg.append(this.parts.frames, this.parts.edges, this.parts.nodes);
  }

  draw(container, boxes, left, top) {
    const { vertices, edges } = boxes.get(container);
    for (const vertex of vertices.values()) {
      const [x, y] = [left + vertex.x - vertex.width / 2, top + vertex.y];
      if (vertex.container?.open) {
        this.drawFrame(vertex, x, y);
        vertex.inside = (vertex.width - boxes.get(vertex.container).size.width) / 2;
        this.draw(vertex.container, boxes, x + vertex.inside, y + FRAME.top);
      } else if (vertex.container) this.drawFolded(vertex, x, y);
      else if (vertex.op != null) this.drawOp(vertex, x, y);
      else if (vertex.tensor != null) this.drawPill(vertex, x, y);
    }
    for (const edge of edges) this.drawEdge(edge, vertices, left, top);
  }

  drawEdge(edge, vertices, left, top) {
    const points = edge.points.map(([x, y]) => [x + left, y + top]);
    const opens = (end) => vertices.get(end).container?.open;
    const [[startX, startY], [stopX, stopY]] = [points[0], points.at(-1)];
    let path = opens(edge.from)
      ? `M${round(startX)} ${round(startY - FRAME.bottom)}V${round(startY)}`
      : `M${round(startX)} ${round(startY)}`;
    for (let i = 1; i < points.length; i++) {
      const [[x0, y0], [x1, y1]] = [points[i - 1], points[i]];
      path +=
        Math.abs(x0 - x1) < 1 && y1 > y0
          ? `L${round(x1)} ${round(y1)}`
          : `C${[x0, (y0 + y1) / 2, x1, (y0 + y1) / 2, x1, y1].map(round).join(" ")}`;
    }
    if (opens(edge.to)) path += `L${round(stopX)} ${round(stopY + FRAME.top)}`;
    const arrow = vertices.get(edge.to).op != null || opens(edge.to) === false;
    const node = drawn("path", { d: path, class: arrow ? "edge arrow" : "edge" });
    this.edges.push({ node, arrow, ...edge });
    this.parts.edges.append(node);
    if (arrow) {
      const [x, y] = points.at(-1).map(round);
      const tip = drawn("path", { d: `M${x - 4} ${y - 7}L${x} ${y}L${x + 4} ${y - 7}Z`, class: "tip" });
      this.edges.at(-1).tip = tip;
      this.parts.edges.append(tip);
    }
  }

  node(id, kind, label, action, vertex, x, y, ...children) {
    const act = (event) => {
      if (event.type === "keydown" && event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      action();
    };
    const group = drawn(
      "g",
      {
        class: `node ${kind}`,
        transform: `translate(${round(x)} ${round(y)})`,
        role: kind === "folded" || kind === "frame-title" ? "button" : "link",
        "aria-expanded": { folded: "false", "frame-title": "true" }[kind],
        tabindex: "0",
        "data-unit": id,
        "aria-label": label,
        onclick: act,
        onkeydown: act,
      },
      ...children,
    );
    this.parts.nodes.append(group);
    const entry = { group, kind, x, y, width: vertex.width, height: vertex.height };
    this.nodes.set(id, entry);
    return entry;
  }

  drawFrame({ id, container, width, height }, x, y) {
    this.parts.frames.append(
      drawn("rect", {
        x: round(x),
        y: round(y),
        width: round(width),
        height: round(height),
        rx: 10,
        class: container.chunk ? "frame chunk" : "frame",
      }),
    );
    const title = this.sizes.titleOf(container);
    const size = { width: this.sizes.titleWidth(container) + 14, height: 22 };
    this.node(
      id,
      "frame-title",
      `Fold ${title}`,
      () => this.actions.toggle(container, id),
      size,
      x + 6,
      y + 5,
      drawn("rect", { ...size, rx: 6 }),
      drawn("text", { x: 8, y: 15.5 }, `▾ ${title}`),
    );
  }

  drawFolded({ id, container, width, height }, x, y) {
    const title = this.sizes.titleOf(container);
    const count = counted(container.ops, "op");
    const entry = this.node(
      id,
      "folded",
      `Open ${title}, ${count}`,
      () => this.actions.toggle(container, id),
      { width, height },
      x,
      y,
      drawn("rect", { x: 3, y: 4, width: width, height, rx: 8, class: "behind" }),
      drawn("rect", { width, height, rx: 8 }),
      drawn("text", { x: 12, y: 20, class: "title" }, `▸ ${title}`),
    );
    entry.now = drawn("text", { x: 27, y: 37, class: "now" }, count);
    entry.count = count;
    entry.container = container;
    entry.group.append(entry.now);
  }

  drawOp({ id, op, width, height }, x, y) {
    const name = this.tape.steps[op].op;
    this.node(
      id,
      this.tape.differences.includes(op) ? "op differs" : "op",
      `${name}, step ${op + 1}`,
      () => this.actions.goTo(op + 1),
      { width, height },
      x,
      y,
      drawn("rect", { width, height, rx: 15 }),
      drawn("text", { x: width / 2, y: 19.5, "text-anchor": "middle" }, shortened(name, 26)),
    ).op = op;
  }

  drawPill({ id, tensor, width, height }, x, y) {
    const { value, kind } = this.tape.tensors[tensor];
    const label = this.sizes.pillLabel(tensor);
    const left = value.slices?.length ? 48 : 10;
    const head = drawn(
      "text",
      { x: left, y: 17, class: "name" },
      label,
      kind !== "number" && drawn("tspan", { class: "shape", dx: 6 }, shapeText(value.shape)),
    );
    const entry = this.node(
      id,
      `pill ${kind}`,
      "",
      () => this.actions.inspect(tensor),
      { width, height },
      x,
      y,
      drawn("rect", { width, height, rx: 7 }),
      head,
      drawn("title"),
    );
    entry.tensor = tensor;
    entry.value = drawn("text", { x: left, y: 33, class: "value" });
    entry.gradient = drawn("text", { x: left, y: 49, class: "gradient" });
    entry.title = entry.group.querySelector("title");
    entry.group.append(entry.value, entry.gradient);
    if (value.slices?.length) {
      entry.picture = drawn("image", {
        x: 7,
        y: (height - 34) / 2,
        width: 34,
        height: 34,
        preserveAspectRatio: "xMidYMid meet",
        class: "thumbnail",
      });
      entry.group.append(entry.picture);
    }
  }

  // The graph as it is at a position: what has been computed, what is lit, what the gradients are so far.
  show(state) {
    const { position } = state;
    const step = this.tape.steps[position - 1];
    const now = this.folding.opOf(position - 1);
    const hiding = this.folding.hiding(position - 1);
    const backward = step?.phase === "backward";
    this.lit = null;
    for (const entry of this.nodes.values()) {
      if (entry.op != null) this.look(entry, { "to-come": entry.op >= position, lit: entry.op === now }, step);
      else if (entry.container) {
        const inside = hiding === entry.container;
        this.look(entry, { "to-come": entry.container.first >= position, lit: inside }, step);
        entry.now.textContent = inside ? `now: ${shortened(step.op, 24)}` : entry.count;
      } else if (entry.tensor != null) this.showPill(entry, state, step);
    }
    for (const { node, tip, arrow, ops } of this.edges) {
      const lit = now != null && ops.has(now) ? (backward ? " lit backward" : " lit") : "";
      node.setAttribute("class", `edge${arrow ? " arrow" : ""}${lit}`);
      tip?.setAttribute("class", `tip${lit}`);
    }
  }

  // How a node looks: a function of the position alone, whatever was shown before.
  look(entry, states, step) {
    const names = Object.keys(states).filter((name) => states[name]);
    entry.group.setAttribute("class", ["node", entry.kind, ...names].join(" "));
    if (states.lit) {
      this.lit = entry;
      entry.group.dataset.phase = step.phase;
      entry.group.setAttribute("aria-current", "step");
    } else {
      delete entry.group.dataset.phase;
      entry.group.removeAttribute("aria-current");
    }
  }

  showPill(entry, { position, hides, inspected }, step) {
    const { tensor } = entry;
    const exists = this.tape.exists(tensor, position);
    const value = this.tape.value(tensor, position);
    const gradient = this.tape.gradient(tensor, position);
    const valueText = exists ? summary(value) : "not computed yet";
    const hidden = gradient && hides(tensor);
    const gradientText = this.tape.wantsGradient(tensor) ? gradientLine(gradient, hidden) : "";
    entry.value.textContent = this.tape.tensors[tensor].kind === "number" ? "" : exists ? valueText : "–";
    entry.value.classList.toggle("bad", Boolean(exists && troubleOf(value.stats)));
    entry.gradient.textContent = gradientText;
    const bad = gradient && !hidden && troubleOf(gradient.array.stats);
    entry.gradient.setAttribute("class", ["gradient", gradientState(gradient), bad ? "bad" : ""].join(" ").trim());
    const said = gradientText && `; ${gradientText.replace("∂", "gradient")}`;
    const label = `${this.tape.label(tensor)} ${shapeText(value.shape)}: ${valueText}${said}`;
    entry.group.setAttribute("aria-label", label);
    entry.title.textContent = titlesShown ? label : this.tape.label(tensor);
    const lit = step?.phase === "update" && step.parameter === tensor;
    this.look(entry, { "to-come": !exists, inspected: inspected === tensor, lit }, step);
    if (entry.picture) entry.picture.setAttribute("href", exists ? thumbnail(value.slices?.[0]) : NO_PICTURE);
  }
}

function gradientState(gradient) {
  return !gradient ? "none" : gradient.complete ? "complete" : "so-far";
}

function gradientLine(gradient, hidden) {
  if (!gradient) return "no gradient yet";
  return hidden ? "∂ ?" : `∂ ${summary(gradient.array, "gradient")}${gradient.complete ? "" : " so far"}`;
}

const thumbnails = { light: new Map(), dark: new Map() };

function thumbnail(slice) {
  if (!slice) return NO_PICTURE;
  const known = thumbnails[themeName()];
  if (!known.has(slice)) known.set(slice, (slice.kind === "image" ? imageCanvas(slice) : heatCanvas(slice)).toDataURL());
  return known.get(slice);
}

function round(x) {
  return Math.round(x * 10) / 10;
}
