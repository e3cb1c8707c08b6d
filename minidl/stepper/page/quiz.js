// Predict, then reveal: what a backward step adds to each gradient is hidden until the student has said it.

const ASK_ALL = 6; // entries of an array that are all asked for; of larger ones, one
const ASK_INPUTS = 3; // inputs of one step that are asked for

class Quiz {
  constructor(tape, changed) {
    Object.assign(this, { tape, changed, on: false, known: new Set(), right: 0, revealed: 0, tries: new Map() });
  }

  toggle() {
    this.on = !this.on;
    titlesShown = !this.on;
  }

  // Whether the gradients that step ``at`` produces are hidden.
  asks(at) {
    return this.on && at >= 0 && this.tape.steps[at]?.phase === "backward" && !this.known.has(at) && this.questions(at).length > 0;
  }

  hidesTensor(tensor, at) {
    return this.asks(at) && this.tape.steps[at].inputs.some((input, i) => input === tensor && this.tape.steps[at].grads[i]);
  }

  questions(at) {
    const step = this.tape.steps[at];
    return step.grads
      .map((grad, input) => grad && sizeOf(grad.shape) && this.question(step, input, grad))
      .filter(Boolean)
      .slice(0, ASK_INPUTS);
  }

  question(step, input, grad) {
    const twice = step.inputs.filter((tensor) => tensor === step.inputs[input]).length > 1;
    const name = this.tape.gradientName(step.inputs[input]) + (twice ? `, as ${shortName(this.tape, step, input)}` : "");
    const size = sizeOf(grad.shape);
    if (!grad.values || !step.g.values)
      return {
        input,
        name,
        kind: "shape",
        text: `The shape of ${name}`,
        right: grad.shape,
        help: "It is a large array: which shape must its gradient have? For example 32, 10",
      };
    const values = grad.values.map(numberOf);
    if (size <= ASK_ALL) {
      const help =
        size === 1
          ? "One number; a product like 0.5*2 is worked out."
          : `${size} numbers in C order (row by row), with spaces or commas between.`;
      return { input, name, kind: "all", text: name, right: values, entries: values.map((_, i) => i), help };
    }
    const start = (input * 7 + size) % size;
    const entry = [...values.keys()].map((k) => (start + k) % size).find((k) => values[k] !== 0) ?? start;
    const at = unravel(entry, grad.shape);
    return {
      input,
      name,
      kind: "entry",
      text: `${name}${indexText(at)}`,
      right: [values[entry]],
      entries: [entry],
      help: `One entry of ${size}: index ${indexText(at)}, counted from 0.`,
    };
  }

  card(at) {
    if (!this.on) return null;
    const score = element("span", { class: "score" }, this.score());
    const step = this.tape.steps[at];
    if (!step || step.phase !== "backward")
      return this.frame(
        score,
        element(
          "p",
          {},
          step?.phase === "update"
            ? "The quiz asks in the backward pass."
            : "Step on to the backward pass: each gradient is hidden there until you have predicted it.",
        ),
      );
    const questions = this.questions(at);
    if (!questions.length) return this.frame(score, element("p", {}, "Nothing to predict in this step: no input wants a gradient."));
    if (this.known.has(at))
      return this.frame(
        score,
        element(
          "p",
          { class: "verdict same" },
          this.tries.get(at)?.revealed ? "Revealed. The numbers are shown below." : "✓ Right. The numbers are shown below.",
        ),
      );
    return this.frame(score, this.form(at, questions));
  }

  frame(score, ...children) {
    const box = card("Predict, then reveal", ...children);
    box.classList.add("quiz");
    box.querySelector("h3").append(score);
    return box;
  }

  score() {
    const asked = this.right + this.revealed;
    return asked ? `${this.right} of ${asked} right` : "no answers yet";
  }

