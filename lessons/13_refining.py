# %% [markdown]
# # 13. Refining
#
# **After this lesson you can**
#
# * tell under-fitting from over-fitting by two curves, and say what helps against which;
# * use dropout, L1 and L2, augmentation, early stopping, batch normalization and class weights, and write the core of most of them yourself;
# * judge a net by cross-validation where pictures are few;
# * search for good hyperparameters without fooling yourself.
#
# **Where we are.** In lesson 12 we had thousands of pictures, and the net did well. Now we have **400**. That is the normal case in
# practice, and everything goes wrong that can go wrong. We shall get from about a half of right answers to about 0.7, without a single new picture.
#
# *60 minutes. You need: lessons 7, 9 and 12.*

# %%
import numpy as np

import minidl
from minidl import callbacks, data, initializers, layers, nets, optimizers, plots, regularizers
from minidl.data import shapes10
from minidl.lesson_runner import Exercise, Prediction
from minidl.plots.panels import end_labels, name_axes, panels

(images, labels), (x_test, y_test) = shapes10.load_data(n_train=600, n_test=500)
images, labels = images / np.float32(255), labels[:, 0].astype(int)
x_test, y_test = x_test / np.float32(255), y_test[:, 0].astype(int)
x_train, y_train = images[:400], labels[:400]
x_val, y_val = images[400:600], labels[400:600]
print(f"{len(x_train)} pictures for training, {len(x_val)} for validation, {len(x_test)} for the end")

# %% [markdown]
# One function trains the intro net in all the variants of this lesson, always from the same seed, and keeps what happened. (The numbers depend on the
# run, and with another seed they would differ by a few hundredths. The order of the results is what to look at.)

# %%
histories = {}


def build(dropout=0.0, penalty=None, augment=()):
    """The intro net, with what this lesson adds to it."""
    x = inputs = layers.Input((32, 32, 3))
    for layer in augment:
        x = layer(x)
    x = layers.MaxPooling2D()(layers.Conv2D(16, 3, activation="relu", kernel_regularizer=penalty)(x))
    x = layers.MaxPooling2D()(layers.Conv2D(32, 3, activation="relu", kernel_regularizer=penalty)(x))
    x = layers.Dense(64, activation="relu", kernel_regularizer=penalty)(layers.Flatten()(x))
    x = layers.Dropout(dropout)(x)
    return minidl.Model(inputs, layers.Dense(10, activation="softmax")(x))


