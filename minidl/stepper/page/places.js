// Where windows lie on an image, and what they compute: everything again from the exact numbers, in double precision.

class Places {
  constructor(image, output, size, { strides = [1, 1], dilation = [1, 1], padding = [0, 0, 0, 0] }) {
    [this.height, this.width] = image;
    [this.rows, this.columns] = output;
    [this.kh, this.kw] = size;
    Object.assign(this, { strides, dilation, padding });
  }

  static count(image, size, { strides = [1, 1], dilation = [1, 1], padding: [top, bottom, left, right] = [0, 0, 0, 0] }) {
    const total = [image[0] + top + bottom, image[1] + left + right];
    return total.map((length, axis) => Math.floor((length - dilation[axis] * (size[axis] - 1) - 1) / strides[axis]) + 1);
  }

  // What the window of output pixel (r, c) sees, in C order: element (i, j) lies on (row, column) of the image, or in the padding.
  cells(r, c) {
    const cells = [];
    for (let i = 0; i < this.kh; i++) {
      for (let j = 0; j < this.kw; j++) {
        const row = r * this.strides[0] + i * this.dilation[0] - this.padding[0];
        const column = c * this.strides[1] + j * this.dilation[1] - this.padding[2];
        cells.push({ i, j, row, column, inside: row >= 0 && column >= 0 && row < this.height && column < this.width });
      }
    }
    return cells;
  }

  each(action) {
    for (let r = 0; r < this.rows; r++) for (let c = 0; c < this.columns; c++) action(r, c, this.cells(r, c));
  }

  // How many windows touch each pixel of the image.
  touches() {
    const counts = new Float64Array(this.height * this.width);
    this.each((r, c, cells) =>
      cells.forEach(({ inside, row, column }) => {
        if (inside) counts[row * this.width + column]++;
      }),
    );
    return counts;
  }
}

const ACTIVATIONS = {
  linear: [(z) => z, () => 1],
  relu: [(z) => Math.max(0, z), (z) => Number(z > 0)],
  relu6: [(z) => Math.min(Math.max(0, z), 6), (z) => Number(z > 0 && z < 6)],
  leaky_relu: [(z) => (z > 0 ? z : 0.2 * z), (z) => (z > 0 ? 1 : 0.2)],
  sigmoid: [(z) => 1 / (1 + Math.exp(-z)), (z) => 1 / ((1 + Math.exp(-z)) * (1 + Math.exp(z)))],
  tanh: [Math.tanh, (z) => 1 - Math.tanh(z) ** 2],
  elu: [(z) => (z > 0 ? z : Math.expm1(z)), (z) => (z > 0 ? 1 : Math.exp(z))],
  softplus: [(z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))), (z) => 1 / (1 + Math.exp(-z))],
  softsign: [(z) => z / (1 + Math.abs(z)), (z) => 1 / (1 + Math.abs(z)) ** 2],
  silu: [(z) => z / (1 + Math.exp(-z)), (z) => (1 + Math.exp(-z) + z * Math.exp(-z)) / (1 + Math.exp(-z)) ** 2],
  exponential: [Math.exp, Math.exp],
};
ACTIVATIONS.swish = ACTIVATIONS.silu;

// One stage of a window: a convolution or a pooling, with its numbers. Images are (H, W, C), one of the batch.
class Stage {
  constructor(kind, places, arrays) {
    Object.assign(this, { kind, places }, arrays);
    this.channels = this.x.shape[2];
    this.filters = kind === "convolution" ? this.kernel.shape[3] : this.channels;
    this.act = ACTIVATIONS[this.activation ?? "linear"] ?? null;
  }

  xAt({ inside, row, column }, m) {
    return inside ? this.x.data[(row * this.places.width + column) * this.channels + m] : 0;
  }

  weight({ i, j }, m, f) {
    return this.kernel.data[((i * this.places.kw + j) * this.channels + m) * this.filters + f];
  }

  out(array, r, c, f) {
    return array.data[(r * this.places.columns + c) * this.filters + f];
  }

  // Row (r, c) of the im2col matrix: the patch, as (i, j, m) in C order.
  row(r, c) {
    return this.places.cells(r, c).flatMap((cell) => Array.from({ length: this.channels }, (_, m) => this.xAt(cell, m)));
  }

  // Σᵢⱼₘ patch · filter, + bias
  beforeActivation(r, c, f, cells = this.places.cells(r, c)) {
    let sum = 0;
    for (const cell of cells) {
      if (!cell.inside) continue;
      for (let m = 0; m < this.channels; m++) sum += this.xAt(cell, m) * this.weight(cell, m, f);
    }
    return sum + (this.bias ? this.bias.data[f] : 0);
  }

  winner(r, c, f, cells = this.places.cells(r, c)) {
    let best = null;
    for (const cell of cells) if (cell.inside && (best == null || this.xAt(cell, f) > this.xAt(best, f))) best = cell;
    return best;
  }

  output(r, c, f, cells = this.places.cells(r, c)) {
    if (this.kind === "convolution") return this.act ? this.act[0](this.beforeActivation(r, c, f, cells)) : NaN;
    if (this.kind === "max_pool") return this.xAt(this.winner(r, c, f, cells), f);
    const inside = cells.filter((cell) => cell.inside);
    return inside.reduce((sum, cell) => sum + this.xAt(cell, f), 0) / inside.length;
  }

  // dL/d(sum before the activation) at a place: the tape's, or g times the activation's slope.
  delta(r, c, f, cells) {
    if (this.gSum) return this.out(this.gSum, r, c, f);
    const g = this.out(this.g, r, c, f);
    return this.kind === "convolution" && this.activation && this.activation !== "linear"
      ? g * this.act[1](this.beforeActivation(r, c, f, cells))
      : g;
  }