  form(at, questions) {
    const feedback = element("div", { class: "feedback", role: "status", "aria-live": "polite" });
    const fields = questions.map((question, i) => {
      const field = element("input", {
        type: "text",
        id: `guess${i}`,
        class: "guess",
        autocomplete: "off",
        spellcheck: "false",
        inputmode: "text",
        "aria-describedby": `guess-help${i}`,
        "aria-label": `Your prediction of ${question.text}`,
      });
      const mark = element("span", { class: "mark" });
      return {
        question,
        field,
        mark,
        row: element(
          "div",
          { class: "guess-row" },
          element("label", { for: `guess${i}`, class: "formula" }, `${question.text} =`),
          field,
          mark,
          element("span", { class: "type", id: `guess-help${i}` }, question.help),
        ),
      };
    });
    const check = (event) => {
      event.preventDefault();
      this.check(at, fields, feedback);
    };
    return element(
      "form",
      { onsubmit: check },
      element("p", {}, "What does this step add to each gradient? Upstream × local."),
      fields.map(({ row }) => row),
      element(
        "div",
        { class: "buttons" },
        element("button", { type: "submit", class: "primary" }, "Check"),
        button("Reveal", () => this.reveal(at)),
      ),
      feedback,
    );
  }

  check(at, fields, feedback) {
    const hints = [];
    for (const { question, field, mark } of fields) {
      const hint = this.judge(at, question, field.value);
      field.setAttribute("aria-invalid", hint ? "true" : "false");
      mark.textContent = hint ? "✗" : "✓";
      mark.className = hint ? "mark wrong" : "mark";
      if (hint) hints.push(fields.length > 1 ? `${question.text}: ${hint}` : hint);
    }
    this.tries.set(at, { count: (this.tries.get(at)?.count ?? 0) + 1 });
    if (!hints.length) {
      this.right++;
      this.known.add(at);
      this.changed("right");
    } else feedback.replaceChildren(...hints.map((hint) => element("p", { class: "hint" }, hint)));
  }

  // Null if right, else a hint.
  judge(at, question, text) {
    const typed = typedNumbers(text);
    if (!typed) return text.trim() ? "Type numbers, such as −0.25 or 1/3." : "Type your prediction first.";
    if (question.kind === "shape") {
      const same = typed.numbers.length === question.right.length && typed.numbers.every((length, axis) => length === question.right[axis]);
      return same ? null : "A gradient has exactly the shape of what it is the gradient of.";
    }
    if (typed.numbers.length !== question.right.length)
      return `${counted(question.right.length, "number")} expected, ${typed.numbers.length} typed.${/\d,\d/.test(text) ? " (A decimal point is a point: 0.5)" : ""}`;
    if (typed.numbers.every((value, i) => agrees(value, question.right[i], typed.words[i]))) return null;
    return slipOf(typed.numbers, question.right, this.facts(at, question));
  }

  // What else the student may have typed, entry by entry where the shapes allow it.
  facts(at, { input, entries }) {
    const { tape } = this;
    const step = tape.steps[at];
    const { shape } = step.grads[input];
    const pick = (array) => {
      if (!array?.values) return null;
      if (array.values.length === 1) return entries.map(() => numberOf(array.values[0]));
      return String(array.shape) === String(shape) ? entries.map((entry) => numberOf(array.values[entry])) : null;
    };
    const inputShape = tape.tensors[step.inputs[0]].value.shape;
    const sizes = [
      ...(inputShape.length > 1 ? [{ name: "the batch size", count: inputShape[0] }] : []),
      { name: "the number of entries", count: sizeOf(inputShape) },
      ...inputShape
        .slice(inputShape.length > 1 ? 1 : 0)
        .map((count, axis) => ({ name: `the length of axis ${axis + (inputShape.length > 1 ? 1 : 0)}`, count })),
    ];
    const values = step.grads[input].values.map(numberOf);
    const turned = shape.length === 2 && shape[0] > 1 && shape[1] > 1 ? this.turned(values, shape, entries) : null;
    return {
      upstream: pick(step.g),
      value: pick(tape.value(step.inputs[input], at)),
      output: pick(tape.value(step.output, at)),
      total: pick(step.totals[input]),
      turned,
      sizes,
      others: step.grads.flatMap((grad, i) =>
        grad && i !== input && pick(grad) ? [{ name: tape.label(step.inputs[i]), values: pick(grad) }] : [],
      ),
    };
  }

  turned(values, shape, entries) {
    if (entries.length === values.length) return transposed(values, shape);
    const [row, column] = unravel(entries[0], shape);
    return row < shape[1] && column < shape[0] ? [values[column * shape[1] + row]] : null;
  }

  reveal(at) {
    this.revealed++;
    this.tries.set(at, { revealed: true });
    this.known.add(at);
    this.changed("revealed");
  }
}