def train(name, epochs=22, rate=0.002, helpers=(), **how):
    """Train a variant; its history is kept under the name. The model is returned. ``how``: for ``build``; ``helpers``: callbacks."""
    minidl.set_seed(0)
    model = build(**how)
    model.compile(optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    fitted = model.fit(x_train, y_train, batch_size=16, epochs=epochs, validation_data=(x_val, y_val), verbose=0, callbacks=helpers)
    histories[name] = fitted.history
    last = {key: values[-1] for key, values in fitted.history.items()}
    print(
        f"{name:<22} training accuracy {last['accuracy']:.2f}   validation accuracy {last['val_accuracy']:.2f}, loss {last['val_loss']:.2f}"
    )
    return model


# %% [markdown]
# ## Two ways to fail
#
# <!-- concept: 24 -->
#
# First the net as it is:

# %%
plain = train("plain")
plots.learning_curves(histories["plain"])

# %% [markdown]
# The dashed curves are perfect: loss nearly 0, every training picture right. The solid ones tell the truth. The validation loss falls, reaches its
# least value, and then **rises**. From there on the net gets better at its 400 pictures and worse at all others. This is **over-fitting**: it has
# 79 530 parameters, enough to learn 400 pictures by heart.
#
# Look also at the validation *accuracy*: it does not fall while the loss rises, it even creeps up. The net does not answer wrongly more often; it becomes *surer* of
# its wrong answers, and the cross-entropy punishes that.
#
# The other way to fail is a net that is too small, or not trained enough: it is bad at the training pictures already. That is **under-fitting**:

# %%
minidl.set_seed(0)
tiny = minidl.Sequential([layers.Input((32, 32, 3)), layers.AveragePooling2D(4), layers.Flatten(), layers.Dense(10, activation="softmax")])
tiny.compile(optimizers.Adam(0.002), "sparse_categorical_crossentropy", metrics=["accuracy"])
tiny_history = tiny.fit(x_train, y_train, batch_size=16, epochs=15, validation_data=(x_val, y_val), verbose=0)
print(
    f"{tiny.count_params():,} parameters: training accuracy {tiny_history.history['accuracy'][-1]:.2f}, validation {tiny_history.history['val_accuracy'][-1]:.2f}"
)

# %% [markdown]
# | | training loss | validation loss | what helps |
# |---|---|---|---|
# | **under-fitting** | high | high | a larger net, more epochs, a better rate |
# | **right** | low | low, not far above | nothing: stop here |
# | **over-fitting** | very low | far above, and rising | more pictures, or what follows here |
#
# ## Dropout
#
# <!-- concept: 29, 35 -->
#
# You wrote **dropout** in lesson 11. In every step of the training each number that leaves a layer becomes 0 with the probability `rate`; when the net
# is *used*, all neurons are there. Against learning by heart it helps because no neuron can rely on a certain other one: what is learned must be
# spread. The rate is one more hyperparameter. We try 0.2, 0.5 and 0.8 before the last layer.

# %%
Prediction(
    "What does a rate of 0.8 do to the accuracies on the training and on the validation pictures?",
    ["Training lower, validation the highest of the three", "Both are low", "Nothing: the numbers are divided by 0.2 to make up for it"],
    answer=1,
    why="Of 64 numbers some 13 are left, other ones in each step. The net can hardly learn even the training pictures: it under-fits.",
)

# %%
for share in (0.2, 0.5, 0.8):
    train(f"dropout {share}", dropout=share)

# %% [markdown]
# Some dropout helps, too much of it takes the net from over-fitting to under-fitting. Rates from 0.2 to 0.5 are usual. (The training accuracy
# in this list is measured *with* dropout, so it looks worse than the net is in use.)
#
# ## L1 and L2: large weights must earn their size
#
# <!-- concept: 35 -->
#
# A net that learns by heart must react to tiny differences between pictures, and large weights do that. So we make size cost something, and add
# a penalty to the loss:
#
# $$\text{L2:}\quad L + \lambda \sum w^2 \qquad\qquad \text{L1:}\quad L + \lambda \sum |w|$$
#
# λ (lambda) is a hyperparameter: how much size costs. At 0 there is no penalty; if it is too large, the net cares for nothing else, and under-fits.
# Biases are left out.
#
# The derivatives show the difference. L2 adds $2\lambda w$: the larger a weight, the stronger it is pulled back, and small ones are left in peace. L1
# adds $\lambda$ with the sign of $w$: all are pulled with the *same* force, so that weights that are of no use arrive at 0 and stay near it.
#
# ## Exercise 1: a penalty and its derivative


# %%
def penalty(w, l1, l2):
    """(l1·Σ|w| + l2·Σw², and its derivative by each weight) of an array w. The derivative of |w| at 0 counts as 0."""
    ### BEGIN SOLUTION
    return l1 * np.abs(w).sum() + l2 * (w**2).sum(), l1 * np.sign(w) + 2 * l2 * w
    ### END SOLUTION


# %% tags=["check"]
example = np.array([[1.0, -2.0], [0.0, 0.5]])
exercise = Exercise(
    "penalty",
    "The L1 and L2 penalty with its gradient.",
    hints=[
        "The penalty is one number: l1 * np.abs(w).sum() + l2 * (w**2).sum().",
        "The derivative of |w| is np.sign(w), which is 0 at 0; that of w² is 2·w.",
        "return l1 * np.abs(w).sum() + l2 * (w**2).sum(), l1 * np.sign(w) + 2 * l2 * w",
    ],
)
exercise.check("L1 alone", lambda: penalty(example, 0.1, 0.0)[0], 0.35, because="0.1 · (1 + 2 + 0 + 0.5): a sum, not a mean")
exercise.check("L2 alone", lambda: penalty(example, 0.0, 0.1)[0], 0.525, because="0.1 · (1 + 4 + 0 + 0.25): a sum, not a mean")
exercise.check(
    "L1 pulls all with the same force",
    lambda: penalty(example, 0.1, 0.0)[1],
    [[0.1, -0.1], [0.0, 0.1]],
    because="the sign of each weight, and 0 at 0",
)
exercise.check(
    "L2 pulls large ones more", lambda: penalty(example, 0.0, 0.1)[1], [[0.2, -0.4], [0.0, 0.1]], because="the derivative of w² is 2·w"
)
exercise.done()

# %%
with_l2 = train("L2 0.003", penalty=regularizers.L2(0.003))
for name, model in (("plain", plain), ("L2 0.003", with_l2)):
    print(f"{name:<9} mean size of the weights of the first dense layer: {np.abs(model.layers[6].kernel.numpy()).mean():.4f}")
print(f"the penalty in the loss of L2: {sum(part.item() for part in with_l2.losses):.2f}")

# %% [markdown]
# The weights are some six times smaller. The reported loss *contains* the penalty, so losses with and without it must not be compared. Accuracies may be.
#
# How L1 differs is best seen where we know which weights are of use. A single neuron gets six features. The target is three times the first
# minus the second, with noise; the other four have nothing to do with it:

# %%
chance = np.random.default_rng(0)
features = chance.normal(size=(30, 6)).astype("float32")
target = 3 * features[:, :1] - features[:, 1:2] + chance.normal(size=(30, 1)).astype("float32")
for name, cost in (("no penalty", None), ("L2, λ = 0.5", regularizers.L2(0.5)), ("L1, λ = 0.5", regularizers.L1(0.5))):
    minidl.set_seed(0)
    neuron = minidl.Sequential([layers.Input((6,)), layers.Dense(1, kernel_regularizer=cost)])
    neuron.compile(optimizers.SGD(0.02), "mean_squared_error")
    neuron.fit(features, target, batch_size=30, epochs=300, verbose=0)
    print(f"{name:<11} weights:", " ".join(f"{w:5.2f}" for w in neuron.layers[-1].kernel.numpy()[:, 0]))

# %% [markdown]
# With L1 the four useless weights are gone, up to the length of a step; the two that earn their size stay. L2 makes the large ones smaller, and does
# not clear the useless ones away.
#
# ## Augmentation: more pictures out of the same
#
# <!-- concept: 24 -->
#
# The best cure for too few pictures is more pictures. A mirrored star is a star, and so is one that lies two pixels further left. **Augmentation**
# changes each picture a little, at random, each time it comes up in training, so that the net hardly ever sees the same picture twice. In
# minidl these are layers, which do nothing when the net is used.
#
# What may be changed is a question about the *task*. A shape may be mirrored. A letter may not, and neither may a chest, in which the heart
# belongs on one side. Here: mirrored at random, and moved by up to a tenth of the width and height.

# %%
augment = [layers.RandomFlip("horizontal"), layers.RandomTranslation(0.1, 0.1)]
minidl.set_seed(0)
changed = np.concatenate([x_train[:1]] + [augment[1](augment[0](x_train[:1], training=True), training=True).numpy() for _ in range(9)])
plots.gallery(np.clip(changed, 0, 1), title="One picture, and nine times the same")

# %% [markdown]
# A net that never sees the same picture twice learns more slowly, so we give it 30 epochs in place of 22.

# %%
Prediction(
    "With augmentation, what happens to the accuracy on the training pictures after 30 epochs?",
    ["It is 1.00, as before", "It is lower than before", "It is higher, because there are more pictures"],
    answer=1,
    why="The net cannot learn by heart what is different each time. Training becomes harder, and what is learned is worth more.",
)

# %%
augmented = train("augmentation", epochs=30, augment=augment)


def compare(names):
    """The validation losses of several variants over the epochs."""
    alt = "Validation losses: " + ", ".join(names)
    figure, (axes,) = panels(1, "Who over-fits?", "validation loss; of L2 with its penalty", alt, 5.6, 3.6, room=1.5)
    for name, colour, line in zip(names, ("#D55E00", "#0072B2", "#007A5C", "#B0528F"), ("-", "--", ":", "-.")):
        axes.plot(range(1, len(histories[name]["val_loss"]) + 1), histories[name]["val_loss"], line, color=colour, linewidth=2)
    axes.set(xlim=(0, 31), ylim=(0, 2.8))
    name_axes(axes, "epoch", "validation loss")
    end_labels(axes, {name: (histories[name]["val_loss"][-1], name) for name in names})
    return figure


compare(["plain", "dropout 0.5", "L2 0.003", "augmentation"])

# %% [markdown]
# All three hold the loss down, and augmentation by far the most: it adds *knowledge*, namely which changes do not matter. The others only make it
# harder to learn by heart. (The curve of L2 stands too high by its penalty. Look at where it goes, not at how high it is.) They can be combined.
#
# ## Early stopping
#
# <!-- concept: 35 -->
#
# The simplest cure of all: stop when the validation loss is at its least. But a curve wobbles, and who stops at the first rise stops too early. So
# one waits for so many epochs without a new best (the **patience**), then stops, and goes back to the weights of the best epoch.
#
# ## Exercise 2: when to stop


# %%
def early_stop(losses, patience):
    """(the epoch after which training stops, the best epoch until then), counted from 0, for the validation losses of all epochs.

    It stops after ``patience`` epochs in a row without a new least loss; if that never happens, after the last one."""
    ### BEGIN SOLUTION
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best >= patience:
            return epoch, best
    return len(losses) - 1, best
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "early_stop",
    "Stop with patience, and remember the best.",
    hints=[
        "Go through the epochs with enumerate, and remember the number of the best one so far.",
        "Epochs without a new best: epoch - best. If that reaches the patience, return (epoch, best).",
        "best = 0; for epoch, loss in enumerate(losses): if loss < losses[best]: best = epoch; if epoch - best >= patience: return epoch, best",
    ],
)
exercise.check(
    "a clear minimum",
    lambda: early_stop([3.0, 2.0, 1.0, 1.5, 1.6, 1.7], 2),
    (4, 2),
    because="epochs count from 0; 3 and 4 are two without a new best",
)
exercise.check(
    "one bad epoch is forgiven",
    lambda: early_stop([3.0, 2.0, 2.5, 1.0, 1.1, 1.2], 2),
    (5, 3),
    because="a new best starts the count of bad epochs again",
)
exercise.check("without much patience it is not", lambda: early_stop([3.0, 2.0, 2.5, 1.0], 1), (2, 1))
exercise.check(
    "better than the epoch before is not enough",
    lambda: early_stop([3.0, 2.0, 2.5, 2.4, 2.3, 2.2], 3),
    (4, 1),
    because="the best is still 2.0, of epoch 1: three epochs without a new best",
)
exercise.check("it falls to the end", lambda: early_stop([3.0, 2.0, 1.0], 2), (2, 2), because="without a stop, the last epoch")
exercise.done()

