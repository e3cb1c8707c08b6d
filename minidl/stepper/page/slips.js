// What kind of slip a wrong prediction looks like: the classes of the gradient doctor, as far as numbers alone can tell.

// A prediction counts as right within 1 %, or if it is the right number rounded to the digits typed (two at least).
function agrees(typed, right, text = "") {
  if (Number.isNaN(right)) return Number.isNaN(typed);
  if (!Number.isFinite(right)) return typed === right;
  const error = Math.abs(typed - right);
  if (error <= Math.max(Math.abs(right) * 0.01, 1e-9)) return true;
  const written = text.match(/^[-−+]?0*\.?0*([\d.]*)$/);
  const digits = written ? written[1].replace(".", "").length : 0;
  const decimals = (text.split(".")[1] ?? "").length;
  return digits >= 2 && error <= 0.5 * 10 ** -decimals * (1 + 1e-9);
}

function allAgree(typed, right) {
  return typed.length === right.length && typed.every((value, i) => agrees(value, right[i]));
}

function transposed(values, [rows, columns]) {
  return values.map((_, k) => values[(k % rows) * columns + Math.floor(k / rows)]);
}

// ``typed`` and ``right`` are lists of numbers. ``facts``: lists of the same length (or null) for what a student may have mixed up:
// upstream, value, output, others: [{name, values}], total, turned (what stands there if the matrix is transposed), sizes: [{name, count}].
function slipOf(typed, right, facts) {
  const is = (values) => values && allAgree(typed, values);
  const times = (factor) => right.map((value) => value * factor);
  if (typed.some(Number.isNaN) && !right.some(Number.isNaN)) return "That is not a number.";
  if (is(times(-1))) return "The size is right, the sign is not: it looks like a sign slip.";
  if (is(facts.turned)) return "These are the right numbers in the wrong places: it looks transposed.";
  const { upstream } = facts;
  if (is(upstream)) return "That is the upstream gradient: multiply it by the local derivative.";
  const local = upstream && right.map((value, i) => value / upstream[i]);
  if (local && local.every(Number.isFinite) && is(local))
    return "That is the local derivative alone: it looks as if you forgot to multiply by the upstream gradient.";
  for (const { name, values } of facts.others ?? [])
    if (is(values)) return `That is the gradient of the other input, ${name}: the two look swapped.`;
  if (is(facts.value)) return "That is the value of this input, not its gradient.";
  if (is(facts.output)) return "That is the value of the output, not a gradient.";
  if (is(facts.total)) return "That is the gradient added up so far; the question is what this step adds.";
  if (is(times(2)) || is(times(0.5))) return "It is off by a factor of 2.";
  for (const { name, count } of facts.sizes ?? []) {
    if (count < 2) continue;
    if (is(times(count))) return `It is too large by a factor of ${count}, ${name}: a mean divides by it.`;
    if (is(times(1 / count))) return `It is too small by a factor of ${count}, ${name}: was it divided once too often?`;
  }
  const ratios = right.map((value, i) => typed[i] / value);
  if (right.every((value) => value !== 0) && ratios.every((ratio) => ratio > 0.9 && ratio < 1.1))
    return "Close: a little more precision, please (within 1 %).";
  if (ratios.length > 1 && ratios[0] && ratios.every((ratio) => agrees(ratio, ratios[0])))
    return `Every number is off by the same factor, ${number(ratios[0], "float64", 3)}.`;
  if (right.length > 1) return `${typed.filter((value, i) => agrees(value, right[i])).length} of ${right.length} numbers are right.`;
  if (right[0] === 0 && typed[0] !== 0) return "Not that. Does this entry have any influence on the output here?";
  if (Math.sign(typed[0]) !== Math.sign(right[0])) return "Not that, and the sign is different, too.";
  return "Not that. Upstream × local: which of the two factors is different?";
}

// "1/3, −2e-3 [4]" as numbers: products and quotients are worked out, nothing is ever executed. Null where a word is no number.
function typedNumbers(text) {
  const words = text
    .replace(/[−–]/g, "-")
    .replace(/[×·]/g, "*")
    .replace(/\s*([*/])\s*/g, "$1")
    .split(/[\s,;[\]()]+/)
    .filter(Boolean);
  const numbers = words.map(workedOut);
  return words.length && numbers.every((value) => value != null) ? { numbers, words } : null;
}

function workedOut(word) {
  let result = null;
  for (const [, operator, text] of word.matchAll(/([*/]?)([^*/]+)/g)) {
    const value = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)
      ? Number(text)
      : { nan: NaN, inf: Infinity, infinity: Infinity, "-inf": -Infinity, "-infinity": -Infinity }[text.toLowerCase()];
    if (value === undefined) return null;
    result = result == null ? value : operator === "/" ? result / value : result * value;
  }
  return result;
}
