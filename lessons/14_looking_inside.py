# %% [markdown]
# # 14. Looking inside
#
# **After this lesson you can**
#
# * read a confusion matrix, and find the mistakes of which a net is surest;
# * look at filters and feature maps, and say what can be read from them and what cannot;
# * compute a saliency map and Grad-CAM yourself: which pixels, and which places, an answer hangs on;
# * put such a map to the test, because a map that looks convincing can be worthless.
#
# **Where we are.** In lesson 12 a net learned to name pictures, and one number told how well: its accuracy. Here we open the net. What does it
# mix up? What do its filters look for? And does it look at the object at all?
#
# *50 minutes. You need: lessons 9 to 12, and `minidl.grad` from lesson 5.*

# %%
import numpy as np

import minidl
from minidl import Tensor, attribution, nets, plots
from minidl.data import outlines, shapes10
from minidl.lesson_runner import Exercise, Prediction

names = shapes10.CLASS_NAMES
(x_train, y_train), (x_test, y_test) = shapes10.load_data(n_train=3000, n_test=600)
x_train, x_test = x_train / np.float32(255), x_test / np.float32(255)
y_train, y_test = y_train[:, 0].astype(int), y_test[:, 0].astype(int)

minidl.set_seed(0)
model = nets.intro()
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=6, verbose=0)
probabilities = model.predict(x_test, verbose=0)
answers = probabilities.argmax(axis=1)
print(f"accuracy on {len(x_test)} test pictures: {(answers == y_test).mean():.3f}")

# %% [markdown]
# We trained the intro net briefly (for ten seconds or so) and on few pictures, on purpose: a net without mistakes has little to tell. (The numbers of this lesson
# depend on the run: on another machine the last digits of the weights differ, and with them some answers.)
#
# ## What is taken for what
#
# <!-- concept: 35 -->
#
# The accuracy hides *which* pictures go wrong. The **confusion matrix** $C$ shows it: $C_{ij}$ counts how often a picture of class $i$ got the
# answer $j$. Rows are the truth, columns the answers; right answers lie on the diagonal.
#
# ## Exercise 1: count the answers


# %%
def confusion(truth, answers, classes):
    """The confusion matrix: integers of shape (classes, classes), a row for each true class."""
    ### BEGIN SOLUTION
    matrix = np.zeros((classes, classes), int)
    for i, j in zip(truth, answers):
        matrix[i, j] += 1
    return matrix
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "confusion",
    "The confusion matrix of true classes and answers.",
    hints=[
        "Begin with np.zeros((classes, classes), int).",
        "Go through both arrays together, with zip; each pair (i, j) adds 1 to one entry.",
        "for i, j in zip(truth, answers): matrix[i, j] += 1",
    ],
)
exercise.check(
    "six answers", lambda: confusion([0, 0, 0, 1, 1, 1], [0, 1, 1, 1, 1, 0], 2), [[1, 2], [1, 2]],
    because="rows are the truth, columns the answers, and a pair that comes twice counts twice",
)  # fmt: skip
exercise.check("a class that never comes", lambda: confusion([0, 2], [2, 2], 3), [[0, 0, 1], [0, 0, 0], [0, 0, 1]])
exercise.check("every picture is counted", lambda: int(confusion(y_test, answers, 10).sum()), 600)
exercise.check("the diagonal gives the accuracy", lambda: np.trace(confusion(y_test, answers, 10)) / 600, (answers == y_test).mean())
exercise.done()

# %%
plots.confusion_matrix((y_test, answers), names)

# %% [markdown]
# Read it row by row. The **recall** of a class, at the right, is the share of its pictures that were recognised: the number on the diagonal over the
# sum of its row. Read a column, and you have the **precision**: of all answers "circle", say, the share that was right.

