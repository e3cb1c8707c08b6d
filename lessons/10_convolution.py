# %% [markdown]
# # 10. Convolution
#
# **After this lesson you can**
#
# * say why a dense layer wastes weights on a picture, and what a convolution does instead;
# * slide a filter over a picture by hand, and say beforehand how large the result is;
# * write a convolution with loops, then as one matrix product (*im2col*), with its gradients, and have them checked.
#
# **Where we are.** In lesson 9 we built classifiers. They took each example as a row of numbers, whatever these numbers meant. A picture is
# more than a row: its pixels have neighbours. Here you write the layer that knows this. In lesson 11 it becomes the main part of a whole
# net.
#
# *60 minutes. You need: dense layers, the gradient of a matrix product (lesson 5), gradient checks (lesson 6), and indexing in NumPy.*

# %%
import numpy as np

import minidl
from minidl import layers, ops, plots
from minidl.data import shapes10
from minidl.kernels import ladder
from minidl.lesson_runner import Exercise, Prediction

(pictures, labels), _ = shapes10.load_data(n_train=200, n_test=10)
pictures = pictures / 255  # numbers from 0 to 1
grey = pictures.mean(axis=3)  # the mean of red, green and blue
print(f"colour: {pictures.shape}   grey: {grey.shape}   (pictures, rows, columns, colours)")

# %% [markdown]
# ## How many weights does a picture need?
# <!-- concept: 25 -->
#
# A dense layer connects every input with every unit, and each connection has a weight. How many is that for one small colour picture?
# (`Flatten` only writes the picture's numbers into one row, as a dense layer wants them.)

# %%
dense = minidl.Sequential([layers.Input((32, 32, 3)), layers.Flatten(), layers.Dense(100)])
print(f"32 · 32 · 3 = {32 * 32 * 3} inputs; a dense layer of 100 units has {dense.count_params():,} parameters")
print(f"the same for a grey picture of 256 × 256: {256 * 256 * 100 + 100:,}")

# %% [markdown]
# 307 300 parameters, and it is only the first layer. Every one of them has to be learned, from examples that we may not have.
#
# It is worse than that: the dense layer does not even know that these numbers are a *picture*. Shuffle all pixels, each picture in the same
# way, and shuffle the weights likewise: the layer gives exactly what it gave before.


# %%
def dense_layer(pixels, weights):
    """100 sums for each picture: all its numbers in a row, times the matrix of the weights."""
    return pixels.reshape(200, 3072) @ weights.reshape(3072, 100)


rng = np.random.default_rng(0)
pixels, weights = pictures.reshape(200, 32 * 32, 3), rng.normal(size=(32 * 32, 3, 100))
order = rng.permutation(32 * 32)
same = np.allclose(dense_layer(pixels, weights), dense_layer(pixels[:, order], weights[order]))
print("pixels and weights shuffled alike, the outputs are the same:", same)

# %% [markdown]
# So for every set of weights that works on the pictures, there is one that works as well on the shuffled ones. To a dense layer, the two
# lines below are equally easy:

# %%
shuffled = pixels[:, order].reshape(200, 32, 32, 3)
plots.gallery(np.concatenate([pictures[:8], shuffled[:8]]), rows=2, columns=8, title="Eight pictures, and the same with shuffled pixels")

# %% [markdown]
# To you they are not. You see shapes in the first line because you look at pixels *together with their neighbours*. In numbers: how alike
# are two pixels of a row that are so many steps apart? The **correlation** (lesson 0) is 1 if one tells you the other, and 0 if it tells you
# nothing.


# %%
def correlation(distance):
    centred = grey - grey.mean(axis=(1, 2), keepdims=True)
    return np.corrcoef(centred[:, :, distance:].ravel(), centred[:, :, : 32 - distance].ravel())[0, 1]


for distance in (1, 2, 4, 8):
    print(f"{distance} apart: {correlation(distance):5.2f}")

