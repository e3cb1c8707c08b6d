// Charts on canvases that are as sharp as the screen.
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
