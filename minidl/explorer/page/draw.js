// The three pictures, on canvases that are as sharp as the screen.
const MARGIN = { left: 52, right: 14, top: 10, bottom: 38 };
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** A canvas ready to draw on, with scales from numbers to its pixels. */
function sheet(id, xs, ys) {
  const canvas = document.getElementById(id), ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth, height = canvas.clientHeight;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = "12px system-ui, sans-serif";
  const inner = { width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom };
  const toX = (v) => MARGIN.left + (v - xs[0]) / (xs[1] - xs[0]) * inner.width;
  const toY = (v) => MARGIN.top + (1 - (v - ys[0]) / (ys[1] - ys[0])) * inner.height;
  const fromX = (p) => xs[0] + (p - MARGIN.left) / inner.width * (xs[1] - xs[0]);
  const fromY = (p) => ys[0] + (1 - (p - MARGIN.top) / inner.height) * (ys[1] - ys[0]);
  return { pen, toX, toY, fromX, fromY, inner, xs, ys, width, height, ratio };
}

function ticks([low, high], count) {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((s) => s * power >= rough) * power;
  const found = [];
  for (let v = Math.ceil(low / step - 1e-9) * step; v <= high + 1e-9 * step; v += step) found.push(Math.abs(v) < step / 1e6 ? 0 : v);
  return found;
}

function axes(on, xLabel, yLabel, { grid = true, yTicks = ticks(on.ys, 5), yText = (v) => text(v, 4) } = {}) {
  const { pen, toX, toY, inner } = on, bottom = MARGIN.top + inner.height;
  pen.lineWidth = 1;
  pen.fillStyle = colour("soft");
  pen.strokeStyle = colour("grid");
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  for (const v of yTicks) {
    if (grid) line(pen, [[MARGIN.left, toY(v)], [MARGIN.left + inner.width, toY(v)]]);
    pen.fillText(yText(v), MARGIN.left - 7, toY(v));
  }
  pen.textAlign = "center";
  pen.textBaseline = "top";
  for (const v of ticks(on.xs, inner.width / 70)) pen.fillText(text(v, 4), toX(v), bottom + 5);
  pen.fillText(xLabel, MARGIN.left + inner.width / 2, bottom + 21);
  pen.save();
  pen.translate(9, MARGIN.top + inner.height / 2);
  pen.rotate(-Math.PI / 2);
  pen.textBaseline = "middle";
  pen.fillText(yLabel, 0, 0);
  pen.restore();
  pen.strokeStyle = colour("strong-line");
  line(pen, [[MARGIN.left, MARGIN.top], [MARGIN.left, bottom], [MARGIN.left + inner.width, bottom]]);
}

function line(pen, points) {
  pen.beginPath();
  points.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.stroke();
}

function dot(pen, x, y, radius, fill, stroke) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  if (fill) { pen.fillStyle = fill; pen.fill(); }
  if (stroke) { pen.strokeStyle = stroke; pen.stroke(); }
}

function clipped(on, draw) {
  const { pen, inner } = on;
  pen.save();
  pen.beginPath();
  pen.rect(MARGIN.left, MARGIN.top, inner.width, inner.height);
  pen.clip();
  draw(pen);
  pen.restore();
}

function around(values, share) {
  const low = Math.min(...values), high = Math.max(...values), room = (high - low) * share || 1;
  return [low - room, high + room];
}

/** Whether there is room to draw: a page that is just being laid out has none. */
const roomy = (id) => $(id).clientWidth > 120 && $(id).clientHeight > 90;

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

/** Round numbers for a logarithmic axis, as logarithms: at most six. */
function logTicks([low, high]) {
  for (const steps of [[1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 5, 7], [1, 2, 5], [1]]) {
    const found = [];
    for (let power = Math.floor(low); power <= high; power++) for (const step of steps) {
      const v = power + Math.log10(step);
      if (v >= low && v <= high) found.push(v);
    }
    if (found.length <= 6) return found.length >= 2 ? found : ticks([low, high], 4);
  }
  return ticks([low, high], 5);
}