# %%
stopper = callbacks.EarlyStopping(monitor="val_loss", patience=3, restore_best_weights=True)
stopped = train("early stopping", helpers=[stopper])
print(f"stopped after epoch {stopper.stopped_epoch + 1}, weights of epoch {stopper.best_epoch + 1} restored")
loss, accuracy = stopped.evaluate(x_val, y_val, verbose=0)
print(
    f"with these weights: validation loss {loss:.2f} (plain net in the end: {histories['plain']['val_loss'][-1]:.2f}), accuracy {accuracy:.2f}"
)

# %% [markdown]
# It saves time and holds the *loss* down. It need not give the best accuracy, as the curves of the plain net showed: what you monitor is what you get. And
# since the validation pictures decided when to stop, the validation loss is now a little too good. The test pictures are for that.
#
# ## Batch normalization
#
# <!-- concept: 35 -->
#
# Another problem: the deeper a net, the less is known about the scale of what reaches a layer. Too small, and the signal dies on its way (lesson 8).
# **Batch normalization** brings each feature to mean 0 and variance 1 over the batch, and then lets the net choose a scale γ and a shift β of its own:
#
# $$y = \gamma\,\frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}} + \beta$$
#
# μ and σ² are the mean and the variance of the feature over the batch; the small ε keeps the root from being 0. When the net is used there may be
# no batch, so running averages of μ and σ² from the training are taken. In a convolutional net the layer stands between a convolution and its
# activation, and a feature is a channel: one μ, σ², γ and β for each map, over all its places.
#
# ## Exercise 3: batch normalization in training


