// What the dashboard knows, drawn; while the training runs, asked for anew every second.
const STYLES = [["below", []], ["above", [6, 3]], ["third", [2, 2]], ["fourth", [8, 3, 2, 3]], ["text", [10, 4]], ["soft", [4, 4]]];
const NAMES = { loss: "loss", accuracy: "accuracy" };
let known = JSON.parse($("given").textContent);

const made = (tag, properties = {}, children = []) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

function show() {
  document.title = `${known.finished ? "Finished" : "Training"}: ${known.title}`;
  $("title").textContent = known.title;
  $("status").textContent = known.status;
  $("warnings").replaceChildren(...known.warnings.map((one) => made("div", { className: "warning" }, [made("strong", { textContent: one.sentence }), one.advice])));
  showCurves();
  showLayers("gradients", "gradient");
  showLayers("ratios", "ratio");
  $("panel-card").hidden = !known.panel.length;
  $("panel").replaceChildren(...known.panel.map(answer));
  $("filters-card").hidden = !known.filters.pictures.length;
  $("filters-title").textContent = `Filters: ${known.filters.name}`;
  $("filters").replaceChildren(...known.filters.pictures.map((src, i) => made("img", { src, alt: `filter ${i}` })));
  $("facts").replaceChildren(...known.facts.map(([what, value]) => made("tr", {}, [made("td", { textContent: what }), made("td", { textContent: value })])));
}

function answer({ picture, truth, name, p, right }) {
  const bar = made("div", { className: "share" }, [made("i")]);
  bar.firstChild.style.width = `${100 * p}%`;
  const caption = made("figcaption", {}, [`${right ? "✓" : "✗"} ${name} `, made("small", { textContent: `${Math.round(100 * p)} %${right ? "" : `, true: ${truth}`}` }), bar]);
  return made("figure", { className: right ? "right" : "wrong" }, [made("img", { src: picture, alt: `a picture of ${truth}` }), caption]);
}

/** One chart for each quantity: training dashed, validation solid; before the first epoch ends, the running loss. */
function showCurves() {
  const quantities = [...new Set(["loss", ...Object.keys(known.history).map((name) => name.replace(/^val_/, ""))])].filter((q) => q !== "learning_rate");
  if ($("curves").childElementCount !== quantities.length) {
    $("curves").replaceChildren(...quantities.map((q) => made("figure", { className: "card" }, [
      made("figcaption", { textContent: NAMES[q] ?? q.replaceAll("_", " ") }), made("canvas", { id: `curve-${q}` }), made("ul", { id: `curve-${q}-key`, className: "key" }),
    ])));
    for (const q of quantities) { $(`curve-${q}`).setAttribute("role", "img"); watch.observe($(`curve-${q}`)); }
  }
  for (const q of quantities) {
    const lines = [];
    if (q === "loss") lines.push({ name: "while training", x: known.running.at, y: known.running.loss, style: ["soft", []], thin: true });
    if (known.history[q]) lines.push({ name: "training", x: known.history[q].map((_, i) => i + 1), y: known.history[q], style: STYLES[1] });
    if (known.history[`val_${q}`]) lines.push({ name: "validation", x: known.history[`val_${q}`].map((_, i) => i + 1), y: known.history[`val_${q}`], style: STYLES[0] });
    chart(`curve-${q}`, lines, "epoch", false);
  }
}

function showLayers(id, key) {
  const kernels = known.layers.filter((layer) => layer.kernel);
  chart(id, kernels.map((layer, i) => ({ name: layer.name, x: known.at, y: layer[key], style: STYLES[i % STYLES.length] })), "epoch", true);
}

function chart(id, lines, xLabel, logarithmic) {
  $(`${id}-key`).replaceChildren(...lines.map(({ name, style }) => {
    const item = made("li", { textContent: name });
    item.style.setProperty("--tint", colour(style[0]));
    item.style.setProperty("--line-style", style[1].length ? "dashed" : "solid");
    return item;
  }));
  if (!roomy(id)) return;
  const scale = (v) => (logarithmic ? Math.log10(Math.max(v, 1e-12)) : v);
  const points = lines.map(({ x, y }) => x.map((at, i) => [at, y[i]]).filter(([, v]) => v !== null && v !== undefined).map(([at, v]) => [at, scale(v)]));
  const values = points.flat().map(([, v]) => v), last = Math.max(1, ...points.flat().map(([at]) => at));
  const ys = values.length ? around(values, 0.08) : [0, 1], on = sheet(id, [0, last], ys);
  axes(on, xLabel, "", logarithmic ? { yTicks: logTicks(ys), yText: (v) => text(10 ** v, 2) } : {});
  clipped(on, (pen) => points.forEach((line_, i) => {
    pen.strokeStyle = colour(lines[i].style[0]);
    pen.lineWidth = lines[i].thin ? 1 : 2;
    pen.setLineDash(lines[i].style[1]);
    line(pen, line_.map(([x, y]) => [on.toX(x), on.toY(y)]));
    pen.setLineDash([]);
    if (line_.length < 30 && !lines[i].thin) line_.forEach(([x, y]) => dot(pen, on.toX(x), on.toY(y), 2.5, colour(lines[i].style[0])));
  }));
  const told = lines.map(({ name }, i) => (points[i].length ? `${name} ${text(logarithmic ? 10 ** points[i].at(-1)[1] : points[i].at(-1)[1], 3)}` : "")).filter(Boolean);
  $(id).setAttribute("aria-label", told.length ? `now: ${told.join(", ")}` : "nothing yet");
}

async function ask() {
  try {
    known = { ...(await (await fetch("data.json", { signal: AbortSignal.timeout(5000) })).json()), live: true };
    show();
  } catch {
    if (!known.finished) $("status").textContent = `${known.status}; the training has ended, or cannot be reached`;
    return;
  }
  if (!known.finished) setTimeout(ask, 1000);
}

const watch = new ResizeObserver(() => show());
document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
$("theme").addEventListener("click", () => {
  const root = document.documentElement;
  root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
  show();
});
show();
for (const id of ["gradients", "ratios"]) watch.observe($(id));
if (known.live) setTimeout(ask, 500);
