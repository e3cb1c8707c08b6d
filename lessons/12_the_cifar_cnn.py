# %% [markdown]
# # 12. The CIFAR CNN
#
# **After this lesson you can**
#
# * take a picture problem from the question to a shared model, in ten steps that fit every project of this kind;
# * prepare pictures and labels, and split them so that the final measurement is honest;
# * build, train, measure, save and load a convolutional net with 79 530 parameters, and read every number that it prints;
# * do the same for a medical question with two answers, and compare it with tossing a coin.
#
# **Where we are.** This is where the course has been going. You know every part: the neuron (1), the loss (2), gradient descent and backpropagation
# (3, 4), batches and Adam (7), softmax and cross-entropy (9), convolution and pooling (10, 11). Now they become one program.
#
# *60 minutes. You need: lessons 7, 9, 10 and 11.*

# %%
import tempfile
from pathlib import Path

import numpy as np

import minidl
from minidl import data, layers, losses, metrics, nets, optimizers, plots
from minidl.lesson_runner import Exercise, Prediction

# %% [markdown]
# ## Step 1: say what you want
#
# <!-- concept: 32 -->
#
# In one sentence, before any code: *given a small colour picture, say which of ten kinds of thing it shows.* That is **classification**: one
# answer out of a fixed list. It is not finding where the thing is (localisation), nor naming several things (detection).
#
# **CIFAR-10** is the classic for it: 60 000 photographs of 32×32 pixels, ten classes, from airplane to truck. They must be downloaded (170 MB). So
# that this lesson runs everywhere, it takes `shapes10` if CIFAR-10 is not on your disk: drawings in the same form, 32×32 in colour, ten
# classes. All of the code is the same for both. (If you have CIFAR-10's binary version, set the environment variable `MINIDL_DATA` to its
# folder. The next cell then takes 5000 of its pictures; with `ALL = True` it takes all, and training takes minutes instead of seconds.)

# %%
ALL = False
if data.cifar10.available():
    (train_images, train_labels), (test_images, test_labels) = data.cifar10.load_data()
    class_names, epochs = data.cifar10.CLASS_NAMES, 10
    if not ALL:
        train_images, train_labels, test_images, test_labels = (
            train_images[:5000],
            train_labels[:5000],
            test_images[:1000],
            test_labels[:1000],
        )
else:
    (train_images, train_labels), (test_images, test_labels) = data.shapes10.load_data(n_train=5000, n_test=1000)
    class_names, epochs = data.shapes10.CLASS_NAMES, 6
print("classes:", ", ".join(class_names))

# %% [markdown]
# ## Step 2: inputs and outputs
#
# <!-- concept: 30 -->
#
# What goes in, what comes out? Look at shapes, types and ranges before anything else. Most mistakes of beginners, and of others, are found
# here.

# %%
print(f"training pictures {train_images.shape}, {train_images.dtype}, from {train_images.min()} to {train_images.max()}")
print(f"training labels   {train_labels.shape}, {train_labels.dtype}, the first three: {train_labels[:3].ravel().tolist()}")
print(f"test pictures     {test_images.shape}, test labels {test_labels.shape}")
plots.gallery(train_images, train_labels, class_names, rows=4)

# %% [markdown]
# In goes an array of 32·32·3 = 3072 numbers. Out come ten numbers, one probability for each class. Labels are whole numbers from 0 to 9, in an array
# of shape (n, 1).
#
# In CIFAR-10 there are 50 000 pictures to train with and 10 000 to test. Its classes are, in the order of their numbers: airplane, automobile, bird,
# cat, deer, dog, frog, horse, ship, truck. After the split of step 3, its shapes are (40000, 32, 32, 3) with labels (40000, 10) for
# training, (10000, 32, 32, 3) with (10000, 10) for validation, and for the test (10000, 32, 32, 3) with (10000, 1), until you make those one-hot, too.
#
# ## Step 3: prepare the data
#
# <!-- concept: 21, 31 -->
#
# Three things have to be done.
#
# **Scale.** Pixels are whole numbers from 0 to 255. Divided by 255 they lie between 0 and 1. Lesson 3 told why that matters: the scale of the
# inputs sets the limit of the learning rate.
#
# **One-hot.** Class 3 of ten becomes the row 0 0 0 1 0 0 0 0 0 0: the probabilities that a perfect net would give.
#
# ## Exercise 1: prepare pictures and labels


