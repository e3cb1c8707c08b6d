// The graph: ops as boxes, the tensors on the edges as labels with value and gradient, layers as frames that fold.

const FRAME = { side: 14, top: 32, bottom: 8 };
const NO_PICTURE = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"; // one transparent pixel
const FONT = { op: "600 13px system-ui, sans-serif", label: "600 12px system-ui, sans-serif", text: "12px ui-monospace, Menlo, Consolas, monospace" };

class Graph {
  constructor(holder, tape, folding, actions) {
    Object.assign(this, { tape, folding, actions, zoom: null });
    this.view = element("div", { class: "view", tabindex: "0", role: "group", "aria-label": "The graph, top to bottom" });
    this.tools = element("div", { class: "tools" });
    holder.append(this.tools, this.view);
    if (folding.all.length > 1) {
      this.tools.append(button("Open all", () => this.fold(() => folding.setAll(true))), button("Fold all", () => this.fold(() => folding.setAll(false))));
    }
    this.tools.append(
      button("−", () => this.scale(1 / 1.25), { "aria-label": "Smaller" }),
      button("+", () => this.scale(1.25), { "aria-label": "Larger" }),
      button("Fit", () => this.fit()),
    );
  }

  fold(change, focus) {
    change();
    this.build();
    this.show(this.shown);
    if (focus) this.svg.querySelector(`[data-unit="${focus}"]`)?.focus({ preventScroll: true });
  }

  build() {
    const boxes = new Map();
    const size = this.measure(this.folding.root, boxes);
    this.size = { width: size.width + 40, height: size.height + 40 };
    this.svg = drawn("svg", { viewBox: `0 0 ${this.size.width} ${this.size.height}`, class: "drawing" });
    this.parts = { frames: drawn("g"), edges: drawn("g"), nodes: drawn("g") };
    this.nodes = new Map();
    this.edges = [];
    this.draw(this.folding.root, boxes, 20, 20);
    this.svg.append(this.parts.frames, this.parts.edges, this.parts.nodes);
    this.view.replaceChildren(this.svg);
    if (this.zoom == null) this.zoom = Math.min(1, Math.max(0.75, (this.view.clientWidth - 8) / this.size.width));
    this.applyZoom();
  }

  // Lays a container out, its open containers first, and remembers what is where.
  measure(container, boxes) {
    const vertices = new Map();
    const edges = new Map();
    const add = (id, vertex) => vertices.has(id) || vertices.set(id, { id, ...vertex });
    const connect = (from, to, tensor, op) => {
      const key = `${from} ${to}`;
      if (!edges.has(key)) edges.set(key, { from, to, tensor, ops: new Set() });
      edges.get(key).ops.add(op);
    };
    for (const unit of container.units) {
      if (unit instanceof Container) {
        const inner = unit.open ? this.measure(unit, boxes) : null;
        const size = inner ? { width: Math.max(inner.width + 2 * FRAME.side, this.titleWidth(unit) + 40), height: inner.height + FRAME.top + FRAME.bottom } : this.foldedSize(unit);
        add(this.idOf(unit), { order: unit.first, ...size, container: unit });
      } else add(this.idOf(unit), { order: unit, ...this.opSize(unit), op: unit });
    }
    for (const tensor of container.tensors) {
      const made = this.folding.makers.get(tensor);
      add(`t${tensor}`, { order: made == null ? -1 : made + 0.5, ...this.pillSize(tensor), tensor });
    }
    const links = this.links().get(container) ?? [];
    for (const { tensor, unit, op, inward } of links) {
      const own = this.folding.homeOfTensor.get(tensor) === container;
      const end = own ? `t${tensor}` : inward ? `i${tensor}` : `u${tensor}`;
      if (!own) add(end, { order: inward ? -2 : Infinity, width: 10, height: 0, pin: inward ? "top" : "bottom" });
      if (inward) connect(end, this.idOf(unit), tensor, op);
      else connect(this.idOf(unit), end, tensor, op);
    }
    const list = [...vertices.values()];
    for (const edge of edges.values()) { // where an edge enters or leaves an open container
      edge.fromShift = this.portShift(vertices.get(edge.from), `u${edge.tensor}`, boxes);
      edge.toShift = this.portShift(vertices.get(edge.to), `i${edge.tensor}`, boxes);
    }
    const size = layered(list, [...edges.values()]);
    boxes.set(container, { vertices, edges: [...edges.values()], size });
    return size;
  }

