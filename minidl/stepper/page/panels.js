// What the page says beside the graph, for each kind of step.

const PHASES = { forward: "Forward", backward: "Backward", update: "Update" };

function panelFor(tape, position, quiz, inspected, actions) {
  const at = position - 1;
  const hides = (tensor) => quiz.hidesTensor(tensor, at);
  const parts = [position ? stepHead(tape, at, actions) : startCard(tape)];
  if (position) parts.push(quiz.card(at));
  if (inspected != null) parts.push(inspectedCard(tape, inspected, position, hides, actions));
  if (position)
    parts.push(
      ...{ forward: forwardCards, backward: backwardCards, update: updateCards }[tape.steps[at].phase](tape, at, quiz.asks(at), actions),
    );
  return parts.filter(Boolean);
}

function startCard(tape) {
  const count = (phase) => tape.steps.filter((step) => step.phase === phase).length;
  const updated = new Set(tape.steps.map(({ result }) => result));
  const parameters = tape.tensors.filter(({ kind }, i) => kind === "parameter" && !updated.has(i)).length;
  const sizes = [
    [count("forward"), "forward step"],
    [count("backward"), "backward step"],
    [count("update"), "update"],
    [parameters, "parameter"],
  ].filter(([n]) => n);
  if (!tape.steps.length)
    return card("Nothing was recorded", element("p", {}, "No op ran while the tape was recording, so there is nothing to step through."));
  return element(
    "div",
    { class: "start" },
    element(
      "div",
      { class: "step-head" },
      element("p", { class: "where" }, "Before the first step"),
      element("h2", {}, "Nothing has run yet"),
    ),
    card(
      null,
      element("p", {}, `On this tape: ${sizes.map(([n, noun]) => counted(n, noun)).join(", ")}.`),
      element(
        "p",
        {},
        "Press ",
        element("kbd", {}, "→"),
        " or Step. Each step runs one op: first forward, computing values from the top of the graph to its bottom; ",
        "then backward, sending gradients up again.",
      ),
      element(
        "ul",
        { class: "key" },
        element("li", {}, element("span", { class: "swatch op" }), "an op: press it to go to its step"),
        element("li", {}, element("span", { class: "swatch parameter" }), "a parameter: wants a gradient"),
        element(
          "li",
          {},
          element("span", { class: "swatch result" }),
          "a tensor, with its value and, later, its gradient ∂: press it to see all of it",
        ),
      ),
    ),
  );
}

function stepHead(tape, at, actions) {
  const step = tape.steps[at];
  const layers = tape.layersOf(step).join(" › ");
  const doc = step.says ?? tape.rules[step.op]?.doc;
  const title = step.phase === "update" ? `${step.op}: ${tape.label(step.parameter)}` : step.op;
  return element(
    "div",
    { class: "step-head", "data-phase": step.phase },
    element(
      "p",
      { class: "where" },
      element("span", { class: "phase" }, PHASES[step.phase]),
      `step ${at + 1} of ${tape.steps.length}`,
      layers && element("span", { class: "type" }, layers),
      step.kernel &&
        element(
          "span",
          { class: "type", title: "One fast kernel computed this op; the rule says the same in readable form." },
          "ran as a fast kernel",
        ),
    ),
    element("h2", {}, title),
    step.metadata ? element("p", { class: "metadata" }, step.metadata) : null,
    doc && element("p", { class: "maths" }, doc),
    tape.differences.includes(at)
      ? element("p", { class: "trouble" }, step.difference?.text ?? "This step differs from the other tape.")
      : null,
    step.phase === "backward" && step.forward != null
      ? link(`Its forward step, ${step.forward + 1}`, () => actions.goTo(step.forward + 1))
      : null,
  );
}

function forwardCards(tape, at) {
  const step = tape.steps[at];
  const names = step.input_names ?? [];
  const arrays = step.inputs.map((tensor, i) => arrayView(tape.value(tensor, at), titled(tape.label(tensor), names[i])));
  return [
    card(
      "Values",
      step.numbers && element("p", { class: "maths numbers" }, step.numbers),
      element(
        "div",
        { class: "arrays" },
        arrays,
        element(
          "div",
          { class: "result" },
          arrayView(
            tape.value(step.output, at + 1),
            `${tape.label(step.output)} = ${step.op}(${step.inputs.map((tensor) => tape.label(tensor)).join(", ")})`,
          ),
        ),
      ),
    ),
    ...windowCards(tape, at, false),
    bodyCard(tape, step),
    learnersLine(tape, step.line),
    ruleCard(tape, step.op),
  ];
}

function titled(label, name) {
  return name && name !== label ? `${label} (${name})` : label;
}