# %%
def prepare(images, labels, classes):
    """(pictures as float32 from 0 to 1, labels one-hot of shape (n, classes)), from uint8 pictures and labels of shape (n, 1)."""
    ### BEGIN SOLUTION
    return images.astype("float32") / 255, np.eye(classes, dtype="float32")[labels.reshape(-1)]
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "prepare",
    "Scale the pictures, and make the labels one-hot.",
    hints=[
        "images.astype('float32') / 255 scales them; without the change of type you would get float64, which is slower and takes twice the memory.",
        "np.eye(classes) has the one-hot rows of all classes: row k for class k. Choose rows with labels.reshape(-1).",
        "return images.astype('float32') / 255, np.eye(classes, dtype='float32')[labels.reshape(-1)]",
    ],
)
some_labels = np.array([[2], [0]], np.uint8)
exercise.check("pictures from 0 to 1", lambda: prepare(np.array([[0, 51, 255]], np.uint8), some_labels[:1], 3)[0], [[0.0, 0.2, 1.0]], 1e-6)
exercise.check(
    "float32", lambda: str(prepare(train_images[:2], some_labels, 3)[0].dtype), "float32", because="change the type before you divide"
)
exercise.check(
    "one-hot rows",
    lambda: prepare(train_images[:2], some_labels, 3)[1],
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]],
    because="the labels have the shape (n, 1): make it (n,) first",
)
exercise.check("each row sums to 1", lambda: prepare(train_images[:50], train_labels[:50], 10)[1].sum(axis=1), np.ones(50))
exercise.done()

# %% [markdown]
# minidl has the second part as `to_categorical`, under the name that Keras uses:

# %%
images, labels = train_images.astype("float32") / 255, data.to_categorical(train_labels, len(class_names))
print(labels[:3].astype(int))

# %% [markdown]
# <!-- concept: 17 -->
#
# **Split.** Three parts with three jobs, and no picture in two of them:
#
# * the **training** pictures, from which the net learns;
# * the **validation** pictures, on which *we* look while we choose: how many epochs, which rate, which net;
# * the **test** pictures, which are used once, at the end.
#
# Why not choose by the test pictures? Because who tries twenty nets and takes the one that is best on the test pictures has fitted to them, if
# only a little. The number that is then reported is too good.
#
# The test pictures came apart already. Of the others, a fifth is set aside for validation, *at random*: files often lie sorted by class.
#
# ## Exercise 2: split without a library
#
# Draw a random order of the numbers 0 … n−1 with `np.random.RandomState(seed).permutation(n)`. (That is NumPy's older source of random numbers;
# scikit-learn uses it, and we want to split as it does.) The first `count` of that order are for validation, the rest for training. Cut
# pictures and labels *by the same order*.


# %%
def split(images, labels, count, seed=42):
    """(training pictures, validation pictures, training labels, validation labels); ``count`` pictures are for validation."""
    ### BEGIN SOLUTION
    order = np.random.RandomState(seed).permutation(len(images))
    validation, training = order[:count], order[count:]
    return images[training], images[validation], labels[training], labels[validation]
    ### END SOLUTION


# %% tags=["check"]
numbers = np.arange(20)
expected = data.train_test_split(numbers, 10 * numbers, test_size=5, seed=42)
exercise = Exercise(
    "split",
    "A random split in two parts.",
    hints=[
        "order = np.random.RandomState(seed).permutation(len(images)) is an array of row numbers.",
        "order[:count] are the rows for validation, order[count:] those for training; images[rows] takes these rows.",
        "return images[order[count:]], images[order[:count]], labels[order[count:]], labels[order[:count]]",
    ],
)
exercise.check(
    "the sizes",
    lambda: [len(part) for part in split(numbers, numbers, 5)],
    [15, 5, 15, 5],
    because="the order is: training pictures, validation pictures, training labels, validation labels",
)
exercise.check(
    "pictures keep their labels",
    lambda: np.array_equal(split(numbers, 10 * numbers, 5)[3], 10 * split(numbers, numbers, 5)[1]),
    because="take the same rows of both",
)
exercise.check("nothing is lost", lambda: np.sort(np.concatenate(split(numbers, numbers, 5)[:2])), numbers)
exercise.check(
    "the parts of scikit-learn",
    lambda: np.concatenate(split(numbers, 10 * numbers, 5)),
    np.concatenate(expected),
    because="RandomState(seed).permutation(n) gives the order, and its first rows are for validation",
)
exercise.done()

