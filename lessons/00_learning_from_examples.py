# %% [markdown]
# # 0. Learning from examples
#
# **After this lesson you can**
#
# * say what artificial intelligence, machine learning and deep learning are, and how they lie inside of each other;
# * tell features from labels, predictors from classifiers, and five kinds of tasks with pictures apart by what their answers look like;
# * write a first program that learns from examples, and measure honestly how good it is.
#
# **Where we are.** At the beginning. There are no neural networks yet: this lesson is about the game that all the following lessons play. The
# pictures that you meet here come back until the end of the course, where a net of your own recognises them.
#
# *50 minutes. You need: Python, and a little NumPy (arrays, their shapes, `mean`, `argmin`).*
#
# **How a lesson works.** Run its cells in order, each when you have read what stands above it (in Jupyter: Shift + Enter). Functions that only draw
# a picture you may skip. Where it says *Predict*, decide before you look. In an exercise, write your code in place of the line
# `raise NotImplementedError(…)`, run the cell, and then the one below it, which checks your answer. In a terminal,
# `minidl lesson check 0 FILE` makes all checks of your file at once, `minidl lesson hint 0 distance` (the exercise's name) gives a hint, and
# `minidl lesson solution 0` shows the solutions, and the answers to the predictions.

# %%
import numpy as np

from minidl import plots
from minidl.data import house_prices, outlines, shapes10
from minidl.lesson_runner import Exercise, Prediction
from minidl.plots.panels import end_labels, name_axes, panels

# %% [markdown]
# ## Three words
# <!-- concept: 1 -->
#
# **Artificial intelligence** (AI) is the wide field: machines that do things for which people need their minds. A chess program that tries millions
# of moves belongs to it, also one whose every rule was written by hand.
#
# **Machine learning** (ML) is the part of it in which the rules are *not* written by hand. The program gets examples, and finds the rule by itself.
#
# **Deep learning** (DL) is the part of machine learning that uses neural networks with many layers. It is what this course is about.
#
# ```text
# ┌─ artificial intelligence ── chess by search, planning a route, rules of experts ─┐
# │  ┌─ machine learning ── nearest neighbours, decision trees, support vector ──┐   │
# │  │                      machines, clustering                                 │   │
# │  │  ┌─ deep learning ── neural networks with many layers ────────────────┐   │   │
# │  │  └────────────────────────────────────────────────────────────────────┘   │   │
# │  └───────────────────────────────────────────────────────────────────────────┘   │
# └──────────────────────────────────────────────────────────────────────────────────┘
# ```
#
# Each of these programs is good at its one task. A machine that can do whatever a person can is not in sight of this course.
#
# ## Features and labels
# <!-- concept: 2, 3 -->
#
# An **example** has two parts. The **features** are what we know: the input. The **label** is what we want to know: the right answer. Here are
# three houses that were sold. The feature is the number of bedrooms, the label is the price:

# %%
bedrooms, prices = house_prices.bedrooms()
for feature, label in zip(bedrooms, prices):
    print(f"bedrooms: {feature:.0f}   price: {label:9,.0f}")

# %% [markdown]
# The simplest thing that one can call learning is this: **remember all examples; for a new house, look up the most similar one, and give its
# answer.** A house with five bedrooms? The most similar one that we know has four:

# %%
most_similar = abs(bedrooms - 5).argmin()
print(f"a house with 5 bedrooms is most like the one with {bedrooms[most_similar]:.0f}, so it costs {prices[most_similar]:,.0f}")

# %% [markdown]
# This is the **nearest neighbour** method. Nobody wrote a rule about prices; it is all in the examples. And if prices change, we need other
# examples, but no other program. That is machine learning in a nutshell.
#
# **Predictors and classifiers.** A price is a number. A program that answers with a number is a **predictor**, and the task is called
# *regression*. If the answer is one of several categories (spam or not spam, cat or dog or bird), it is a **classifier**, the task is called
# *classification*, and the categories are its **classes**.
#
# ## Is one feature enough?
#
# Three houses look tidy. Forty (made-up) houses look as real data do. Their prices are counted in ten thousands, so 54.7 means 547 000:

# %%
rooms, price = house_prices.load_data()


def forty_houses():
    """A dot for each house."""
    figure, (axes,) = panels(1, "Forty houses", "", "More rooms go with higher prices, roughly: for five rooms, prices from 28 to 102.")
    axes.plot(rooms, price, "o")
    name_axes(axes, "rooms", "price (ten thousands)")
    return figure