# %%
def normalize(x, gamma, beta, epsilon=0.001):
    """y of the formula, for x of shape (batch, features); ``gamma`` and ``beta`` have a number for each feature."""
    ### BEGIN SOLUTION
    return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + epsilon) + beta
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "normalize",
    "Each feature with mean 0 and variance 1, then scaled and shifted.",
    hints=[
        "A feature is a column. Its mean over the batch is x.mean(axis=0), its variance x.var(axis=0).",
        "Subtract the mean, divide by np.sqrt(variance + epsilon). Then multiply by gamma and add beta.",
        "return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + epsilon) + beta",
    ],
)
batch = np.array([[1.0, 100.0], [3.0, 100.0], [1.0, 300.0], [3.0, 300.0]])
exercise.check(
    "two features of different size",
    lambda: normalize(batch, np.ones(2), np.zeros(2), 0.0),
    [[-1, -1], [1, -1], [-1, 1], [1, 1]],
    because="each column less its mean, divided by the root of its variance",
)
exercise.check("a scale and a shift", lambda: normalize(batch, np.array([2.0, 1.0]), np.array([0.0, 5.0]), 0.0)[0], [-2.0, 4.0])
exercise.check(
    "a feature that is always the same", lambda: normalize(np.full((4, 1), 7.0), np.ones(1), np.array([0.5])), np.full((4, 1), 0.5)
)
exercise.check(
    "as minidl's layer",
    lambda: normalize(batch, np.ones(2), np.zeros(2)),
    layers.BatchNormalization()(batch.astype("float32"), training=True).numpy(),
    1e-5,
    "ε stands under the root, beside the variance",
)
exercise.done()