# %% [markdown]
# The last check says that your few lines give exactly what scikit-learn's function gives with the same seed. `minidl.data.train_test_split` does
# too, and with `stratify=labels` it keeps the share of each class the same in both parts, which matters when some classes are rare.

# %%
x_train, x_val, y_train, y_val = data.train_test_split(images, labels, test_size=0.2, seed=42)
print(f"training {x_train.shape} {y_train.shape}   validation {x_val.shape} {y_val.shape}")
try:
    from sklearn.model_selection import train_test_split

    theirs = train_test_split(images, labels, test_size=0.2, random_state=42)
    print("the same as scikit-learn's:", all((a == b).all() for a, b in zip(theirs, (x_train, x_val, y_train, y_val))))
except ImportError:
    print("(scikit-learn is not installed here; with it, train_test_split(images, labels, test_size=0.2, random_state=42) gives the same)")

# %% [markdown]
# ## Step 4: choose an architecture
#
# You can take a net that somebody trained (lesson 15), or build one. We build: two convolutions that find features, each followed by pooling,
# then two dense layers that decide. The layers are called one on the output of the other. That is Keras' functional style:


# %%
def create_model_intro(input_shape, classes):
    """The first CIFAR net."""
    inputs = layers.Input(shape=input_shape)
    x = layers.Conv2D(filters=16, kernel_size=(3, 3), activation="relu")(inputs)
    x = layers.MaxPooling2D(pool_size=(2, 2))(x)
    x = layers.Conv2D(filters=32, kernel_size=(3, 3), activation="relu")(x)
    x = layers.MaxPooling2D(pool_size=(2, 2))(x)
    x = layers.Flatten()(x)
    x = layers.Dense(units=64, activation="relu")(x)
    outputs = layers.Dense(units=classes, activation="softmax")(x)
    return minidl.Model(inputs=inputs, outputs=outputs, name="cifar_model_intro")


minidl.set_seed(42)
model = create_model_intro(x_train.shape[1:], len(class_names))
model.summary()

# %%
plots.architecture(model)

# %% [markdown]
# Check one number by hand, as in lesson 11: the second convolution has 32 filters of 3·3·16 weights and a bias each, 32 · (144 + 1) = 4640. Nine tenths of
# the 79 530 parameters are in the first dense layer, where 1152 inputs meet 64 neurons. `None` in the shapes stands for the
# batch, whose size is open.
#
# ## Step 5: loss and optimiser
#
# <!-- concept: 23 -->
#
# The labels are one-hot, so the loss is `CategoricalCrossentropy`. (For whole numbers as labels it would be the `Sparse` one, for one
# sigmoid output the `Binary` one: lesson 9.) The optimiser is Adam. And a **metric**: what *we* want to know. The loss must have a useful gradient; the
# metric must be understood by people. The accuracy is the *fraction* of right answers, from 0 to 1.

# %%
model.compile(
    optimizer=optimizers.Adam(learning_rate=0.001),
    loss=losses.CategoricalCrossentropy(),
    metrics=[metrics.CategoricalAccuracy()],  # a list, also for one
)

# %% [markdown]
# Two little traps. `metrics` is a *list*: older programs give a bare metric, which current Keras refuses. And a metric is called by its own name in
# all that follows: here `categorical_accuracy`, and `val_categorical_accuracy` for the validation pictures. Had we written
# `metrics=["accuracy"]`, they were `accuracy` and `val_accuracy`. Logs in books often show one name and code that gives the other.
#
# ## Step 6: train
#
# <!-- concept: 15, 33, 35 -->
#
# Before it starts, know what to expect. An untrained net gives every class about the same probability, 1/10. The cross-entropy of that is
# $-\ln 0.1 = 2.303$, and the accuracy 0.1.

# %%
start_loss, start_accuracy = model.evaluate(x_val, y_val, verbose=0)
print(f"before training: loss {start_loss:.3f} (ln 10 = {np.log(10):.3f}), accuracy {start_accuracy:.3f}")

