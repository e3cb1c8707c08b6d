// Arrays as a student reads them: numbers where there are few, heat maps and statistics where there are many, pictures as pictures.

let titlesShown = true; // exact values on hover; not while a quiz hides them

function arrayView(array, caption, { hidden = false, note = "" } = {}) {
  const head = element(
    "figcaption",
    {},
    element("strong", {}, caption),
    array && element("span", { class: "type" }, `${shapeText(array.shape)} ${array.dtype}`),
  );
  const figure = element("figure", { class: "array" }, head);
  if (note) head.append(element("span", { class: `note ${note.startsWith("complete") ? "done" : ""}` }, note));
  if (hidden) figure.append(element("p", { class: "hidden-value" }, "?", element("span", {}, " hidden: predict it first")));
  else if (!array) figure.append(element("p", { class: "none" }, "not kept in the tape"));
  else figure.append(...arrayBody(array));
  return figure;
}

function arrayBody(array) {
  if (!sizeOf(array.shape)) return [element("p", { class: "none" }, "empty: it has no entries")];
  const parts = [];
  const trouble = troubleOf(array.stats);
  if (trouble) parts.push(element("p", { class: "trouble" }, trouble));
  if (array.values) parts.push(numbers(array));
  if (array.slices?.length && (!array.values || array.slices[0].kind === "image"))
    parts.push(element("div", { class: "slices" }, array.slices.map(sliceView)));
  if (!array.values && array.stats) parts.push(statistics(array));
  return parts;
}

function troubleOf(stats) {
  const { nan = 0, inf = 0 } = stats ?? {};
  return [nan && `${counted(nan, "entry", "entries")} not a number (NaN)`, inf && `${inf} infinite`].filter(Boolean).join(", ");
}

function numbers({ values, shape, dtype }) {
  const [low, high] = rangeOf(values.map(numberOf));
  const cell = (entry, tag, index) => numberCell(entry, dtype, tag, index, low, high);
  if (shape.length === 0) return element("p", { class: "scalar" }, numberCell(values[0], dtype, "span", [], 0, 0));
  if (shape.length === 1)
    return element(
      "div",
      { class: "vector" },
      values.map((entry, i) => cell(entry, "span", [i])),
    );
  const columns = shape.at(-1);
  const rows = shape.at(-2);
  const matrices = [];
  for (let from = 0; from < values.length; from += rows * columns) {
    const before = unravel(from / (rows * columns), shape.slice(0, -2));
    const body = Array.from({ length: rows }, (_, r) =>
      element(
        "tr",
        {},
        Array.from({ length: columns }, (_, c) => cell(values[from + r * columns + c], "td", [...before, r, c])),
      ),
    );
    const table = element("table", { class: "matrix" }, element("tbody", {}, body));
    matrices.push(
      element("div", { class: "matrix-box" }, before.length ? element("span", { class: "type" }, `[${before.join(", ")}]`) : null, table),
    );
  }
  return element(
    "div",
    { class: "scrolls", tabindex: columns > 4 || rows > 12 || matrices.length > 1 ? "0" : null, role: "group", "aria-label": "numbers" },
    matrices,
  );
}

// One number, tinted by its sign and size, with every digit on hover.
function numberCell(entry, dtype, tag, index, low, high) {
  const value = numberOf(entry);
  const cell = element(tag, { class: Number.isFinite(value) ? "number" : "number bad" }, number(entry, dtype));
  if (titlesShown) cell.title = `${indexText(index)} ${allDigits(entry, dtype)}`.trim();
  const largest = Math.max(Math.abs(low), Math.abs(high));
  if (Number.isFinite(value) && value && largest) {
    cell.style.setProperty("--tint", `${Math.round((Math.abs(value) / largest) * 30)}%`);
    cell.classList.add(value < 0 ? "negative" : "positive");
  }
  return cell;
}