# %% [markdown]
# What is it good for? Here are eight layers of tanh that begin with weights far too small. The task is easy: which points lie in a circle? First we
# send the points through the new nets, and look how much the numbers after each layer vary:

# %%
rng = np.random.default_rng(0)
points = rng.uniform(-1, 1, (400, 2)).astype("float32")
inside = ((points**2).sum(axis=1) < 0.6).astype(int)


def deep(normalized):
    """Eight hidden layers, with or without batch normalization."""
    stack = [layers.Input((2,))]
    for _ in range(8):
        stack.append(layers.Dense(16, kernel_initializer=initializers.RandomNormal(stddev=0.05)))
        stack += [layers.BatchNormalization(momentum=0.9)] if normalized else []
        stack.append(layers.Activation("tanh"))
    model = minidl.Sequential([*stack, layers.Dense(1, activation="sigmoid")])
    model.compile(optimizers.Adam(0.005), "binary_crossentropy", metrics=["accuracy"])
    return model


for normalized in (False, True):
    minidl.set_seed(0)
    x, spread = points, []
    for layer in deep(normalized).layers:
        x = layer(x, training=True) if isinstance(layer, layers.BatchNormalization) else layer(x)
        spread += [x.numpy().std()] if isinstance(layer, layers.Activation) else []
    print(f"{'with' if normalized else 'without':<7} batch normalization, standard deviations:", *(f"{one:.0e}" for one in spread))