# %% [markdown]
# Neighbours belong together; pixels that are far apart hardly do. So, two savings offer themselves:
#
# 1. **Look at small patches**, 3 × 3 pixels for instance, instead of everything at once. (Few connections: *sparse* instead of dense.)
# 2. **Use the same weights for every patch.** What an edge looks like does not depend on where in the picture it is.
#
# These two ideas together are convolution.
#
# ## A filter, by hand
# <!-- concept: 27, 39 -->
#
# Here is a tiny grey picture, dark above and light below, and a **filter** (also called a **kernel**): nine weights.

# %%
picture = np.array(
    [
        [2, 2, 2, 2, 2, 2],
        [2, 2, 2, 2, 2, 2],
        [2, 2, 2, 2, 2, 2],
        [7, 7, 7, 7, 7, 7],
        [7, 7, 7, 7, 7, 7],
        [7, 7, 7, 7, 7, 7],
    ]
)
edge = np.array([[-1, -1, -1], [0, 0, 0], [1, 1, 1]])

# %% [markdown]
# Lay the filter on a patch of the picture, multiply each pixel by the weight that lies on it, and add up the nine products:

# %%
patch = picture[1:4, 0:3]
print("the patch:\n", patch, "\ntimes the filter:\n", patch * edge, "\nadded up: ", (patch * edge).sum(), sep="")

# %% [markdown]
# −2 − 2 − 2 + 7 + 7 + 7 = 15. That filter computes *what is below minus what is above*. A large number means: here it becomes lighter
# downwards. In an even region it gives 0. It is an **edge detector** for horizontal edges.
#
# Now slide the filter: one pixel to the right, and again; then the next row. Each place gives one number. The numbers together form a new
# picture, the **feature map** (or *activation map*): a map of where the feature is found.

# %%
Prediction(
    "The picture has 6 × 6 pixels, the filter 3 × 3. The filter always lies inside of the picture. What size is the feature map?",
    ["6 × 6", "5 × 5", "4 × 4", "2 × 2"],
    answer=2,
    why="In a row of 6 pixels, a filter of width 3 can start at 0, 1, 2 or 3: that is 6 − 3 + 1 = 4 places. The same holds downwards.",
)

# %% [markdown]
# ## Exercise 1: slide a filter
#
# Write it with two loops, over the rows and the columns of the *result*. It should work for pictures and filters of any size.


# %%
def slide(picture, kernel):
    """The feature map of a grey picture (H, W) under a filter (kh, kw): an array (H − kh + 1, W − kw + 1)."""
    ### BEGIN SOLUTION
    kh, kw = kernel.shape
    rows, columns = picture.shape[0] - kh + 1, picture.shape[1] - kw + 1
    result = np.zeros((rows, columns))
    for r in range(rows):
        for c in range(columns):
            result[r, c] = (picture[r : r + kh, c : c + kw] * kernel).sum()
    return result
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "slide",
    "A filter slides over a grey picture.",
    hints=[
        "First make the result, full of zeros: np.zeros((rows, columns)), with rows = picture.shape[0] - kernel.shape[0] + 1.",
        "The patch that belongs to place (r, c) begins at row r and column c and is as large as the kernel: picture[r : r + kh, c : c + kw].",
        "for r in range(rows): for c in range(columns): result[r, c] = (picture[r : r + kh, c : c + kw] * kernel).sum()",
    ],
)
small = np.arange(30.0).reshape(5, 6) ** 2
exercise.check(
    "the edge in our picture", lambda: slide(picture, edge), [[0] * 4, [15] * 4, [15] * 4, [0] * 4], because="below minus above: +15"
)
exercise.check("the size", lambda: np.shape(slide(small, edge)), (3, 4), 1e-6, "5 − 3 + 1 rows and 6 − 3 + 1 columns")
exercise.check("a filter with a single 1 copies", lambda: slide(small, np.array([[1.0]])), small, because="it has 5 · 6 places")
exercise.check("a filter that is not square", lambda: slide(small, np.array([[1.0, 1.0]])), small[:, :-1] + small[:, 1:])
exercise.done()

# %% [markdown]
# The map of our picture is 0, 15, 15, 0 from top to bottom: the edge is found, at the two places where the filter reaches over it.
#
# ## Filters with a purpose
# <!-- concept: 26 -->
#
# Other weights, other features. From here on minidl slides the filters for us. Four of them at once, on a grey picture. (They lie in one
# array, `bank`; what its four axes are comes below, with the channels.)

