// The data, the loss and its gradient; numbers as text.
const $ = (id) => document.getElementById(id);
const given = JSON.parse($("given").textContent);
const { x: X, y: Y } = given;

/** The mean squared error of the line w·x + b. */
function loss(w, b) {
  let total = 0;
  for (let i = 0; i < X.length; i++) total += (w * X[i] + b - Y[i]) ** 2;
  return total / X.length;
}

/** [∂loss/∂w, ∂loss/∂b] */
function gradient(w, b) {
  let dw = 0, db = 0;
  for (let i = 0; i < X.length; i++) {
    const error = w * X[i] + b - Y[i];
    dw += 2 * error * X[i];
    db += 2 * error;
  }
  return [dw / X.length, db / X.length];
}

/** A number in six digits at most, with a minus sign as printed. */
function text(value, digits = 6) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const plain = size !== 0 && (size >= 1e7 || size < 1e-4) ? value.toExponential(3) : String(Number(value.toPrecision(digits)));
  return plain.replace("e+", "e").replaceAll("-", "−");
}

const signed = (value) => (value < 0 ? `(${text(value)})` : text(value));
