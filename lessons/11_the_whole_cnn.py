# %% [markdown]
# # 11. Pooling, flatten, and the whole convolutional net
#
# **After this lesson you can**
#
# * pool a feature map by hand, forwards and backwards, and say what pooling is good for;
# * build a whole convolutional net, and say what each of its layers does to the shape of the data;
# * count its parameters without a computer: 79 530 for the first net of this course, 54 627 for the one that reads X-rays.
#
# **Where we are.** In lesson 10 you wrote convolution: small filters that give feature maps. In lesson 9 you met the end of a classifier: a
# dense layer with softmax. Here we put the pieces between them and train the whole, on pictures of ten shapes. In lesson 12 the same net
# becomes a whole project.
#
# *45 minutes. You need: lessons 9 and 10.*

# %%
import numpy as np

import minidl
from minidl import layers, nets, ops, plots
from minidl.data import shapes10
from minidl.kernels import ladder
from minidl.lesson_runner import Exercise, Prediction

(x_train, y_train), (x_test, y_test) = shapes10.load_data(n_train=4000, n_test=500)
x_train, x_test = x_train / 255, x_test / 255  # numbers from 0 to 1
names = shapes10.CLASS_NAMES
plots.gallery(x_train, y_train, names, rows=3)

# %% [markdown]
# ## Max-pooling, by hand
# <!-- concept: 28, 38, 29 -->
#
# A feature map says at every pixel how strongly a feature is there. Often that is more detail than we need: that there is an edge *around
# here* would be enough. **Pooling** makes the map smaller. It cuts the map into windows of 2 × 2 and keeps one number of each.
# **Max-pooling** keeps the largest. The windows do not overlap: the next one begins two pixels further on (a stride of 2, in the words of
# lesson 10).

# %%
feature_map = np.array(
    [
        [1, 3, 2, 1],
        [5, 6, 1, 2],
        [4, 2, 9, 8],
        [3, 1, 2, 0],
    ]
)
print("the upper left window:\n", feature_map[0:2, 0:2], "\nits largest number: ", feature_map[0:2, 0:2].max(), sep="")
print("all four windows:\n", ops.max_pool2d(feature_map.reshape(1, 4, 4, 1)).numpy().reshape(2, 2), sep="")

# %% [markdown]
# Each feature map is pooled for itself. If a convolution gave 16 maps, max-pooling gives 16 smaller maps. It never mixes channels, and it
# has no weights: there is nothing to learn.
#
# If the width is odd, the last column does not fill a window, and is left out: 13 pixels become 6. The same holds for the last row.
#
# ## Exercise 1: max-pooling
#
# Write it for one picture with channels, (H, W, C). A hint on the way: the largest number may be negative.


# %%
def max_pool(x):
    """x (H, W, C) → (H // 2, W // 2, C): the largest number of each window of 2 × 2, channel by channel."""
    ### BEGIN SOLUTION
    rows, columns = x.shape[0] // 2, x.shape[1] // 2
    windows = x[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2, -1)
    return windows.max(axis=(1, 3))
    ### END SOLUTION


# %% tags=["check"]
rng = np.random.default_rng(0)
some = rng.normal(size=(5, 7, 3))
exercise = Exercise(
    "max_pool",
    "Max-pooling, channel by channel.",
    hints=[
        "Make the result, np.zeros((H // 2, W // 2, C)), and fill it with two loops over its rows r and columns c.",
        "The window at (r, c) is x[2 * r : 2 * r + 2, 2 * c : 2 * c + 2], of shape (2, 2, C). Its maximum is over the first two axes only.",
        "result[r, c] = x[2 * r : 2 * r + 2, 2 * c : 2 * c + 2].max(axis=(0, 1))",
    ],
)
exercise.check(
    "the map above",
    lambda: max_pool(feature_map[:, :, None])[:, :, 0],
    [[6, 2], [4, 9]],
    because="window (r, c) begins at row 2r, column 2c",
)
exercise.check("an odd size: the rest is left out", lambda: np.shape(max_pool(some)), (2, 3, 3))
exercise.check(
    "each channel for itself",
    lambda: max_pool(some),
    ladder.max_pool2d_loops(some[None])[0],
    because="the maximum is over rows and columns of the window, not over channels",
)
exercise.check("negative numbers", lambda: max_pool(-1.0 - np.zeros((2, 2, 1))), [[[-1.0]]], 1e-6, "the largest of four −1 is −1, not 0")
exercise.done()

