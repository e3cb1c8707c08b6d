// The three pictures.
function drawData(w, b) {
  const xs = around(X, 0.1), on = sheet("data", xs, around([...Y, 0], 0.08));
  axes(on, given.x_label, given.y_label);
  clipped(on, (pen) => {
    pen.lineWidth = 1.5;
    X.forEach((x, i) => {
      pen.strokeStyle = colour(Y[i] >= w * x + b ? "above" : "below");
      line(pen, [[on.toX(x), on.toY(Y[i])], [on.toX(x), on.toY(w * x + b)]]);
    });
    pen.strokeStyle = colour("text");
    pen.lineWidth = 2;
    line(pen, xs.map((x) => [on.toX(x), on.toY(w * x + b)]));
    pen.lineWidth = 1.4;
    X.forEach((x, i) => dot(pen, on.toX(x), on.toY(Y[i]), 3.6, colour("surface"), colour("text")));
  });
}

/** Level 0…1 of a loss, spread so that the flat valley has levels of its own. */
function level(value, least, most) {
  return Math.min(1, Math.sqrt(Math.max(0, (value - least) / (most - least))));
}

let ground = null; // the coloured surface, kept until the size or the theme changes

function drawSurface(path) {
  const on = sheet("surface", given.w_range, given.b_range), { pen, inner } = on;
  const least = loss(...given.best), most = Math.max(...[0, 1].flatMap((i) => [0, 1].map((j) => loss(given.w_range[i], given.b_range[j]))));
  const key = [inner.width, inner.height, on.ratio, colour("low")].join();
  if (ground?.key !== key) ground = { key, image: surfaceImage(inner, on, least, most) };
  pen.drawImage(ground.image, MARGIN.left, MARGIN.top, inner.width, inner.height);
  axes(on, "w", "b", { grid: false });
  clipped(on, () => {
    const [w, b] = given.best;
    pen.font = "18px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillStyle = colour("text");
    pen.fillText("★", on.toX(w), on.toY(b));
    pen.strokeStyle = pen.fillStyle = colour("path");
    pen.lineWidth = 2;
    const points = path.map(([pw, pb]) => [clamp(on.toX(pw)), clamp(on.toY(pb))]);
    line(pen, points);
    if (points.length < 200) points.forEach(([px, py]) => dot(pen, px, py, 2, colour("path")));
    dot(pen, ...points[0], 6, null, colour("path"));
    dot(pen, ...points.at(-1), 5, colour("path"), colour("surface"));
  });
  return on;
}

const clamp = (pixel) => Math.max(-1e5, Math.min(1e5, pixel));

function surfaceImage(inner, on, least, most) {
  const image = document.createElement("canvas"), w = Math.round(inner.width), h = Math.round(inner.height);
  image.width = w;
  image.height = h;
  const pen = image.getContext("2d"), pixels = pen.createImageData(w, h), bands = 14;
  const low = rgb(colour("low")), high = rgb(colour("high"));
  const levels = new Float64Array((w + 1) * (h + 1));
  const sums = { xx: mean((x) => x * x), x: mean((x) => x), xy: mean((x, y) => x * y), y: mean((x, y) => y), yy: mean((x, y) => y * y) };
  for (let j = 0; j <= h; j++) {
    const b = given.b_range[1] - (j / h) * (given.b_range[1] - given.b_range[0]);
    for (let i = 0; i <= w; i++) {
      const a = given.w_range[0] + (i / w) * (given.w_range[1] - given.w_range[0]);
      const value = a * a * sums.xx + 2 * a * b * sums.x - 2 * a * sums.xy - 2 * b * sums.y + b * b + sums.yy;
      levels[j * (w + 1) + i] = level(value, least, most) * bands;
    }
  }
  for (let j = 0; j < h; j++) for (let i = 0; i < w; i++) {
    const at = levels[j * (w + 1) + i], band = Math.floor(at), at4 = 4 * (j * w + i);
    const edge = band !== Math.floor(levels[j * (w + 1) + i + 1]) || band !== Math.floor(levels[(j + 1) * (w + 1) + i]);
    for (let c = 0; c < 3; c++) pixels.data[at4 + c] = edge ? (low[c] + 3 * high[c]) / 4 : low[c] + (high[c] - low[c]) * 0.75 * band / bands;
    pixels.data[at4 + 3] = 255;
  }
  pen.putImageData(pixels, 0, 0);
  return image;
}

const mean = (f) => X.reduce((sum, x, i) => sum + f(x, Y[i]), 0) / X.length;
const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

function drawCurve(losses) {
  const shown = losses.filter(Number.isFinite).map((v) => Math.log10(Math.max(v, 1e-12)));
  const ys = shown.length ? around(shown, 0.12) : [0, 1];
  if (ys[1] - ys[0] < 0.1) { ys[0] -= 0.05; ys[1] += 0.05; }
  const on = sheet("curve", [0, Math.max(losses.length - 1, 5)], ys);
  axes(on, "update", "loss", { yTicks: logTicks(ys), yText: (v) => text(10 ** v, 3) });
  clipped(on, (pen) => {
    pen.strokeStyle = colour("path");
    pen.lineWidth = 2;
    line(pen, losses.map((v, i) => [on.toX(i), clamp(on.toY(Number.isFinite(v) ? Math.log10(Math.max(v, 1e-12)) : 400))]));
  });
  const last = losses.at(-1);
  if (Number.isFinite(last)) dot(on.pen, on.toX(losses.length - 1), on.toY(Math.log10(Math.max(last, 1e-12))), 4, colour("path"));
}
