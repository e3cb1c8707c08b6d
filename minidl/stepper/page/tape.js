// The tape, with what a position in it means: at position p, the first p steps have happened.

class Tape {
  constructor(data) {
    this.title = data.title || "Step through backprop";
    this.notes = data.notes ?? [];
    this.tensors = data.tensors ?? [];
    this.groups = data.groups ?? [];
    this.steps = data.steps ?? [];
    this.rules = data.rules ?? {};
    this.lines = data.lines ?? {};
    this.gradients = new Map(); // tensor → [{step, walk, array, complete, given}], in time
    this.updates = new Map(); // tensor → [step]
    this.appears = new Map(); // a leaf that is first used after a backward step (a gradient, an updated parameter) → that step
    let backward = false;
    this.steps.forEach((step, at) => {
      this.index(step, at);
      backward ||= step.phase === "backward";
      if (step.phase === "forward")
        for (const tensor of step.inputs) if (!this.appears.has(tensor)) this.appears.set(tensor, backward ? at : -1);
    });
    this.differences = [...this.steps.keys()].filter((at) => this.steps[at].difference || at === data.differs);
  }

  index(step, at) {
    const add = (map, tensor, what) => (map.has(tensor) ? map.get(tensor).push(what) : map.set(tensor, [what]));
    if (step.phase === "update") add(this.updates, step.parameter, at);
    if (step.phase !== "backward") return;
    const walk = step.walk ?? 0;
    add(this.gradients, step.output, { step: at, walk, array: step.g, complete: true, given: true });
    step.inputs.forEach((tensor, i) => {
      if (!step.grads[i]) return;
      const complete = step.complete?.[i] ?? true;
      add(this.gradients, tensor, { step: at, walk, array: step.totals[i] ?? step.grads[i], complete, given: false });
    });
  }

  // Runs of steps of one phase: [{phase, from, to}], ``to`` exclusive.
  phases() {
    const runs = [];
    this.steps.forEach(({ phase }, at) => {
      if (runs.length && runs.at(-1).phase === phase) runs.at(-1).to = at + 1;
      else runs.push({ phase, from: at, to: at + 1 });
    });
    return runs;
  }

  label(tensor) {
    const { label, name } = this.tensors[tensor] ?? {};
    return label ?? name ?? `tensor ${tensor}`;
  }

  exists(tensor, position) {
    return (this.tensors[tensor].made_by ?? this.appears.get(tensor) ?? -1) < position;
  }

  // The tensor's value as it was then: an update changes a parameter.
  value(tensor, position) {
    let value = this.tensors[tensor].value;
    for (const at of this.updates.get(tensor) ?? []) if (at < position) value = this.steps[at].after ?? value;
    return value;
  }

  // The latest gradient by then, or null: {step, walk, array, complete, given}; every backward pass is a walk of its own.
  gradient(tensor, position) {
    return (this.gradients.get(tensor) ?? []).findLast(({ step }) => step < position) ?? null;
  }

  wantsGradient(tensor) {
    return this.gradients.has(tensor);
  }

  // "dL/dw", or "dL/d(tanh 1)" where the name is no short word.
  gradientName(tensor) {
    const label = this.label(tensor);
    return /^[\p{L}\p{N}_]{1,14}$/u.test(label) ? `dL/d${label}` : `dL/d(${label})`;
  }

  // The layers around a step, from the outside in.
  layersOf({ group }) {
    const names = [];
    for (let at = group; at != null; at = this.groups[at]?.parent) names.unshift(this.groups[at]?.name);
    return names.filter((name, i) => name !== names[i - 1]);
  }

  // What a step is called where there is one line for it.
  stepName(at) {
    const step = this.steps[at];
    const where = step.phase === "update" ? this.label(step.parameter) : this.label(step.output);
    return `${step.op} → ${where}`;
  }
}