# %%
kernels = {
    "blur": np.full((3, 3), 1 / 9),  # the mean of nine pixels
    "horizontal edges": edge,
    "vertical edges": edge.T,
    "points": np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]) / 8,  # a pixel less the mean of its neighbours
}
bank = np.stack([*kernels.values()], axis=2)[:, :, None]
by_hand = minidl.Sequential([layers.Input((32, 32, 1)), layers.Conv2D(4, 3, use_bias=False, name="by_hand")])
by_hand.set_weights([bank])
plots.filters(bank, title="Four filters: " + ", ".join(kernels))

# %%
plots.feature_maps(by_hand, grey[0, :, :, None], "by_hand", title="What they make of a picture: 0 blur, 1 and 2 edges, 3 points")

# %% [markdown]
# In the maps, *large* numbers are dark, so map 0 looks like a negative of the blurred picture. In the edge maps 0 is about the mid-tone; dark
# is a change one way, white a change the other way. Map 1 shows edges that lie flat, map 2 those that stand upright. Map 3 answers wherever a
# pixel differs from its neighbours: at every edge, and at the noise.
#
# The blur has a use, too: **averaging removes noise**. Take an even grey picture with random noise, and measure how much the pixels vary
# (their standard deviation) before and after. The mean of nine independent numbers varies √9 = 3 times less than one of them. The edge
# filter adds and subtracts six of them, so its result varies √6 ≈ 2.4 times *more*:

# %%
noisy = 0.5 + 0.1 * np.random.default_rng(1).normal(size=(1, 200, 200, 1))
blurred = ops.conv2d(noisy, bank[:, :, :, :1]).numpy()
print(
    f"before: {noisy.std():.3f}   after the blur: {blurred.std():.3f}   after the edge filter: {ops.conv2d(noisy, bank[..., 1:2]).numpy().std():.3f}"
)

# %% [markdown]
# So averaging removes noise. Taking differences finds edges, and makes noise worse.
#
# We *chose* these weights. In a net nobody does: the filters begin with random numbers, and gradient descent finds the ones that make the
# loss small. In lesson 14 you will see that trained nets find edges and colours by themselves.
#
# ## The same filter everywhere
# <!-- concept: 26 -->
#
# What happens to the feature map if the object moves?

# %%
here = np.zeros((1, 32, 32, 1))
here[0, 6:14, 4:12] = 1  # a white square
there = np.roll(here, 15, axis=2)  # 15 pixels to the right
maps = [ops.conv2d(x, bank[:, :, :, 1:2], padding="same").numpy() for x in (here, there)]
maps = [one / 6 + 0.5 for one in maps]  # from −3…3 to 0…1, so that it can be shown: 0 is grey
plots.gallery(np.concatenate([here, maps[0], there, maps[1]])[..., 0], rows=1, columns=4, title="A square and its map; moved, and its map")

# %%
print("the map moved by 15, too:", np.allclose(np.roll(maps[0], 15, axis=2), maps[1]))

# %% [markdown]
# The map is the same, only moved. A filter that has learned something in one corner of the picture has learned it for every corner.
# Precisely, this is called translation **equivariance**: the map moves along. Many texts say translation *invariance* here, which means
# that the answer does not change at all. That comes only later, and only in part, when the maps are pooled (lesson 11).
#
# ## Stride and padding
# <!-- concept: 34, 29 -->
#
# Two settings say where the filter is laid:
#
# * The **stride** is how far it moves each time. With stride 2 it skips every other place, and the map is about half as wide and high.
# * **Padding** is a frame of zeros around the picture. `"valid"` means no padding: the map is smaller than the picture. `"same"` adds as
#   many zeros as are needed for a map of the *same* size (with stride 1): one all around for 3 × 3, two for 5 × 5.
#
# Count the places on a row of $n$ pixels, for a filter of width $k$ and stride $s$. It starts at pixel 0, $s$, $2s$, …, and the last start at
# which it fits is $n - k$. So there is the first place, and one more for each $s$ that fits into $n - k$:
#
# $$\text{valid: } \left\lfloor \frac{n - k}{s} \right\rfloor + 1 \qquad \text{same: } \left\lceil \frac{n}{s} \right\rceil$$
#
# where ⌊ ⌋ rounds down and ⌈ ⌉ rounds up. With `"same"` the zeros make room at the border, so that $k$ does not matter. Here is what minidl
# gives for a row of 32:

# %%
row = np.ones((1, 32, 32, 1))
for k in (3, 5):
    for s in (1, 2, 3):
        sizes = [ops.conv2d(row, np.ones((k, k, 1, 1)), strides=s, padding=p).shape[1] for p in ("valid", "same")]
        print(f"filter {k} × {k}, stride {s}:   valid {sizes[0]:2}   same {sizes[1]:2}")

# %% [markdown]
# ## Exercise 2: how large is the map?


# %%
def places(n, k, stride, padding):
    """How many places a filter of width ``k`` has on ``n`` pixels; ``padding`` is "valid" or "same"."""
    ### BEGIN SOLUTION
    if padding == "same":
        return -(-n // stride)
    return (n - k) // stride + 1
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "places",
    "The size of a feature map.",
    hints=[
        'The two formulas stand above; padding == "same" decides which one it is.',
        "In Python // rounds down. To round up, use math.ceil(n / stride), or the trick -(-n // stride).",
        'return -(-n // stride) if padding == "same" else (n - k) // stride + 1',
    ],
)
exercise.check("the first layer of our net: 32, filter 3", lambda: places(32, 3, 1, "valid"), 30)
exercise.check("same, stride 1: as large as before", lambda: places(32, 5, 1, "same"), 32)
exercise.check(
    "stride 2 on 7 pixels",
    lambda: [places(7, 3, 2, p) for p in ("valid", "same")],
    [3, 4],
    because="valid: it starts at 0, 2 and 4; same: 7 / 2, rounded up",
)
exercise.check("a filter as large as the picture", lambda: places(28, 28, 1, "valid"), 1)
exercise.check(
    "the same as minidl, 60 times",
    lambda: [places(n, k, s, p) for n in range(6, 11) for k in (2, 3) for s in (1, 2, 3) for p in ("valid", "same")],
    [
        ops.conv2d(np.ones((1, n, n, 1)), np.ones((k, k, 1, 1)), strides=s, padding=p).shape[1]
        for n in range(6, 11)
        for k in (2, 3)
        for s in (1, 2, 3)
        for p in ("valid", "same")
    ],
    because="valid rounds down, same rounds up; both give whole numbers",
)
exercise.done()

# %% [markdown]
# A word of warning about `"same"`. The zeros are black pixels that are not in your picture, and an edge filter finds the edge between them
# and the picture. Here is an evenly white picture, in which there is no edge at all:

# %%
print(ops.conv2d(np.ones((1, 5, 5, 1)), edge.reshape(3, 3, 1, 1), padding="same").numpy()[0, :, :, 0])

# %% [markdown]
# ## Channels, and several filters
# <!-- concept: 34 -->
#
# A colour picture has three numbers at each pixel: three **channels**. The filter then has a 3 × 3 square of weights for each of them,
# 3 · 3 · 3 = 27 weights in all. All 27 products are added up, so that it gives *one* map, not three.
#
# And one filter is not enough. A convolutional layer has several of them, and stacks their maps: they are the channels of its output, and
# of the next layer's input. So the array of weights has four axes, (kernel height, kernel width, input channels, filters), and
#
# $$y[n, r, c, f] = \sum_{i, j, m} x[n,\, r + i,\, c + j,\, m] \cdot \text{kernel}[i, j, m, f]$$
#
# with picture $n$ of the batch, place $(r, c)$ of the map, filter $f$, place $(i, j)$ in the kernel, and input channel $m$. There is one bias
# for each filter, added to its whole map. How many parameters is that?