# %% [markdown]
# What does it look like? Take the edge filter of lesson 10 in four directions, for what becomes lighter downwards, upwards, to the right
# and to the left, with ReLU after it (what is negative becomes 0). First the four maps, then the pooled ones:

# %%
edge = np.array([[-1, -1, -1], [0, 0, 0], [1, 1, 1]])
bank = np.stack([edge, -edge, edge.T, -edge.T], axis=2)[:, :, None]
by_hand = minidl.Sequential(
    [
        layers.Input((32, 32, 1)),
        layers.Conv2D(4, 3, activation="relu", use_bias=False, name="edges"),
        layers.MaxPooling2D((2, 2), name="pooled"),
    ]
)
by_hand.set_weights([bank])
grey = x_train.mean(axis=3, keepdims=True)
plots.feature_maps(by_hand, grey[0], "edges")

# %%
plots.feature_maps(by_hand, grey[0], "pooled")

# %% [markdown]
# A quarter of the numbers, and you still see where the edges are.
#
# ## What is pooling good for?
#
# **It saves work.** Every layer after it has a quarter of the places to look at.
#
# **It lets the later layers see more of the picture.** How many pixels does one number depend on? That is its **receptive field**. After a
# convolution of 3 × 3 it is 3 pixels wide. A pooled number covers two neighbours of such a map, so 4 pixels. A 3 × 3 filter on the pooled map
# covers three windows, that is 6 numbers of the map before; those see 6 + 2 = 8 pixels. We measure it: the gradient of one number by the
# picture is not 0 exactly at the pixels that it depends on. (With mean in the place of maximum, and all weights 1, so that every pixel counts.)

# %%
ones = np.ones((3, 3, 1, 1))
steps = {
    "convolution": lambda x: ops.conv2d(x, ones),
    "pooling": ops.average_pool2d,
    "convolution again": lambda x: ops.conv2d(x, ones),
    "pooling again": ops.average_pool2d,
}
for count, name in enumerate(steps, 1):
    x = y = minidl.Tensor(np.zeros((1, 32, 32, 1)), requires_grad=True)
    for step in [*steps.values()][:count]:
        y = step(y)
    (g,) = minidl.grad(y[0, 2, 2, 0], [x])
    rows = g.numpy()[0, :, :, 0].any(axis=1).sum()
    print(f"after {name:17}: one number sees {rows:2} × {rows} pixels")

# %% [markdown]
# **Small movements matter less.** The largest number of a window is the same wherever in the window it is. We move 200 pictures by one
# pixel, and compare their edge maps before and after, pooled with windows of different size: how large is the mean change, as a share of the
# mean number?

# %%
moved = np.roll(grey, 1, axis=2)
for size in (1, 2, 4, 8, 30):
    a, b = (ops.max_pool2d(ops.relu(ops.conv2d(x[:200], bank)), pool_size=size).numpy() for x in (grey, moved))
    note = {1: "no pooling", 30: "one number for the whole map"}.get(size, "")
    print(f"window {size:2} × {size:<2}: the maps change by {np.abs(a - b).mean() / np.abs(a).mean():4.0%}   {note}")

# %% [markdown]
# This is where translation **invariance** comes from, as far as it goes: convolution moves the map along with the object, and pooling
# forgets a part of *where* it was. You see also that one pooling of 2 × 2 forgets only a part: the maps still change by nearly a half.
#
# ## Other ways to pool
#
# **Average pooling** takes the mean of each window. **Global average pooling** takes the mean of each whole map: one number per channel,
# "how much of this feature is there in the picture at all?"

# %%
one = feature_map.reshape(1, 4, 4, 1)
print("average pooling:\n", ops.average_pool2d(one.astype(float)).numpy().reshape(2, 2), sep="")
print("global average pooling:", ops.global_average_pool2d(one.astype(float)).numpy().item())

