// What a window computes, in numbers: patch × filter, the sum, the row of im2col, the winner; and whether the tape agrees.

const MOST_WORK = 2e8; // multiplications for checking all windows at once
const MOST_COLUMNS = 600; // of the im2col matrix that are shown

// A small matrix of a window: cells with {value, pad, best}.
function windowMatrix(stage, title, cells, entry, kind = "") {
  const columns = stage.places.kw;
  const rows = [];
  const known = cells.map(entry);
  const [low, high] = rangeOf(known.map(({ value }) => value));
  for (let from = 0; from < cells.length; from += columns) {
    rows.push(
      element(
        "tr",
        {},
        known.slice(from, from + columns).map(({ value, pad, best }) => {
          const cell = pad
            ? element("td", { class: "number pad", title: "padding" }, pad === true ? "0" : pad)
            : numberCell(value, stage.x.dtype, "td", [], low, high);
          if (!pad) cell.textContent = number(value, "float64", 3);
          if (best) cell.classList.add("best");
          return cell;
        }),
      ),
    );
  }
  return element(
    "div",
    { class: `window-matrix ${kind}` },
    element("span", { class: "role" }, title),
    element("table", { class: "matrix" }, element("tbody", {}, rows)),
  );
}

function sign(text) {
  return element("span", { class: "sign" }, text);
}

// A sign with what follows it: they stay on one line.
function term(text, following) {
  return element("span", { class: "term" }, sign(text), following);
}

function figureIn(stage, value, kind) {
  const shown = element("span", { class: `number ${kind}` }, number(value));
  if (titlesShown) shown.title = allDigits(value, stage.x.dtype);
  return shown;
}

function convolutionParts(stage, { r, c, f, m }, cells) {
  const patch = windowMatrix(stage, `patch, channel ${m}`, cells, (cell) => ({ value: stage.xAt(cell, m), pad: !cell.inside }), "patch");
  const filter = windowMatrix(stage, `filter ${f}, channel ${m}`, cells, (cell) => ({ value: stage.weight(cell, m, f) }), "filter");
  const products = windowMatrix(stage, "products", cells, (cell) => ({ value: stage.xAt(cell, m) * stage.weight(cell, m, f) }), "products");
  const before = stage.beforeActivation(r, c, f, cells);
  const bias = stage.bias ? stage.bias.data[f] : null;
  const sum =
    bias == null
      ? before
      : cells.reduce((total, cell) => {
          for (let k = 0; cell.inside && k < stage.channels; k++) total += stage.xAt(cell, k) * stage.weight(cell, k, f);
          return total;
        }, 0);
  const own = cells.reduce((total, cell) => total + stage.xAt(cell, m) * stage.weight(cell, m, f), 0);
  const count = cells.length * stage.channels;
  const line = element("p", { class: "sum" }, `Sum of all ${count} products = `, figureIn(stage, sum, "the-sum"));
  if (stage.channels > 1) line.append(" (channel ", String(m), ": ", figureIn(stage, own, "channel-sum"), ")");
  if (bias != null) line.append("; + bias ", figureIn(stage, bias, "the-bias"), " = ", figureIn(stage, before, "before"));
  const active = stage.activation && stage.activation !== "linear";
  if (active && stage.act) line.append(`; ${stage.activation} → `, figureIn(stage, stage.act[0](before), "after"));
  if (active && !stage.act) line.append(`; then ${stage.activation}, which this page does not compute`);
  return [
    element(
      "div",
      { class: "equation scrolls", tabindex: "0", role: "group", "aria-label": "patch times filter" },
      patch,
      term("×", filter),
      term("=", products),
    ),
    line,
    agreement(stage, active && !stage.act ? null : stage.output(r, c, f, cells), r, c, f),
    im2colTable(stage, { r, c, f, m }),
  ];
}

