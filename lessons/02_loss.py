# %% [markdown]
# # 2. Loss: how wrong is it?
#
# **After this lesson you can**
#
# * measure how far a prediction is from the right answer, for one example and for many;
# * say why errors with their signs are useless as a measure, and why we square them;
# * see the loss as a landscape over the weights and biases, and say what "training" looks for in it.
#
# **Where we are.** In lesson 1 you built neurons and nets that turn inputs into a prediction. Their weights and biases were random or made up,
# and so were their answers. Before a net can become better, one number must say how bad it is: the **loss**. This lesson makes that number, and
# lesson 3 makes it small.
#
# *40 minutes. You need: lesson 1 (inputs, weight, bias), and arrays of NumPy.*

# %%
import numpy as np

from minidl import plots
from minidl.data import house_prices
from minidl.lesson_runner import Exercise, Prediction

# %% [markdown]
# ## One error
#
# A neuron with random weights says that a house costs 260 (in thousands). It was sold for 185. The right answer, the **label** or **target**,
# is written $y$, the prediction $\hat y$ (say "y hat"). The **error** is their difference:
#
# $$E = y - \hat y$$

# %%
y_one, y_hat_one = 185, 260
print(f"error: {y_one} − {y_hat_one} = {y_one - y_hat_one}")

# %% [markdown]
# It is negative, because the prediction was too high. Had the neuron said 110, the error would be +75. Both answers are equally far off.
#
# ## Forty errors
# <!-- concept: 3, 9 -->
#
# For the rest of this lesson we take the simplest net of all: one input, one neuron, no activation function. It computes
#
# $$\hat y = w \cdot x + b$$
#
# which is a straight line: w is its slope, and b is where it crosses x = 0. Here are forty houses: the number of rooms x, and the price y in
# ten thousands, so 54.7 means 547 000. (They are made up, and scattered as real prices are.)

# %%
x, y = house_prices.load_data()
print("rooms: ", x[:8])
print("prices:", y[:8])

# %% [markdown]
# We must begin somewhere: w = 8 and b = 3. In the left picture, each vertical line is the error of one house. Blue ones are positive (the house
# was dearer than predicted), orange ones negative. The right picture shows what we are going to do with them.

# %%
plots.errors(x, y, w=8, b=3, x_label="rooms", y_label="price (ten thousands)")

# %% [markdown]
# ## Exercise 1: all errors at once
#
# `x` and `y` are arrays with forty numbers. Arithmetic on arrays works number by number, so one line of code gives forty errors.


# %%
def errors(w, b):
    """y − ŷ for each of the forty houses, as an array."""
    ### BEGIN SOLUTION
    return y - (w * x + b)
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "errors",
    "The errors of a line for all houses.",
    hints=[
        "The predictions of all houses at once are w * x + b: an array, because x is one.",
        "The error is the label minus the prediction, in this order.",
        "return y - (w * x + b)",
    ],
)
exercise.check("forty of them", lambda: np.shape(errors(8.0, 3.0)), (40,))
exercise.check("the first house: 3 rooms, sold for 29.6", lambda: errors(8.0, 3.0)[0], 2.6, because="29.6 − (8 · 3 + 3)")
exercise.check("the last house: 9 rooms, sold for 137.6", lambda: errors(8.0, 3.0)[-1], 62.6, because="137.6 − (8 · 9 + 3)")
exercise.check("another line", lambda: errors(0.0, 50.0)[:3], [-20.4, -12.0, -39.7], because="each price minus 50, with its sign")
exercise.done()

# %% [markdown]
# ## Why not take their mean?
# <!-- concept: 9 -->
#
# Forty errors are too many to compare two lines. We want one number. The first idea is their mean, $\frac{1}{n} \sum_i (y_i - \hat y_i)$.
# Let us put it to the test with a foolish line: w = 0, so that the rooms count for nothing, and b = 54.5975, the mean price. It says the same
# for every house, from the smallest to the largest.

# %%
Prediction(
    "The line that says 54.5975 (the mean price) for every house: what is the mean of its errors?",
    ["Large: it ignores the rooms", "0", "About as large as for w = 8, b = 3"],
    answer=1,
    why="Some houses are dearer than the mean and some are cheaper; that is what a mean is. Positive and negative errors cancel.",
)

# %%
for w, b in [(8, 3), (9, 3), (0, 54.5975)]:
    e = y - (w * x + b)
    print(f"w = {w}, b = {b}: the mean of the errors is {abs(e.mean()):.2f} from 0, but single errors reach {abs(e).max():.1f}")

# %% [markdown]
# By its mean error the foolish line is the best of the three, although it misses one house by 83. Errors with their signs **cancel**: an error
# of +40 and one of −40 look like no error at all.
#
# ## Square them
#
# The square of a number is never negative, so squares cannot cancel. The **squared error** of an example is $(y - \hat y)^2$:

# %%
plots.loss_curve(lambda e: e**2, (-12, 12), name="error", marks=(2, 4, 8), title="The squared error of one example", y_label="squared error")

