"""Mutants that are no mistakes: each computes the same numbers for every input, and here is why. "No test caught it" is no argument.

By name, as ``python -m tests.mutation.run --list`` prints them. One that a test kills, or that is gone, fails the run."""

EMPTY = (
    "This factor is used only if n = 0. n is the product of some of x's axis lengths, so then one of them is 0 and x has no numbers: "
    "the gradient has none either, and what it is multiplied with changes nothing, at any order."
)
WHOLE = (
    "dx has the shape of the padded image, (h + top + bottom, w + left + right). It is x's shape exactly if all four widths are 0, and "
    "then the slices 0:h and 0:w take every row and every column: slicing is the identity, as is its own gradient."
)
OPEN_AXIS = (
    "The vector has k numbers and the shape one open axis beside an axis of length 1, so its length can only be k. Which negative number "
    "marks the axis as open does not enter: NumPy's reshape takes any."
)
INSERT = (
    "list.insert(−1, v) puts v before the last element, and so does insert(len − 1, v), by the meaning of a negative position. The list "
    "is never empty: with a row on the left, y has the axis of b's columns, or was just given one."
)
ROW = (
    "dL/drow has the shape (…, 1, k), and a the shape (k,). The engine sums a gradient over the axes its input does not have: with the "
    "axis of length 1 among them, as here, or without it, as in the rule. A sum over one number is that number, so both are the same."
)
ONE_AXIS = "This is asked only where the input has ndim = 1. Its first axis is its last: shape[0] and shape[−1] are the same number."
LAST_AXES = (
    "Axes −1 and −2 are the last and the last but one, which is what ndim − 1 and ndim − 2 are (ndim ≥ 2 here): the same permutation; "
    "and transpose's own rule takes the axes modulo ndim, so its gradient is the same too."
)

EARLY = (
    "``done`` only ends the search for smaller steps, when all series are done. A series that is ok ignores what is added later, and one "
    "that two steps have settled lies 100 tolerances off at both, so that no later step agrees but by rounding. With this condition "
    "stricter, more steps are computed and the same is answered."
)

EQUIVALENT: dict[str, str] = {
    "doctor.differences.Series.add | mask | bend < 0.1 * gap → False": EARLY,
    "doctor.differences.Series.add | mask | gap > 100.0 * tolerance → False": EARLY,
    "doctor.differences.Series.add | compare | ok or (gap > 100.0 * tolerance and change < 0.001 * gap and (bend < 0.1 * gap)) → "
    "ok and (gap > 100.0 * tolerance and change < 0.001 * gap and (bend < 0.1 * gap))": EARLY,
    "doctor.differences.Series.add | drop | ok or (gap > 100.0 * tolerance and change < 0.001 * gap and (bend < 0.1 * gap)) → "
    "gap > 100.0 * tolerance and change < 0.001 * gap and (bend < 0.1 * gap)": EARLY,
    "mean | constant | 0.0 → 1": EMPTY,
    "max_pool2d | branch | dx if dx.shape == x.shape else dx[:, top:top + h, left:left + w] → dx[:, top:top + h, left:left + w]": WHOLE,
    "max_pool2d | mask | dx.shape == x.shape → False": WHOLE,
    "matmul | constant | -1 → -2": OPEN_AXIS,
    "matmul | constant | -1 → -2 #2": OPEN_AXIS,
    "matmul | drop | len(shape) - 1 → -1": INSERT,
    "matmul | branch | reshape(da, shape=(*da.shape[:-2], a.shape[0])) if row else da → da": ROW,
    "matmul | call | reshape(da, shape=(*da.shape[:-2], a.shape[0])) → da": ROW,
    "matmul | index | :-2 → :-2 + 1": ROW,
    "matmul | constant | -2 → -1": ROW,
    "matmul | constant | 0 → -1": ONE_AXIS,
    "matmul | constant | 0 → -1 #2": ONE_AXIS,
    "_swap | drop | x.ndim - 1 → -1": LAST_AXES,
    "_swap | drop | x.ndim - 2 → -2 #2": LAST_AXES,
}