function statistics({ stats, dtype, shape }) {
  const rows = ["min", "max", "mean", "std", "norm"]
    .filter((name) => stats[name] != null)
    .map((name) => [name, number(stats[name], dtype)]);
  if (stats.zeros != null) rows.push(["zeros", `${number(stats.zeros * 100, "float64", 3)} %`]);
  return element(
    "dl",
    { class: "statistics" },
    [["entries", grouped(sizeOf(shape))], ...rows].map(([name, text]) =>
      element("div", {}, element("dt", {}, name), element("dd", {}, text)),
    ),
  );
}

function sliceView(slice) {
  const picture = slice.kind === "image" ? imageCanvas(slice) : heatCanvas(slice);
  return element(
    "div",
    { class: "slice" },
    picture,
    slice.kind === "heat" && legend(slice.low, slice.high),
    element("span", { class: "type" }, slice.title),
  );
}

function sized(canvas, rows, columns, across = 132) {
  const thin = Math.min(rows, columns) === 1; // a vector becomes a band
  const scale = Math.max(1, Math.min(28, Math.floor((thin ? 2 * across : across) / Math.max(rows, columns)) || 1));
  Object.assign(canvas, { width: columns, height: rows });
  canvas.style.width = `${columns === 1 ? Math.max(16, scale) : columns * scale}px`;
  canvas.style.height = `${rows === 1 ? Math.max(16, scale) : rows * scale}px`;
  return canvas;
}

function painted(rows, columns, colour, across) {
  const canvas = sized(element("canvas", { role: "img" }), rows, columns, across);
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(columns, rows);
  for (let i = 0; i < rows * columns; i++) {
    const [red, green, blue] = colour(i);
    pixels.data.set([red, green, blue, 255], i * 4);
  }
  context.putImageData(pixels, 0, 0);
  return canvas;
}

function heatCanvas({ rows, columns, low, high, bytes, title }, across) {
  const shades = palette(low, high);
  const data = bytesOf(bytes);
  const canvas = painted(rows, columns, (i) => shades[data[i]], across);
  canvas.setAttribute("aria-label", `heat map, ${title}: from ${number(low)} to ${number(high)}`);
  return readable(canvas, rows, columns, (i) => `≈ ${number(low + (data[i] / 255) * (high - low), "float64", 3)}`);
}

function imageCanvas({ rows, columns, bytes, title }, across) {
  const data = bytesOf(bytes);
  const depth = data.length / (rows * columns);
  const canvas = painted(
    rows,
    columns,
    (i) => (depth >= 3 ? data.subarray(i * depth, i * depth + 3) : [data[i], data[i], data[i]]),
    across,
  );
  canvas.setAttribute("aria-label", `picture, ${title}`);
  return canvas;
}

// A heat map of exact numbers (rows × columns, flat).
function exactCanvas(data, rows, columns, title, across, [low, high] = rangeOf(data)) {
  const shades = palette(low, high);
  const canvas = painted(rows, columns, (i) => (Number.isFinite(data[i]) ? shades[byteOf(data[i], low, high)] : [214, 40, 130]), across);
  canvas.setAttribute("aria-label", `heat map, ${title}: from ${number(low)} to ${number(high)}`);
  return readable(canvas, rows, columns, (i) => number(data[i]));
}

function readable(canvas, rows, columns, text) {
  if (!titlesShown) return canvas;
  canvas.addEventListener("mousemove", (event) => {
    const box = canvas.getBoundingClientRect();
    const r = Math.min(rows - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * rows)));
    const c = Math.min(columns - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * columns)));
    canvas.title = `[${r}, ${c}] ${text(r * columns + c)}`;
  });
  return canvas;
}

function legend(low, high) {
  const stops = scaleFor(low, high);
  const bar = element("span", { class: "legend-bar" });
  bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  const middle = isDiverging(low, high) ? "0" : "";
  return element(
    "span",
    { class: "legend" },
    bar,
    element("span", {}, number(low, "float64", 3)),
    element("span", {}, middle),
    element("span", {}, number(high, "float64", 3)),
  );
}