# %% [markdown]
# ## Backwards through a maximum
#
# For training we need the gradient. If a window's output is its largest number, which of the four numbers would change the output?

# %%
Prediction(
    "The gradient g arrives at a max-pooling window. How is it passed on to the four numbers in the window?",
    ["A quarter of g to each", "All of g to the largest, 0 to the others", "To each in proportion to its size", "It ends here"],
    answer=1,
    why="The output is the largest number. If that grows a little, so does the output. If another one grows a little, it is still not the "
    "largest, and nothing changes: its derivative is 0.",
)

# %%
x = minidl.Tensor(feature_map.reshape(1, 4, 4, 1).astype(float), requires_grad=True)
(g,) = minidl.grad(ops.max_pool2d(x).sum(), [x])
print(g.numpy().reshape(4, 4))

# %% [markdown]
# One 1 in each window. (The upper right window holds two 2s. In a tie minidl takes the first.)
#
# ## Exercise 2: the gradient of max-pooling
#
# Write it for a batch, with even height and width. `g` has the shape of the pooled maps, the result that of x. You need not think of ties:
# in the checks, no two numbers of a window are equal.


# %%
def forward(x):
    """(N, H, W, C) → (N, H / 2, W / 2, C), as minidl does it."""
    return ladder.max_pool2d_loops(x)


def backward(g, x):
    """dL/dx (N, H, W, C), for g = dL/dy (N, H / 2, W / 2, C)."""
    ### BEGIN SOLUTION
    dx = np.zeros(x.shape)
    for r in range(g.shape[1]):
        for c in range(g.shape[2]):
            place = slice(None), slice(2 * r, 2 * r + 2), slice(2 * c, 2 * c + 2)
            window = x[place]
            dx[place] = (window == window.max(axis=(1, 2), keepdims=True)) * g[:, r : r + 1, c : c + 1]
    return dx
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "backward",
    "The gradient of max-pooling.",
    hints=[
        "Loop over rows r and columns c of g. The window is x[:, 2 * r : 2 * r + 2, 2 * c : 2 * c + 2], of shape (N, 2, 2, C).",
        "window == window.max(axis=(1, 2), keepdims=True) is True at the largest number of each picture and channel.",
        "dx[:, 2 * r : 2 * r + 2, 2 * c : 2 * c + 2] = (window == largest) * g[:, r : r + 1, c : c + 1]",
    ],
)
batch = rng.normal(size=(2, 4, 6, 3))
up = rng.normal(size=(2, 2, 3, 3))
no_ties = np.array([[1.0, 3, 2, 1], [5, 6, 1, 0], [4, 2, 9, 8], [3, 1, 2, 0]])
exercise.check("the shape", lambda: np.shape(backward(up, batch)), batch.shape)
exercise.check(
    "only the largest gets something",
    lambda: backward(np.ones((1, 2, 2, 1)), no_ties.reshape(1, 4, 4, 1)).reshape(4, 4),
    [[0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]],
)
exercise.check("nothing is lost on the way", lambda: backward(up, batch).sum(), up.sum(), 1e-6, "each g goes to exactly one number")
exercise.check_gradient("checked by differences", lambda: (forward, backward), batch)
exercise.done()

# %% [markdown]
# ## From maps to a row: flatten
# <!-- concept: 28 -->
#
# After some rounds of convolution and pooling we have many small maps, (rows, columns, channels). The dense layers at the end want a row of
# numbers. **Flatten** writes the maps into one row; it calculates nothing. (6, 6, 32) becomes 6 · 6 · 32 = 1152 numbers:

# %%
print(layers.Flatten()(np.zeros((1, 6, 6, 32))).shape)

# %% [markdown]
# ## The whole net
# <!-- concept: 28, 34 -->
#
# Here is the first net for pictures of this course, line by line. `Input` says what shape an example has. A layer that is *called* on what
# came before is connected with it. The net is what lies between inputs and outputs.