# %%
for name in ("circle", "square"):
    k = names.index(name)
    right = ((y_test == k) & (answers == k)).sum()
    print(f"{name}, recall:    {right} of {(y_test == k).sum()} pictures, {right / (y_test == k).sum():.0%}")
    print(f"{name}, precision: {right} of {(answers == k).sum()} answers, {right / (answers == k).sum():.0%}")

# %% [markdown]
# Nearly all circles are found, but not everything that is called a circle is one. For squares it is the other way round. A class can have a high
# recall just because the net says its name often; its column then shows the price.
#
# The mistakes make sense: what is mixed up looks alike. That is already something that the accuracy did not tell. Now the mistakes themselves,
# the surest first:

# %%
plots.predictions(x_test, y_test, probabilities, names)

# %% [markdown]
# Look at the upper rows. A probability near 100 % is what the softmax says; it is no promise, and some of these answers are sure *and* wrong.
# Where the picture is cut by a bar, or its shape turned, you may hesitate as well. How much is a sureness worth? Count:

# %%
sureness = probabilities.max(axis=1)
for low, high in ((0.0, 0.5), (0.5, 0.8), (0.8, 0.95), (0.95, 1.01)):
    chosen = (sureness >= low) & (sureness < high)
    right = (answers == y_test)[chosen].mean() if chosen.any() else float("nan")
    sure = sureness[chosen].mean() if chosen.any() else float("nan")
    print(
        f"sure between {low:.0%} and {min(high, 1):.0%}: {chosen.sum():3d} pictures, on average {sure:.0%} sure, and {right:.0%} are right"
    )

# %% [markdown]
# This net is honest: in each row, about as many are right as it says. It need not be so. The over-fitted net of lesson 13 became surer and surer
# while its validation loss rose; and large nets often are surer than they are right (Guo and others, 2017). So count before you trust.
#
# ## Filters and feature maps
#
# The first convolution has 16 filters of 3×3 on the colours red, green and blue. They are small colour pictures:

# %%
plots.filters(model.layers[1].kernel)

# %% [markdown]
# Look for filters that are dark on one side and light on the other: they answer to edges in that direction. Number 15 is such a one, dark at the upper
# right, light at the lower left. A few have a colour, and answer to it. Most are hard to name, and that is normal. Nine pixels cannot show much,
# and nothing forces a filter to be something for which we have a word. (The larger filters of large nets show edges and colours more clearly.)
# The second convolution has 32 filters on 16 channels. Those cannot be seen as pictures at all.
#
# More can be said of what the filters *make of a picture*. The **feature maps** of the first convolution and of the second, for one picture:

# %%
first, second = (layer.name for layer in model.layers if layer.name.startswith("conv2d"))
shown = int(np.flatnonzero((y_test == names.index("heart")) & (answers == y_test))[0])
plots.feature_maps(model, x_test[shown], first)

# %%
plots.feature_maps(model, x_test[shown], second)

# %% [markdown]
# The first maps are sharp, and you recognise the picture: areas of one brightness, and edges from one side. Find number 15: it is darkest where the
# left edge of the heart runs, with a light ground at its left and the dark heart at its right, as its filter wants it. The second ones are coarse (13×13
# places) and selective: many stay white for this picture, and others are dark at a few places. Each answers to a *combination* of the first ones, such as a
# corner or an end. From layer to layer there is less "where exactly" and more "what".
#
# ## Which pixels does the answer hang on?
#
# <!-- concept: 42 -->
#
# A derivative says how one number changes with another. So far we asked how the loss changes with each weight. Nothing keeps us from asking
# how the *score of a class* changes with each **pixel**. Large derivative: the answer hangs on this pixel. That is a **saliency map** (Simonyan,
# Vedaldi and Zisserman, 2014).
#
# We take the score that goes *into* the softmax. What comes out is flat where the net is sure: at 0.9999 hardly anything changes it. Here are
# the scores, layer by layer:


# %%
def scores(pictures):
    """The scores of the ten classes before the softmax, (n, 10), of a Tensor of pictures."""
    y = pictures
    for layer in model.layers[1:-1]:
        y = layer(y)
    return y @ model.layers[-1].kernel + model.layers[-1].bias


