# %% [markdown]
# # 15. Transfer learning
#
# **After this lesson you can**
#
# * take a trained net apart, and use all but its last layer as a machine that makes features;
# * freeze it, put a new last layer on top, and learn new classes from a handful of pictures;
# * fine-tune the whole with a small learning rate, and say what a large one destroys;
# * say what `trainable` and `training` mean, and why a frozen net is called with `training=False`.
#
# **Where we are.** Every net so far began with random weights, and needed thousands of pictures. Often there are no thousands. But somebody may
# have trained a net on *other* pictures, and lesson 14 showed that its first layers look for edges and corners. Corners are good for
# many things.
#
# *45 minutes. You need: lessons 11 to 13; lesson 14 helps.*

# %%
import numpy as np

import minidl
from minidl import layers
from minidl.data import shapes10
from minidl.lesson_runner import Exercise, Prediction
from minidl.plots.panels import end_labels, name_axes, panels

names = shapes10.CLASS_NAMES
(x, y), (x_test, y_test) = shapes10.load_data(n_train=5000, n_test=1000)
x, x_test, y, y_test = x / np.float32(255), x_test / np.float32(255), y[:, 0].astype(int), y_test[:, 0].astype(int)

OLD = 6  # the classes 0 to 5 are known, 6 to 9 are new
x_old, y_old = x[y < OLD], y[y < OLD]
x_old_test, y_old_test = x_test[y_test < OLD], y_test[y_test < OLD]
x_new, y_new = x[y >= OLD], y[y >= OLD] - OLD
x_new_test, y_new_test = x_test[y_test >= OLD], y_test[y_test >= OLD] - OLD
print(f"known: {', '.join(names[:OLD])}   ({len(x_old)} pictures)")
print(f"new:   {', '.join(names[OLD:])}   (we shall use a few of each)")

# %% [markdown]
# ## A net for six classes
#
# Usually one downloads a net that others have trained for days, such as MobileNet, on the million photographs of ImageNet. minidl brings
# none along. So we play both parts. First we are the ones with many pictures, who train a net on six of the ten shapes (for ten seconds or so). It is the intro net, written in two
# pieces: a **base**, from the picture to 64 numbers, and a **head**, which makes class probabilities of them. A model is a layer like any
# other, so that the base can stand in another model.