# %%
convolution = minidl.Sequential([layers.Input((32, 32, 3)), layers.Conv2D(16, 3)])
print(f"16 filters of 3 × 3 on 3 channels: (3 · 3 · 3 + 1) · 16 = {convolution.count_params()} parameters")
maps = convolution(pictures[:1]).shape[1:]
print(f"for one picture they give {maps}, that is {np.prod(maps):,} numbers")
print(f"a dense layer that gives as many needs {(32 * 32 * 3 + 1) * 30 * 30 * 16:,} parameters")

# %% [markdown]
# 448 against 44 million. And the number does not depend on the size of the picture: the same 448 weights work on a poster.
#
# (Mathematicians flip the kernel before they slide it, and call only that a convolution; without the flip it is a *cross-correlation*. In
# deep learning nobody flips: a net that learns its weights would simply learn them flipped.)
#
# ## Exercise 3: the definition, in loops
#
# Write the formula above as code, for stride 1 and without padding. It has seven indices, n, r, c, f, i, j, m; seven loops, if you like.
# You may let NumPy do the inner three.


# %%
def convolve(x, kernel):
    """x (N, H, W, C), kernel (kh, kw, C, F) → (N, H − kh + 1, W − kw + 1, F)."""
    ### BEGIN SOLUTION
    images, height, width, _ = x.shape
    kh, kw, _, filters = kernel.shape
    y = np.zeros((images, height - kh + 1, width - kw + 1, filters))
    for n in range(images):
        for r in range(height - kh + 1):
            for c in range(width - kw + 1):
                for f in range(filters):
                    y[n, r, c, f] = (x[n, r : r + kh, c : c + kw] * kernel[:, :, :, f]).sum()
    return y
    ### END SOLUTION


# %% tags=["check"]
rng = np.random.default_rng(2)
x, kernel = rng.normal(size=(2, 6, 7, 3)), rng.normal(size=(3, 2, 3, 4))
exercise = Exercise(
    "convolve",
    "Convolution by its definition.",
    hints=[
        "Begin with y = np.zeros((N, H - kh + 1, W - kw + 1, F)), and write a loop for each of the four axes of y.",
        "Inside: the patch is x[n, r : r + kh, c : c + kw], of shape (kh, kw, C); filter f is kernel[:, :, :, f], of the same shape.",
        "y[n, r, c, f] = (x[n, r : r + kh, c : c + kw] * kernel[:, :, :, f]).sum()",
    ],
)
exercise.check("the shape", lambda: np.shape(convolve(x, kernel)), (2, 4, 6, 4))
exercise.check("one place by hand", lambda: convolve(x, kernel)[1, 2, 3, 0], (x[1, 2:5, 3:5] * kernel[..., 0]).sum())
exercise.check("all the numbers", lambda: convolve(x, kernel), ops.conv2d(x, kernel).numpy(), 1e-9)
exercise.check(
    "channels are added, not kept apart",
    lambda: convolve(np.ones((1, 3, 3, 5)), np.ones((3, 3, 5, 1))),
    [[[[45.0]]]],
    because="3 · 3 · 5 products of 1 and 1, added up",
)
exercise.done()

# %% [markdown]
# ## From loops to one product
#
# Those loops are correct and terribly slow, because Python handles every number separately. Where is the way out? Look at one patch:
# "multiply by the weights and add up" is what a *row times a column* does in a matrix product. So:
#
# 1. Write every patch as a **row** of numbers. All patches make one matrix. This step is called **im2col** ("image to columns"; the name
#    comes from programs in which each patch became a column).
# 2. Write every filter as a **column**.
# 3. Multiply the two matrices, once. Of all computations, this is the one that computers do best.
#
# The price is memory: with 3 × 3 patches, most pixels are written down nine times.

# %%
tiny = np.arange(12).reshape(1, 3, 4, 1)
print("a picture:\n", tiny[0, :, :, 0], sep="")
print("its six 2 × 2 patches as rows:\n", ops.im2col(tiny.astype(float), window=(2, 2)).numpy().reshape(6, 4), sep="")