picture, heart = x_test[shown], names.index("heart")
print("scores:", np.round(scores(Tensor(picture[None])).numpy()[0], 1))

# %% [markdown]
# ## Exercise 2: a saliency map
#
# The gradient of a score by the picture has the picture's shape, (32, 32, 3). A pixel counts as much as the strongest of its three colours, and
# the sign does not matter.


# %%
def saliency(picture, k):
    """How strongly each pixel of a picture (32, 32, 3) moves the score of class k: an array (32, 32), nothing below 0."""
    x = Tensor(picture[None], requires_grad=True)
    ### BEGIN SOLUTION
    (g,) = minidl.grad(scores(x)[0, k], [x])
    return np.abs(g.numpy()[0]).max(axis=2)
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "saliency",
    "The derivative of a score by the pixels.",
    hints=[
        "scores(x) is a Tensor of shape (1, 10); the score of class k is scores(x)[0, k].",
        "(g,) = minidl.grad(…, [x]) has the shape of x, (1, 32, 32, 3); g.numpy()[0] is an array (32, 32, 3).",
        "(g,) = minidl.grad(scores(x)[0, k], [x]); return np.abs(g.numpy()[0]).max(axis=2)",
    ],
)
reference = attribution.saliency(model, picture[None], heart)[0]
exercise.check("its shape", lambda: saliency(picture, heart).shape, (32, 32))
exercise.check("nothing below 0", lambda: bool((saliency(picture, heart) >= 0).all()))
exercise.check(
    "what minidl finds, up to a factor", lambda: saliency(picture, heart) / saliency(picture, heart).max(), reference, 1e-3,
    because="of the score before the softmax; first the absolute value, then the largest of the three colours",
)  # fmt: skip
exercise.check("another class, another map", lambda: bool(np.abs(saliency(picture, heart) - saliency(picture, 0)).max() > 1e-3))
exercise.done()

# %%
plots.saliency(model, x_test[:6], class_names=names)

# %% [markdown]
# Most of the dark pixels lie on the shapes and close around them. And the maps are speckled. That is no
# drawing mistake: the derivative asks about *one* pixel at a time, and the net's answer to a single pixel is rough. (Try it again with
# `samples=20`. It takes the mean over noisy copies, which calms the maps: SmoothGrad.)
#
# ## Which places speak for the class?
#
# <!-- concept: 42 -->
#
# **Grad-CAM** (Selvaraju and others, 2017) asks at the last convolution, where "what" is known and "where" is not yet lost. Each of its
# feature maps $A_c$ gets a weight: the mean of the derivatives of the score by all places of that map. Then the maps are added up:
#
# $$\alpha_c = \frac{1}{H W}\sum_{i,j} \frac{\partial\,\text{score}}{\partial A_{ijc}}$$
#
# $$\text{map} = \text{relu}\Big(\sum_c \alpha_c A_c\Big)$$
#
# In words: $\alpha_c$ says how much the score rises if map $c$ becomes a bit stronger everywhere. A map with a positive weight speaks for the class, at
# the places where it is large. The relu keeps what speaks *for* the class, and drops what speaks against it.
#
# ## Exercise 3: Grad-CAM