forty_houses()

# %% [markdown]
# More rooms, higher price, but only roughly: houses with five rooms were sold for 28 and for 102 ten thousands. How well a feature and a label go
# together can be measured by their **correlation**, a number from −1 to 1; 0 means that one tells nothing (in a straight line) about the other. We
# compare the rooms with a silly feature, the number on the door, which we draw at random:

# %%
door = np.random.default_rng(0).integers(1, 100, size=40)
print(f"correlation with the price: rooms {np.corrcoef(rooms, price)[0, 1]:.2f}, number on the door {np.corrcoef(door, price)[0, 1]:.2f}")

# %% [markdown]
# So choose features that have to do with the answer, and take more than one: floor area, age, the state of the kitchen. One can also make new
# ones from old ones, say the total area as the sum of house and garden. This is **feature engineering**, and it needs somebody who knows about
# houses.
#
# ## Pictures
# <!-- concept: 6 -->
#
# For most of this course the examples are pictures. `shapes10` is a collection of small drawings, each with one of ten shapes; the label is the
# shape's number. We take 2000 of them to learn from and 500 for later:

# %%
(x_train, y_train), (x_test, y_test) = shapes10.load_data(n_train=2000, n_test=500)  # x: pictures, y: their labels
y_train, y_test = y_train[:, 0], y_test[:, 0]  # from a column, (2000, 1), to a plain row of numbers, (2000,)
plots.gallery(x_train, y_train, shapes10.CLASS_NAMES, rows=3)

# %% [markdown]
# A computer sees no shapes. It sees numbers: 32 rows of 32 pixels, with three numbers each, for red, green and blue, from 0 (dark) to 255 (bright).

# %%
print("pictures:", x_train.shape, x_train.dtype)
print("labels:  ", y_train.shape, "the first ones:", y_train[:5], [shapes10.CLASS_NAMES[k] for k in y_train[:5]])
print("the red numbers in the upper left corner of the first picture:")
print(x_train[0, :4, :6, 0])

# %% [markdown]
# Those are 32 · 32 · 3 = 3072 features for each picture. We divide them by 255, so that they lie between 0 and 1, for the training *and* for the
# test pictures. (Here this only makes the numbers handier. For nets it matters: lesson 3 shows why.)

# %%
train, test = x_train / 255, x_test / 255

# %% [markdown]
# ## Exercise 1: how different are two pictures?
#
# To find the nearest neighbour of a picture we need a distance. Go pixel by pixel, take the difference, square it (so that it does not matter
# which one is brighter), and add up all the squares. Two equal pictures have the distance 0.


# %%
def distance(a, b):
    """The sum of the squared differences of two arrays of the same shape."""
    ### BEGIN SOLUTION
    return ((a - b) ** 2).sum()
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "distance",
    "The distance between two pictures.",
    hints=[
        "a - b subtracts pixel by pixel and gives an array of differences.",
        "** 2 squares each of them, and .sum() adds up all numbers of an array, whatever its shape.",
        "return ((a - b) ** 2).sum()",
    ],
)
exercise.check("a picture and itself", lambda: distance(train[0], train[0]), 0.0)
exercise.check(
    "by hand: 0.2² + 0.1² + 0",
    lambda: distance(np.array([0.5, 0.3, 1.0]), np.array([0.7, 0.2, 1.0])),
    0.05,
    because="square each difference first, then add up the squares",
)
exercise.check(
    "black and white",
    lambda: distance(np.zeros((32, 32, 3)), np.ones((32, 32, 3))),
    3072.0,
    because="3072 squares of 1, added up",
)
exercise.check("there and back are equally far", lambda: distance(train[0], train[1]) - distance(train[1], train[0]), 0.0)
exercise.done()

# %% [markdown]
# ## Exercise 2: the nearest neighbour
#
# Now the classifier: among the examples find the one with the smallest distance, and answer with its label.