# %%
minidl.set_seed(1)  # the same random weights at every start
inputs = layers.Input((32, 32, 3))
x = layers.Conv2D(16, (3, 3), activation="relu")(inputs)  # 16 simple features: edges, colours
x = layers.MaxPooling2D((2, 2))(x)
x = layers.Conv2D(32, (3, 3), activation="relu")(x)  # 32 features made of those: corners, bows
x = layers.MaxPooling2D((2, 2))(x)
x = layers.Flatten()(x)
x = layers.Dense(64, activation="relu")(x)  # which features together speak for which shape
outputs = layers.Dense(10, activation="softmax")(x)  # a probability for each class
model = minidl.Model(inputs, outputs, name="intro")
plots.architecture(model)

# %% [markdown]
# (What each layer looks for, is learned; nobody tells it. The comments say what one typically finds. In lesson 14 we look.) This order,
# convolution and pooling in turns, then dense layers, is that of *LeNet*, which read the digits on bank cheques in the 1990s.
#
# ## Counting parameters
# <!-- concept: 40 -->
#
# For every layer, `summary` gives the shape of its output and how many parameters it has. `None` is the number of examples in a batch,
# which is open.

# %%
model.summary()

# %% [markdown]
# You can find all of these numbers with two rules:
#
# * **convolution**: (height · width · input channels + 1) · filters; the 1 is the bias of each filter;
# * **dense**: (inputs + 1) · units; the 1 is the bias of each unit.
#
# Pooling and flatten have none.
#
# ## Exercise 3: count


# %%
def conv_parameters(size, channels, filters):
    """Of a convolution with ``filters`` filters of ``size`` × ``size`` on maps with ``channels`` channels."""
    ### BEGIN SOLUTION
    return (size * size * channels + 1) * filters
    ### END SOLUTION


def dense_parameters(inputs, units):
    """Of a dense layer."""
    ### BEGIN SOLUTION
    return (inputs + 1) * units
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "parameters",
    "The numbers of parameters of convolutional and dense layers.",
    hints=[
        "One filter has a weight for each place of its window and each channel of its input, and one bias. There are `filters` of them.",
        "One unit of a dense layer has a weight for each input, and one bias.",
        "return (size * size * channels + 1) * filters, and return (inputs + 1) * units",
    ],
)
exercise.check(
    "the first convolution", lambda: conv_parameters(3, 3, 16), 448, 1e-9, "16 filters, each with 3 · 3 · 3 weights and one bias"
)
exercise.check("the second one", lambda: conv_parameters(3, 16, 32), 4640, 1e-9, "its input has 16 channels, the maps of the first")
exercise.check(
    "the first dense layer", lambda: dense_parameters(6 * 6 * 32, 64), 73792, 1e-9, "64 units, each with 1152 weights and one bias"
)
exercise.check("the last one", lambda: dense_parameters(64, 10), 650, 1e-9, "10 units, each with 64 weights and one bias")
exercise.check(
    "the whole net",
    lambda: conv_parameters(3, 3, 16) + conv_parameters(3, 16, 32) + dense_parameters(6 * 6 * 32, 64) + dense_parameters(64, 10),
    79530,
)
exercise.done()

# %% [markdown]
# 448 + 4 640 + 73 792 + 650 = **79 530**. And note where they are: 93 % of them in the one dense layer after flatten. The two convolutions,
# which do most of the seeing, have 6 % together.

# %%
for layer in model.layers:
    if layer.count_params():
        print(f"{type(layer).__name__:8}{layer.count_params():8,}   {layer.count_params() / model.count_params():5.1%}")

# %% [markdown]
# ## Exercise 4: the shapes
#
# How large are the maps along the way, if the pictures have another size? A convolution of 3 × 3 without padding takes 2 away; pooling
# halves, and rounds down.


