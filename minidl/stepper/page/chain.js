// The chain rule of a backward step, written out: upstream × local = downstream, with the numbers in it where there are few.

function shortName(tape, step, i) {
  const forward = tape.steps[step.forward];
  return forward?.input_names?.[i] ?? tape.label(step.inputs[i]);
}

function chainCard(tape, step, hidden) {
  const wanted = (step.chain ?? []).filter(({ input }) => step.grads[input]);
  const chains = wanted.length
    ? wanted
    : step.inputs.map((_, input) => ({ input, upstream: "dL/dy", local: null, text: null })).filter(({ input }) => step.grads[input]);
  if (!chains.length)
    return card("Chain rule", element("p", { class: "none" }, "This op passes no gradient on: none of its inputs wants one."));
  return card(
    "Chain rule",
    chains.map((chain) => chainRow(tape, step, chain, hidden)),
  );
}

function chainRow(tape, step, { input, upstream, local, text }, hidden) {
  const tensor = step.inputs[input];
  const name = tape.label(tensor);
  const own = shortName(tape, step, input);
  const downstream = factor("downstream", `dL/d${own}`, own === name ? "" : name, hidden ? "?" : summary(step.grads[input], "gradient"));
  const symbols = element(
    "div",
    { class: "chain" },
    factor("upstream", upstream ?? "dL/dy", tape.label(step.output), summary(step.g, "gradient")),
    term(
      "×",
      factor(
        "local",
        /what the rule says/.test(local) ? "as its rule says" : (local ?? `dy/d${own}`),
        "",
        hidden ? "" : localNumber(step.g, step.grads[input]),
      ),
    ),
    term("=", downstream),
  );
  const written =
    text &&
    (hidden
      ? element("p", { class: "type" }, "The numbers are hidden until you have predicted them.")
      : element("p", { class: "maths" }, text));
  return element("div", { class: "chain-row" }, symbols, written);
}

// The local derivative, where both gradients are single numbers: their ratio.
function localNumber(g, grad) {
  const [upstream, downstream] = [g, grad].map(({ values }) => (values?.length === 1 ? numberOf(values[0]) : NaN));
  const ratio = downstream / upstream;
  return Number.isFinite(ratio) ? number(ratio, grad.dtype) : "";
}

function factor(role, formula, note, value) {
  return element(
    "div",
    { class: `factor ${role}` },
    element("span", { class: "role" }, role),
    element("span", { class: "formula" }, formula),
    value && element("span", { class: "amount" }, value),
    note && element("span", { class: "type" }, note),
  );
}