# %% [markdown]
# An error twice as large counts *four* times as much, an error three times as large nine times. So one huge error is worse than several
# small ones: the errors 2, 2, 2 and 2 have the squares 4 + 4 + 4 + 4 = 16, but 8, 0, 0 and 0 have 64. This growth is called **quadratic**. (One
# sometimes reads "exponential". That would be quite another thing:)

# %%
print("error      squared   exponential, 2 to the power of the error")
for e in (1, 2, 4, 8, 16):
    print(f"{e:5} {e**2:12} {2**e:13}")

# %% [markdown]
# One could also take the size of the error without its sign, $|y - \hat y|$. That is the *absolute* error, and it is used, too, where a few wild
# examples should not count so much. But it has a corner at 0, while the square is smooth everywhere and flat at its lowest point. In lesson 3
# that will be of use.
#
# ## The mean squared error
# <!-- concept: 9 -->
#
# Now the mean is harmless. The mean of the squared errors over all n examples is the **mean squared error**, MSE, our first **loss** (some say
# *cost*):
#
# $$L = \frac{1}{n} \sum_{i=1}^{n} (y_i - \hat y_i)^2$$
#
# With three examples by hand: the errors are 2, −3 and 1, their squares 4, 9 and 1, the sum is 14, and the loss is 14 / 3 ≈ 4.67.
#
# ## Exercise 2: write it


# %%
def mse(labels, predictions):
    """The mean squared error of two arrays of the same shape, as one number."""
    ### BEGIN SOLUTION
    return ((labels - predictions) ** 2).mean()
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "mse",
    "The mean of the squared errors.",
    hints=[
        "Three things, from the inside to the outside: the errors, their squares, the mean.",
        "For arrays, ** 2 squares number by number, and .mean() is the mean of all numbers.",
        "return ((labels - predictions) ** 2).mean()",
    ],
)
exercise.check(
    "the example by hand", lambda: mse(np.array([2.0, 0.0, 5.0]), np.array([0.0, 3.0, 4.0])), 14 / 3, because="(4 + 9 + 1) / 3"
)
exercise.check("all right: no loss", lambda: mse(np.array([1.0, 2.0]), np.array([1.0, 2.0])), 0.0)
exercise.check("w = 8, b = 3", lambda: mse(y, 8 * x + 3), 599.40925)
exercise.check("w = 7, b = 3", lambda: mse(y, 7 * x + 3), 703.16425)
exercise.check("w = 9, b = 3", lambda: mse(y, 9 * x + 3), 566.05425)
exercise.done()

# %% [markdown]
# We can compare lines now. The foolish one is the worst at last:

# %%
for w, b in [(7, 3), (8, 3), (9, 3), (0, 54.5975)]:
    print(f"w = {w}, b = {b}: loss {((y - (w * x + b)) ** 2).mean():.2f}")

# %% [markdown]
# How bad is 599.41? It is a mean of *squares*, so its unit is "ten thousands, squared". Its square root (the *root mean squared error*, RMSE) is in
# the unit of the prices again, and tells the size of a typical error:

# %%
loss_8 = ((y - (8 * x + 3)) ** 2).mean()
print(f"√{loss_8:.2f} = {np.sqrt(loss_8):.1f} ten thousands")

# %% [markdown]
# So this line is typically wrong by a quarter of a million. Part of that no line can help: houses with five rooms were sold for 28.0 and for
# 101.9, and a line must say the same for both.
#
# ## A mean, not a sum
#
# You may read that a training program prints "the sum of the errors". It prints the mean. The difference matters: take every house twice, and
# nothing about the line has changed.

# %%
x_twice, y_twice = np.tile(x, 2), np.tile(y, 2)
for name, a, b in [("40 houses", x, y), ("80 houses", x_twice, y_twice)]:
    squares = (b - (8 * a + 3)) ** 2
    print(f"{name}: sum {squares.sum():9.2f}   mean {squares.mean():.2f}")

# %% [markdown]
# With a mean, losses of data sets of different sizes can be compared: that of 40 000 pictures for training and that of 10 000 for testing.
#
# ## The loss is a function of the weights
# <!-- concept: 10 -->
#
# Here comes the change of view on which all training rests. The data are given and stay as they are. What we may change is w and b. So the loss
# is a *function of w and b*:


# %%
def loss(w, b):
    """The mean squared error of the line ŷ = w·x + b over the forty houses."""
    return ((y - (w * x + b)) ** 2).mean()


# %% [markdown]
# Keep b = 3, and change w alone. From 8 down to 7 the loss rises from 599.41 to 703.16; from 8 up to 9 it falls to 566.05. We are going in the
# right direction. For all w between 3 and 15:

# %%
plots.loss_curve(lambda w: loss(w, 3), (3, 15), name="w", marks=(7, 8, 9))

# %% [markdown]
# A sum of squares gives a valley with one lowest point: a parabola. It lies just left of 9. Along b it is a valley as well, here with w = 8:

# %%
plots.loss_curve(lambda b: loss(8, b), (-20, 40), name="b", marks=(3,))