  portShift({ container, width }, port, boxes) {
    if (!container?.open) return 0;
    const { vertices, size } = boxes.get(container);
    return (width - size.width) / 2 + vertices.get(port).x - width / 2;
  }

  // For every container: which tensors go to or come from which of its units. The same for any folding, so found once.
  links() {
    if (this.linked) return this.linked;
    this.linked = new Map();
    const { homeOfOp, homeOfTensor, consumers, makers } = this.folding;
    const climb = (tensor, op, inward) => {
      let unit = op;
      for (let at = homeOfOp.get(op); ; unit = at, at = at.parent) {
        if (!this.linked.has(at)) this.linked.set(at, []);
        this.linked.get(at).push({ tensor, unit, op, inward });
        if (at === homeOfTensor.get(tensor)) break;
      }
    };
    for (const [tensor, op] of makers) climb(tensor, op, false);
    for (const [tensor, ops] of consumers) for (const op of ops) climb(tensor, op, true);
    return this.linked;
  }

  idOf(unit) {
    return unit instanceof Container ? unit.id : `o${unit}`;
  }

  opSize(at) {
    return { width: Math.max(64, textWidth(shortened(this.tape.steps[at].op, 26), FONT.op) + 28), height: 30 };
  }

  titleOf(container) {
    const { name, kind } = container;
    return shortened(kind && kind !== name ? `${name} · ${kind}` : name, 34);
  }

  titleWidth(container) {
    return textWidth(this.titleOf(container), FONT.label) + 24;
  }

  foldedSize(container) {
    return { width: Math.max(132, this.titleWidth(container) + 34), height: 48 };
  }

  pillSize(tensor) {
    const { value, kind } = this.tape.tensors[tensor];
    if (kind === "number") return { width: textWidth(this.pillLabel(tensor), FONT.label) + 22, height: 24 };
    const head = `${this.pillLabel(tensor)}  ${shapeText(value.shape)}`;
    const last = this.tape.gradients.get(tensor)?.at(-1)?.array;
    const texts = [summary(value), summary(this.tape.value(tensor, this.tape.steps.length)), this.tape.wantsGradient(tensor) ? `∂ ${summary(last, "gradient")} so far` : ""];
    if (this.tape.wantsGradient(tensor)) texts.push("no gradient yet");
    const picture = value.slices?.length ? 40 : 0;
    const wide = Math.max(textWidth(head, FONT.label) * 1.06, ...texts.map((text) => textWidth(text, FONT.text)));
    const lines = 2 + (this.tape.wantsGradient(tensor) ? 1 : 0);
    return { width: Math.max(72, wide + 20 + picture), height: Math.max(picture ? 46 : 0, lines * 16 + 10) };
  }

