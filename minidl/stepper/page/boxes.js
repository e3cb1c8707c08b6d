// What the graph shows at a folding, and how large each part of it is: boxes within boxes, each container laid out by itself.

const FRAME = { side: 14, top: 32, bottom: 8 };
const FONT = {
  op: "600 13px system-ui, sans-serif",
  label: "600 12px system-ui, sans-serif",
  text: "12px ui-monospace, Menlo, Consolas, monospace",
};

class Boxes {
  constructor(tape, folding) {
    Object.assign(this, { tape, folding });
  }

  // Lays a container out, its open containers first, and remembers what is where.
  measure(container, boxes = new Map()) {
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
        const inner = unit.open ? this.measure(unit, boxes).get(unit).size : null;
        const size = inner
          ? { width: Math.max(inner.width + 2 * FRAME.side, this.titleWidth(unit) + 40), height: inner.height + FRAME.top + FRAME.bottom }
          : this.foldedSize(unit);
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
    // Where an edge enters or leaves an open container:
    for (const edge of edges.values()) {
      edge.fromShift = this.portShift(vertices.get(edge.from), `u${edge.tensor}`, boxes);
      edge.toShift = this.portShift(vertices.get(edge.to), `i${edge.tensor}`, boxes);
    }
    const size = layered(list, [...edges.values()]);
    boxes.set(container, { vertices, edges: [...edges.values()], size });
    return boxes;
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
    const texts = [
      summary(value),
      summary(this.tape.value(tensor, this.tape.steps.length)),
      this.tape.wantsGradient(tensor) ? `∂ ${summary(last, "gradient")} so far` : "",
    ];
    if (this.tape.wantsGradient(tensor)) texts.push("no gradient yet");
    const picture = value.slices?.length ? 40 : 0;
    const wide = Math.max(textWidth(head, FONT.label) * 1.06, ...texts.map((text) => textWidth(text, FONT.text)));
    const lines = 2 + (this.tape.wantsGradient(tensor) ? 1 : 0);
    return { width: Math.max(72, wide + 20 + picture), height: Math.max(picture ? 46 : 0, lines * 16 + 10) };
  }

  pillLabel(tensor) {
    const { kind, value, label } = this.tape.tensors[tensor];
    const long = kind === "number" && label.length > 8 && value.values;
    return long ? number(value.values[0], value.dtype) : shortened(this.tape.label(tensor), 24);
  }
}