# %% [markdown]
# Now train both:

# %%
deep_histories = {}
for normalized in (False, True):
    minidl.set_seed(0)
    model = deep(normalized)
    deep_histories[normalized] = model.fit(points, inside, epochs=12, verbose=0).history
    loss, accuracy = model.evaluate(points, inside, verbose=0)
    print(f"{'with' if normalized else 'without':<7} batch normalization: loss {loss:.3f}, accuracy {accuracy:.3f}")


def deep_losses():
    """Both trainings."""
    figure, (axes,) = panels(1, "Eight layers that begin too small", "training loss", "Two training losses.", 5.0, 2.8, room=1.9)
    ends = {}
    for normalized, colour, line, name in ((False, "#D55E00", "-", "without"), (True, "#0072B2", "--", "normalized")):
        axes.plot(range(1, 13), deep_histories[normalized]["loss"], line, color=colour, linewidth=2)
        ends[name] = (deep_histories[normalized]["loss"][-1], name)
    axes.set(xlim=(0, 13), ylim=(0, 0.8))
    name_axes(axes, "epoch", "loss")
    end_labels(axes, ends)
    return figure


deep_losses()

# %% [markdown]
# Without it the net does not learn at all: after eight layers nearly nothing is left of the input. With it the scale is repaired at every layer. (A
# better start of the weights would help, too. Batch normalization forgives a bad one.)
#
# ## Class weights
#
# <!-- concept: 35 -->
#
# Now let one class be rare: 270 crosses and 30 stars. A net that always says "cross" is right in 90 % of the cases, and that is what it learns first. If
# stars matter, say so: with **class weights**, each example's loss is multiplied by a weight of its class. A common choice makes all classes
# count the same *in total*: $n / (k \cdot n_c)$, for $n$ examples, $k$ classes, and $n_c$ examples of class $c$.
#
# ## Exercise 4: balanced weights


# %%
def balanced(labels, classes):
    """The weight of each class as a dictionary {class: weight}, such that all classes count the same in total."""
    ### BEGIN SOLUTION
    counts = np.bincount(labels, minlength=classes)
    return {k: float(len(labels) / (classes * counts[k])) for k in range(classes)}
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "balanced",
    "Weights that make rare classes count.",
    hints=[
        "np.bincount(labels, minlength=classes) counts the examples of each class.",
        "The weight of class k is len(labels) / (classes * counts[k]).",
        "counts = np.bincount(labels, minlength=classes); return {k: len(labels) / (classes * counts[k]) for k in range(classes)}",
    ],
)
rare = np.array([0] * 9 + [1])
exercise.check("nine to one", lambda: [balanced(rare, 2)[k] for k in (0, 1)], [10 / 18, 5.0], 1e-9, "10 / (2 · 9) and 10 / (2 · 1)")
exercise.check("a dictionary, as fit takes it", lambda: isinstance(balanced(rare, 2), dict))
exercise.check(
    "equal classes: all weights 1", lambda: [balanced(np.array([0, 1, 2, 2, 1, 0]), 3)[k] for k in range(3)], [1.0, 1.0, 1.0], 1e-9
)
exercise.check("the weights of all examples sum to n", lambda: sum(balanced(rare, 2)[int(k)] for k in rare), 10.0, 1e-9)
exercise.check("all classes count the same", lambda: 9 * balanced(rare, 2)[0] - balanced(rare, 2)[1], 0.0, 1e-9)
exercise.done()