# %%
def grad_cam(maps, gradient):
    """The Grad-CAM map (H, W), of feature maps (H, W, C) and the derivatives of the score by them, (H, W, C)."""
    ### BEGIN SOLUTION
    weights = gradient.mean(axis=(0, 1))
    return np.maximum((maps * weights).sum(axis=2), 0)
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "grad_cam",
    "The weighted sum of the feature maps, rectified.",
    hints=[
        "gradient.mean(axis=(0, 1)) gives one weight for each of the C maps.",
        "maps * weights broadcasts along the last axis; add up over that axis.",
        "return np.maximum((maps * gradient.mean(axis=(0, 1))).sum(axis=2), 0)",
    ],
)
rng = np.random.default_rng(0)
one = np.array([[[1.0, 2.0], [0.0, 1.0]], [[3.0, 0.0], [1.0, 1.0]]])
outputs = attribution.layer_outputs(model, picture[None])
weights_of_heart = model.layers[-1].kernel.numpy()[:, heart]
before = outputs[model.layers[-2].name]
(gradient,) = minidl.grad((before * weights_of_heart).sum(), [outputs[second]])
maps, gradient = outputs[second].numpy()[0], gradient.numpy()[0]
by_hand = np.maximum(sum(gradient[:, :, c].mean() * maps[:, :, c] for c in range(32)), 0)
exercise.check("its shape", lambda: grad_cam(maps, gradient).shape, (13, 13))
exercise.check(
    "weights 1 and 0: the first map", lambda: grad_cam(one, np.ones((2, 2, 2)) * [1.0, 0.0]), [[1.0, 0.0], [3.0, 1.0]],
    because="a weight is the mean over the places, not the sum",
)  # fmt: skip
exercise.check(
    "what speaks against it is dropped", lambda: grad_cam(one, np.ones((2, 2, 2)) * [1.0, -1.0]), [[0.0, 0.0], [3.0, 0.0]],
    because="the relu comes last",
)  # fmt: skip
exercise.check("the heart", lambda: grad_cam(maps, gradient), by_hand, 1e-4)
exercise.done()

# %%
plots.grad_cam(model, x_test[:6], class_names=names)

# %% [markdown]
# The maps are smooth, because they come from 13×13 places and are enlarged. Do they lie on the shapes? On the rings, beautifully; on others
# only on a corner, or on hardly anything. But beware of your own
# eyes: we *want* to see that. A colourful map over a picture looks like an explanation whatever it shows.
#
# (Grad-CAM has relatives. **Grad-CAM++**, `kind="gradcam++"`, gives more weight to places where the derivative is positive, so that several objects of
# one class are all found. **Score-CAM** needs no derivatives: it covers the picture except where a map is large, and looks what is left of the
# score. All of them are read in the same way, and need the same tests. And if you want another layer than the last convolution, give its *name*:
# `layer="conv2d"`. Published code has a fixed number there, such as 13, and explains some other layer as soon as one is added.)
#
# ## Sanity check 1: destroy the net
#
# <!-- concept: 42 -->
#
# Here is a test that every such map should pass (Adebayo and others, 2018). Replace the weights by random ones. The net then knows nothing,
# so a map that explains *what the net knows* must change. A map that stays the same was about the picture all the time.

# %%
Prediction(
    "We replace the weights layer by layer by random ones, from the last layer to the first. What happens to the maps of Grad-CAM?",
    [
        "They stay as they are until the first layer is random, too",
        "They become unlike the old ones as soon as the last layer is random, and stay unlike",
        "They become all white",
    ],
    answer=1,
    why="The derivatives run back through the last layer first. With random weights there, it is chance which maps count for the class.",
)

# %%
minidl.set_seed(7)
damaged = nets.intro()
fresh = damaged.get_weights()
some = x_test[:100]
chosen = answers[:100]
true_maps = {"saliency": attribution.saliency(model, some, chosen), "Grad-CAM": attribution.grad_cam(model, some, chosen)}


def likeness(a, b):
    """The mean correlation of two stacks of maps; 1: the same but for scale, 0: nothing in common."""
    pairs = [(p.ravel(), q.ravel()) for p, q in zip(a, b) if p.std() > 0 and q.std() > 0]
    return np.mean([np.corrcoef(p, q)[0, 1] for p, q in pairs])


