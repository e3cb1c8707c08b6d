// What the tape holds as text, as numbers again.

const VIEWS = {
  float32: Float32Array,
  float64: Float64Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
};
const decoded = new WeakMap();

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

// An array that was written out exactly: {shape, dtype, data: Float64Array}. Decoded once.
function exact(raw) {
  if (!raw || !VIEWS[raw.dtype]) return null;
  if (!decoded.has(raw)) {
    const bytes = bytesOf(raw.data);
    const data = Float64Array.from(new VIEWS[raw.dtype](bytes.buffer));
    decoded.set(raw, { shape: raw.shape, dtype: raw.dtype, data });
  }
  return decoded.get(raw);
}

const WORDS = { nan: NaN, inf: Infinity, "-inf": -Infinity };

// An entry of "values" as a number.
function numberOf(entry) {
  return typeof entry === "string" ? (WORDS[entry] ?? Number(entry)) : Number(entry);
}

function sizeOf(shape) {
  return shape.reduce((size, length) => size * length, 1);
}

// The index of a flat position, in C order.
function unravel(position, shape) {
  const index = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index.unshift(position % shape[axis]);
    position = Math.floor(position / shape[axis]);
  }
  return index;
}