# %%
def nearest_label(picture, pictures, labels):
    """The label of the one among ``pictures`` that is most like ``picture``."""
    ### BEGIN SOLUTION
    distances = [((other - picture) ** 2).sum() for other in pictures]
    return labels[np.argmin(distances)]
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "nearest_label",
    "A classifier that remembers everything.",
    hints=[
        "Make a list with the distance from picture to each of the pictures. Your own distance() may be used.",
        "np.argmin(distances) is the place of the smallest one in the list.",
        "distances = [distance(other, picture) for other in pictures]; return labels[np.argmin(distances)]",
    ],
)
three = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0]]), np.array([7, 8, 9])
exercise.check(
    "near to the first", lambda: nearest_label(np.array([0.1, 0.2]), *three), 7, because="the label of the nearest one, which is labels[0]"
)
exercise.check("near to the second", lambda: nearest_label(np.array([0.9, 0.6]), *three), 8)
exercise.check("near to the third", lambda: nearest_label(np.array([0.2, 0.9]), *three), 9)
exercise.check("a picture that it knows", lambda: nearest_label(train[30], train[:100], y_train[:100]), int(y_train[30]))
exercise.done()

# %% [markdown]
# To ask for the labels of many pictures at once we use the same method, written with matrix products, because that is faster. (You need not
# follow this code; it answers as yours does.)


# %%
def nearest_labels(pictures, known, labels):
    """The label of the nearest one of ``known`` for each of ``pictures``. (Squared: (a − b)² = a² − 2ab + b².)"""
    a, b = pictures.reshape(len(pictures), -1), known.reshape(len(known), -1)
    distances = (a**2).sum(axis=1)[:, None] - 2 * a @ b.T + (b**2).sum(axis=1)
    return labels[distances.argmin(axis=1)]


# %% [markdown]
# ## How good is it?
# <!-- concept: 17 -->
#
# We measure the **accuracy**: the fraction of right answers, a number from 0 to 1. (0.7 is 70 %.) First for pictures that it was trained with:

# %%
Prediction(
    "The nearest-neighbour classifier answers for 500 of its own 2000 training pictures. Its accuracy?",
    ["0.1, as if it were guessing", "Somewhere between, perhaps 0.7", "1.0"],
    answer=2,
    why="The nearest neighbour of a training picture is the picture itself, at the distance 0. It looks up the answer.",
)

# %%
answers = nearest_labels(train[:500], train, y_train)
print("accuracy on training pictures:", (answers == y_train[:500]).mean())

# %% [markdown]
# Wonderful, and worth nothing. A pupil who has learned the answers by heart is perfect with the old questions. What we want to know is how it does
# with *new* ones. That is why 500 pictures were kept apart, which it has never seen:

# %%
test_answers = nearest_labels(test, train, y_train)
print("accuracy on test pictures:", (test_answers == y_test).mean())

# %% [markdown]
# This is the honest number. The examples to learn from are the **training set**, those for measuring are the **test set**; four fifths and one
# fifth, as here, are a usual split. The one iron rule:
#
# > **Never learn from the test set.** Not even a little, not even by trying things out until the test accuracy is nice.
#
# (For trying things out one keeps a third set apart, the *validation set*. It comes in lesson 12. Below we compare three sets of features on the
# test set, which is already a little sin.) Is 0.408 good? Guessing among ten classes would give 0.1. So it has learned something; but it is wrong
# more often than right.
#
# ## Exercise 3: accuracy
#
# The two lines that printed an accuracy have computed it already. Make it a function.


# %%
def accuracy(answers, labels):
    """The fraction of ``answers`` that equal ``labels``, from 0 to 1; both are arrays of the same length."""
    ### BEGIN SOLUTION
    return (answers == labels).mean()
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "accuracy",
    "The fraction of right answers.",
    hints=[
        "answers == labels compares arrays number by number, and gives an array of True and False.",
        "The mean of such an array counts True as 1 and False as 0.",
        "return (answers == labels).mean()",
    ],
)
exercise.check(
    "three of four",
    lambda: accuracy(np.array([1, 2, 3, 4]), np.array([1, 2, 3, 0])),
    0.75,
    because="a fraction: 3 right ones of 4, so neither 3 nor 75",
)
exercise.check("all right", lambda: accuracy(np.array([5, 5]), np.array([5, 5])), 1.0)
exercise.check("all wrong", lambda: accuracy(np.array([5, 5, 1]), np.array([6, 6, 2])), 0.0)
exercise.check("the test pictures", lambda: accuracy(test_answers, y_test), 0.408)
exercise.done()

# %% [markdown]
# ## Better features
# <!-- concept: 2 -->
#
# What does the classifier get wrong? For each test picture (left) we look at the neighbour that it found (right):

# %%
a, b = test.reshape(500, -1), train.reshape(2000, -1)
neighbour = ((a**2).sum(axis=1)[:, None] - 2 * a @ b.T + (b**2).sum(axis=1)).argmin(axis=1)
wrong = np.flatnonzero(y_train[neighbour] != y_test)[:5]
pairs = np.stack([x_test[wrong], x_train[neighbour[wrong]]], axis=1).reshape(10, 32, 32, 3)
plots.gallery(pairs, rows=5, columns=2, title="Five mistakes, and their nearest neighbours")

