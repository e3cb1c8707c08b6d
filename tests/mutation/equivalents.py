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
OPEN_AXIS_OF_MANY = "The other axes are given, so the open one has one length. Which negative number marks it: NumPy's reshape takes any."
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

# ---------------------------------------------------------------- in the kernels

UNUSED = (
    "Something more is computed that nobody reads: what was not asked for is still answered with None, and masks that no gradient will "
    "need are thrown away. It costs time and memory, no number changes."
)
SAME_NUMBER = "NumPy takes Python's number in the type of the array beside it: 0 and infinity are the same number in every float type."
CLIP = "np.clip(a, 0, ∞) is min(max(a, 0), ∞). The maximum of two numbers does not depend on their order, and nan passes both ways."
ALREADY = "A part of an array's shape is a tuple already: tuple(…) of it is the same."
TWO_WAYS = (
    "Rows that are not dilated may be copied once for all places of the window, or once for each: both ways read the same numbers of the "
    "picture in the same order."
)
MORE_ROWS = "The table of copies gets a row or two more at its end, which are filled and never looked at."
REMEMBERED = "Whether a geometry is worked out again or remembered: the same function of the same arguments."
TWO_FORMS = (
    "A correlation may be computed in the gathered or in the shifted form: both sum the same products of kernel and picture over (i, j, "
    "m), only grouped in another way. Which of them is taken is a question of speed, where both are possible."
)
ANY_ORDER = (
    "The first of the shifted outputs is written, with 0 beside it, and the others are added: whichever comes first, the sum is the same. "
    "Beginning with the widest saves writing zeros."
)
ROOM = "Nothing reads the numbers between the rows of the table: how many there are changes where a row lies, not what it holds."
OVERWRITTEN = (
    "These numbers are set to 0 first and then, before anybody reads them, to what they are: rows inside the picture are written whole, "
    "the zeros at both sides and the numbers between them."
)
SHORT_CUT = (
    "Where all that is copied lies inside the picture, it may be copied at once. With this condition stricter, as here, the way that also "
    "looks for what lies outside is taken, which finds nothing there and copies the same numbers to the same places."
)
NO_ROWS = "If low = high, the rows before it and the rows from it on are all rows, and all of them become 0, as with (start, start)."
EMPTY_SLICE = "If the two are equal, or it ends at 0, the slice is empty, and writing 0 into it changes nothing."
COPY = "The axes were swapped, so that reshape has to copy anyway: it gives the same numbers in the same order, once or twice copied."
TOGETHER = "The two masks are made together: either both are arrays, or both are None."
NOTHING_LEFT = "Without a maximum dz has as many rows as g, and dz[2 · rows:] is empty: nothing is set to 0."
PAIRS = (
    "Of the places a, a + 2, a + 4 … the last one taken lies two or more before the end of the slice's range, by the parity of an even "
    "count: the end may be one further or nearer, the same places are taken."
)
FOUR_AXES = "A picture's shape has four numbers, and ::2 takes the first and the third: the last one may be left out before."
FIRST_PLACE = (
    "At the first place of the window, k = 0, the numbers that beat what was there are multiplied with 0, and the winners are 0 from the "
    "beginning: the larger of 0 and 0 is 0."
)
SCATTERED = (
    "The numbers of the gradient may be collected (a correlation with the flipped kernel, at stride 1) or scattered (at any stride): both "
    "sum the same products g · kernel. Which is done at stride 1 is a question of speed."
)
COPIED_OR_NOT = (
    "The gradient of the kernel may be computed from the rows as they lie, at stride 1 and where rows are not dilated, or from gathered "
    "copies, always: both sum the same products g · x. Where both are possible, which is taken is a question of speed."
)
OUT = "The product is used as matmul returns it; ``out`` only says where in memory its numbers lie."
ONE_COLUMN = (
    "A window one column wide needs no padding, “same” or not, and at stride 1 it has as many places as there are columns: the second "
    "condition holds where the first does."
)
DIRECT = (
    "Where nothing lies shifted, the product may be written where it belongs, or into the table, from which the only shift, by 0 columns, "
    "is copied whole."
)
ZEROS_FIRST = (
    "The column low becomes 0 one step too early: then part is written there, or, where low = high and part is empty, 0 with all columns "
    "from high on."
)

DIVIDED = (
    "How the product of two matrices is divided among the threads: by rows, by columns, or not at all. Each number of y is the same sum of "
    "products. The ranges cover the longer side, and what of them lies beyond the shorter one is an empty slice."
)
NO_BIAS = (
    "Without a bias (gamma, beta) there is None in its place, which needs no gradient: what is needed is False there, whatever is said "
    "about its presence."
)
FIRST_AXIS = "Axis 0 is the one that np.add.reduce takes if none is given."

