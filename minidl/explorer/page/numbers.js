// The data, the loss and its gradient.
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
