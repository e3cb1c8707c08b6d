// Elements by their id; numbers as text.
const $ = (id) => document.getElementById(id);

/** A number in six digits at most, with a minus sign as printed. */
function text(value, digits = 6) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const plain = size !== 0 && (size >= 1e7 || size < 1e-4) ? value.toExponential(3) : String(Number(value.toPrecision(digits)));
  return plain.replace("e+", "e").replaceAll("-", "−");
}

const signed = (value) => (value < 0 ? `(${text(value)})` : text(value));