# %%
def make_base(name):
    """From a picture to 64 numbers."""
    return minidl.Sequential(
        [
            layers.Input((32, 32, 3)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
        ],
        name=name,
    )


minidl.set_seed(0)
base = make_base("base")
known = minidl.Sequential([layers.Input((32, 32, 3)), base, layers.Dense(OLD, activation="softmax")])
known.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
known.fit(x_old, y_old, epochs=6, verbose=0)
old_accuracy = known.evaluate(x_old_test, y_old_test, verbose=0)[1]
learned = base.get_weights()  # kept, because we shall try several things with them
print(f"accuracy on the six known classes: {old_accuracy:.3f}")

# %% [markdown]
# ## What the base makes of shapes it has never seen
#
# Now we are somebody else, who has twenty pictures each of rings, squares, stars and triangles, and has been given the base. (As a file: what
# `base.save("base.keras")` wrote, `minidl.models.load_model` reads, as in lesson 12.) The head is of no use: its six answers are
# arrow, circle and so on. But the base gives 64 numbers for *any* picture. Are they good for anything? To look at 64 numbers we squeeze them
# into two: the two directions along which they vary most (a principal component analysis). Left, a base with random weights; right, the
# trained one. Each dot is a picture of a new class:

# %%
minidl.set_seed(1)
untrained = make_base("untrained")


def two_directions(features):
    """The features (n, 64) along the two directions in which they vary most, (n, 2)."""
    centred = features - features.mean(axis=0)
    # the singular value decomposition has the directions as rows, the one with the largest spread first
    return centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T


def clouds(bases):
    """A panel for each base: 200 pictures of the new classes as dots."""
    told = "Dots of four colours: mixed up with random weights, partly apart with trained ones."
    figure, axes = panels(2, "New classes, seen by a base", "each dot is a picture", told, 4.0, 3.4, room=0.9, titled=True)
    for one, (title, model) in zip(axes, bases.items()):
        dots = two_directions(model.predict(x_new_test[:200], verbose=0))
        for k, (colour, marker) in enumerate(zip(("#D55E00", "#0072B2", "#007A5C", "#B0528F"), "osD^")):
            one.scatter(*dots[y_new_test[:200] == k].T, s=14, c=colour, marker=marker, label=names[OLD + k])
        name_axes(one, "first direction", "second direction", title)
    axes[1].legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


clouds({"random weights": untrained, "trained on other shapes": base})

# %% [markdown]
# On the right, the classes begin to come apart, though nobody told the base that they exist: rings lie by themselves, squares at the edges.
# Features that tell arrows from crosses help to tell stars from rings. (The two halves are light shapes and dark shapes: the net never needed
# to make them alike.)
#
# ## Exercise 1: no training at all
#
# How good are the features? Here is a classifier that needs no training: for each class, take the **mean** of the features of its few
# examples; a new picture gets the class whose mean is nearest.


# %%
def nearest_mean(features, labels, new, classes):
    """The class of each row of ``new`` (m, f): the one whose mean row in ``features`` (n, f) is nearest. An array of m integers."""
    ### BEGIN SOLUTION
    means = np.stack([features[labels == k].mean(axis=0) for k in range(classes)])
    distances = ((new[:, None, :] - means[None, :, :]) ** 2).sum(axis=2)
    return distances.argmin(axis=1)
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "nearest_mean",
    "A classifier without training: the nearest mean.",
    hints=[
        "features[labels == k].mean(axis=0) is the mean of class k; np.stack puts the means of all classes into one array (classes, f).",
        "new[:, None, :] - means[None, :, :] has shape (m, classes, f): square it, add up over the last axis, and you have the distances.",
        "return ((new[:, None, :] - means[None, :, :]) ** 2).sum(axis=2).argmin(axis=1)",
    ],
)
few_features, few_labels = np.array([[0.0, 0.0], [2.0, 0.0], [10.0, 10.0]]), np.array([0, 0, 1])
exercise.check("near the first mean", lambda: nearest_mean(few_features, few_labels, np.array([[1.0, 1.0]]), 2), [0])
exercise.check("two new ones", lambda: nearest_mean(few_features, few_labels, np.array([[9.0, 8.0], [0.0, 3.0]]), 2), [1, 0])
exercise.check(
    "the mean counts, not the nearest example",
    lambda: nearest_mean(np.array([[0.0], [10.0], [7.0]]), few_labels, np.array([[8.8]]), 2),
    [1],
    because="the means are 5 and 7",
)
exercise.check("as many answers as rows", lambda: nearest_mean(few_features, few_labels, np.zeros((5, 2)), 2).shape, (5,))
exercise.done()

# %%
EACH = 20  # pictures of each new class
chosen = np.concatenate([np.flatnonzero(y_new == k)[:EACH] for k in range(4)])
x_few, y_few = x_new[chosen], y_new[chosen]

for label, model in (("random weights", untrained), ("the trained base", base)):
    few, test = model.predict(x_few, verbose=0), model.predict(x_new_test, verbose=0)
    means = np.stack([few[y_few == k].mean(axis=0) for k in range(4)])
    answers = ((test[:, None, :] - means[None]) ** 2).sum(axis=2).argmin(axis=1)
    print(f"nearest mean of {EACH} pictures each, with {label}: {(answers == y_new_test).mean():.3f} (by chance 0.25)")

# %% [markdown]
# ## From scratch
#
# Before we train a head: how far does one get without any help? The same net, from random weights, with the same eighty pictures.

# %%
Prediction(
    "The intro net learns the four new classes from scratch, with twenty pictures of each, for 30 epochs. What accuracies do you expect?",
    [
        "Training 0.4, test 0.35: eighty pictures are too few to learn anything",
        "Training near 1, test around a half: it learns them by heart",
        "Training 0.9, test 0.85",
    ],
    answer=1,
    why="It has about 1,000 parameters for each picture. That is plenty to remember all of them, and no reason to find what stars have in common.",
)


