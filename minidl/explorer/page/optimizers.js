// The update rules, as in minidl/optimizers/update_rules.py, for one number. Each returns the new value, the state, and the lines that say how.
const EPSILON = 1e-7;

const optimizers = {
  SGD: {
    rate: 0.01,
    update(p, g, rate) {
      const end = p - rate * g;
      return { end, state: {}, lines: [`{p} ← {p} − η · g = ${text(p)} − ${text(rate)} · ${signed(g)} = ${text(end)}`] };
    },
  },
  Momentum: {
    rate: 0.003,
    update(p, g, rate, { v = 0 }) {
      const next = 0.9 * v - rate * g, end = p + next;
      return { end, state: { v: next }, lines: [
        `v ← β · v − η · g = 0.9 · ${signed(v)} − ${text(rate)} · ${signed(g)} = ${text(next)}`,
        `{p} ← {p} + v = ${text(p)} + ${signed(next)} = ${text(end)}`,
      ] };
    },
  },
  Adagrad: {
    rate: 1,
    update(p, g, rate, { a = 0.1 }) {
      const next = a + g * g, end = p - rate * g / Math.sqrt(next + EPSILON);
      return { end, state: { a: next }, lines: [
        `a ← a + g² = ${text(a)} + ${signed(g)}² = ${text(next)}`,
        `{p} ← {p} − η · g / √(a + ε) = ${text(p)} − ${text(rate)} · ${signed(g)} / √${text(next)} = ${text(end)}`,
      ] };
    },
  },
  RMSprop: {
    rate: 0.2,
    update(p, g, rate, { v = 0 }) {
      const next = 0.9 * v + 0.1 * g * g, end = p - rate * g / Math.sqrt(next + EPSILON);
      return { end, state: { v: next }, lines: [
        `v ← ρ · v + (1 − ρ) · g² = 0.9 · ${text(v)} + 0.1 · ${signed(g)}² = ${text(next)}`,
        `{p} ← {p} − η · g / √(v + ε) = ${text(p)} − ${text(rate)} · ${signed(g)} / √${text(next)} = ${text(end)}`,
      ] };
    },
  },
  Adam: {
    rate: 0.3,
    update(p, g, rate, { m = 0, v = 0 }, t) {
      const m2 = m + 0.1 * (g - m), v2 = v + 0.001 * (g * g - v);
      const scaled = rate * Math.sqrt(1 - 0.999 ** t) / (1 - 0.9 ** t), end = p - scaled * m2 / (Math.sqrt(v2) + EPSILON);
      return { end, state: { m: m2, v: v2, m_hat: m2 / (1 - 0.9 ** t), v_hat: v2 / (1 - 0.999 ** t) }, lines: [
        `m ← β₁ · m + (1 − β₁) · g = 0.9 · ${signed(m)} + 0.1 · ${signed(g)} = ${text(m2)}`,
        `v ← β₂ · v + (1 − β₂) · g² = 0.999 · ${text(v)} + 0.001 · ${signed(g)}² = ${text(v2)}`,
        `m̂ = m / (1 − β₁ᵗ) = ${text(m2 / (1 - 0.9 ** t))}     v̂ = v / (1 − β₂ᵗ) = ${text(v2 / (1 - 0.999 ** t))}`,
        `{p} ← {p} − η · √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε) = ${text(p)} − ${text(scaled)} · ${signed(m2)} / √${text(v2)} = ${text(end)}`,
      ] };
    },
  },
};