# %%
Prediction(
    "4000 training pictures, batches of 32. How many updates does the optimiser make in one epoch?",
    ["32", "125", "4000"],
    answer=1,
    why="Each update uses one batch, and 4000 / 32 = 125. If the division leaves a rest, the last batch is smaller: round up.",
)

# %%
history = model.fit(x_train, y_train, batch_size=32, epochs=epochs, validation_data=(x_val, y_val), verbose=2)
print("recorded:", ", ".join(history.history))

# %% [markdown]
# How to read a line of it: `loss` is the **mean** of the losses of the batches of this epoch, each measured while the net was still changing.
# (You may read that it is a sum. It is not, or it would grow with the number of pictures.) `val_loss` is measured at the end of the epoch, with
# the net as it then was, so that early on `val_loss` may well be *below* `loss`. It is a mean as well, that of the surprises −ln p of lesson 9:

# %%
right_class = (model.predict(x_val, verbose=0) * y_val).sum(axis=1)  # what the net gave to the right class of each picture
print(
    f"mean of −ln p over {len(x_val)} pictures: {-np.log(right_class).mean():.4f}   the last val_loss: {history.history['val_loss'][-1]:.4f}"
)

# %%
plots.learning_curves(history)

# %% [markdown]
# Both losses fall nearly all the way: the net learns something that also holds for pictures that it was not trained on. When the dashed curve falls on and the
# solid one does not, the net begins to learn its pictures by heart. Lesson 13 is about that. When neither changes any more, the
# training has **converged**. Ours has not quite; a few more epochs may help.
#
# ## Exercise 3: read the history
#
# `history.history` is a dictionary. Under each name that was printed above it has a list, with one number for each epoch. After which epoch was
# the net at its best, and how far apart are the two losses in the end?


# %%
def verdict(history):
    """(the epoch with the least "val_loss", counted from 1; the last "val_loss" minus the last "loss"). ``history``: such a dictionary."""
    ### BEGIN SOLUTION
    return int(np.argmin(history["val_loss"])) + 1, history["val_loss"][-1] - history["loss"][-1]
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "verdict",
    "The best epoch, and the gap at the end.",
    hints=[
        'history["val_loss"] is a list of numbers; its last one is history["val_loss"][-1].',
        "np.argmin(numbers) is the place of the least one, counted from 0. The first epoch has the number 1.",
        'return np.argmin(history["val_loss"]) + 1, history["val_loss"][-1] - history["loss"][-1]',
    ],
)
by_heart = {"loss": [2.0, 1.0, 0.5, 0.25], "val_loss": [1.75, 0.75, 1.25, 1.5]}
exercise.check(
    "learning by heart: the best epoch",
    lambda: verdict(by_heart)[0],
    2,
    1e-9,
    "the number of the epoch, counted from 1; its validation loss, 0.75, is the least",
)
exercise.check("learning by heart: the gap", lambda: verdict(by_heart)[1], 1.25, 1e-9, "1.5 − 0.25, both after the last epoch")
exercise.check("still falling: the last is the best", lambda: verdict({"loss": [2.0, 1.5], "val_loss": [1.5, 1.0]}), (2, -0.5))
exercise.check("our net", lambda: verdict(history.history)[0], 1 + min(range(epochs), key=history.history["val_loss"].__getitem__))
exercise.done()

# %% [markdown]
# ## Step 7: predict
#
# New pictures must be prepared **as the training pictures were**: the same division by 255. The net wants a batch, so one picture gets a batch
# axis: shape (1, 32, 32, 3).

# %%
x_test = test_images.astype("float32") / 255
result = model.predict(x_test[0].reshape(1, 32, 32, 3), verbose=0)
print(np.round(result[0], 3), " sum:", round(float(result.sum()), 3))
print("answer:", class_names[result[0].argmax()], "  truth:", class_names[int(test_labels[0, 0])])

# %% [markdown]
# `argmax` gives the place of the largest probability, and with it the name. Now a trap that has found its way into a published course: the
# picture is shown under the title "True class: …", and what stands there is the *prediction*. Nobody notices, as long as the net is right.
#
# ## Exercise 4: an honest caption


