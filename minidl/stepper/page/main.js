// The page comes together: one position in the tape, and everything shown from it.

setTheme(remembered() ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));

const tape = new Tape(JSON.parse(document.getElementById("tape").textContent));
const folding = new Folding(tape);
const now = { position: 0, inspected: null };

const actions = { goTo, inspect, quiz: toggleQuiz, redraw, position: () => now.position, asks: () => quiz.asks(now.position - 1) };
const quiz = new Quiz(tape, answered);
const graph = new Graph(document.getElementById("graph"), tape, folding, actions);
const controls = new Controls(tape, actions);
new Jump(tape, (position) => {
  controls.pause();
  goTo(position);
});

function goTo(position) {
  const to = Math.min(tape.steps.length, Math.max(0, position));
  if (to === now.position) return;
  now.position = to;
  show();
  document.getElementById("panel").scrollTop = 0;
}

function inspect(tensor) {
  now.inspected = now.inspected === tensor ? null : tensor;
  show();
}

function toggleQuiz() {
  quiz.toggle();
  document.getElementById("quiz").setAttribute("aria-pressed", String(quiz.on));
  redraw();
  document.querySelector(".guess")?.focus();
}

function answered(how) {
  show();
  announce(how === "right" ? "Right." : "Revealed.");
  document.getElementById("step").focus();
}

function redraw() {
  graph.build();
  show();
}

function show() {
  const { position, inspected } = now;
  const step = tape.steps[position - 1];
  const op = folding.opOf(position - 1);
  if (op != null && folding.follow(op)) graph.build();
  graph.show({ position, inspected, hides: (tensor) => quiz.hidesTensor(tensor, position - 1) });
  graph.scrollToLit();
  controls.show(position);
  const panel = document.getElementById("panel");
  const inside = panel.contains(document.activeElement);
  panel.replaceChildren(...panelFor(tape, position, quiz, inspected, actions));
  if (inside) panel.focus({ preventScroll: true }); // what had the focus is gone
  announce(described(step, position));
}

// The step in a sentence, for those who hear the page. It holds no gradient that a quiz hides.
function described(step, position) {
  if (!step) return tape.steps.length ? `Before the first of ${counted(tape.steps.length, "step")}.` : "Nothing was recorded.";
  const what = step.phase === "update" ? tape.label(step.parameter) : tape.label(step.output);
  const value = step.phase === "forward" ? ` = ${summary(tape.value(step.output, position))}` : "";
  const start = `Step ${position} of ${tape.steps.length}. ${PHASES[step.phase]}: ${step.op}, ${what}${value}.`;
  if (step.phase !== "backward") return start;
  if (quiz.asks(position - 1)) return `${start} Predict its gradients.`;
  const name = (tensor, i) => step.grads[i] && `${tape.gradientName(tensor)}: ${summary(step.grads[i], "gradient")}`;
  return `${start} ${step.inputs.map(name).filter(Boolean).join("; ")}`;
}

function announce(text) {
  document.getElementById("announcement").textContent = text;
}

function notes() {
  const sentences = [...tape.notes];
  const phases = new Set(tape.steps.map(({ phase }) => phase));
  if (phases.has("forward") && !phases.has("backward") && !sentences.some((text) => /backward/i.test(text)))
    sentences.push("No backward pass was recorded, so there are no gradients to see.");
  const boxes = sentences.map((text) => element("p", { class: "notice" }, text));
  const first = tape.differences[0];
  if (first != null) {
    boxes.push(
      element(
        "p",
        { class: "notice differs" },
        `The first step that differs from the other tape is step ${first + 1}, ${tape.stepName(first)}. `,
        link("Go to the first difference", () => goTo(first + 1)),
      ),
    );
  }
  document.getElementById("notes").replaceChildren(...boxes);
}

document.title = `${tape.title} · step through backprop`;
document.getElementById("title").textContent = tape.title;
document.body.classList.toggle("empty", !tape.steps.length);
notes();
graph.build();
show();
