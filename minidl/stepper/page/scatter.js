// Windows in the backward pass: what one output pixel gives to the filter's gradient, and where col2im scatters to. And dropout's mask.

function backwardParts(stage, at, cells, hidden) {
  const head = element("h4", {}, "Backward");
  if (!stage.g) return [head, element("p", { class: "none" }, "The gradient of this output is not carried in the page.")];
  const { r, c, f, m } = at;
  const g = stage.out(stage.g, r, c, f);
  const line = element("p", { class: "sum" }, `dL/dy[${r}, ${c}, ${f}] = g = `, figureIn(stage, g, "the-g"));
  if (hidden)
    return [
      head,
      line,
      element("p", { class: "hidden-value" }, "?", element("span", {}, " What it sends back is hidden: predict the gradient first.")),
    ];
  if (!stage.knowsDelta())
    return [
      head,
      line,
      element("p", { class: "none" }, `This page does not compute ${stage.activation}, so what comes before it is not shown.`),
    ];
  const deltas = stage.deltas(r, c, cells);
  if (stage.kind === "convolution" && stage.activation && stage.activation !== "linear")
    line.append(`; × slope of ${stage.activation} = δ = `, figureIn(stage, deltas[f], "delta"));
  const parts = [head, line];
  if (stage.kind === "convolution") parts.push(toFilter(stage, at, cells, deltas[f]));
  parts.push(toInput(stage, at, cells, deltas), scatterCheck(stage));
  return parts;
}

function toFilter(stage, { f, m }, cells, delta) {
  const patch = windowMatrix(stage, `patch, channel ${m}`, cells, (cell) => ({ value: stage.xAt(cell, m), pad: !cell.inside }));
  const gives = windowMatrix(
    stage,
    `adds to dL/dkernel[:, :, ${m}, ${f}]`,
    cells,
    (cell) => ({ value: delta * stage.xAt(cell, m) }),
    "to-filter",
  );
  const total = stage.cost() <= MOST_WORK ? stage.everything().dkernel : null;
  const whole =
    total &&
    windowMatrix(
      stage,
      "all pixels of this image",
      cells,
      (cell) => ({ value: total[((cell.i * stage.places.kw + cell.j) * stage.channels + m) * stage.filters + f] }),
      "filter-total",
    );
  return element(
    "div",
    { class: "equation scrolls", tabindex: "0", role: "group", "aria-label": "gradient of the filter" },
    element("span", { class: "formula" }, "δ"),
    term("×", patch),
    term("=", gives),
    whole && term("…", whole),
  );
}

function toInput(stage, { r, c, f, m }, cells, deltas) {
  const target = stage.kind === "convolution" ? m : f;
  const why = {
    convolution: "δ of all filters × their weights",
    max_pool: "g to the winner, 0 to the others",
    average_pool: "g shared equally",
  }[stage.kind];
  const sent = windowMatrix(
    stage,
    `col2im adds to dL/dx, channel ${target}`,
    cells,
    (cell) => ({ value: stage.sentBack(cell, target, r, c, cells, deltas), pad: cell.inside ? null : "–" }),
    "to-input",
  );
  const { places } = stage;
  const inside = cells.filter((cell) => cell.inside);
  const [first, last] = [inside[0], inside.at(-1)];
  const counts = places.touches();
  const how = inside.map(({ row, column }) => counts[row * places.width + column]);
  return element(
    "div",
    {},
    element("div", { class: "equation" }, sent),
    element(
      "p",
      { class: "type" },
      `${why}. It lands on rows ${first.row} to ${last.row}, columns ${first.column} to ${last.column} of the input; `,
      `${touching(how)}, and col2im adds up what is sent.`,
    ),
  );
}

function touching(counts) {
  const [fewest, most] = [Math.min(...counts), Math.max(...counts)];
  if (most === 1) return "no other window touches these pixels";
  return `${fewest === most ? most : `${fewest} to ${most}`} windows touch each of these pixels`;
}

function scatterCheck(stage) {
  if (!stage.dx || stage.cost() > MOST_WORK) return null;
  const off = worst(stage.everything().dx, stage.dx.data);
  const same = off <= tolerance(stage.dx.dtype) * Math.max(largestOf(stage.dx.data), tolerance(stage.dx.dtype));
  return verdict(same, [
    "What all windows send back, added up here, is the tape's dL/dx; the largest difference is ",
    figureIn(stage, off, "worst-dx"),
    ".",
  ]);
}

function maskCard(window, hidden) {
  const arrays = Object.fromEntries(["x", "mask", "y", "g", "dx"].map((name) => [name, exact(window[name])]));
  if (!arrays.mask)
    return card("Window view: dropout", element("p", { class: "none" }, "The mask is too large to be carried in this page."));
  const kept = arrays.mask.data.filter((value) => value !== 0).length;
  const scale = Math.max(...arrays.mask.data);
  const rows = [
    ["x", "x"],
    ["mask", "mask"],
    ["y", "y = x × mask"],
    ["g", "g = dL/dy"],
    ["dx", "dL/dx = g × mask"],
  ].filter(([name]) => arrays[name] && !(hidden && name === "dx"));
  const figures = rows.map(([name, title]) => {
    const { data, shape } = arrays[name];
    const [height, width, depth] = shape.length >= 3 ? shape.slice(-3) : shape.length === 2 ? [...shape, 1] : [1, shape[0] ?? 1, 1];
    return element(
      "figure",
      { class: "array" },
      element("figcaption", {}, element("strong", {}, title), depth > 1 && element("span", { class: "type" }, "channel 0")),
      exactCanvas(channel(data, depth, 0), height, width, title, 168),
    );
  });
  const result = card(
    "Window view: dropout",
    element(
      "p",
      {},
      `The mask keeps ${counted(kept, "entry", "entries")} of ${arrays.mask.data.length}, times ${number(scale)}; `,
      "the others are 0 in this step, forward and backward.",
    ),
    element("div", { class: "pictures" }, figures),
  );
  result.classList.add("window");
  return result;
}