# %% [markdown]
# ## Exercise 4: im2col
#
# The clever way to fill the matrix: do not go over the patches, go over the *places in the kernel*. What the weight at (i, j) sees while
# the filter slides over all places, is the picture itself, moved by (i, j): a slice. So, two short loops with kh · kw rounds are enough.
#
# `im2col` keeps six axes, so that you can still find each number. In `convolve_fast`, `reshape` makes the matrix of it: the first three axes
# become the rows, one for each place, the last three the columns, in the order (i, j, channel). The axes of the kernel stand in the same
# order, with the filter last.


# %%
def im2col(x, kh, kw):
    """x (N, H, W, C) → (N, rows, columns, kh, kw, C): at [n, r, c] the patch of picture n that begins at row r and column c."""
    ### BEGIN SOLUTION
    n, height, width, channels = x.shape
    rows, columns = height - kh + 1, width - kw + 1
    patches = np.zeros((n, rows, columns, kh, kw, channels))
    for i in range(kh):
        for j in range(kw):
            patches[:, :, :, i, j] = x[:, i : i + rows, j : j + columns]
    return patches
    ### END SOLUTION


def convolve_fast(x, kernel):
    """The same as ``convolve``, with im2col and one matrix product."""
    ### BEGIN SOLUTION
    kh, kw, channels, filters = kernel.shape
    patches = im2col(x, kh, kw)
    y = patches.reshape(-1, kh * kw * channels) @ kernel.reshape(-1, filters)
    return y.reshape(*patches.shape[:3], filters)
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "im2col",
    "Convolution as one matrix product.",
    hints=[
        "What the weight at (i, j) sees: x[:, i : i + rows, j : j + columns]. It belongs into patches[:, :, :, i, j].",
        "For the product, patches.reshape(-1, kh * kw * channels) has a row for each patch; kernel.reshape(-1, filters) a column for each filter.",
        "return (rows_of_patches @ columns_of_filters).reshape(*patches.shape[:3], filters)",
    ],
)
exercise.check("the shape of the patches", lambda: np.shape(im2col(x, 3, 2)), (2, 4, 6, 3, 2, 3))
exercise.check("one patch", lambda: im2col(x, 3, 2)[1, 2, 3], x[1, 2:5, 3:5])
exercise.check("all patches", lambda: im2col(x, 3, 2), ops.im2col(x, window=(3, 2)).numpy())
exercise.check(
    "the convolution",
    lambda: convolve_fast(x, kernel),
    ops.conv2d(x, kernel).numpy(),
    1e-9,
    "the kernel as a matrix has kh · kw · C rows and a column for each filter: reshape(-1, F), without transposing",
)
exercise.done()

# %% [markdown]
# How much does it help? minidl has the whole ladder: seven Python loops, one patch at a time, im2col, and a fast **kernel**, as the
# innermost part of a fast program is called (the word has nothing to do with the filter here). That kernel works through the picture in
# blocks that fit into the processor's cache, its small and quick memory. `compare` runs them side by side:

# %%
Prediction(
    "How many times faster is im2col than seven Python loops, for two pictures of 20 × 20?",
    ["About twice", "About ten times", "Hundreds of times or more"],
    answer=2,
    why="All of the work moves from Python, which needs about a microsecond for each step, into compiled "
    "code, which does several multiplications in a nanosecond.",
)

# %%
some = rng.normal(size=(2, 20, 20, 3)).astype("float32"), rng.normal(size=(3, 3, 3, 8)).astype("float32")
print(minidl.kernels.compare("conv2d", *some))

# %% [markdown]
# Times depend on the machine and on what else it is doing. The column "difference" says that all four compute the same, up to the rounding
# of float32. "memory" shows the price of im2col.
#
# ## The gradients
#
# To *learn* the filters we need the derivatives of the loss by the kernel, and, for the layers before this one, by x. Because the
# convolution is now a product, there is nothing new. Call the matrix of patches $P$, the matrix of filters $K$, and the gradient that
# arrives from above $g = \partial L / \partial Y$, for $Y = P K$. The rule for a product, from lesson 5, says
#
# $$\frac{\partial L}{\partial K} = P^{\mathsf T} g \qquad \frac{\partial L}{\partial P} = g\, K^{\mathsf T}$$
#
# One step is left: from the patches back to the picture. im2col *copied* each pixel into several patches. If a number is used several
# times, its gradients **add up** (lesson 4). So each patch's gradient is added at the place where the patch came from. This is called *col2im*.
# (The bias needs no work: it is added at every place of every picture, so its gradient is the sum of g over all of them.)
#
# ## Exercise 5: backwards
#
# To make it independent of exercise 4, `ops.im2col` gives you the patches, as the matrix $P$.


