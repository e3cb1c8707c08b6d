// Which ops stand together: layers are containers that fold, and a long run of ops is folded in chunks so that any size can be shown.

const MOST_TOGETHER = 36; // units shown in one container before they are chunked
const OPEN_BELOW = 26; // a graph of so few ops starts open; of a larger one,
const SHOWN_FIRST = 14; // so many units at most are shown at first

class Container {
  constructor(name, kind, parent) {
    Object.assign(this, { name, kind, parent, units: [], tensors: [], first: Infinity, last: -1, ops: 0, open: false, chunk: false });
  }

  path() {
    return this.parent ? [...this.parent.path(), this] : [this];
  }
}

class Folding {
  constructor(tape) {
    this.tape = tape;
    this.root = new Container(tape.title, "", null);
    this.root.open = true;
    this.homeOfOp = new Map(); // forward step → container
    this.homeOfTensor = new Map(); // tensor → container
    this.consumers = new Map(); // tensor → [forward step]
    const forward = tape.steps.map((step, at) => at).filter((at) => tape.steps[at].phase === "forward");
    this.gatherOps(forward);
    this.merge(this.root);
    this.chunk(this.root);
    this.settle(this.root);
    this.gatherTensors(forward);
    this.openFrom(forward.length);
  }

  gatherOps(forward) {
    const containers = this.tape.groups.map(({ name, kind }) => new Container(name, kind, null));
    this.tape.groups.forEach(({ parent }, i) => {
      containers[i].parent = parent == null ? this.root : containers[parent];
    });
    const joined = new Set();
    for (const at of forward) {
      let home = containers[this.tape.steps[at].group] ?? this.root;
      home.units.push(at);
      for (; home.parent && !joined.has(home); home = home.parent) {
        joined.add(home);
        home.parent.units.push(home);
      }
    }
  }

  // A layer that holds nothing but one composite is that composite: one frame, not two.
  merge(container) {
    while (container !== this.root && container.units.length === 1 && container.units[0] instanceof Container)
      container.units = container.units[0].units;
    for (const unit of container.units) {
      if (!(unit instanceof Container)) continue;
      unit.parent = container;
      this.merge(unit);
    }
  }

  // More than MOST_TOGETHER units become chunks of at most that many, and chunks of chunks.
  chunk(container) {
    for (const unit of container.units) if (unit instanceof Container) this.chunk(unit);
    while (container.units.length > MOST_TOGETHER) {
      const chunks = [];
      const size = Math.min(MOST_TOGETHER, Math.ceil(container.units.length / 4));
      for (let from = 0; from < container.units.length; from += size) {
        const chunk = new Container("", "", container);
        chunk.chunk = true;
        chunk.units = container.units.slice(from, from + size);
        for (const unit of chunk.units) if (unit instanceof Container) unit.parent = chunk;
        chunks.push(chunk);
      }
      container.units = chunks;
    }
  }

  settle(container) {
    for (const unit of container.units) {
      if (unit instanceof Container) this.settle(unit);
      else this.homeOfOp.set(unit, container);
      const [first, last, ops] = unit instanceof Container ? [unit.first, unit.last, unit.ops] : [unit, unit, 1];
      container.first = Math.min(container.first, first);
      container.last = Math.max(container.last, last);
      container.ops += ops;
    }
    if (container.chunk) container.name = `${container.first + 1} – ${container.last + 1}`;
  }

  // A tensor stands in the innermost container that holds its maker and all who use it.
  gatherTensors(forward) {
    const makers = new Map();
    for (const at of forward) {
      const { inputs, output } = this.tape.steps[at];
      makers.set(output, at);
      for (const tensor of new Set(inputs)) {
        if (!this.consumers.has(tensor)) this.consumers.set(tensor, []);
        this.consumers.get(tensor).push(at);
      }
    }
    // What nothing uses stays in its layer, but what gradients start from stands outside, as the end of the graph.
    const ends = (tensor) => !this.consumers.has(tensor) && (this.tape.wantsGradient(tensor) || makers.get(tensor) === forward.at(-1));
    for (const tensor of new Set([...makers.keys(), ...this.consumers.keys()])) {
      const ops = [...(this.consumers.get(tensor) ?? [])];
      if (makers.has(tensor)) ops.push(makers.get(tensor));
      const home = ends(tensor) ? this.root : ops.map((at) => this.homeOfOp.get(at)).reduce(common);
      this.homeOfTensor.set(tensor, home);
      home.tensors.push(tensor);
    }
    this.makers = makers;
  }

  openFrom(ops) {
    this.all = [];
    const walk = (container) => {
      container.id = `c${this.all.push(container) - 1}`;
      container.open ||= ops <= OPEN_BELOW;
      container.units.filter((unit) => unit instanceof Container).forEach(walk);
    };
    walk(this.root);
    let shown = this.root.units.length;
    for (const container of this.all.slice(1)) {
      // outer before inner
      if (container.open || container.chunk || !container.parent.open || shown - 1 + container.units.length > SHOWN_FIRST) continue;
      container.open = true;
      shown += container.units.length - 1;
    }
  }

  // Chunks follow the steps; the learner's layers stay as the learner left them. True if anything opened or closed.
  follow(at) {
    const path = this.homeOfOp.get(at)?.path() ?? [];
    let changed = false;
    for (const container of this.all) {
      if (!container.chunk || container.byHand || container.open === path.includes(container)) continue;
      if (!path.length && container.open) continue;
      container.open = path.includes(container);
      changed = true;
    }
    return changed;
  }

  setAll(open) {
    const many = this.all.at(0).ops > 400;
    for (const container of this.all.slice(1)) {
      if (open && many && container.chunk) continue;
      container.open = open;
      container.byHand = open;
    }
  }

  // The op in the graph that a step is about: itself, or in backward the op that made its output; null for updates.
  opOf(at) {
    const step = this.tape.steps[at];
    if (step?.phase === "forward") return at;
    return step?.phase === "backward" ? (step.forward ?? this.makers.get(step.output) ?? null) : null;
  }

  // The folded container in which a step happens, unseen; null where it is seen: by its op, or an update by its parameter.
  hiding(at) {
    const op = this.opOf(at);
    const home = op != null ? this.homeOfOp.get(op) : this.homeOfTensor.get(this.tape.steps[at]?.parameter);
    return home?.path().find((container) => !container.open) ?? null;
  }
}

// The innermost container that holds both.
function common(a, b) {
  const around = new Set();
  for (; a; a = a.parent) around.add(a);
  while (!around.has(b)) b = b.parent;
  return b;
}