# %%
def caption(probabilities, label, names):
    """A text like "cat (33 %), true: dog": the answer with its probability in whole per cent, then the true class."""
    ### BEGIN SOLUTION
    k = int(np.argmax(probabilities))
    return f"{names[k]} ({100 * probabilities[k]:.0f} %), true: {names[int(label)]}"
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "caption",
    "The answer and the truth in one line.",
    hints=[
        "k = int(np.argmax(probabilities)) is the answer; the truth comes from the label, and only from it.",
        "A probability in per cent without decimals: f'{100 * p:.0f} %'.",
        'return f"{names[k]} ({100 * probabilities[k]:.0f} %), true: {names[int(label)]}"',
    ],
)
animals = ["cat", "dog", "owl"]
exercise.check(
    "a wrong answer",
    lambda: caption(np.array([0.5, 0.3, 0.2]), 1, animals),
    "cat (50 %), true: dog",
    because="the true class comes from the label; there is a space before %",
)
exercise.check("a right answer", lambda: caption(np.array([0.1, 0.2, 0.7]), 2, animals), "owl (70 %), true: owl")
exercise.check("a label as the data have it", lambda: caption(np.array([0.1, 0.8, 0.1]), np.uint8(0), animals), "dog (80 %), true: cat")
exercise.done()

# %%
probabilities = model.predict(x_test, verbose=0)
plots.predictions(x_test, test_labels, probabilities, class_names, count=12)

# %% [markdown]
# ## Step 8: measure
#
# Now the number that counts, from the test pictures. It is taken once: nothing of the net is changed after it. Here waits the next trap: the test labels are still whole numbers, and the loss wants one-hot rows. What happens if
# one forgets?

# %%
try:
    model.evaluate(x_test, test_labels, verbose=0)
except ValueError as error:
    print("ValueError:", error)

# %%
test_loss, test_accuracy = model.evaluate(x_test, data.to_categorical(test_labels, len(class_names)), verbose=0)
print(f"test loss {test_loss:.3f}, test accuracy {test_accuracy:.3f}; always the same answer would give {1 / len(class_names):.3f}")
plots.confusion_matrix((test_labels, probabilities), class_names)

# %% [markdown]
# A number without something to compare it with says little. The simplest **baseline** is to answer always the same. With ten equally frequent classes it is
# right in a tenth of the cases. (If nine of ten pictures show a cat, "cat" is right in nine tenths, and 0.9 is nothing to be proud of.)
#
# The **confusion matrix** says where the mistakes are. Each row is a true class, each column an answer, so the right answers stand on the diagonal.
# The bar beside a row is its *recall*: the share of this class that was recognised. Lesson 14 reads it closely.
#
# How exact is the number? With other test pictures it would be a little different. For $n$ pictures and accuracy $a$, the standard error is
#
# $$s = \sqrt{\frac{a\,(1 - a)}{n}}$$
#
# and in about 95 of 100 cases the true value lies within $a \pm 2s$. Try it: if only 100 test pictures had been drawn, by how much would the
# accuracy change from one draw to the next?

# %%
right = probabilities.argmax(axis=1) == test_labels[:, 0]
chance = np.random.default_rng(0)
draws = np.array([right[chance.choice(len(right), 100)].mean() for _ in range(2000)])
s = np.sqrt(right.mean() * (1 - right.mean()) / 100)
print(
    f"2000 draws of 100 pictures: accuracies from {draws.min():.2f} to {draws.max():.2f}; they vary by {draws.std():.4f}, the formula says {s:.4f}"
)
print(f"within two standard errors of {right.mean():.3f}: {(abs(draws - right.mean()) <= 2 * s).mean():.0%} of the draws")

# %% [markdown]
# So two nets whose intervals overlap widely should not be ranked.
#
# ## Exercise 5: how sure is the accuracy?