function backwardCards(tape, at, hidden) {
  const step = tape.steps[at];
  const upstream = arrayView(step.g, `${tape.gradientName(step.output)}, upstream`, { note: "complete" });
  const rows = step.inputs.map((tensor, i) => {
    const name = tape.label(tensor);
    if (!step.grads[i]) return element("p", { class: "none" }, `${titled(name, shortName(tape, step, i))}: no gradient is wanted.`);
    const complete = step.complete?.[i] ?? true;
    const before = tape.gradient(tensor, at);
    const first = !before || before.given || before.walk !== (step.walk ?? 0);
    const added = arrayView(step.grads[i], `${tape.gradientName(tensor)}${first && complete ? "" : ", from this step"}`, {
      hidden,
      note: first && complete ? "complete" : "",
    });
    if (first && complete) return added;
    return element(
      "div",
      { class: "accumulates" },
      added,
      arrayView(step.totals[i], `${tape.gradientName(tensor)}, sum`, {
        hidden,
        note: complete ? "complete" : "so far: more steps add to it",
      }),
    );
  });
  return [
    chainCard(tape, step, hidden),
    card("Gradients", element("div", { class: "arrays" }, upstream, rows)),
    card(
      "The values it needs",
      element(
        "div",
        { class: "arrays" },
        [...new Set([...step.inputs, step.output])].map((tensor) => arrayView(tape.value(tensor, at), tape.label(tensor))),
      ),
    ),
    ...windowCards(tape, at, hidden),
    bodyCard(tape, step, hidden),
    learnersLine(tape, step.line),
    ruleCard(tape, step.op),
  ];
}

function updateCards(tape, at) {
  const step = tape.steps[at];
  const name = tape.label(step.parameter);
  const state = Object.entries(step.state ?? {}).map(([key, array]) => arrayView(array, `state ${key}`));
  return [
    card(
      "The update",
      step.numbers && element("p", { class: "maths numbers" }, step.numbers),
      element(
        "div",
        { class: "arrays" },
        arrayView(step.before, `${name} before`),
        arrayView(step.g, tape.gradientName(step.parameter), { note: "complete" }),
        arrayView(step.change, "change"),
        element("div", { class: "result" }, arrayView(step.after, `${name} after`)),
        state,
      ),
    ),
    learnersLine(tape, step.line),
    ruleCard(tape, step.op),
  ];
}

// A composite, opened: what it is made of, computed again only when it is asked for.
function bodyCard(tape, step, hidden = false) {
  if (!step.body?.length) return null;
  if (hidden)
    return card(
      null,
      element(
        "p",
        { class: "hidden-value" },
        "?",
        element("span", {}, ` What ${step.op} is made of shows the gradients: predict them first.`),
      ),
    );
  const details = element(
    "details",
    { class: "body" },
    element("summary", {}, `Open ${step.op}: ${counted(step.body.length, "op")}, computed again for display`),
  );
  details.addEventListener("toggle", () => {
    if (!details.open || details.children.length > 1) return;
    details.append(
      element(
        "ol",
        {},
        step.body.map((inner) =>
          element(
            "li",
            {},
            element("p", {}, element("strong", {}, inner.op), " ", element("span", { class: "maths" }, inner.numbers ?? inner.says ?? "")),
            inner.metadata && element("p", { class: "metadata" }, inner.metadata),
            element(
              "p",
              { class: "type" },
              inner.phase === "backward"
                ? `${tape.gradientName(inner.output)} → ${inner.inputs
                    .filter((_, i) => inner.grads[i])
                    .map((tensor) => `${tape.gradientName(tensor)}`)
                    .join(", ")}`
                : `${inner.inputs.map((tensor) => tape.label(tensor)).join(", ")} → ${tape.label(inner.output)}`,
            ),
            inner.phase === "backward"
              ? inner.inputs.map((tensor, i) => inner.grads[i] && arrayView(inner.grads[i], tape.gradientName(tensor)))
              : arrayView(tape.tensors[inner.output].value, tape.label(inner.output)),
          ),
        ),
      ),
    );
  });
  return card(null, details);
}

function inspectedCard(tape, tensor, position, hides, actions) {
  const { kind, made_by: made } = tape.tensors[tensor];
  const gradient = tape.gradient(tensor, position);
  const what = { parameter: "a parameter", input: "an input", number: "a Python number", result: "a result" }[kind] ?? "";
  const box = card(
    tape.label(tensor),
    element("p", { class: "type" }, what, made != null ? ` of step ${made + 1}` : ""),
    element(
      "div",
      { class: "arrays" },
      tape.exists(tensor, position)
        ? arrayView(tape.value(tensor, position), "value")
        : element("p", { class: "none" }, "Not computed yet."),
      gradient
        ? arrayView(gradient.array, "gradient", { hidden: hides(tensor), note: gradient.complete ? "complete" : "so far" })
        : element("p", { class: "none" }, tape.wantsGradient(tensor) ? "No gradient yet." : "No gradient is wanted for it."),
    ),
  );
  box.classList.add("inspected");
  box.querySelector("h3").append(
    ...(made != null ? [link(`Go to step ${made + 1}`, () => actions.goTo(made + 1))] : []),
    button("×", () => actions.inspect(null), { "aria-label": `Close ${tape.label(tensor)}`, class: "close" }),
  );
  return box;
}