# %% [markdown]
# Each pair is alike in colour and background rather than in shape. But colour tells nothing about a shape. We know that; the computer does not. So we
# help it, and replace red, green and blue by their mean, the brightness. That leaves 1024 features in place of 3072:


# %%
def brightness(pictures):
    """The mean of red, green and blue: (n, 32, 32)."""
    return pictures.mean(axis=3)


answers = nearest_labels(brightness(test), brightness(train), y_train)
print("accuracy with brightness:", (answers == y_test).mean())

# %% [markdown]
# Fewer numbers, and a far better result! One thought more. Some shapes are dark on a bright ground, others bright on a dark ground, and that does
# not matter either. So take how much each pixel *differs* from the picture's border:


# %%
def contrast(pictures):
    """How much the brightness of each pixel differs from the typical (median) brightness along the border: (n, 32, 32)."""
    grey = brightness(pictures)
    border = np.concatenate([grey[:, 0], grey[:, -1], grey[:, :, 0], grey[:, :, -1]], axis=1)
    return abs(grey - np.median(border, axis=1)[:, None, None])


answers = nearest_labels(contrast(test), contrast(train), y_train)
print("accuracy with contrast:  ", (answers == y_test).mean())

# %%
features = {"contrast": contrast, "brightness": brightness, "all colours": lambda pictures: pictures}
sizes = [100, 300, 1000, 2000]


def accuracy_curves():
    """The accuracy over the number of training pictures, for each kind of features."""
    figure, (axes,) = panels(
        1, "Better features, and more examples", "", "Accuracy rises with examples; contrast is best, colours last.", room=1.2
    )
    ends = {}
    for (name, of), colour in zip(features.items(), ["#D55E00", "#0072B2", "#007A5C"]):
        found = [(nearest_labels(of(test), of(train[:n]), y_train[:n]) == y_test).mean() for n in sizes]
        axes.plot(sizes, found, "o-", color=colour)
        ends[name] = (found[-1], name)
    axes.set_ylim(0, 1)
    name_axes(axes, "training pictures", "accuracy on test pictures")
    end_labels(axes, ends)
    return figure


accuracy_curves()

# %% [markdown]
# Two things to see. **More examples help**, on every curve. And **good features help more**: with contrast, 300 pictures do more than
# 2000 do with colours.
#
# But look at what it took: a person who looked at mistakes and thought about *these* pictures. For photographs of cats, both ideas would be of little
# use, and one would have to invent others: edges first, then textures, then ears and whiskers, from *low-level* to *high-level* features. For cars,
# begin again.
#
# Deep learning turns this around: the net gets the plain pixels, and **learns the features, too**, together with the classifier. Its first
# layers find edges and spots by themselves, later ones parts and whole shapes. For another task you give it other examples. The price is that it
# needs many of them, and much computing. The net of lesson 12 reaches about 0.94 on these shapes, with 10 000 pictures, and nobody tells it anything
# about brightness.
#
# ## Other questions about a picture
# <!-- concept: 1 -->
#
# "Which shape is it?" is one question of many. **Computer vision** has a family of tasks, and you can tell them apart by what the *label* is. We
# draw a scene with three things in it:

# %%
places = {"star": (-0.45, 0.35, 0.42), "circle": (0.5, 0.4, 0.4), "another circle": (0.2, -0.52, 0.42)}  # x, y, size
axis = np.linspace(-1, 1, 96)
# OUTLINES has a function of x and y for each shape; it is negative inside of the shape.
x, y = np.meshgrid(axis, -axis)
masks = {name: outlines.OUTLINES[name.split()[-1]]((x - cx) / size, (y - cy) / size) < 0 for name, (cx, cy, size) in places.items()}
scene = np.full((96, 96, 3), 0.85)
for mask, colour in zip(masks.values(), [(0.8, 0.5, 0.1), (0.2, 0.4, 0.7), (0.3, 0.6, 0.8)]):
    scene[mask] = colour
print("a mask says for each pixel whether it belongs to the thing:", masks["star"].shape, masks["star"].dtype)