# %%
def interval(accuracy, n):
    """The accuracies (low, high) at two standard errors below and above, measured on n pictures."""
    ### BEGIN SOLUTION
    s = np.sqrt(accuracy * (1 - accuracy) / n)
    return accuracy - 2 * s, accuracy + 2 * s
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "interval",
    "Two standard errors around an accuracy.",
    hints=[
        "The standard error s stands in the formula above; np.sqrt is the square root.",
        "Return a pair: accuracy - 2 * s and accuracy + 2 * s.",
        "s = np.sqrt(accuracy * (1 - accuracy) / n); return accuracy - 2 * s, accuracy + 2 * s",
    ],
)
exercise.check("half right, of 100", lambda: interval(0.5, 100), (0.4, 0.6), 1e-9, "s = √(0.25 / 100) = 0.05, and twice that to each side")
exercise.check("100 times as many pictures: a tenth as wide", lambda: interval(0.5, 10_000), (0.49, 0.51), 1e-9)
exercise.check("0.9 of 900", lambda: interval(0.9, 900), (0.88, 0.92), 1e-9)
exercise.check("all right: no width", lambda: interval(1.0, 50), (1.0, 1.0), 1e-9)
exercise.done()

# %% [markdown]
# <!-- concept: 33 -->
#
# **"My result is different. Why?"** Weights start at random, and pictures come in random order. With the same seed on the same machine, minidl gives the
# same weights, bit for bit; with another seed, another net. Three short trainings:

# %%
for seed in (1, 1, 2):
    minidl.set_seed(seed)
    trial = create_model_intro(x_train.shape[1:], len(class_names))
    trial.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    trial.fit(x_train[:1600], y_train[:1600], batch_size=32, epochs=3, verbose=0)
    print("seed {}: validation loss {:.6f}, accuracy {:.3f}".format(seed, *trial.evaluate(x_val, y_val, verbose=0)))

# %% [markdown]
# On another machine the last digits of the sums differ, and after thousands of updates the nets do, too. That is not a fault. Report several seeds, and
# trust only differences that are larger than those between seeds.
#
# ## Step 9: tune
#
# Learning rate, batch size, number of filters, epochs: nobody learns these **hyperparameters** but you, on the *validation* pictures. Lesson 13 is about
# this step alone. If you change anything after you have looked at the test accuracy, the test pictures have become validation pictures.
#
# ## Step 10: save and share
#
# <!-- concept: 36 -->
#
# `save` writes everything into one file: layers, connections, weights, the compile settings, the state of Adam. `.keras` is the format of Keras, which
# reads these files as well. Who loads it can predict at once, or go on training.

# %%
folder = Path(tempfile.mkdtemp())
path = folder / "fit_outputs" / "model_intro.keras"  # the missing folder is made
model.save(path)
again = minidl.models.load_model(path)
print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB")
print("the same predictions:", bool((again.predict(x_test, verbose=0) == probabilities).all()))

# %% [markdown]
# Why so large, if 79 530 numbers of 4 bytes are 318 kB? Adam keeps two averages for each weight, so that training can go on: three times as much.
#
# A long training should save as it goes. `fit(…, callbacks=[…])` takes helpers, **callbacks**, that it calls after every epoch. One of them,
# `minidl.callbacks.ModelCheckpoint("best.keras", save_best_only=True)`, saves the net whenever its `val_loss` is the least so far. A power cut
# then costs little.
#
# The file alone is not enough for others. Write beside it what they cannot guess:
#
# * the **order of the classes**: the net says 3, and 3 is what?
# * how pictures were **prepared**: size, colours, division by 255;
# * on **which data** it was trained, and under which licence; what accuracy it has, on which test pictures;
# * what it is **not** for.
#
# ## The same ten steps: X-rays
#
# <!-- concept: 29, 41 -->
#
# A second project, quickly, to see that the steps carry over. *Step 1:* given a chest X-ray, is the heart's shadow enlarged? Two answers. The
# pictures of `chests2` are schematic and drawn by minidl. A net trained on them knows nothing about patients; it is an exercise.
# *Step 2:* grey pictures of 256×256, so one channel instead of three. The axis for it stays: the shape is (n, 256, 256, 1). (Grey pictures often
# come as (n, 256, 256); `pictures[..., None]` gives them the axis that `Conv2D` wants.)

# %%
(chests, enlarged), (chests_val, enlarged_val), (chests_test, enlarged_test) = data.chests2.load_data()
print(f"training {chests.shape}, validation {chests_val.shape}, test {chests_test.shape}; enlarged: {enlarged.mean():.0%}")
plots.gallery(chests, enlarged, data.chests2.CLASS_NAMES, rows=2, columns=6)