# %% [markdown]
# ## Exercise 3: the best bias
#
# For a given w there is one best b, and no search is needed. It is the b for which the errors, *with* their signs, have the mean 0: then the line
# lies neither too high nor too low. (That is what the mean error is good for.) For if their mean is m, moving the line up by m makes the loss
# smaller by exactly m²; only when m is 0, nothing is left to be gained. With w = 8 and b = 3:

# %%
m = (y - (8 * x + 3)).mean()
print(f"mean error m = {m:.4f}, m² = {m**2:.4f}; moving the line up by m makes the loss smaller by {loss(8, 3) - loss(8, 3 + m):.4f}")

# %% [markdown]
# Now find it for any w: which b makes the mean of $y - (w x + b)$ equal to 0?


# %%
def best_b(w):
    """The b with the least loss, for the line ŷ = w·x + b with this w."""
    ### BEGIN SOLUTION
    return (y - w * x).mean()
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "best_b",
    "The best bias for a given weight.",
    hints=[
        "The mean of y − w·x − b is (the mean of y − w·x) minus b.",
        "It is 0 if b equals the mean of y − w·x.",
        "return (y - w * x).mean()",
    ],
)
exercise.check("for w = 8", lambda: best_b(8.0), 8.5975, because="the lowest point of the last picture")
exercise.check("for w = 0 it is the mean price", lambda: best_b(0.0), 54.5975)
exercise.check("w = 5: the mean of the errors is 0", lambda: round(float((y - (5.0 * x + best_b(5.0))).mean()), 9), 0.0)
exercise.check(
    "a bit more or less is worse",
    lambda: [loss(5.0, best_b(5.0) + d) > loss(5.0, best_b(5.0)) for d in (-0.1, 0.1)] == [True, True],
    because="b + 0.1 and b − 0.1 should both have a larger loss",
)
exercise.done()

# %% [markdown]
# ## Both at once: the loss surface
# <!-- concept: 10 -->
#
# For every pair (w, b) there is a loss. Think of w and b as east and north on a map, and of the loss as the height. Here is the land, seen from
# the side, and then as a map with lines of equal height, like those of a hiking map:

# %%
plots.loss_surface(loss, (2, 16), (-30, 40), kind="3d")

# %%
plots.loss_surface(loss, (2, 16), (-30, 40))

# %% [markdown]
# It is a long, narrow valley. Across it the loss rises steeply; along it, it hardly changes, because a larger w can be made up for by a smaller b:
# both lines go through the middle of the cloud of houses. The star is the lowest point. **Training a net means: find a low place in this land.**
#
# ## Exercise 4: search everywhere
#
# The simplest way is to try all pairs. Given two lists of values, return the pair with the least loss. (`loss(w, b)` from above may be used.)


# %%
def best_pair(ws, bs):
    """The pair (w, b) with the least loss, w from the list ``ws`` and b from the list ``bs``."""
    ### BEGIN SOLUTION
    return min(((w, b) for w in ws for b in bs), key=lambda pair: loss(*pair))
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "best_pair",
    "A search over a grid of weights and biases.",
    hints=[
        "Two loops, one inside of the other: for w in ws, for b in bs. Keep the best pair so far, and its loss.",
        "Begin with best = None and lowest = float('inf'); if loss(w, b) < lowest, remember the pair and its loss.",
        "return min(((w, b) for w in ws for b in bs), key=lambda pair: loss(*pair)) does it in one line.",
    ],
)
exercise.check("a single pair", lambda: best_pair([8], [3]), (8, 3), because="the pair (w, b) itself, not its loss")
exercise.check("three weights", lambda: best_pair([7, 8, 9], [3]), (9, 3))
exercise.check("nine pairs", lambda: best_pair([7, 8, 9], [-10, 3, 10]), (9, 3))
exercise.check("finer, 41 times 41 pairs", lambda: best_pair(np.linspace(7, 11, 41), np.linspace(1, 5, 41)), (9.0, 2.8), 1e-9)
exercise.done()

# %% [markdown]
# That works for two parameters. With ten values for each you need 10 · 10 = 100 losses. For three parameters it is 1000, and for the net with
# 79 530 parameters at the end of this course it is a number with 79 531 digits. Nobody can try them all. In lesson 3 you learn to find the way down
# without seeing the land.
#
# ## What you know now
#
# * The **error** of an example is label minus prediction, y − ŷ. Errors with signs cancel, so their mean says nothing about the quality of a line.
# * The **squared error** cannot cancel. It grows *quadratically*: twice the error, four times the loss.
# * The **loss** (or cost) of a net is the *mean* over all examples, one number; small is good. Here: L(7, 3) = 703.16, L(8, 3) = 599.41,
#   L(9, 3) = 566.05.
# * The data are fixed, so the loss is a function of the weights and biases: a **surface**. Training looks for a low place in it.
#
# **To read on:** Goodfellow, Bengio and Courville, *Deep Learning* (free online), section 5.1.4, "Example: Linear Regression". James, Witten,
# Hastie and Tibshirani, *An Introduction to Statistical Learning* (free online), section 3.1.
# **Next:** lesson 3, gradient descent: the way down.