// The whole sum: the row of the im2col matrix, the filter's column, and their products, element by element.
function im2colTable(stage, { r, c, f, m }) {
  const { rows, columns, kh, kw } = stage.places;
  const row = stage.row(r, c);
  const shown = [...row.keys()].slice(0, MOST_COLUMNS);
  const weight = (k) => stage.kernel.data[k * stage.filters + f];
  const index = (k) => unravel(k, [kh, kw, stage.channels]);
  const cell = (value, k) => {
    const known = element("td", { class: k % stage.channels === m ? "number own" : "number" }, number(value, "float64", 4));
    if (titlesShown) known.title = `${indexText(index(k))} ${allDigits(value, stage.x.dtype)}`;
    return known;
  };
  const line = (name, kind, entry) =>
    element("tr", { class: kind }, element("th", { scope: "row" }, name), ...shown.map((k) => cell(entry(k), k)));
  const head = element(
    "tr",
    {},
    element("th", { scope: "col" }, "i, j, channel"),
    ...shown.map((k) => element("th", { scope: "col" }, index(k).join(", "))),
  );
  const body = [
    line("row of im2col", "row-of-im2col", (k) => row[k]),
    line(`filter ${f}`, "column-of-filter", weight),
    line("product", "row-of-products", (k) => row[k] * weight(k)),
  ];
  const title = `Row ${r * columns + c} of the im2col matrix (${rows * columns} × ${row.length}) times column ${f} of the filters`;
  return element(
    "div",
    { class: "im2col" },
    element("span", { class: "role" }, row.length > shown.length ? `${title}; the first ${shown.length} products of ${row.length}` : title),
    element(
      "div",
      { class: "scrolls", tabindex: "0", role: "group", "aria-label": "row of the im2col matrix" },
      element("table", {}, element("thead", {}, head), element("tbody", {}, body)),
    ),
  );
}

function poolingParts(stage, { r, c, f }, cells, winner) {
  const loser = stage.kind === "max_pool" ? "−∞" : "–";
  const patch = windowMatrix(
    stage,
    `window, channel ${f}`,
    cells,
    (cell) => ({ value: stage.xAt(cell, f), pad: cell.inside ? null : loser, best: cell === winner }),
    "patch",
  );
  const value = stage.output(r, c, f, cells);
  const text =
    stage.kind === "max_pool"
      ? [
          `The largest is element [${winner.i}, ${winner.j}], pixel [${winner.row}, ${winner.column}] of the input: `,
          figureIn(stage, value, "the-sum"),
          ". Of equals, the first wins.",
        ]
      : [
          `The mean of the ${cells.filter(({ inside }) => inside).length} pixels inside the image: `,
          figureIn(stage, value, "the-sum"),
          ".",
        ];
  return [element("div", { class: "equation" }, patch), element("p", { class: "sum" }, text), agreement(stage, value, r, c, f)];
}

// How far two numbers may differ by rounding alone, relative to the largest number in play.
function tolerance(dtype) {
  return { float32: 1e-5, float16: 4e-3 }[dtype] ?? 1e-12;
}

function largestOf(data) {
  return data.reduce((largest, value) => Math.max(largest, Math.abs(value) || 0), 0);
}

function agreement(stage, value, r, c, f) {
  if (value == null || stage.computedHere) return null;
  const y = stage.out(stage.y, r, c, f);
  const same = Math.abs(value - y) <= tolerance(stage.y.dtype) * Math.max(1, largestOf(stage.y.data));
  return verdict(same, [
    `The tape's y[${r}, ${c}, ${f}] = `,
    figureIn(stage, y, "tape-y"),
    same ? ": the same." : ": not what is computed here.",
  ]);
}

function verdict(same, children) {
  return element(
    "p",
    { class: same ? "verdict same" : "verdict differs" },
    element("span", { "aria-hidden": "true" }, same ? "✓ " : "✗ "),
    ...children,
  );
}

function worst(ours, theirs) {
  return ours.reduce((largest, value, i) => Math.max(largest, Number.isFinite(theirs[i]) ? Math.abs(value - theirs[i]) : 0), 0);
}

function allWindowsCheck(stage) {
  if (stage.computedHere || !stage.act) return null;
  if (stage.cost() > MOST_WORK) return element("p", { class: "type" }, "Too many windows to check them all here.");
  const off = worst(stage.everything().y, stage.y.data);
  const same = off <= tolerance(stage.y.dtype) * Math.max(1, largestOf(stage.y.data));
  return verdict(same, [
    `All ${counted(stage.y.data.length, "output")} were computed here again; the largest difference from the tape is `,
    figureIn(stage, off, "worst-y"),
    ".",
  ]);
}