# %% [markdown]
# *Step 3:* divide by 255; and for the sake of this lesson's time, make the pictures a quarter as wide and high: each new pixel is the mean of 4×4 old
# ones. No one-hot here, because *step 4* is a net with **one** output: a sigmoid, the probability of "enlarged". That of "normal" is what is left to 1. So
# one output is enough for two classes. (It does not "match the number of classes", as one sometimes reads.)
#
# Pictures from several machines need more: bring them to one size, and often to one brightness, by taking from each picture its own mean and
# dividing by its own standard deviation (to *standardise*). Ours are all drawn alike.


# %%
def smaller(pictures):
    """(n, 256, 256, 1) of uint8 → (n, 64, 64, 1) from 0 to 1: means of 4×4 pixels."""
    return pictures.reshape(len(pictures), 64, 4, 64, 4, 1).mean(axis=(2, 4)).astype("float32") / 255


chests, chests_val, chests_test = smaller(chests), smaller(chests_val), smaller(chests_test)
minidl.set_seed(1)
xray = nets.xray((64, 64, 1))
xray.compile("adam", "binary_crossentropy", metrics=["accuracy"])
print(f"{xray.count_params():,} parameters, for pictures of 64×64 as for 256×256")

# %% [markdown]
# The number of parameters does not depend on the size of the picture. Filters have their own size, and before the dense layers, a **global
# average** takes one mean for each of the 50 last feature maps, however large they are.
#
# *Steps 5 and 6.* The baseline first: half of the pictures are of each class, so a coin is right in half of the cases, and its loss is
# $\ln 2 = 0.693$.

# %%
xray_history = xray.fit(chests, enlarged, batch_size=16, epochs=8, validation_data=(chests_val, enlarged_val), verbose=2)
plots.learning_curves(xray_history)

# %% [markdown]
# At first it is a coin. Then it finds the heart, and within two epochs or so it is nearly perfect. (When that happens depends on the run;
# a net of seven convolutions needs a while until all of them pull in one direction.) *Steps 7 and 8:*

# %%
sure = xray.predict(chests_test, verbose=0)
answer = (sure >= 0.5).astype(int)
low, high = 0.5 - 2 * np.sqrt(0.25 / 100), 0.5 + 2 * np.sqrt(0.25 / 100)
print(
    f"test accuracy {(answer == enlarged_test).mean():.2f}; a coin gets between {low:.2f} and {high:.2f} on 100 pictures, in 95 of 100 tries"
)
print(
    f"of the enlarged hearts {answer[enlarged_test == 1].mean():.2f} were found, of the normal ones {1 - answer[enlarged_test == 0].mean():.2f} left in peace"
)
plots.saliency(xray, chests_test[:6], samples=10, class_names=data.chests2.CLASS_NAMES)

# %% [markdown]
# In medicine the two kinds of mistake are counted apart: the share of the ill that were found is the **sensitivity**, the share of the healthy
# that were left in peace the **specificity**. Which one matters more is no question for a net. The maps below the pictures show the pixels that
# the answer hangs on: most of the dark ones lie at the heart's edges. Lesson 14 explains such maps, and how far to trust them. On the full 256×256 pictures, `minidl train --model xray` does the same in a few
# minutes.
#
# Real X-rays are not so kind. There a good accuracy has sometimes turned out to be about the hospital's label in the corner. So ask of every such
# result: compared with what, on whose pictures, and *what did it look at*?
#
# ## What you know now
#
# * **Ten steps**: say what you want, inputs and outputs, prepare, architecture, loss and optimiser, train, predict, measure, tune, share.
# * Prepare training, validation, test and new pictures **in the same way**. One-hot labels go with `CategoricalCrossentropy`, everywhere.
# * `loss` is a running **mean** over the epoch's batches; accuracy is a **fraction**; the key in the history is the metric's name.
# * Choose on **validation**, measure on **test**, once; compare with a **baseline**, and say how exact the number is.
# * A model without its classes' order and its preparation is worth nothing to others.
#
# **To read on:** Krizhevsky, *Learning Multiple Layers of Features from Tiny Images* (2009), where CIFAR-10 comes from; Chollet, *Deep Learning
# with Python*, the chapter on the universal workflow of machine learning; Mitchell and others, "Model cards for model reporting" (2019).
# **Next:** lesson 13 makes the net better, and shows when that is an illusion.