def corners(mask):
    """x and y of the smallest box around a mask, as a closed line to draw."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    (top, bottom), (left, right) = rows[[0, -1]], columns[[0, -1]]
    return [left, right, right, left, left], [top, top, bottom, bottom, top]


# %%
star_alone = np.where(masks["star"][:, :, None], scene, 0.85)
of_class = masks["star"] * 1 + (masks["circle"] | masks["another circle"]) * 2
of_thing = masks["star"] * 1 + masks["circle"] * 2 + masks["another circle"] * 3
titles = ["classification", "localisation", "detection", "segmentation", "instances"]


def five_tasks():
    """The scene, with the label of each task drawn into it."""
    alt = "One star; a star in a box; three things in boxes; pixels coloured by class; pixels coloured by thing."
    figure, all_axes = panels(5, "Five tasks, five kinds of labels", "", alt, width=1.5, height=1.5, titled=True)
    for axes, title, shown in zip(all_axes, titles, [star_alone, star_alone, scene, of_class, of_thing]):
        name_axes(axes, "", "", title)
        axes.imshow(shown, cmap="viridis")
        axes.set_axis_off()
    all_axes[0].text(48, 90, "star", ha="center")
    for axes, things in [(all_axes[1], ["star"]), (all_axes[2], places)]:
        for name in things:
            axes.plot(*corners(masks[name]), color="black")
            axes.text(corners(masks[name])[0][0], corners(masks[name])[1][0] - 3, name.split()[-1], fontsize=8)
    return figure


five_tasks()

# %% [markdown]
# | task | the question | the label |
# |---|---|---|
# | **classification** | What is in the picture? | one class for the whole picture |
# | **localisation** | What is it, and where? | one class and one box (four numbers) |
# | **detection** | Which things are there, and where? | a list: a class and a box for each thing |
# | **segmentation** (*semantic*) | What does each pixel belong to? | a class for each pixel; both circles have the same one |
# | **instance segmentation** | Which thing does each pixel belong to? | a number for each pixel; the two circles have different ones |
#
# This course is about classification. The other tasks use the same kinds of nets, with other outputs and other labels.
#
# ## Exercise 4: from pixels to a box
#
# A finer label contains the coarser ones. Show it: make a box from a mask, an array that is True where the thing is. The box is
# (top, left, bottom, right): the first and last row, and the first and last column, in which there is a True.


# %%
def box(mask):
    """(top, left, bottom, right) of the smallest box around all True pixels; all four are inside of it."""
    ### BEGIN SOLUTION
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return rows[0], columns[0], rows[-1], columns[-1]
    ### END SOLUTION


# %% tags=["check"]
small = np.zeros((5, 6), bool)
small[1:4, 2] = small[3, 2:5] = True
exercise = Exercise(
    "box",
    "From a segmentation to a bounding box.",
    hints=[
        "mask.any(axis=1) says for each row whether there is a True in it, mask.any(axis=0) for each column.",
        "np.flatnonzero(…) gives the numbers of these rows; take the first, [0], and the last, [-1]. The columns likewise.",
        "rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0)); return rows[0], columns[0], rows[-1], columns[-1]",
    ],
)
exercise.check("an L: rows 1 to 3, columns 2 to 4", lambda: box(small), (1, 2, 3, 4), because="in the order top, left, bottom, right")
exercise.check(
    "a single pixel", lambda: box(np.eye(4, dtype=bool) & (np.arange(4) == 2)), (2, 2, 2, 2), because="the last row and column are inside"
)
exercise.check("everything", lambda: box(np.ones((3, 7), bool)), (0, 0, 2, 6))
exercise.check("the star of the scene", lambda: [*box(masks["star"])], [11, 7, 47, 45])
exercise.done()

# %% [markdown]
# ## What you know now
#
# * **AI ⊃ ML ⊃ DL**: machine learning finds rules from examples; deep learning does it with neural networks of many layers.
# * An example has **features** (input) and a **label** (the right answer). **Predictors** answer with a number, **classifiers** with a class.
# * Learning by heart is easy. What counts is the accuracy, a fraction from 0 to 1, on a **test set** that was not learned from.
# * **Feature engineering** needs a person who knows the matter. Deep nets learn the features from the pixels, and need more examples for it.
# * Classification, localisation, detection, segmentation and instance segmentation differ in what their labels are.
#
# **To read on:** Domingos, "A few useful things to know about machine learning" (*Communications of the ACM*, 2012): short, and without formulas. The
# notes of Stanford's course CS231n (free online) begin with "Image Classification", and with the nearest neighbour as well.
# **Next:** lesson 1, one neuron.