# %%
star, cross = shapes10.CLASS_NAMES.index("star"), shapes10.CLASS_NAMES.index("cross")
(more, more_labels), _ = shapes10.load_data(n_train=4000, n_test=10, seed=1)
stars, crosses = (more[more_labels[:, 0] == k] / np.float32(255) for k in (star, cross))
x_rare, y_rare = np.concatenate([crosses[:270], stars[:30]]), np.array([0] * 270 + [1] * 30)
for name, weights in (("no weights", None), ("balanced", {0: 300 / 540, 1: 300 / 60})):
    minidl.set_seed(0)
    pair = nets.intro(classes=2)
    pair.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    pair.fit(x_rare, y_rare, batch_size=16, epochs=10, class_weight=weights, verbose=0)
    found, spared = (pair.predict(some[270:370], verbose=0).argmax(axis=1) for some in (stars, crosses))
    print(f"{name:<11} of 100 new stars {(found == 1).sum()} are found, of 100 new crosses {(spared == 0).sum()} are left in peace")

# %% [markdown]
# More stars are found, and the price is paid by the crosses. No weights create knowledge about stars that 30 pictures do not hold. They
# shift *which mistakes* are made. (To show each star nine times in an epoch does about the same. Best of all are more stars.) Do not judge such a
# net by its accuracy alone.
#
# ## Cross-validation
#
# <!-- concept: 17 -->
#
# With 200 validation pictures, an accuracy of 0.5 is uncertain by ± 0.07 (lesson 12). And which pictures happened to be chosen matters as well.
# **k-fold cross-validation** uses every picture once for validation: cut the data into k parts, train k nets, each without one part, and measure it on that
# part. The mean of the k numbers is better than any of them, and their spread says how much to trust it.
#
# ## Exercise 5: folds


# %%
def folds(n, k):
    """k pairs (training rows, validation rows) of row numbers 0…n−1, without shuffling; every row is in one validation part."""
    ### BEGIN SOLUTION
    parts = np.array_split(np.arange(n), k)
    return [(np.concatenate(parts[:i] + parts[i + 1 :]), parts[i]) for i in range(k)]
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "folds",
    "Cut the rows into k folds.",
    hints=[
        "np.array_split(np.arange(n), k) cuts the row numbers into k parts, as equal as possible.",
        "For fold i, part i is for validation, and all other parts together (np.concatenate) are for training.",
        "[(np.concatenate(parts[:i] + parts[i + 1:]), parts[i]) for i in range(k)]",
    ],
)
exercise.check("k pairs", lambda: len(folds(10, 5)), 5)
exercise.check(
    "the first fold of six rows in three",
    lambda: [np.asarray(rows).tolist() for rows in folds(6, 3)[0]],
    [[2, 3, 4, 5], [0, 1]],
    because="rows 0 and 1 are for validation; the pair begins with the training rows",
)
exercise.check(
    "every row is validated once",
    lambda: np.sort(np.concatenate([b for _, b in folds(10, 3)])),
    np.arange(10),
    because="10 rows in 3 parts: 4, 3 and 3",
)
exercise.check("no row is on both sides", lambda: all(not set(a) & set(b) for a, b in folds(10, 3)))
exercise.done()

# %% [markdown]
# `minidl.data.k_fold` does that, with shuffling, and with `stratify` so that each class is spread evenly:

# %%
scores = []
for fold, (train_rows, val_rows) in enumerate(data.k_fold(x_train, k=3, stratify=y_train), 1):
    minidl.set_seed(fold)
    model = build()
    model.compile(optimizers.Adam(0.002), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train[train_rows], y_train[train_rows], batch_size=16, epochs=10, verbose=0)
    scores.append(model.evaluate(x_train[val_rows], y_train[val_rows], verbose=0)[1])
    print(f"fold {fold}: trained on {len(train_rows)}, measured on {len(val_rows)} pictures: accuracy {scores[-1]:.2f}")