  // What output pixel (r, c) sends back to cell of its window, in input channel m (in pooling: of filter m).
  sentBack(cell, m, r, c, cells, deltas) {
    if (this.kind === "convolution") return deltas.reduce((sum, delta, f) => sum + delta * this.weight(cell, m, f), 0);
    if (this.kind === "max_pool") {
      const winner = this.winner(r, c, m, cells);
      return winner.i === cell.i && winner.j === cell.j ? deltas[m] : 0;
    }
    return deltas[m] / cells.filter(({ inside }) => inside).length;
  }

  deltas(r, c, cells = this.places.cells(r, c)) {
    return Array.from({ length: this.filters }, (_, f) => this.delta(r, c, f, cells));
  }

  knowsDelta() {
    return Boolean(this.gSum || (this.g && this.act));
  }

  cost() {
    const { rows, columns, kh, kw } = this.places;
    return rows * columns * kh * kw * this.channels * (this.kind === "convolution" ? this.filters : 1);
  }

  // All outputs, and (where δ is known) everything that the windows send back, added up: {y, dx, dkernel}. Found once.
  everything() {
    this.all ??= this.kind === "convolution" ? this.allOfConvolution() : this.allOfPooling();
    return this.all;
  }

  // Every product of a window: action(position in x, position of its weights for filter 0).
  alongRow(cells, action) {
    for (const { inside, row, column, i, j } of cells) {
      if (!inside) continue;
      const input = (row * this.places.width + column) * this.channels;
      const weights = (i * this.places.kw + j) * this.channels * this.filters;
      for (let m = 0; m < this.channels; m++) action(input + m, weights + m * this.filters);
    }
  }

  allOfConvolution() {
    const { places, filters } = this;
    const [x, kernel] = [this.x.data, this.kernel.data];
    const y = new Float64Array(places.rows * places.columns * filters);
    const dx = this.knowsDelta() ? new Float64Array(x.length) : null;
    const dkernel = dx && new Float64Array(kernel.length);
    places.each((r, c, cells) => {
      const z = this.bias ? Float64Array.from(this.bias.data) : new Float64Array(filters);
      this.alongRow(cells, (input, weights) => {
        for (let f = 0; f < filters; f++) z[f] += x[input] * kernel[weights + f];
      });
      const at = (r * places.columns + c) * filters;
      z.forEach((value, f) => (y[at + f] = this.act ? this.act[0](value) : NaN));
      if (!dx) return;
      const deltas = z.map((value, f) => (this.gSum ? this.gSum.data[at + f] : this.g.data[at + f] * this.act[1](value)));
      this.alongRow(cells, (input, weights) => {
        let sent = 0;
        for (let f = 0; f < filters; f++) {
          sent += deltas[f] * kernel[weights + f];
          dkernel[weights + f] += deltas[f] * x[input];
        }
        dx[input] += sent;
      });
    });
    return { y, dx, dkernel };
  }

  allOfPooling() {
    const { places, channels } = this;
    const y = new Float64Array(places.rows * places.columns * channels);
    const dx = this.g ? new Float64Array(this.x.data.length) : null;
    places.each((r, c, cells) => {
      const deltas = dx && this.deltas(r, c, cells);
      for (let m = 0; m < channels; m++) {
        y[(r * places.columns + c) * channels + m] = this.output(r, c, m, cells);
        for (const cell of dx ? cells : []) {
          if (cell.inside) dx[(cell.row * places.width + cell.column) * channels + m] += this.sentBack(cell, m, r, c, cells, deltas);
        }
      }
    });
    return { y, dx, dkernel: null };
  }
}

// The window of a step, with what it leaves to its forward step; null where there is none.
function windowOf(tape, at) {
  const step = tape.steps[at];
  const own = step.window ?? (step.phase === "backward" && tape.steps[step.forward]?.window ? { of: step.forward } : null);
  if (!own) return null;
  const base = own.of != null ? (tape.steps[own.of]?.window ?? {}) : {};
  return { ...base, ...Object.fromEntries(Object.entries(own).filter(([, value]) => value != null)) };
}

// A fused convolution and pooling is two stages; what lies between is computed here.
function stagesOf(window) {
  const [x, kernel, bias, y, g, dx] = ["x", "kernel", "bias", "y", "g", "dx"].map((name) => exact(window[name]));
  const gSum = exact(window.g_sum);
  if (!x || !y) return [];
  if (!kernel) {
    const places = new Places(x.shape, y.shape, window.pool, { ...window, strides: window.strides ?? window.pool });
    return [new Stage(window.kind, places, { x, y, g, dx })];
  }
  const size = kernel.shape;
  const arrays = { x, kernel, bias, gSum, activation: window.activation };
  if (!window.pool) return [new Stage("convolution", new Places(x.shape, y.shape, size, window), { ...arrays, y, g, dx })];
  const between = Places.count(x.shape, size, window);
  const convolution = new Stage("convolution", new Places(x.shape, between, size, window), { ...arrays, dx });
  const middle = { shape: [...between, size[3]], dtype: y.dtype, data: convolution.everything().y };
  const settings = { strides: window.pool_strides ?? window.pool, padding: window.pool_padding ?? [0, 0, 0, 0] };
  const pooling = new Stage("max_pool", new Places(between, y.shape, window.pool, settings), { x: middle, y, g });
  Object.assign(convolution, { y: middle, computedHere: true, all: null });
  if (g) convolution.g = { ...middle, data: pooling.everything().dx };
  return [convolution, pooling];
}