# get_weights() is a list of eight arrays: kernel and bias of each of the four layers that have weights
print("random layers       saliency   Grad-CAM")
for count, label in ((0, "none"), (2, "the last one"), (4, "the last two"), (6, "the last three"), (8, "all four")):
    kept = model.get_weights()[: 8 - count] + fresh[8 - count :]
    damaged.set_weights(kept)
    now = attribution.saliency(damaged, some, chosen), attribution.grad_cam(damaged, some, chosen)
    print(f"{label:<19} {likeness(true_maps['saliency'], now[0]):6.2f}     {likeness(true_maps['Grad-CAM'], now[1]):6.2f}")

# %%
plots.grad_cam(damaged, x_test[:6], classes=answers[:6], class_names=names, title="Grad-CAM of a net with random weights")

# %% [markdown]
# Grad-CAM passes: with the last layer random its maps have little in common with the old ones, in the end nothing. Saliency passes with a
# reservation: it keeps a likeness of 0.4 or so with all weights random. That part was never about what the net *knows*; it comes from the
# picture, whose edges move the scores of any net. Some methods that are in use change hardly at all in this test. Their maps look best,
# because they show edges.
#
# ## Sanity check 2: the pointing game
#
# <!-- concept: 42 -->
#
# The second test needs pictures in which we *know* where the object is. So we paint them: a shape of known place and size, a few discs that
# mean nothing, and noise. Then we train a net on them, ask for the map of the right class, and look whether its hottest pixel lies on the
# object (Zhang and others, 2016, call this the pointing game). The fair comparison is the simplest guess: always point to the picture's
# centre. (How `compose` paints does not matter here; its docstring says what it gives. The training takes ten seconds or so.)

# %%
kinds = ("cross", "heart", "ring", "triangle")
RADIUS = 0.34  # of the shapes, where half the picture's side is 1
axis = (np.arange(32) + 0.5) / 16 - 1
across, up = axis[None, :], -axis[:, None]


def compose(n, rng):
    """n pictures with a shape each, their labels, and the shapes' places (row, column) in pixels."""
    labels, places = rng.permutation(np.arange(n) % len(kinds)), rng.uniform(-0.62, 0.62, (n, 2))
    pictures = np.empty((n, 32, 32, 3), "float32")
    for i, (label, (x, y)) in enumerate(zip(labels, places)):
        dark, light = rng.uniform(0, 0.5, 3), rng.uniform(0.5, 1, 3)
        ground, ink = (dark, light) if rng.random() < 0.5 else (light, dark)
        distance = RADIUS * outlines.OUTLINES[kinds[label]]((across - x) / RADIUS, (up - y) / RADIUS)
        for dx, dy in rng.uniform(-1, 1, (3, 2)):
            distance = np.minimum(distance, np.hypot(across - dx, up - dy) - 0.08)
        cover = np.clip(0.5 - 16 * distance, 0, 1)[..., None]
        pictures[i] = np.clip(ground + (ink - ground) * cover + rng.normal(0, 0.05, (32, 32, 3)), 0, 1)
    return pictures, labels, np.stack([(1 - places[:, 1]) * 16, (1 + places[:, 0]) * 16], axis=1) - 0.5


painted, painted_labels, _ = compose(2400, np.random.default_rng(0))
game, game_labels, game_places = compose(400, np.random.default_rng(1))
minidl.set_seed(0)
pointer = nets.intro(classes=4)
pointer.compile(minidl.optimizers.Adam(0.002), "sparse_categorical_crossentropy", metrics=["accuracy"])
pointer.fit(painted, painted_labels, epochs=9, verbose=0)
print(f"accuracy on 400 new pictures: {pointer.evaluate(game, game_labels, verbose=0)[1]:.2f} (by chance 0.25)")
plots.grad_cam(pointer, game[:6], classes=game_labels[:6], class_names=kinds)

# %% [markdown]
# ## Exercise 4: hit or miss


