// Numbers and shapes as text: never more digits than the type has.

const SIGNIFICANT = { float16: 3, bfloat16: 3 };

function digitsOf(dtype) {
  return SIGNIFICANT[dtype] ?? 6;
}

// A number with a proper minus sign: 0.25, −3, 1.5e−7, NaN, infinity.
function number(entry, dtype = "float64", digits = digitsOf(dtype)) {
  if (typeof entry === "boolean") return String(entry);
  const value = numberOf(entry ?? NaN);
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "infinity" : "−infinity";
  if (/int/.test(dtype)) return String(value).replace("-", "−");
  const magnitude = Math.abs(value);
  const text =
    magnitude !== 0 && (magnitude >= 10 ** Math.max(6, digits) || magnitude < 1e-4)
      ? value
          .toExponential(digits - 1)
          .replace(/\.?0+e/, "e")
          .replace("e+", "e")
      : String(Number(value.toPrecision(digits)));
  return text.replace(/-/g, "−");
}

// The number with every digit that it has: of a float32, the fewest that give it back.
function allDigits(entry, dtype = "float64") {
  if (typeof entry !== "number" || !Number.isFinite(entry)) return number(entry);
  let text = String(entry);
  if (dtype === "float32") {
    const digits = [6, 7, 8].find((count) => Math.fround(Number(entry.toPrecision(count))) === Math.fround(entry)) ?? 9;
    text = String(Number(entry.toPrecision(digits)));
  }
  return text.replace(/-/g, "−");
}

function shapeText(shape) {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
}

function indexText(index) {
  return index.length ? `[${index.join(", ")}]` : "";
}

function counted(count, noun, several = `${noun}s`) {
  return `${grouped(count)} ${count === 1 ? noun : several}`;
}

// 10 000
function grouped(count) {
  return count.toLocaleString("en").replace(/,/g, " ");
}

// An array in a few characters, for the graph: its numbers if there are few, else what they are like.
function summary(array, kind = "value") {
  if (!array) return "";
  const digits = Math.min(4, digitsOf(array.dtype));
  if (array.values && array.values.length === 1) return number(array.values[0], array.dtype);
  if (array.values && array.values.length && array.values.length <= 3) {
    return `[${array.values.map((entry) => number(entry, array.dtype, Math.min(3, digits))).join(", ")}]`;
  }
  const { mean, std, norm, nan, inf } = array.stats ?? {};
  if (nan) return `${nan} NaN`;
  if (inf) return `${inf} infinite`;
  if (mean == null) return sizeOf(array.shape) ? "" : "empty";
  if (kind === "value" && Math.abs(mean) < 1e-7 * std) return `0 ± ${number(std, array.dtype, 3)}`; // what rounding left of a mean of 0
  return kind === "gradient" ? `norm ${number(norm, array.dtype, 3)}` : `${number(mean, array.dtype, 3)} ± ${number(std, array.dtype, 3)}`;
}