  pillLabel(tensor) {
    return shortened(this.tape.label(tensor), 24);
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
    let path = opens(edge.from) ? `M${round(startX)} ${round(startY - FRAME.bottom)}V${round(startY)}` : `M${round(startX)} ${round(startY)}`;
    for (let i = 1; i < points.length; i++) {
      const [[x0, y0], [x1, y1]] = [points[i - 1], points[i]];
      path += Math.abs(x0 - x1) < 1 && y1 > y0 ? `L${round(x1)} ${round(y1)}` : `C${[x0, (y0 + y1) / 2, x1, (y0 + y1) / 2, x1, y1].map(round).join(" ")}`;
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
    const group = drawn("g", {
      class: `node ${kind}`, transform: `translate(${round(x)} ${round(y)})`, role: "button", tabindex: "0", "data-unit": id, "aria-label": label, onclick: act, onkeydown: act,
    }, ...children);
    this.parts.nodes.append(group);
    const entry = { group, kind, x, y, width: vertex.width, height: vertex.height };
    this.nodes.set(id, entry);
    return entry;
  }

  drawFrame({ id, container, width, height }, x, y) {
    this.parts.frames.append(drawn("rect", { x: round(x), y: round(y), width: round(width), height: round(height), rx: 10, class: container.chunk ? "frame chunk" : "frame" }));
    const title = this.titleOf(container);
    const size = { width: this.titleWidth(container) + 14, height: 22 };
    this.node(id, "frame-title", `Fold ${title}`, () => this.toggle(container, id), size, x + 6, y + 5,
      drawn("rect", { ...size, rx: 6 }), drawn("text", { x: 8, y: 15.5 }, `▾ ${title}`));
  }

  drawFolded({ id, container, width, height }, x, y) {
    const title = this.titleOf(container);
    const count = counted(container.ops, "op");
    const entry = this.node(id, "folded", `Open ${title}, ${count}`, () => this.toggle(container, id), { width, height }, x, y,
      drawn("rect", { x: 3, y: 4, width: width, height, rx: 8, class: "behind" }), drawn("rect", { width, height, rx: 8 }),
      drawn("text", { x: 12, y: 20, class: "title" }, `▸ ${title}`));
    entry.now = drawn("text", { x: 27, y: 37, class: "now" }, count);
    entry.count = count;
    entry.container = container;
    entry.group.append(entry.now);
  }

  toggle(container, id) {
    this.fold(() => {
      container.open = !container.open;
      container.byHand = container.open;
    }, id);
  }

  drawOp({ id, op, width, height }, x, y) {
    const name = this.tape.steps[op].op;
    this.node(id, "op", `${name}, step ${op + 1}`, () => this.actions.goTo(op + 1), { width, height }, x, y,
      drawn("rect", { width, height, rx: 15 }), drawn("text", { x: width / 2, y: 19.5, "text-anchor": "middle" }, shortened(name, 26))).op = op;
  }

  drawPill({ id, tensor, width, height }, x, y) {
    const { value, kind } = this.tape.tensors[tensor];
    const label = this.pillLabel(tensor);
    const left = value.slices?.length ? 48 : 10;
    const head = drawn("text", { x: left, y: 17, class: "name" }, label, kind !== "number" && drawn("tspan", { class: "shape", dx: 6 }, shapeText(value.shape)));
    const entry = this.node(id, `pill ${kind}`, "", () => this.actions.inspect(tensor), { width, height }, x, y,
      drawn("rect", { width, height, rx: 7 }), head, drawn("title"));
    entry.tensor = tensor;
    entry.value = drawn("text", { x: left, y: 33, class: "value" });
    entry.gradient = drawn("text", { x: left, y: 49, class: "gradient" });
    entry.title = entry.group.querySelector("title");
    entry.group.append(entry.value, entry.gradient);
    if (value.slices?.length) {
      entry.picture = drawn("image", { x: 7, y: (height - 34) / 2, width: 34, height: 34, preserveAspectRatio: "xMidYMid meet", class: "thumbnail" });
      entry.group.append(entry.picture);
    }
  }

  // The graph as it is at a position: what has been computed, what is lit, what the gradients are so far.
  show(state) {
    this.shown = state;
    const { position, hides } = state;
    const step = this.tape.steps[position - 1];
    const now = this.folding.opOf(position - 1);
    const backward = step?.phase === "backward";
    this.lit = null;
    for (const entry of this.nodes.values()) {
      if (entry.op != null) this.look(entry, { "to-come": entry.op >= position, lit: entry.op === now }, step);
      else if (entry.container) {
        const inside = now != null && this.folding.hiddenIn(now) === entry.container;
        this.look(entry, { "to-come": entry.container.first >= position, lit: inside }, step);
        entry.now.textContent = inside ? `now: ${shortened(step.op, 24)}` : entry.count;
      } else if (entry.tensor != null) this.showPill(entry, position, step, hides);
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

  showPill(entry, position, step, hides) {
    const { tensor } = entry;
    const exists = this.tape.exists(tensor, position);
    const value = this.tape.value(tensor, position);
    const gradient = this.tape.gradient(tensor, position);
    const valueText = exists ? summary(value) : "not computed yet";
    const hidden = gradient && hides(tensor);
    let gradientText = "";
    if (this.tape.wantsGradient(tensor)) {
      gradientText = !gradient ? "no gradient yet" : hidden ? "∂ ?" : `∂ ${summary(gradient.array, "gradient")}${gradient.complete ? "" : " so far"}`;
    }
    entry.value.textContent = this.tape.tensors[tensor].kind === "number" ? "" : exists ? valueText : "–";
    entry.value.classList.toggle("bad", Boolean(exists && troubleOf(value.stats)));
    entry.gradient.textContent = gradientText;
    entry.gradient.setAttribute("class", `gradient ${!gradient ? "none" : gradient.complete ? "complete" : "so-far"} ${gradient && !hidden && troubleOf(gradient.array.stats) ? "bad" : ""}`);
    const label = `${this.tape.label(tensor)} ${shapeText(value.shape)}: ${valueText}${gradientText ? `; ${gradientText.replace("∂", "gradient")}` : ""}`;
    entry.group.setAttribute("aria-label", label);
    entry.title.textContent = titlesShown ? label : this.tape.label(tensor);
    const lit = step?.phase === "update" && step.parameter === tensor;
    this.look(entry, { "to-come": !exists, inspected: this.shown.inspected === tensor, lit }, step);
    if (entry.picture) entry.picture.setAttribute("href", exists ? this.thumbnail(value.slices?.[0]) : NO_PICTURE);
  }

  thumbnail(slice) {
    if (!slice) return NO_PICTURE;
    this.thumbnails ??= new Map();
    const key = themeName();
    if (!this.thumbnails.has(slice)) this.thumbnails.set(slice, {});
    return (this.thumbnails.get(slice)[key] ??= (slice.kind === "image" ? imageCanvas(slice) : heatCanvas(slice)).toDataURL());
  }

  scrollToLit() {
    if (!this.lit) return;
    const { x, y, width, height } = this.lit;
    const { clientWidth, clientHeight, scrollLeft, scrollTop } = this.view;
    const inside = (from, length, start, room) => from * this.zoom >= start + room * 0.12 && (from + length) * this.zoom <= start + room * 0.88;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches || this.tape.steps.length > 2000;
    const to = {
      left: inside(x, width, scrollLeft, clientWidth) ? scrollLeft : (x + width / 2) * this.zoom - clientWidth / 2,
      top: inside(y, height, scrollTop, clientHeight) ? scrollTop : (y + height / 2) * this.zoom - clientHeight / 2,
    };
    if (to.left !== scrollLeft || to.top !== scrollTop) this.view.scrollTo({ ...to, behavior: calm ? "auto" : "smooth" });
  }

  scale(factor) {
    this.zoom = Math.min(2.5, Math.max(0.2, this.zoom * factor));
    this.applyZoom();
    this.scrollToLit();
  }

  fit() {
    this.zoom = Math.min(1.4, (this.view.clientWidth - 4) / this.size.width, (this.view.clientHeight - 4) / this.size.height);
    this.applyZoom();
  }

  applyZoom() {
    this.svg.setAttribute("width", round(this.size.width * this.zoom));
    this.svg.setAttribute("height", round(this.size.height * this.zoom));
  }
}

function round(x) {
  return Math.round(x * 10) / 10;
}