# %%
def sizes(n):
    """Five numbers, for pictures of n × n: the widths after convolution, pooling, convolution, pooling; and how many ``Flatten`` gives."""
    ### BEGIN SOLUTION
    a = n - 2
    b = a // 2
    c = b - 2
    d = c // 2
    return [a, b, c, d, d * d * 32]
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "sizes",
    "The widths of the maps in the net.",
    hints=[
        "Go through the net line by line: n − 2, then half of it, then minus 2, then half of it.",
        "Half, rounded down, is // 2. Flatten gives width · width · 32 numbers, 32 being the filters of the second convolution.",
        "a = n - 2; b = a // 2; c = b - 2; d = c // 2; return [a, b, c, d, d * d * 32]",
    ],
)
exercise.check("our pictures: 32", lambda: sizes(32), [30, 15, 13, 6, 1152], 1e-9, "32 maps of 6 · 6 numbers")
exercise.check("28, as handwritten digits have it", lambda: sizes(28), [26, 13, 11, 5, 800], 1e-9, "half of 11, rounded down, is 5")
exercise.check("larger: 64", lambda: sizes(64), [62, 31, 29, 14, 6272])
exercise.check("the smallest possible: 10", lambda: sizes(10), [8, 4, 2, 1, 32])
exercise.done()

# %% [markdown]
# For pictures of 64 × 64, the dense layer after flatten would already have (6 272 + 1) · 64 = 401 472 parameters. For large pictures one
# builds differently.
#
# ## A net for large pictures
# <!-- concept: 29 -->
#
# This one tells two kinds of X-rays apart, grey pictures of 256 × 256. It uses three things that are new.

# %%
xray = nets.xray()
xray.summary()

# %% [markdown]
# 1. **`padding="same"`** in every convolution, so that only pooling changes the size: 256, 128, 64, 32, 16, 8, 4. Grey pictures have one
#    channel, so the first convolution has (3 · 3 · 1 + 1) · 8 = 80 parameters, and the last one (3 · 3 · 20 + 1) · 50 = 25 050. Try the others.
# 2. **Global average pooling** in the place of flatten. The 50 maps of 4 × 4 become 50 numbers, and the dense layer after them has (50 + 1)
#    · 128 = 6 528 parameters. With flatten it would be (4 · 4 · 50 + 1) · 128 = 102 528, more than the whole net has now.
# 3. **Dropout**, a help against learning by heart. We come to it at once.
#
# The last layer has a single unit with a sigmoid: the probability of class 1. The other class gets the rest. So two classes need *one*
# output, not two; one sometimes reads that the number of outputs "matches the classes". And all in all it has fewer parameters than the
# first net, for pictures with 21 times as many numbers:

# %%
print(f"{nets.intro().count_params():,} and {xray.count_params():,}; {256 * 256 / (32 * 32 * 3):.1f} times as many numbers")

# %% [markdown]
# ## Dropout
# <!-- concept: 29 -->
#
# During training, `Dropout(0.6)` sets each number to 0 with a probability of 0.6 (the *rate*), at random and anew for each batch. So no unit can rely on
# a certain other one being there. Nothing is deleted for good, as the phrase "deleting neurons" suggests: outside of training, dropout does
# nothing.
#
# The next layer adds these numbers up. To keep its sums about as large in training as in use, the numbers that stay are divided by the
# probability of staying, here 0.4:

# %%
drop = layers.Dropout(0.6, seed=0)
row = np.ones((1, 10), "float32")
print("training:  ", drop(row, training=True).numpy())
print("prediction:", drop(row, training=False).numpy())

# %% [markdown]
# ## Exercise 5: dropout
#
# Write it in NumPy. `rng.random(x.shape)` gives random numbers, evenly between 0 and 1.


# %%
def dropout(x, rate, rng):
    """x, with each number set to 0 with probability ``rate``, and the others divided by 1 − rate."""
    ### BEGIN SOLUTION
    stays = rng.random(x.shape) >= rate
    return x * stays / (1 - rate)
    ### END SOLUTION


# %% tags=["check"]
many = np.full((200, 500), 3.0)
exercise = Exercise(
    "dropout",
    "Dropout, as it is in training.",
    hints=[
        "rng.random(x.shape) < rate is True with probability rate: these numbers become 0.",
        "Multiplying by True and False multiplies by 1 and 0. Afterwards divide by 1 - rate.",
        "return x * (rng.random(x.shape) >= rate) / (1 - rate)",
    ],
)
exercise.check(
    "about 60 % are 0", lambda: (dropout(many, 0.6, np.random.default_rng(0)) == 0).mean(), 0.6, 0.02, "rate is the share that goes"
)
exercise.check("the others are divided by 0.4", lambda: dropout(many, 0.6, np.random.default_rng(0)).max(), 7.5, 1e-9, "0.4 is 1 − rate")
exercise.check("the mean stays about the same", lambda: dropout(many, 0.6, np.random.default_rng(0)).mean(), 3.0, 0.02)
exercise.check("rate 0 changes nothing", lambda: dropout(many, 0.0, np.random.default_rng(0)), many)
exercise.check(
    "x itself is left as it was",
    lambda: [dropout(many, 0.6, np.random.default_rng(0)).min(), many.min()],
    [0.0, 3.0],
    because="give back a new array, x belongs to the caller",
)
exercise.done()