# %%
def from_scratch(pictures, labels, epochs=30):
    """A net with a base of its own, trained on these pictures alone."""
    model = minidl.Sequential([layers.Input((32, 32, 3)), make_base("fresh"), layers.Dense(4, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(pictures, labels, batch_size=8, epochs=epochs, verbose=0)
    return model


minidl.set_seed(0)
scratch = from_scratch(x_few, y_few)
print(
    f"from scratch: training {scratch.evaluate(x_few, y_few, verbose=0)[1]:.3f}, test {scratch.evaluate(x_new_test, y_new_test, verbose=0)[1]:.3f}"
)

# %% [markdown]
# ## Freeze the base, train a new head
#
# <!-- concept: 36 -->
#
# Now the same with the borrowed base, which only makes features and learns nothing. (This is often called **feature extraction**.) Two switches
# matter, and their names are easily mixed up:
#
# * **`layer.trainable = False`** *freezes*: the optimiser leaves these weights alone. Set on a model, it holds for all layers in it.
# * **`base(x, training=False)`** says in which *mode* layers work that behave differently in training: dropout drops nothing, and batch
#   normalization uses the means that it has learned, not those of the present batch.
#
# Our base has neither dropout nor batch normalization, so that here the second makes no difference. Write it all the same: with a base that
# has them, eighty pictures would overwrite what it knows about the scale of its features, even while the weights are frozen. (minidl
# and Keras guard against that: a frozen batch normalization keeps its means. In other libraries it must be said.)
#
# ## Exercise 2: a new head
#
# Build the model in the functional style of lesson 12: an input, the frozen base in the mode of use, and a dense layer with a softmax for the new
# classes. The base may be made for any kind of input: `base.inputs[0].shape[1:]` is its shape, without the batch.


# %%
def on_top(base, classes):
    """A Model: the base, frozen and called with training=False, and a new dense layer with softmax for so many classes."""
    ### BEGIN SOLUTION
    base.trainable = False
    inputs = layers.Input(base.inputs[0].shape[1:])
    features = base(inputs, training=False)
    return minidl.Model(inputs, layers.Dense(classes, activation="softmax")(features))
    ### END SOLUTION


# %% tags=["check"]
def small_base():
    """A base with batch normalization, for points with three numbers."""
    return minidl.Sequential([layers.Input((3,)), layers.Dense(5, activation="relu"), layers.BatchNormalization()])


def changed(classes=2):
    """Whether a training changes weights of the base, and whether it changes any at all: two booleans."""
    minidl.set_seed(1)
    inner = small_base()
    model = on_top(inner, classes)
    model.compile(minidl.optimizers.SGD(0.5), "sparse_categorical_crossentropy")
    before_base, before_all = inner.get_weights(), model.get_weights()
    model.fit(5 + np.arange(24.0).reshape(8, 3), np.arange(8) % classes, epochs=2, verbose=0)
    base_changed = any((a != b).any() for a, b in zip(before_base, inner.get_weights()))
    return [base_changed, any((a != b).any() for a, b in zip(before_all, model.get_weights()))]


exercise = Exercise(
    "on_top",
    "A frozen base and a new head.",
    hints=[
        "First base.trainable = False. The input has the shape base.inputs[0].shape[1:], without the batch.",
        "A model is called like a layer: features = base(inputs, training=False).",
        'return minidl.Model(inputs, layers.Dense(classes, activation="softmax")(features))',
    ],
)
exercise.check("two trained weights: the head's kernel and bias", lambda: len(on_top(small_base(), 4).trainable_variables), 2)
exercise.check(
    "probabilities of four classes", lambda: on_top(small_base(), 4).predict(np.ones((2, 3)), verbose=0).sum(axis=1), [1.0, 1.0], 1e-5
)
exercise.check("training changes the head and leaves the base", changed, [False, True], because="freeze it: base.trainable = False")
exercise.check("it is the same base, not a copy", lambda: (lambda b: any(layer is b for layer in on_top(b, 2).layers))(small_base()))
exercise.done()

# %%
base.trainable = False
inputs = layers.Input((32, 32, 3))
minidl.set_seed(0)
transfer = minidl.Model(inputs, layers.Dense(4, activation="softmax")(base(inputs, training=False)), name="transfer")
transfer.summary()
transfer.compile(minidl.optimizers.Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"])
transfer.fit(x_few, y_few, batch_size=8, epochs=30, verbose=0)
print(
    f"frozen base: training {transfer.evaluate(x_few, y_few, verbose=0)[1]:.3f}, test {transfer.evaluate(x_new_test, y_new_test, verbose=0)[1]:.3f}"
)

# %% [markdown]
# Read the summary's last lines: 79 140 parameters in all, and only 260 of them are trained, 64 · 4 weights and 4 biases. Eighty
# pictures can settle 260 numbers; they cannot settle 79 140. (How well it does depends on the run, and on which pictures are the few.)
#
# ## Exercise 3: what is trained?
#
# Compute such a share yourself. `model.weights` is a list of all weights, `model.trainable_variables` of those that are trained; each is a Tensor,
# whose `size` says how many numbers it holds.


# %%
def share_trained(model):
    """The share of a model's parameters (numbers, not arrays) that training changes, between 0 and 1."""
    ### BEGIN SOLUTION
    return sum(w.size for w in model.trainable_variables) / sum(w.size for w in model.weights)
    ### END SOLUTION


# %% tags=["check"]
def pair(frozen):
    """Two dense layers with 12 and 8 parameters, some of them frozen."""
    made = minidl.Sequential([layers.Input((3,)), layers.Dense(3), layers.Dense(2)])
    for i in frozen:
        made.layers[i].trainable = False
    return made


exercise = Exercise(
    "share_trained",
    "Which share of the parameters is trained?",
    hints=[
        "It is a quotient: the numbers in all trainable Tensors over the numbers in all Tensors.",
        "sum(w.size for w in model.weights) counts all numbers.",
        "return sum(w.size for w in model.trainable_variables) / sum(w.size for w in model.weights)",
    ],
)
exercise.check("nothing is frozen", lambda: share_trained(pair([])), 1.0)
exercise.check("the first layer is frozen", lambda: share_trained(pair([0])), 0.4, because="8 of 20 numbers; count numbers, not Tensors")
exercise.check("everything is frozen", lambda: share_trained(pair([0, 1])), 0.0)
exercise.check("moving means are parameters, too", lambda: share_trained(small_base()), 30 / 40)
exercise.done()

# %% [markdown]
# ## How much is a borrowed base worth?
#
# Measure it for several numbers of pictures. A trick saves nearly all the time: a frozen base gives the same features in every epoch, so that they
# can be computed **once**, and the head is trained on features. (Not with augmentation: then the pictures differ in every epoch.) To be fair, every net gets 300 updates, however few pictures it has.

# %%
counts, from_nothing, borrowed = (5, 10, 20, 40), [], []
test_features = base.predict(x_new_test, verbose=0)
minidl.set_seed(0)
for count in counts:
    rows = np.concatenate([np.flatnonzero(y_new == k)[:count] for k in range(4)])
    epochs = 600 // count  # an epoch has count / 2 batches of 8
    model = from_scratch(x_new[rows], y_new[rows], epochs)
    from_nothing.append(model.evaluate(x_new_test, y_new_test, verbose=0)[1])
    head = minidl.Sequential([layers.Input((64,)), layers.Dense(4, activation="softmax")])
    head.compile(minidl.optimizers.Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"])
    head.fit(base.predict(x_new[rows], verbose=0), y_new[rows], batch_size=8, epochs=epochs, verbose=0)
    borrowed.append(head.evaluate(test_features, y_new_test, verbose=0)[1])
    print(f"{count:>3} pictures of each class: from scratch {from_nothing[-1]:.3f}, with the frozen base {borrowed[-1]:.3f}")


def curves():
    """Accuracy over the number of pictures, for both ways."""
    figure, (axes,) = panels(
        1, "Few pictures: borrow", "on test pictures of the new classes; dotted: by chance", "Two rising curves.", 5.5, 3.2, room=1.9
    )
    axes.plot(counts, borrowed, "o-", color="#D55E00")
    axes.plot(counts, from_nothing, "s--", color="#0072B2")
    axes.axhline(0.25, color="#767676", linewidth=1, linestyle=":")
    axes.set(ylim=(0, 1), xlim=(0, max(counts) + 1))
    name_axes(axes, "pictures of each class", "accuracy")
    end_labels(axes, {"a": (borrowed[-1], "frozen base"), "b": (from_nothing[-1], "from scratch")})
    return figure


curves()

# %% [markdown]
# (Numbers depend on the run, and on which pictures happen to be the few.) The less you have, the more borrowing helps. At 40 pictures of each class the
# curves have come closer. With very many pictures of your own they meet, and the borrowed features may even be in the way.
#
# ## Fine-tuning
#
# <!-- concept: 36 -->
#
# The base was made for other shapes. Can it be adapted? **Fine-tuning**: when the head is trained, unfreeze the base and train everything a
# little more, with a **small** learning rate. Why in this order, and why small? At first the head is random, and its gradients are large
# and mean nothing; they would spoil the base. And a large rate forgets in a few steps what the base knows. (This is
# known as *catastrophic forgetting*.)
#
# We measure both: the accuracy on the *new* classes, and what is left of the *old* ones, with the old head on the changed base. After a change
# of `trainable`, compile again, so that the optimiser starts anew for the weights that are now its own.

# %%
head_weights = transfer.layers[-1].get_weights()
print(f"before:        new classes {transfer.evaluate(x_new_test, y_new_test, verbose=0)[1]:.3f}   old classes {old_accuracy:.3f}")
for rate in (0.0001, 0.001, 0.01):
    base.set_weights(learned)
    transfer.layers[-1].set_weights(head_weights)
    base.trainable = True
    transfer.compile(minidl.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    minidl.set_seed(0)
    transfer.fit(x_few, y_few, batch_size=8, epochs=15, verbose=0)
    new, old = transfer.evaluate(x_new_test, y_new_test, verbose=0)[1], known.evaluate(x_old_test, y_old_test, verbose=0)[1]
    print(f"rate {rate:<6}:   new classes {new:.3f}   old classes {old:.3f}")
base.set_weights(learned)

# %% [markdown]
# The two small rates gain a little on the new classes or nothing, and lose little of the old ones. The large one ruins both: most of what
# the base knew is gone, and eighty pictures cannot bring it back. (By chance one would get 0.25 and 0.17.) Nobody loses the old classes on
# purpose, but watch them anyway. They show how much of the borrowed knowledge is left, and it is that knowledge which helps with new pictures.
#
# How much fine-tuning gains depends on how different the new pictures are, and on how many there are. Here they are of the same kind, and few.
# So the frozen base is already most of what can be had.
#
# ## Exercise 4: two rates
#
# A middle way that is often used: one rate for the head, and a smaller one for the base (Howard and Ruder, 2018). Write such an update of plain
# gradient descent.


# %%
def two_rates(weights, gradients, in_base, rate, factor):
    """The new weights (a list of arrays): those with in_base[i] True move with rate · factor, the others with rate."""
    ### BEGIN SOLUTION
    return [w - (rate * factor if inner else rate) * g for w, g, inner in zip(weights, gradients, in_base)]
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "two_rates",
    "Gradient descent with a smaller rate for the base.",
    hints=[
        "Go through weights, gradients and in_base together, with zip.",
        "The rate of one weight is rate * factor if it is in the base, else rate.",
        "return [w - (rate * factor if inner else rate) * g for w, g, inner in zip(weights, gradients, in_base)]",
    ],
)


def after(in_base, factor):
    """The new weights, and after them the first of the old ones."""
    weights = [np.array([1.0, 2.0]), np.array([[3.0]])]
    gradients = [np.array([1.0, -1.0]), np.array([[2.0]])]
    return [*two_rates(weights, gradients, in_base, 0.5, factor), weights[0]]


exercise.check("the base moves a tenth as far", lambda: after([True, False], 0.1)[0], [0.95, 2.05], 1e-9)
exercise.check("the head moves with the full rate", lambda: after([True, False], 0.1)[1], [[2.0]], 1e-9)
exercise.check("factor 0 freezes", lambda: after([True, True], 0.0)[0], [1.0, 2.0], 1e-9)
exercise.check(
    "the given weights are not changed", lambda: after([True, False], 0.1)[2], [1.0, 2.0], 1e-9, "w -= … changes the array itself"
)
exercise.done()

# %% [markdown]
# ## When it does not help
#
# Transfer works if the two tasks need the same features. Photographs and photographs: nearly always. Photographs and X-rays: the edges, yes, the
# rest hardly. And the pictures must be **prepared in the same way** as those that the base was trained on. Somebody else's net may want
# numbers from 0 to 1, from −1 to 1, or from 0 to 255, and it does not complain if it gets others. Here is our net on its own six classes:

# %%
for label, prepared in (("0 to 1, as trained", x_old_test), ("-1 to 1", 2 * x_old_test - 1), ("0 to 255", 255 * x_old_test)):
    loss, accuracy = known.evaluate(prepared, y_old_test, verbose=0)
    print(f"{label:<20} accuracy {accuracy:.3f}   loss {loss:.3f}")

# %% [markdown]
# No error, no warning, and worse numbers. The last line is instructive. Its accuracy is nearly unchanged, because convolutions, ReLU and pooling
# simply pass on a factor, and the largest score stays the largest. But the scores are about 255 times as large, so that the softmax is always
# sure, and the loss shows what its mistakes cost now.

# %% [markdown]
# ## What you know now
#
# * All layers but the last make **features**. They are good for classes that the net has never seen.
# * **Freeze** the base (`trainable = False`), call it with `training=False`, and train a new head: a few hundred parameters for a few pictures.
# * A frozen base can be asked **once**; the head is then trained on the stored features in no time.
# * **Fine-tuning** comes second and with a small rate. A large one forgets.
# * Prepare pictures exactly as the base's own were prepared.
#
# **To read on:** Yosinski, Clune, Bengio and Lipson, "How transferable are features in deep neural networks?" (2014); Howard and Ruder, "Universal
# language model fine-tuning" (2018); the Keras guide "Transfer learning and fine-tuning", whose names minidl shares; Raghu and others,
# "Transfusion: understanding transfer learning for medical imaging" (2019).
# **Next:** in lesson 16 the training moves to a GPU.