# %%
def hit(heat, place, radius):
    """Whether the hottest pixel of a map (H, W) is at most ``radius`` pixels from the ``place`` (row, column): True or False."""
    ### BEGIN SOLUTION
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    return bool(np.hypot(row - place[0], column - place[1]) <= radius)
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "hit",
    "One round of the pointing game.",
    hints=[
        "heat.argmax() counts through the whole map; np.unravel_index(…, heat.shape) makes row and column of it.",
        "The distance of two points is np.hypot(difference of the rows, difference of the columns).",
        "row, column = np.unravel_index(heat.argmax(), heat.shape); return bool(np.hypot(row - place[0], column - place[1]) <= radius)",
    ],
)
spot = np.zeros((8, 10))
spot[2, 7] = 1.0
exercise.check("on the place", lambda: hit(spot, (2.0, 7.0), 1.0), True, because="the hottest pixel is in row 2 and column 7 of 8×10")
exercise.check("rows and columns are not mixed up", lambda: hit(spot, (7.0, 2.0), 1.0), False)
exercise.check("just inside the radius", lambda: hit(spot, (2.0, 4.1), 3.0), True)
exercise.check("just outside", lambda: hit(spot, (2.0, 3.9), 3.0), False)
exercise.done()

# %%
random_pointers = []
for seed in range(5):
    minidl.set_seed(seed)
    random_pointers.append(nets.intro(classes=4))


def score_of_game(heat):
    """The share of hits in the pointing game."""
    best = heat.reshape(len(heat), -1).argmax(axis=1)
    return (np.hypot(best // 32 - game_places[:, 0], best % 32 - game_places[:, 1]) <= RADIUS * 16).mean()


centre = np.zeros((400, 32, 32))
centre[:, 16, 16] = 1
print(f"always the centre:{'':<24}{score_of_game(centre):.2f}")
for label, some_nets in (("the trained net", [pointer]), ("five nets with random weights", random_pointers)):
    for method, maps_of in (("Grad-CAM", attribution.grad_cam), ("saliency", attribution.saliency)):
        found = [score_of_game(maps_of(net, game, game_labels)) for net in some_nets]
        between = f"   (from {min(found):.2f} to {max(found):.2f})" if len(found) > 1 else ""
        print(f"{method}, {label + ':':<32}{np.mean(found):.2f}{between}")

# %% [markdown]
# The net looks at the objects, and Grad-CAM says so: it hits about three times as often as the centre does, and about twice as often as with random
# weights. But look at what random weights do. Nets that know *nothing* hit more often than the centre, on average and with either map: a shape is the
# largest thing in the picture, and any net answers to it. For saliency that is more than half of its hits. And one random net differs much from
# another, which is why there are five. Without the comparison you would have praised the map for what the picture did. All of them miss often,
# so that a single map proves little. What counts are numbers, over many pictures.
#
# Why bother? Because nets find shortcuts. A well-known net for chest X-rays had learned to recognise from which *hospital* a picture came,
# by a metal token at its edge, and one hospital had more sick patients. Its accuracy was excellent, in the hospitals that it knew.
#
# ## What you know now
#
# * The **confusion matrix** shows what is taken for what; recall is read along its rows, precision along its columns.
# * A softmax's **sureness need not be the share of right answers**. Look at the surest mistakes, and count.
# * First filters are edges and colours; deeper **feature maps** say less of where and more of what.
# * **Saliency**: the derivative of a score by the pixels. **Grad-CAM**: feature maps, weighed by the mean derivative of the score.
# * Maps must be **tested**: with random weights they must change; with a known place they must beat the centre.
#
# **To read on:** Simonyan, Vedaldi and Zisserman, "Deep inside convolutional networks" (2014); Selvaraju and others, "Grad-CAM" (2017);
# Adebayo and others, "Sanity checks for saliency maps" (2018); Zech and others, "Variable generalization performance of a deep learning model
# to detect pneumonia in chest radiographs" (*PLOS Medicine*, 2018); Guo and others,
# "On calibration of modern neural networks" (2017); Olah, Mordvintsev and Schubert, "Feature visualization" (*Distill*, 2017).
# **Next:** in lesson 15 a net lends what it has learned to another task.