# %% [markdown]
# ## Training the net
#
# Now the first net learns. The labels are class numbers, so the loss is the *sparse* categorical cross-entropy of lesson 9. 4 000 pictures,
# in batches of 32, four times through all of them: some ten seconds. The 500 test pictures are shown to it after each round, only to
# measure; their numbers are those that begin with `val_`. (Nothing is chosen by them here. Lesson 12 keeps other pictures for that.)

# %%
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x_train, y_train, batch_size=32, epochs=4, validation_data=(x_test, y_test), verbose=2)

# %%
plots.learning_curves(history)

# %% [markdown]
# Guessing would be right once in ten times, 0.1. The net comes to 0.8 or more in four rounds (your numbers differ a little: machines round
# differently).
#
# Is that because of the convolutions? Give a net of dense layers about as many parameters and the same training. (It gets the pixels minus
# ½, so that they lie around 0; without that it would learn hardly anything in so short a time.)

# %%
minidl.set_seed(1)
dense = minidl.Sequential(
    [
        layers.Input((32, 32, 3)),
        layers.Rescaling(1.0, offset=-0.5),
        layers.Flatten(),
        layers.Dense(25, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
)
dense.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
dense.fit(x_train, y_train, batch_size=32, epochs=4, verbose=0)
for net in (model, dense):
    print(f"{net.count_params():,} parameters: accuracy {net.evaluate(x_test, y_test, verbose=0)[1]:.2f}")

# %% [markdown]
# About as many parameters, the same pictures, and far fewer right answers. What does our net get wrong?

# %%
probabilities = model.predict(x_test, verbose=0)
plots.predictions(x_test, y_test, probabilities, names, count=12)

# %% [markdown]
# And how invariant is it really? Move all test pictures by some pixels to the right (what comes in from the left is black), and count how
# many answers stay the same, for our net and for the dense one:

# %%
for pixels in (1, 2, 4):
    moved = np.zeros_like(x_test)
    moved[:, :, pixels:] = x_test[:, :, :-pixels]
    same = [
        (net.predict(moved, verbose=0).argmax(axis=1) == net.predict(x_test, verbose=0).argmax(axis=1)).mean() for net in (model, dense)
    ]
    print(f"moved by {pixels}: with convolutions {same[0]:.0%} of the answers stay the same, without {same[1]:.0%}")

# %% [markdown]
# So a convolutional net is *not* invariant under translation, only more so than a dense one: after flatten, the dense layer does know where each
# number came from. What helps is to train with moved pictures, too (lesson 13).
#
# ## What you know now
#
# * **Max-pooling** keeps the largest number of each window, channel by channel, without weights; its gradient goes to that number alone. It
#   saves work, lets later layers see more of the picture, and makes small movements matter less.
# * A **convolutional net**: convolution and pooling, several times; then flatten (or global average pooling); then dense layers; softmax.
# * Parameters: (k · k · channels + 1) · filters for a convolution, (inputs + 1) · units for a dense layer. Most of them are where flatten
#   meets a dense layer.
# * **Dropout** silences random numbers in training, and does nothing afterwards.
#
# **To read on:** Goodfellow, Bengio and Courville, *Deep Learning*, section 9.3 (free online); Lin, Chen and Yan, *Network in network*
# (arXiv 1312.4400), for global average pooling; Srivastava et al., *Dropout: a simple way to prevent neural networks from overfitting*
# (2014); Zhang, *Making convolutional networks shift-invariant again* (arXiv 1904.11486).
# **Next:** in lesson 12 this net becomes a project, from the first question to the file that you can share; with photographs, if you have them.
