// The walk and what moves it.
const MOST_ROWS = 400; // of the ledger that are shown
let walk, timer = null, surface = null;

/** Begin anew at (w, b): an empty ledger, no state. */
function start(w, b) {
  stop();
  walk = { w, b, t: 0, states: { w: {}, b: {} }, rows: [], path: [[w, b]], losses: [loss(w, b)], lines: null };
  show();
}

/** One update of both numbers from the same gradient. */
function step() {
  const kind = optimizers[$("optimizer").value], rate = 10 ** Number($("rate").value), t = walk.t + 1;
  const gradients = Object.fromEntries(["w", "b"].map((name, i) => [name, gradient(walk.w, walk.b)[i]]));
  const row = { step: t, loss: loss(walk.w, walk.b) }, next = {}, lines = [];
  for (const name of ["w", "b"]) {
    const { end, state, lines: said } = kind.update(walk[name], gradients[name], rate, walk.states[name], t);
    row[name] = walk[name];
    row[`${name}.grad`] = gradients[name];
    for (const [key, value] of Object.entries(state)) row[`${name}.${key}`] = value;
    row[`${name}.update`] = end - walk[name];
    next[name] = { end, state };
    lines.push(`∂loss/∂${name} = g = ${text(gradients[name])}`, ...said.map((one) => "    " + one.replaceAll("{p}", name)));
  }
  for (const name of ["w", "b"]) { walk[name] = next[name].end; walk.states[name] = next[name].state; }
  walk.t = t;
  walk.rows.push(row);
  walk.lines = [`update ${t}, ${$("optimizer").value}, η = ${text(rate)}`, ...lines];
  walk.path.push([walk.w, walk.b]);
  walk.losses.push(loss(walk.w, walk.b));
  if (!Number.isFinite(walk.losses.at(-1)) || walk.t >= 10000) stop();
  show();
}

function stop() {
  clearInterval(timer);
  timer = null;
  $("run").setAttribute("aria-pressed", "false");
  $("run").textContent = "Run";
}

function run() {
  if (timer) return stop();
  timer = setInterval(step, 80);
  $("run").setAttribute("aria-pressed", "true");
  $("run").textContent = "Pause";
}

function show() {
  const now = loss(walk.w, walk.b);
  $("w").value = walk.w;
  $("b").value = walk.b;
  $("w-value").textContent = `= ${text(walk.w)}`;
  $("b-value").textContent = `= ${text(walk.b)}`;
  $("loss").textContent = now >= 0.01 && now < 1e7 ? now.toFixed(2) : text(now);
  $("formula").textContent = walk.lines ? walk.lines.join("\n") : "No update yet: press Step.";
  showRate();
  showLedger();
  if (["data", "surface", "curve"].every(roomy)) {
    drawData(walk.w, walk.b);
    surface = drawSurface(walk.path);
    drawCurve(walk.losses);
  }
  if (!timer) $("announcement").textContent = `w ${text(walk.w, 4)}, b ${text(walk.b, 4)}, loss ${text(now, 5)}`;
}

function showRate() {
  const rate = 10 ** Number($("rate").value), most = 2 / given.curvature, kind = $("optimizer").value;
  $("rate-value").textContent = `= ${text(rate, 3)}`;
  const far = walk.losses.at(-1) > 10 * walk.losses[0] || !Number.isFinite(walk.losses.at(-1));
  $("advice").textContent = far ? "The loss grows: the learning rate is too large for this surface."
    : kind === "SGD" && rate > most ? `Above η = ${text(most, 3)} plain gradient descent diverges here.` : "";
}

function showLedger() {
  const rows = walk.rows.slice(-MOST_ROWS), names = rows.length ? Object.keys(rows[0]) : ["step", "loss", "w", "w.grad", "w.update", "b", "b.grad", "b.update"];
  const cells = (tag, values) => values.map((value) => Object.assign(document.createElement(tag), { textContent: value }));
  const made = (children) => { const tr = document.createElement("tr"); tr.append(...children); return tr; };
  const head = cells("th", names);
  head.forEach((th) => th.setAttribute("scope", "col"));
  $("ledger").tHead.replaceChildren(made(head));
  $("ledger").tBodies[0].replaceChildren(...rows.toReversed().map((row) => made(cells("td", names.map((name) => text(row[name] ?? 0))))));
}

function theme(name) {
  document.documentElement.dataset.theme = name;
  if (walk) show();
}

for (const name of Object.keys(optimizers)) $("optimizer").append(Object.assign(document.createElement("option"), { value: name, textContent: name }));
for (const [id, range] of [["w", given.w_range], ["b", given.b_range]]) Object.assign($(id), { min: range[0], max: range[1] });
for (const id of ["w", "b"]) $(id).addEventListener("input", () => start(Number($("w").value), Number($("b").value)));
$("optimizer").addEventListener("change", () => { $("rate").value = Math.log10(optimizers[$("optimizer").value].rate); start(...walk.path[0]); });
$("rate").addEventListener("input", showRate);
$("step").addEventListener("click", () => { stop(); step(); });
$("run").addEventListener("click", run);
$("reset").addEventListener("click", () => start(...walk.path[0]));
$("theme").addEventListener("click", () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
$("surface").addEventListener("click", (event) => {
  const box = event.currentTarget.getBoundingClientRect();
  start(surface.fromX(event.clientX - box.left), surface.fromY(event.clientY - box.top));
});
$("surface").addEventListener("keydown", (event) => {
  const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
  if (!move) return;
  event.preventDefault();
  const span = (range) => (range[1] - range[0]) / 40;
  start(walk.path[0][0] + move[0] * span(given.w_range), walk.path[0][1] + move[1] * span(given.b_range));
});
new ResizeObserver(() => walk && show()).observe($("surface"));
document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
$("rate").value = Math.log10(optimizers.SGD.rate * 0.5);
start(...given.start);
window.explorer = { loss, gradient, start, step, state: () => walk }; // for the console, and for tests