# %%
def forward(x, kernel):
    """The convolution that ``backward`` belongs to."""
    return ladder.conv2d_patches(x, kernel)


def backward(g, x, kernel):
    """(dL/dx, dL/dkernel), for g = dL/dy of shape (N, rows, columns, F)."""
    kh, kw, channels, filters = kernel.shape
    rows, columns = g.shape[1:3]
    patches = ops.im2col(x, window=(kh, kw)).numpy().reshape(-1, kh * kw * channels)  # P
    ### BEGIN SOLUTION
    g = g.reshape(-1, filters)
    d_kernel = (patches.T @ g).reshape(kernel.shape)
    d_patches = (g @ kernel.reshape(-1, filters).T).reshape(len(x), rows, columns, kh, kw, channels)
    dx = np.zeros(x.shape)
    for i in range(kh):
        for j in range(kw):
            dx[:, i : i + rows, j : j + columns] += d_patches[:, :, :, i, j]
    return dx, d_kernel
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "backward",
    "The gradients of a convolution.",
    hints=[
        "Make g a matrix first: g.reshape(-1, filters). Then dL/dkernel is (patches.T @ g).reshape(kernel.shape).",
        "dL/dP is g @ kernel.reshape(-1, filters).T; give it the shape (N, rows, columns, kh, kw, channels).",
        "dx begins as zeros of x's shape; for each i and j: dx[:, i : i + rows, j : j + columns] += d_patches[:, :, :, i, j]",
    ],
)
ones = np.ones((2, 4, 6, 4))
exercise.check("by x: the shape", lambda: np.shape(backward(ones, x, kernel)[0]), x.shape)
exercise.check("by the kernel: the shape", lambda: np.shape(backward(ones, x, kernel)[1]), kernel.shape)
exercise.check(
    "a corner pixel is in one patch only",
    lambda: backward(ones, x, kernel)[0][:, 0, 0],
    np.tile(kernel[0, 0].sum(axis=1), (2, 1)),
    because="only kernel[0, 0] sees it; summed over the filters, as g is 1 here",
)
exercise.check_gradient("both, checked by differences", lambda: (forward, backward), x, kernel)
exercise.done()

# %% [markdown]
# If the gradient doctor had something to say about your rule, it named the kind of mistake: a missing sum is what you get when you write
# `=` where `+=` belongs. The rules of minidl itself stand in `minidl/ops/convolution.py`. Read them: they are yours, with strides.
#
# ## What you know now
#
# * A dense layer on a picture needs a weight for each pixel and unit, and does not know which pixels are neighbours.
# * A **filter** (kernel) slides over the picture; at each place the products of weights and pixels are summed; the sums form a **feature
#   map**. Averaging filters remove noise, differences find edges. A net *learns* its filters.
# * The same weights serve at every place. So there are few of them, $(k_h \cdot k_w \cdot C + 1) \cdot F$, and the map moves with the
#   object.
# * **Stride** is the length of a step, **padding** a frame of zeros: ⌊(n − k) / s⌋ + 1 places for "valid", ⌈n / s⌉ for "same".
# * **im2col** makes it one matrix product; its gradient adds up what was copied.
#
# **To read on:** Goodfellow, Bengio and Courville, *Deep Learning*, chapter 9 (free online); Dumoulin and Visin, *A guide to convolution
# arithmetic for deep learning* (arXiv 1603.07285), for pictures of stride and padding; LeCun, Bottou, Bengio and Haffner, *Gradient-based
# learning applied to document recognition* (1998), for where it began.
# **Next:** in lesson 11 convolutions, pooling and dense layers become a whole net.