print(f"mean {np.mean(scores):.3f}, standard deviation between folds {np.std(scores, ddof=1):.3f}")

# %% [markdown]
# Each net had two thirds of the pictures (and here only ten epochs), so that the mean is pessimistic. And the folds differ: had we measured on one
# alone, we might have reported the best of them and believed it.
#
# ## Tuning: a grid search
#
# <!-- concept: 12 -->
#
# Which learning rate, how much dropout? A **grid search** tries all combinations and takes the best one *on the validation pictures*. Two rules:
#
# * Everything that is varied must really reach the training. (In one published course, the function that builds the model compiles it with Adam
#   inside, so that the search over optimisers compares Adam with Adam.) Build *and compile* anew for each combination.
# * The winner's validation accuracy is too good: it is the largest of several uncertain numbers. Measure the winner on the test pictures, and report that.

# %%
slow = train("rate 0.0005", epochs=10, rate=0.0005)
slow_dropped = train("rate 0.0005, dropout", epochs=10, rate=0.0005, dropout=0.5)
table = {  # the other two combinations were trained above: their tenth epoch
    (0.0005, 0.0): histories["rate 0.0005"]["val_accuracy"][9],
    (0.0005, 0.5): histories["rate 0.0005, dropout"]["val_accuracy"][9],
    (0.002, 0.0): histories["plain"]["val_accuracy"][9],
    (0.002, 0.5): histories["dropout 0.5"]["val_accuracy"][9],
}
for (rate, share), accuracy in table.items():
    print(f"rate {rate:<6}  dropout {share}   validation accuracy after 10 epochs {accuracy:.2f}")
print("the best: rate {}, dropout {}".format(*max(table, key=table.get)))

# %% [markdown]
# Note what the search does *not* say. After 22 epochs, dropout was better than no dropout; after 10 it looks worse, because a net with dropout learns more
# slowly. A grid over short trainings finds what is best in short trainings. Where there are more than two or three hyperparameters, drawing
# combinations at random finds good ones sooner than a grid (Bergstra and Bengio, 2012). For scikit-learn's `GridSearchCV`, there is
# `minidl.wrappers.KerasClassifier`.
#
# ## The end: test
#
# We choose the net with augmentation, on the validation pictures. Now, once, both it and the first net on the test pictures:

# %%
for name, model in (("plain", plain), ("augmentation", augmented)):
    accuracy = model.evaluate(x_test, y_test, verbose=0)[1]
    print(f"{name:<13} test accuracy {accuracy:.3f} ± {2 * np.sqrt(accuracy * (1 - accuracy) / len(x_test)):.3f}")

# %% [markdown]
# The same 400 pictures, the same net, and far more right answers. What made the difference was not a trick of optimisation, but telling the net what
# we know about pictures.
#
# ## What you know now
#
# * **Under-fitting**: bad on both. **Over-fitting**: good on the training pictures, and the validation loss rises.
# * **Dropout** and **L2** make it hard to learn by heart; **L1** makes useless weights vanish; **augmentation** adds knowledge about what does not
#   matter.
# * **Early stopping** with patience: stop, and go back to the best weights. **Batch normalization** repairs the scale between layers.
# * **Class weights** shift which mistakes are made. **Cross-validation** says how far to trust a number.
# * Whatever you choose on the validation pictures makes their numbers too good. **Test once, at the end.**
#
# **To read on:** Goodfellow, Bengio and Courville, *Deep Learning*, chapters 7 and 11 (free online); Srivastava and others, "Dropout" (2014); Ioffe
# and Szegedy, "Batch normalization" (2015); Prechelt, "Early stopping – but when?" (1998); Bergstra and Bengio, "Random search for
# hyper-parameter optimization" (2012).
# **Next:** in lesson 14 we open the net and look inside.