LAYOUT = (
    "In which order the numbers lie in memory, and by which way they are copied there: the array has the same numbers at the same places, "
    "whatever its strides. It costs time, if it is another one."
)
ONE_SLOT = "The list has one array, where it has any: its first is its last."
SYMMETRIC = "Which shapes fit together, and to what, does not depend on their order."
BY_THE_OP = "Arrays of types that the kernel does not take are handed back, and the readable op computes the same numbers."
ALONG = "Where needs[2] is true, ``along`` was computed a few lines before: the condition there is the same or wider."

# ---------------------------------------------------------------- in gradcheck

SEED = "The seed chooses the random directions. gradcheck promises the same for every seed, and 1 is as good as 0."

NO_FINDINGS = (
    "There is always an answer for the first point, and what failed is what was found or a point beside it: both are None, or none is."
)

BUDGET = (
    "In large cases the search for entries ends with the first argument that fails, to save time. Without this, more are looked at, and "
    "of all entries that were found the one that is farthest off is kept: the verdict was settled before."
)
AT_A_TIME = (
    "How many output rows are computed with one matrix product. Each output row is the same sum of the same numbers, whether its "
    "neighbours are computed with it or after it."
)

EQUIVALENT: dict[str, str] = {
    "doctor.examination._examine_argument | branch | if found.worst is None or _small(ruler.subject): _locate(ruler, a, k, v, match, "
    "found, rng) → if True: _locate(ruler, a, k, v, match, found, rng)": BUDGET,
    "doctor.examination._examine_argument | mask | found.worst is None → True": BUDGET,
    "checking._check | drop | found is None or failed is None or failed.ok → found is None or failed.ok": NO_FINDINGS,
    "checking._check | drop | found is None or failed is None or failed.ok → failed is None or failed.ok": NO_FINDINGS,
    "checking._check | mask | found is None → False": NO_FINDINGS,
    "checking._check | drop | found is not None and (not reaches) → not reaches": NO_FINDINGS,
    "checking._check | mask | failed is None → False": NO_FINDINGS,
    "checking._check | mask | found is not None → True #2": NO_FINDINGS,
    "checking.gradcheck | constant | 0 → 1": SEED,
    "kernels.numpy.convolution._forward | drop | pooled and recording.get() → pooled": UNUSED,
    "kernels.numpy.convolution._forward | call | dtype.type(0) → 0": SAME_NUMBER,
    "kernels.numpy.convolution._forward | call | dtype.type(np.inf) → np.inf": SAME_NUMBER,
    "kernels.numpy.convolution._forward | operands | np.clip(out, zero, infinity, out=out) → np.clip(zero, out, infinity, out=out)": CLIP,
    "kernels.numpy.convolution._largest_of_four | index | 0::2 → 0:-1:2": PAIRS,
    "kernels.numpy.convolution._largest_of_four | index | 0:2 * columns:2 → 0:2 * columns - 1:2": PAIRS,
    "kernels.numpy.convolution._largest_of_four | branch | if upper is not None: np.greater_equal(first, second, out=upper) "
    "np.greater_equal(a, b, out=left) → if True: np.greater_equal(first, second, out=upper) np.greater_equal(a, b, out=left)": UNUSED,
    "kernels.numpy.convolution.vjp | drop | needs_x and (y is not None or pooled) → y is not None or pooled": UNUSED,
    "kernels.numpy.convolution.vjp | branch | if needs_bias: bias_gradient = bias_gradient + (part.reshape(e - a, filters, -1) @ ones)"
    ".sum(axis=0) → if True: bias_gradient = bias_gradient + (part.reshape(e - a, filters, -1) @ ones).sum(axis=0)": UNUSED,
    "kernels.numpy.convolution.vjp | drop | upper is not None and left is not None and (needs_x or needs_kernel) → left is not None and "
    "(needs_x or needs_kernel)": TOGETHER,
    "kernels.numpy.convolution.vjp | drop | upper is not None and left is not None and (needs_x or needs_kernel) → upper is not None and "
    "(needs_x or needs_kernel)": TOGETHER,
    "kernels.numpy.convolution.vjp | drop | upper is not None and left is not None and (needs_x or needs_kernel) → upper is not None and "
    "left is not None": UNUSED,
    "kernels.numpy.convolution.vjp | mask | upper is not None → True": TOGETHER,
    "kernels.numpy.convolution.vjp | mask | left is not None → True #2": TOGETHER,
    "kernels.numpy.convolution.vjp | branch | if pooled: dz[2 * rows:] = 0 → if True: dz[2 * rows:] = 0": NOTHING_LEFT,
    "kernels.numpy.convolution.vjp | index | ::2 → :-1:2": PAIRS,
    "kernels.numpy.convolution._to_winners | index | 0:2 * columns:2 → 0:2 * columns - 1:2": PAIRS,
    "kernels.numpy.convolution._to_winners | index | 0::2 → 0:-1:2": PAIRS,
    "kernels.numpy.convolution._to_winners | index | 0::2 → 0:-1:2 #2": PAIRS,
    "kernels.numpy.correlation.geometry_of | call | tuple(image) → image": ALREADY,
    "kernels.numpy.correlation.geometry_of | call | tuple(window) → window": ALREADY,
    "kernels.numpy.correlation.geometry_of | branch | _geometry_of if isinstance(padding, str) else _geometry_of.__wrapped__ → "
    "_geometry_of.__wrapped__": REMEMBERED,
    "kernels.numpy.correlation.Correlation.__init__ | mask | kw == 1 → True": TWO_FORMS,
    "kernels.numpy.correlation.Correlation.__init__ | constant | 1 → 0 #4": TWO_FORMS,
    "kernels.numpy.correlation.Correlation._shift | constant | 0 → -1": ANY_ORDER,
    "kernels.numpy.correlation.gather | drop | kh - 1 → kh": MORE_ROWS,
    "kernels.numpy.correlation.gather | plus_minus | kh - 1 → kh + 1": MORE_ROWS,
    "kernels.numpy.correlation.gather | constant | 1 → 0 #8": MORE_ROWS,
    "kernels.numpy.correlation.gather | branch | 1 if dh == 1 else kh → kh": TWO_WAYS,
    "kernels.numpy.correlation.gather | mask | dh == 1 → False": TWO_WAYS,
    "kernels.numpy.correlation.gather | constant | 1 → 0 #4": TWO_WAYS,
    "kernels.numpy.correlation.gather | drop | n * images + PADDING // x.itemsize → n * images": ROOM,
    "kernels.numpy.correlation.gather | drop | PADDING // x.itemsize → PADDING": ROOM,
    "kernels.numpy.correlation.gather | operands | PADDING // x.itemsize → x.itemsize // PADDING": ROOM,
    "kernels.numpy.correlation.gather | call | np.ascontiguousarray(chosen) → chosen": COPY,
    "kernels.numpy.correlation._copy_rows | branch | if min(start, left) >= 0 and start + length <= height and (left + (n - 1) * "
    "stride + (kw - 1) * dilation < width): row, channel, column, size = x.strides first, strides = (start * row + left * column, "
    "(row, dilation * column, channel, stride * column, size)) places_[...] = np.ndarray(places_.shape, x.dtype, x, first, strides) "
    "return → if False: row, channel, column, size = x.strides first, strides = (start * row + left * column, (row, dilation * "
    "column, channel, stride * column, size)) places_[...] = np.ndarray(places_.shape, x.dtype, x, first, strides) return": SHORT_CUT,
    "kernels.numpy.correlation._copy_rows | statement | if min(start, left) >= 0 and start + length <= height and (left + (n - 1) * "
    "stride + (kw - 1) * dilation < width): row, channel, column, size = x.strides first, strides = (start * row + left * column, "
    "(row, dilation * column, channel, stride * column, size)) places_[...] = np.ndarray(places_.shape, x.dtype, x, first, strides) "
    "return → pass": SHORT_CUT,
    "kernels.numpy.correlation._copy_rows | mask | min(start, left) >= 0 → False": SHORT_CUT,
    "kernels.numpy.correlation._copy_rows | compare | min(start, left) >= 0 → min(start, left) > 0": SHORT_CUT,
    "kernels.numpy.correlation._copy_rows | constant | 0 → 1": SHORT_CUT,
    "kernels.numpy.correlation._copy_rows | mask | start + length <= height → False": SHORT_CUT,
    "kernels.numpy.correlation._copy_rows | compare | start + length <= height → start + length < height": SHORT_CUT,
    "kernels.numpy.correlation._copy_rows | mask | left + (n - 1) * stride + (kw - 1) * dilation < width → False": SHORT_CUT,
    "kernels.numpy.correlation._copy_rows | drop | n - 1 → n": SHORT_CUT,
    "kernels.numpy.correlation._copy_rows | plus_minus | n - 1 → n + 1": SHORT_CUT,
    "kernels.numpy.correlation._copy_rows | constant | 1 → 0": SHORT_CUT,
    "kernels.numpy.correlation._copy_rows | drop | kw - 1 → kw": SHORT_CUT,
    "kernels.numpy.correlation._copy_rows | plus_minus | kw - 1 → kw + 1": SHORT_CUT,
    "kernels.numpy.correlation._copy_rows | constant | 1 → 0 #2": SHORT_CUT,
    "kernels.numpy.correlation._copy_rows | compare | low < high → low <= high": NO_ROWS,
    "kernels.numpy.correlation._copy_rows | index | :low - start → :low - start + 1": OVERWRITTEN,
    "kernels.numpy.correlation._copy_rows | drop | low - start → -start": OVERWRITTEN,
    "kernels.numpy.correlation._copy_rows | index | :skip → :skip + 1": OVERWRITTEN,
    "kernels.numpy.correlation._copy_rows | branch | if skip: rows[:, :, :skip] = 0 → if True: rows[:, :, :skip] = 0": EMPTY_SLICE,
    "kernels.numpy.correlation._copy_rows | compare | end < n → end <= n": EMPTY_SLICE,
    "kernels.numpy.correlation._copy_rows | branch | if end < n: rows[:, :, end:] = 0 → if True: rows[:, :, end:] = 0": EMPTY_SLICE,
    "kernels.numpy.correlation.gather | drop | PADDING // x.itemsize → x.itemsize": ROOM,
    "kernels.numpy.correlation.seen_rows | call | max(1, config.settings().block_bytes // row_bytes) → 1": AT_A_TIME,
    "kernels.numpy.correlation.seen_rows | constant | 1 → 2": AT_A_TIME,
    "kernels.numpy.correlation.seen_rows | drop | config.settings().block_bytes // row_bytes → row_bytes": AT_A_TIME,
    "kernels.numpy.correlation.seen_rows | drop | config.settings().block_bytes // row_bytes → config.settings().block_bytes": AT_A_TIME,
    "kernels.numpy.correlation.seen_rows | operands | config.settings().block_bytes // row_bytes → row_bytes // "
    "config.settings().block_bytes": AT_A_TIME,
    "kernels.numpy.correlation.seen_rows | branch | r0 + 1 if high - low < kh else min(rows[1], r0 + down, height - kh + top + 1) → "
    "r0 + 1": AT_A_TIME,
    "kernels.numpy.correlation.seen_rows | mask | high - low < kh → True": AT_A_TIME,
    "kernels.numpy.correlation.seen_rows | compare | high - low < kh → high - low <= kh": AT_A_TIME,
    "kernels.numpy.correlation.input_gradient | call | np.ascontiguousarray(kernel.transpose(2, 0, 1, 3)) → kernel.transpose(2, 0, 1, "
    "3)": LAYOUT,
    "kernels.numpy.correlation._scatter | constant | -1 → -2": OPEN_AXIS_OF_MANY,
    "kernels.numpy.correlation._scatter | operands | r1 - r0 → r0 - r1 #2": OPEN_AXIS_OF_MANY,
    "kernels.numpy.correlation._scatter | operands | c1 - c0 → c0 - c1": OPEN_AXIS_OF_MANY,
    "kernels.numpy.correlation.input_gradient | branch | if at.strides == (1, 1): before = tuple((d * (k - 1) - first for d, k, "
    "first in zip(at.dilation, at.window, at.first))) back = Geometry(at.window, (1, 1), at.dilation, before, image) flipped = "
    "Correlation(np.ascontiguousarray(kernel[::-1, ::-1].transpose(0, 1, 3, 2)), back) run_parts(lambda _, low, high: "
    "flipped.rows(g, dx[low:high], low), parts_of(image[0], work)) else: rows = np.ascontiguousarray(kernel.transpose(2, 0, 1, 3)) "
    "run_parts(lambda _, low, high: _scatter(g, rows[low:high], dx[:, low:high], at), parts_of(channels, work)) → if False: before = "
    "tuple((d * (k - 1) - first for d, k, first in zip(at.dilation, at.window, at.first))) back = Geometry(at.window, (1, 1), "
    "at.dilation, before, image) flipped = Correlation(np.ascontiguousarray(kernel[::-1, ::-1].transpose(0, 1, 3, 2)), back) "
    "run_parts(lambda _, low, high: flipped.rows(g, dx[low:high], low), parts_of(image[0], work)) else: rows = "
    "np.ascontiguousarray(kernel.transpose(2, 0, 1, 3)) run_parts(lambda _, low, high: _scatter(g, rows[low:high], dx[:, low:high], "
    "at), parts_of(channels, work))": SCATTERED,
    "kernels.numpy.correlation.input_gradient | constant | 1 → 0 #2": SCATTERED,
    "kernels.numpy.correlation.input_gradient | constant | 1 → 0 #3": SCATTERED,
    "kernels.numpy.correlation.input_gradient | call | np.ascontiguousarray(kernel[::-1, ::-1].transpose(0, 1, 3, 2)) → kernel[::-1, "
    "::-1].transpose(0, 1, 3, 2)": LAYOUT,
    "kernels.numpy.correlation.add_kernel_gradient | branch | if at.strides == (1, 1) and at.dilation[0] == 1 and (channels >= "
    "FEW_CHANNELS): for (r0, r1), (i0, i1), seen in seen_rows(x, (first_row, first_row + count), kh * channels * filters * "
    "x.itemsize, at): products = scratch('products', (r1 - r0, (i1 - i0) * channels, filters), g.dtype) for j, (low, high, start) in "
    "enumerate(shifts(x.shape[2], at)): columns = seen[:, :, start * images:(start + high - low) * images] rows = flat[r0 - "
    "first_row:r1 - first_row, low * images:high * images] np.matmul(columns, rows, out=products) gradient[i0:i1, j] += "
    "np.add.reduce(products, axis=0).reshape(i1 - i0, channels, filters) return → if False: for (r0, r1), (i0, i1), seen in "
    "seen_rows(x, (first_row, first_row + count), kh * channels * filters * x.itemsize, at): products = scratch('products', (r1 - "
    "r0, (i1 - i0) * channels, filters), g.dtype) for j, (low, high, start) in enumerate(shifts(x.shape[2], at)): columns = seen[:, "
    ":, start * images:(start + high - low) * images] rows = flat[r0 - first_row:r1 - first_row, low * images:high * images] "
    "np.matmul(columns, rows, out=products) gradient[i0:i1, j] += np.add.reduce(products, axis=0).reshape(i1 - i0, channels, "
    "filters) return": COPIED_OR_NOT,
    "kernels.numpy.correlation.add_kernel_gradient | statement | if at.strides == (1, 1) and at.dilation[0] == 1 and (channels >= "
    "FEW_CHANNELS): for (r0, r1), (i0, i1), seen in seen_rows(x, (first_row, first_row + count), kh * channels * filters * "
    "x.itemsize, at): products = scratch('products', (r1 - r0, (i1 - i0) * channels, filters), g.dtype) for j, (low, high, start) in "
    "enumerate(shifts(x.shape[2], at)): columns = seen[:, :, start * images:(start + high - low) * images] rows = flat[r0 - "
    "first_row:r1 - first_row, low * images:high * images] np.matmul(columns, rows, out=products) gradient[i0:i1, j] += "
    "np.add.reduce(products, axis=0).reshape(i1 - i0, channels, filters) return → pass": COPIED_OR_NOT,
    "kernels.numpy.correlation.add_kernel_gradient | drop | at.strides == (1, 1) and at.dilation[0] == 1 and (channels >= "
    "FEW_CHANNELS) → at.strides == (1, 1) and at.dilation[0] == 1": COPIED_OR_NOT,
    "kernels.numpy.correlation.add_kernel_gradient | mask | at.strides == (1, 1) → False": COPIED_OR_NOT,
    "kernels.numpy.correlation.add_kernel_gradient | constant | 1 → 0 #2": COPIED_OR_NOT,
    "kernels.numpy.correlation.add_kernel_gradient | constant | 1 → 0 #3": COPIED_OR_NOT,
    "kernels.numpy.correlation.add_kernel_gradient | mask | at.dilation[0] == 1 → False": COPIED_OR_NOT,
    "kernels.numpy.correlation.add_kernel_gradient | constant | 1 → 0 #4": COPIED_OR_NOT,
    "kernels.numpy.correlation.add_kernel_gradient | mask | channels >= FEW_CHANNELS → True": COPIED_OR_NOT,
    "kernels.numpy.correlation.add_kernel_gradient | mask | channels >= FEW_CHANNELS → False": COPIED_OR_NOT,
    "kernels.numpy.correlation.add_kernel_gradient | compare | channels >= FEW_CHANNELS → channels > FEW_CHANNELS": COPIED_OR_NOT,
    "kernels.numpy.correlation.add_kernel_gradient | compare | channels >= FEW_CHANNELS → channels <= FEW_CHANNELS": COPIED_OR_NOT,
    "kernels.numpy.correlation.add_kernel_gradient | drop | kh * channels * filters * x.itemsize → kh * channels * filters": AT_A_TIME,
    "kernels.numpy.correlation.add_kernel_gradient | drop | kh * channels * filters * x.itemsize → x.itemsize": AT_A_TIME,
    "kernels.numpy.correlation.add_kernel_gradient | drop | kh * channels * filters → kh * channels": AT_A_TIME,
    "kernels.numpy.correlation.add_kernel_gradient | drop | kh * channels * filters → filters": AT_A_TIME,
    "kernels.numpy.correlation.add_kernel_gradient | drop | kh * channels → kh": AT_A_TIME,
    "kernels.numpy.correlation.add_kernel_gradient | drop | kh * channels → channels": AT_A_TIME,
    "kernels.numpy.correlation.add_kernel_gradient | keyword | np.add.reduce(products, axis=0) → np.add.reduce(products)": FIRST_AXIS,
    "kernels.numpy.correlation.add_kernel_gradient | operands | i1 - i0 → i0 - i1": OPEN_AXIS_OF_MANY,
    "kernels.numpy.correlation.add_kernel_gradient | keyword | np.add.reduce(np.matmul(columns, rows, out=products), axis=0) → "
    "np.add.reduce(np.matmul(columns, rows, out=products))": FIRST_AXIS,
    "kernels.numpy.correlation.add_kernel_gradient | keyword | np.matmul(columns, rows, out=products) → np.matmul(columns, rows) #2": OUT,
    "kernels.numpy.correlation.seen_rows | drop | high - low → -low": AT_A_TIME,
    "kernels.numpy.correlation.seen_rows | operands | high - low → low - high": AT_A_TIME,
    "kernels.numpy.correlation.Correlation._shift | keyword | sorted(enumerate(shifts(width, self.at)), key=lambda shift: "
    "shift[1][0] - shift[1][1]) → sorted(enumerate(shifts(width, self.at)))": ANY_ORDER,
    "kernels.numpy.correlation.Correlation._shift | drop | shift[1][0] - shift[1][1] → shift[1][0]": ANY_ORDER,
    "kernels.numpy.correlation.Correlation._shift | drop | shift[1][0] - shift[1][1] → -shift[1][1]": ANY_ORDER,
    "kernels.numpy.correlation.Correlation._shift | plus_minus | shift[1][0] - shift[1][1] → shift[1][0] + shift[1][1]": ANY_ORDER,
    "kernels.numpy.correlation.Correlation._shift | operands | shift[1][0] - shift[1][1] → shift[1][1] - shift[1][0]": ANY_ORDER,
    "kernels.numpy.correlation.Correlation._shift | constant | 0 → 1": ANY_ORDER,
    "kernels.numpy.correlation.Correlation._shift | constant | 1 → 0 #4": ANY_ORDER,
    "kernels.numpy.correlation.Correlation._shift | constant | 1 → 2 #4": ANY_ORDER,
    "kernels.numpy.correlation.Correlation._shift | drop | kw == 1 and columns == width → kw == 1": ONE_COLUMN,
    "kernels.numpy.correlation.Correlation._shift | mask | kw == 1 → False": DIRECT,
    "kernels.numpy.correlation.Correlation._shift | constant | 1 → 0 #5": DIRECT,
    "kernels.numpy.correlation.Correlation._shift | mask | columns == width → True": ONE_COLUMN,
    "kernels.numpy.correlation.Correlation._shift | mask | columns == width → False": DIRECT,
    "kernels.numpy.correlation.Correlation._shift | compare | columns == width → columns != width": DIRECT,
    "kernels.numpy.correlation.Correlation._shift | operands | r1 - r0 → r0 - r1": OPEN_AXIS_OF_MANY,
    "kernels.numpy.correlation.Correlation._shift | index | :low → :low + 1": ZEROS_FIRST,
    "kernels.numpy.correlation.Correlation.__init__ | drop | at.strides == (1, 1) and at.dilation[0] == 1 and (fewer or kw == 1) → "
    "at.strides == (1, 1) and at.dilation[0] == 1": TWO_FORMS,
    "kernels.numpy.correlation.Correlation.__init__ | mask | at.strides == (1, 1) → False": TWO_FORMS,
    "kernels.numpy.correlation.Correlation.__init__ | constant | 1 → 0": TWO_FORMS,
    "kernels.numpy.correlation.Correlation.__init__ | constant | 1 → 0 #2": TWO_FORMS,
    "kernels.numpy.correlation.Correlation.__init__ | mask | at.dilation[0] == 1 → False": TWO_FORMS,
    "kernels.numpy.correlation.Correlation.__init__ | constant | 1 → 0 #3": TWO_FORMS,
    "kernels.numpy.correlation.Correlation.__init__ | drop | fewer or kw == 1 → kw == 1": TWO_FORMS,
    "kernels.numpy.correlation.Correlation.__init__ | drop | fewer or kw == 1 → fewer": TWO_FORMS,
    "kernels.numpy.correlation.Correlation.__init__ | compare | fewer or kw == 1 → fewer and kw == 1": TWO_FORMS,
    "kernels.numpy.correlation.Correlation.__init__ | mask | kw == 1 → False": TWO_FORMS,
    "kernels.numpy.correlation.Correlation.__init__ | compare | kw == 1 → kw != 1": TWO_FORMS,
    "kernels.numpy.correlation.Correlation.__init__ | constant | 1 → 2 #4": TWO_FORMS,
    "kernels.numpy.correlation.Correlation.__init__ | constant | -1 → -2": OPEN_AXIS_OF_MANY,
    "kernels.numpy.correlation.Correlation.__init__ | call | np.ascontiguousarray(kernel.transpose(1, 3, 0, 2)) → "
    "kernel.transpose(1, 3, 0, 2)": COPY,
    "kernels.numpy.convolution.vjp | constant | -1 → -2": OPEN_AXIS_OF_MANY,
    "kernels.numpy.dense.product | branch | if len(parts) == 1: np.matmul(a, b, out=y) elif rows >= columns: run_parts(lambda _, "
    "low, high: np.matmul(a[low:high], b, out=y[low:high]), parts) else: run_parts(lambda _, low, high: np.matmul(a, b[:, low:high], "
    "out=y[:, low:high]), parts) → if True: np.matmul(a, b, out=y) elif rows >= columns: run_parts(lambda _, low, high: "
    "np.matmul(a[low:high], b, out=y[low:high]), parts) else: run_parts(lambda _, low, high: np.matmul(a, b[:, low:high], out=y[:, "
    "low:high]), parts)": DIVIDED,
    "kernels.numpy.dense.product | branch | if len(parts) == 1: np.matmul(a, b, out=y) elif rows >= columns: run_parts(lambda _, "
    "low, high: np.matmul(a[low:high], b, out=y[low:high]), parts) else: run_parts(lambda _, low, high: np.matmul(a, b[:, low:high], "
    "out=y[:, low:high]), parts) → if False: np.matmul(a, b, out=y) elif rows >= columns: run_parts(lambda _, low, high: "
    "np.matmul(a[low:high], b, out=y[low:high]), parts) else: run_parts(lambda _, low, high: np.matmul(a, b[:, low:high], out=y[:, "
    "low:high]), parts)": DIVIDED,
    "kernels.numpy.dense.product | compare | len(parts) == 1 → len(parts) != 1": DIVIDED,
    "kernels.numpy.dense.product | call | len(parts) → parts": DIVIDED,
    "kernels.numpy.dense.product | constant | 1 → 0 #2": DIVIDED,
    "kernels.numpy.dense.product | constant | 1 → 2 #2": DIVIDED,
    "kernels.numpy.dense.product | branch | if rows >= columns: run_parts(lambda _, low, high: np.matmul(a[low:high], b, "
    "out=y[low:high]), parts) else: run_parts(lambda _, low, high: np.matmul(a, b[:, low:high], out=y[:, low:high]), parts) → if "
    "True: run_parts(lambda _, low, high: np.matmul(a[low:high], b, out=y[low:high]), parts) else: run_parts(lambda _, low, high: "
    "np.matmul(a, b[:, low:high], out=y[:, low:high]), parts)": DIVIDED,
    "kernels.numpy.dense.product | branch | if rows >= columns: run_parts(lambda _, low, high: np.matmul(a[low:high], b, "
    "out=y[low:high]), parts) else: run_parts(lambda _, low, high: np.matmul(a, b[:, low:high], out=y[:, low:high]), parts) → if "
    "False: run_parts(lambda _, low, high: np.matmul(a[low:high], b, out=y[low:high]), parts) else: run_parts(lambda _, low, high: "
    "np.matmul(a, b[:, low:high], out=y[:, low:high]), parts)": DIVIDED,
    "kernels.numpy.dense.product | compare | rows >= columns → rows > columns": DIVIDED,
    "kernels.numpy.dense.product | compare | rows >= columns → rows <= columns": DIVIDED,
    "kernels.numpy.dense.dense_layer_forward | constant | -1 → -2": OPEN_AXIS_OF_MANY,
    "kernels.numpy.dense.dense_layer_forward | operands | np.clip(y, x.dtype.type(0), x.dtype.type(np.inf), out=y) → "
    "np.clip(x.dtype.type(0), y, x.dtype.type(np.inf), out=y)": CLIP,
    "kernels.numpy.dense.dense_layer_forward | call | x.dtype.type(0) → 0": SAME_NUMBER,
    "kernels.numpy.dense.dense_layer_forward | call | x.dtype.type(np.inf) → np.inf": SAME_NUMBER,
    "kernels.numpy.dense.dense_layer_forward | constant | -1 → -2 #3": OPEN_AXIS_OF_MANY,
    "kernels.numpy.dense.dense_layer_forward | mask | bias is not None → True": NO_BIAS,
    "kernels.numpy.dense.vjp | drop | has_bias and needs[2] → needs[2]": NO_BIAS,
    "kernels.numpy.dense.vjp | keyword | np.add.reduce(g, axis=0) → np.add.reduce(g)": FIRST_AXIS,
    "kernels.numpy.optimizers.adam | constant | 0 → -1": ONE_SLOT,
    "kernels.numpy.optimizers.adam | constant | 0 → -1 #2": ONE_SLOT,
    "kernels.numpy.normalization.batch_normalization_forward | keyword | in_one_type(x, *(a for a in (mean, variance, gamma, beta) "
    "if a is not None), types='efdg') → in_one_type(x, *(a for a in (mean, variance, gamma, beta) if a is not None))": BY_THE_OP,
    "kernels.numpy.normalization.batch_normalization_forward | operands | np.broadcast_shapes((1,) * x.ndim, *(a.shape for a in "
    "given)) → np.broadcast_shapes(*(a.shape for a in given), (1,) * x.ndim)": SYMMETRIC,
    "kernels.numpy.normalization.batch_normalization_forward | mask | beta is not None → True": NO_BIAS,
    "kernels.numpy.normalization.vjp | branch | if needs[2] or needs[3]: centred = x - mean centred *= g along = "
    "np.add.reduce(centred, axis=axes, keepdims=True) * inverse → if True: centred = x - mean centred *= g along = "
    "np.add.reduce(centred, axis=axes, keepdims=True) * inverse": UNUSED,
    "kernels.numpy.normalization.vjp | drop | needs[2] and along is not None → needs[2]": ALONG,
    "kernels.numpy.normalization.vjp | mask | along is not None → True": ALONG,
    "kernels.numpy.normalization.vjp | drop | gamma is not None and needs[3] → needs[3]": NO_BIAS,
    "kernels.numpy.normalization.vjp | mask | gamma is not None → True": NO_BIAS,
    "kernels.numpy.normalization.vjp | drop | has_beta and needs[4] → needs[4]": NO_BIAS,
    "kernels.numpy.memory.rows_first | branch | if y.flags.c_contiguous: return y → if False: return y": LAYOUT,
    "kernels.numpy.memory.rows_first | statement | if y.flags.c_contiguous: return y → pass": LAYOUT,
    "kernels.numpy.memory.rows_first | branch | if x.flags.c_contiguous and x.shape[0] > 1: n, row = (x.shape[0], x[0].size) longer "
    "= scratch('longer', (n, row + PADDING // x.itemsize), x.dtype)[:, :row] longer[...] = x.reshape(n, row) y = "
    "longer.reshape(x.shape).transpose(2, 3, 1, 0) → if True: n, row = (x.shape[0], x[0].size) longer = scratch('longer', (n, row + "
    "PADDING // x.itemsize), x.dtype)[:, :row] longer[...] = x.reshape(n, row) y = longer.reshape(x.shape).transpose(2, 3, 1, 0)": LAYOUT,
    "kernels.numpy.memory.rows_first | branch | if x.flags.c_contiguous and x.shape[0] > 1: n, row = (x.shape[0], x[0].size) longer "
    "= scratch('longer', (n, row + PADDING // x.itemsize), x.dtype)[:, :row] longer[...] = x.reshape(n, row) y = "
    "longer.reshape(x.shape).transpose(2, 3, 1, 0) → if False: n, row = (x.shape[0], x[0].size) longer = scratch('longer', (n, row + "
    "PADDING // x.itemsize), x.dtype)[:, :row] longer[...] = x.reshape(n, row) y = longer.reshape(x.shape).transpose(2, 3, 1, 0)": LAYOUT,
    "kernels.numpy.memory.rows_first | statement | if x.flags.c_contiguous and x.shape[0] > 1: n, row = (x.shape[0], x[0].size) "
    "longer = scratch('longer', (n, row + PADDING // x.itemsize), x.dtype)[:, :row] longer[...] = x.reshape(n, row) y = "
    "longer.reshape(x.shape).transpose(2, 3, 1, 0) → pass": LAYOUT,
    "kernels.numpy.memory.rows_first | drop | x.flags.c_contiguous and x.shape[0] > 1 → x.shape[0] > 1": LAYOUT,
    "kernels.numpy.memory.rows_first | drop | x.flags.c_contiguous and x.shape[0] > 1 → x.flags.c_contiguous": LAYOUT,
    "kernels.numpy.memory.rows_first | compare | x.flags.c_contiguous and x.shape[0] > 1 → x.flags.c_contiguous or x.shape[0] > 1": LAYOUT,
    "kernels.numpy.memory.rows_first | mask | x.shape[0] > 1 → True": LAYOUT,
    "kernels.numpy.memory.rows_first | mask | x.shape[0] > 1 → False": LAYOUT,
    "kernels.numpy.memory.rows_first | compare | x.shape[0] > 1 → x.shape[0] >= 1": LAYOUT,
    "kernels.numpy.memory.rows_first | compare | x.shape[0] > 1 → x.shape[0] < 1": LAYOUT,
    "kernels.numpy.memory.rows_first | constant | 0 → -1 #2": LAYOUT,
    "kernels.numpy.memory.rows_first | constant | 0 → 1 #2": LAYOUT,
    "kernels.numpy.memory.rows_first | constant | 1 → 0 #2": LAYOUT,
    "kernels.numpy.memory.rows_first | constant | 1 → 2 #2": LAYOUT,
    "kernels.numpy.memory.rows_first | constant | 0 → -1 #4": LAYOUT,
    "kernels.numpy.memory.rows_first | constant | 0 → 1 #4": LAYOUT,
    "kernels.numpy.memory.mirrored | call | np.ascontiguousarray(kernel.transpose(1, 0, 2, 3)) → kernel.transpose(1, 0, 2, 3)": LAYOUT,
    "kernels.numpy.pooling.max_pool2d_forward | index | ::2 → :-1:2": FOUR_AXES,
    "kernels.numpy.pooling.max_pool2d_forward | branch | if k: np.maximum(who, np.multiply(seen > best, winner.dtype.type(k)), out=who) "
    "→ if True: np.maximum(who, np.multiply(seen > best, winner.dtype.type(k)), out=who)": FIRST_PLACE,
    "kernels.numpy.pooling.max_vjp | index | ::2 → :-1:2": FOUR_AXES,
    "kernels.numpy.pooling.average_pool2d_forward | index | ::2 → :-1:2": FOUR_AXES,
    "kernels.numpy.pooling.average_vjp | index | ::2 → :-1:2": FOUR_AXES,
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
