# %% [markdown]
# # 6. Is this gradient right?
#
# **After this lesson you can**
#
# * check any gradient rule with numbers, and choose the step and the tolerance for it;
# * name two blind spots of simple checks, and write a check that has neither;
# * read what minidl's gradient doctor says, and mend a rule with its help.
#
# **Where we are.** Since lesson 4 you have written gradient rules by hand. One forgotten factor or sum, and a rule is wrong. In this lesson you learn to find
# such mistakes by measuring instead of thinking.
#
# *50 minutes. You need: lesson 5 (gradient rules, g = dL/dy).*

# %%
import numpy as np

import minidl
from minidl import layers, ops, plots
from minidl.data import house_prices
from minidl.lesson_runner import Exercise, Prediction
from minidl.plots.panels import name_axes, panels

# %% [markdown]
# ## Wrong gradients do not shout
#
# A wrong formula in an ordinary program gives a wrong answer, and somebody notices. A wrong *gradient* is different. Here is gradient descent from lesson 3
# on the forty houses, with three rules for dL/dw: the right one, one that is half as large, and one in which the factor x was forgotten.

# %%
Prediction(
    "Gradient descent with a dL/dw that is always half as large as it should be. What happens?",
    ["It diverges", "It arrives at another w", "It arrives at the right w, only later"],
    answer=2,
    why="The direction is right, and at the lowest point half of 0 is still 0. It is as if the learning rate were half as large.",
)

# %%
x, y = house_prices.load_data()


def final(derivative, b, steps=300):
    """Where gradient descent on w ends, from w = 4, with that b."""
    w = 4.0
    for _ in range(steps):
        w -= 0.01 * derivative(w * x + b - y)
    return w


rules_for_w = {
    "right": lambda error: (2 * error * x).mean(),
    "half": lambda error: (error * x).mean(),
    "without x": lambda error: (2 * error).mean(),
}
for b in (3, -40):
    for name, derivative in rules_for_w.items():
        w = final(derivative, b)
        print(f"b = {b:3}, {name:>9}: w = {w:.4f}, loss {((w * x + b - y) ** 2).mean():.4f}")

# %% [markdown]
# All three "work". The third is plainly wrong, and with b = 3 it ends close to the right place by luck. With b = −40 it learns, too, only worse than it
# could: who sees a loss of 685 does not know that 678 was to be had. That the loss falls proves nothing. So rules must be **checked**.
#
# ## Two ways to measure a slope
#
# The derivative says how much a function changes for each unit of change of its input. So take a small step h and measure. In lesson 3 we stepped to one
# side. One can also step to both sides, which is called a **central difference**:
#
# $$\text{one-sided: } \frac{f(x + h) - f(x)}{h} \qquad\qquad \text{central: } \frac{f(x + h) - f(x - h)}{2h}$$
#
# By hand for $f(x) = x^3$ at x = 2, where the derivative $3x^2$ is 12, with h = 0.1: one-sided (9.261 − 8) / 0.1 = 12.61, central
# (9.261 − 6.859) / 0.2 = 12.01. The curve bends upwards, so the step to the right is too steep, the step to the left too flat, and the central
# difference takes their mean: nearly all of the mistake cancels.
#
# ## Exercise 1: the central difference


# %%
def central(f, x, h=1e-5):
    """The derivative of f at x, measured with steps of length h to both sides."""
    ### BEGIN SOLUTION
    return (f(x + h) - f(x - h)) / (2 * h)
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "central",
    "Measure a derivative with a step to each side.",
    hints=[
        "The formula stands just above: the value to the right minus the value to the left.",
        "The two points are 2 · h apart. In Python, / 2 * h would first divide and then multiply: use parentheses.",
        "return (f(x + h) - f(x - h)) / (2 * h)",
    ],
)
exercise.check("the example by hand", lambda: central(lambda x: x**3, 2.0, 0.1), 12.01)
exercise.check("a straight line, any step", lambda: central(lambda x: 5 * x - 1, 7.0, 3.0), 5.0)
exercise.check(
    "a parabola, even with a large step",
    lambda: central(lambda x: x**2, 3.0, 1.0),
    6.0,
    because="the mistakes of both sides cancel exactly",
)
exercise.check("tanh at 1", lambda: central(np.tanh, 1.0), 0.4199743416, 1e-9)
exercise.done()

# %% [markdown]
# ## How small a step?
#
# A smaller step leaves the curve less room to bend. But a computer keeps only so many digits of a number: 16, in Python's usual ones (*float64*).

# %%
Prediction(
    "The step h becomes 10 times smaller, again and again, down to 0.00000000000001. What does the error of the measured derivative do?",
    ["It falls all the way", "It falls, then stays the same", "It falls, then grows again"],
    answer=2,
    why="When h is tiny, f(x + h) and f(x − h) agree in most of their 16 digits, and little is left after the subtraction.",
)

# %%
steps = 10.0 ** -np.arange(1, 15)
true = 1 - np.tanh(1.0) ** 2  # the derivative of tanh at 1


def error_of(kind, number):
    """The error of the measured derivative of tanh at 1 for each step, computed with numbers of the type ``number``."""
    x, h = number(1.0), steps.astype(number)
    if kind == "central":
        return abs((np.tanh(x + h) - np.tanh(x - h)) / (2 * h) - true)
    return abs((np.tanh(x + h) - np.tanh(x)) / h - true)


ways = {"one-sided": ("one-sided", np.float64), "central": ("central", np.float64), "central, float32": ("central", np.float32)}


def error_curves():
    """The errors over the step, both on logarithmic scales."""
    alt = "Errors fall with the step, then grow: central differences in float64 reach 1e-11, one-sided 1e-8, float32 only 1e-5."
    figure, (axes,) = panels(1, "Too large a step is bad, too small a step as well", "", alt, width=5.4, height=3.4)
    axes.set(xscale="log", yscale="log", ylim=(1e-13, 10))
    for (name, way), colour, place in zip(ways.items(), ["#0072B2", "#007A5C", "#D55E00"], [(1e-7, 1e-6), (1e-5, 1e-12), (1e-11, 2)]):
        axes.plot(steps, error_of(*way), "o-", color=colour, markersize=4)
        axes.text(*place, name, color=colour, weight="bold", ha="center")
    name_axes(axes, "step h", "error of the derivative")
    return figure


error_curves()

# %%
for name, way in ways.items():
    found = error_of(*way)
    print(f"{name:>16}: best step {steps[found.argmin()]:.0e}, error {found.min():.0e}")

# %% [markdown]
# Two mistakes work against each other. From the right: the function is *curved*, and that mistake shrinks with h (one-sided), or even with h² (central). From
# the left: numbers are *rounded*, and that mistake grows with 1/h. In between there is a best step. For central differences in float64, numbers of 16 digits,
# it is about 0.00001, and about ten digits of the derivative are right.
#
# In float32, the 7-digit numbers that nets are trained with, hardly five digits are left even with the best step. (The line is flat at the left: where h
# has no place in seven digits, x + h *is* x, and the measured slope is 0.) That is why
# **gradients are checked in float64**, with a step of about 10⁻⁵ times the size of x.
#
# ## All inputs of a function
#
# The loss of a net depends on many numbers. So step with one number at a time, and leave the others alone: two evaluations of the function for each.
#
# ## Exercise 2: a numeric gradient


# %%
def numeric_gradient(f, x, h=1e-5):
    """The derivatives of the number f(x) by each entry of the array x, by central differences: an array of x's shape."""
    ### BEGIN SOLUTION
    gradient = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        right, left = x.copy(), x.copy()
        right[place] += h
        left[place] -= h
        gradient[place] = (f(right) - f(left)) / (2 * h)
    return gradient
    ### END SOLUTION


# %% tags=["check"]
def untouched():
    x = np.array([1.0, 2.0])
    numeric_gradient(lambda x: (x**2).sum(), x)
    return x


exercise = Exercise(
    "numeric_gradient",
    "A numeric gradient, entry by entry.",
    hints=[
        "np.zeros_like(x) is a place for the results, and for place in np.ndindex(x.shape): goes through all places of an array.",
        "At each place make two copies of x (x.copy()), and change only this place: right[place] += h, left[place] -= h.",
        "gradient[place] = (f(right) - f(left)) / (2 * h), and after the loop return gradient",
    ],
)
exercise.check(
    "a sum of squares",
    lambda: numeric_gradient(lambda x: (x**2).sum(), np.array([1.0, -2.0, 0.5])),
    [2.0, -4.0, 1.0],
    1e-6,
    "step with one entry at a time",
)
exercise.check("a product: the other factor", lambda: numeric_gradient(lambda x: x[0] * x[1], np.array([3.0, 7.0])), [7.0, 3.0], 1e-6)
exercise.check(
    "two axes",
    lambda: numeric_gradient(lambda x: np.exp(x).sum(), np.zeros((2, 3))),
    np.ones((2, 3)),
    1e-6,
    "one entry at a time, not a row",
)
exercise.check("x itself is not changed", untouched, [1.0, 2.0])
exercise.done()

# %% [markdown]
# ## From many outputs to one number: the first blind spot
#
# A gradient rule is written for functions with many outputs. To measure, we need one number. The first idea: add up the outputs, L = y₁ + y₂ + …, so that
# g is 1 everywhere. See what that does to *softmax*, the function that turns any numbers into probabilities (lesson 9):
#
# $$y_i = \frac{e^{x_i}}{\sum_j e^{x_j}} \qquad \text{with the rule} \qquad \frac{dL}{dx_i} = y_i \Big(g_i - \sum_j g_j y_j\Big)$$
#
# We put the right rule beside three foolish ones:


# %%
def softmax(x):
    """Positive numbers that add up to 1 in each row."""
    e = np.exp(x - x.max(axis=1, keepdims=True))  # less the largest: the result is the same, and no number grows too large
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(g, x):
    """The right rule."""
    y = softmax(x)
    return y * (g - (g * y).sum(axis=1, keepdims=True))


rules = {
    "right": softmax_backward,
    "wrong sign": lambda g, x: -softmax_backward(g, x),
    "100 times": lambda g, x: 100 * softmax_backward(g, x),
    "nothing": lambda g, x: 0 * x,
}
point = np.array([[0.5, -1.0, 2.0]])
ones = np.ones((1, 3))
# each d is a step with one of the three entries
measured = [(softmax(point + d).sum() - softmax(point - d).sum()) / 2e-5 for d in 1e-5 * np.eye(3)]
print(f"{'measured':>10}:", np.round(measured, 6) + 0.0)
for name, rule in rules.items():
    print(f"{name:>10}:", np.round(rule(ones, point)[0], 6) + 0.0)

# %% [markdown]
# All pass! The outputs of softmax always add up to 1. So their sum never changes, its derivatives are 0, and rules that are wrong by any factor give 0 as
# well. With a plain sum, this check **cannot fail**. The cure: give each output a random weight, $L = c_1 y_1 + c_2 y_2 + …$. Then g = c:

# %%
c = np.array([[0.3, -1.2, 0.7]])
measured = [((c * softmax(point + d)).sum() - (c * softmax(point - d)).sum()) / 2e-5 for d in 1e-5 * np.eye(3)]
print(f"{'measured':>10}:", np.round(measured, 6) + 0.0)
for name, rule in rules.items():
    print(f"{name:>10}:", np.round(rule(c, point)[0], 6) + 0.0)

# %% [markdown]
# ## One point: the second blind spot
#
# Somebody claims that the derivative of x² is 7, always. We check it at x = 3.5:

# %%
print("claimed: 7   measured:", round(((3.5 + 1e-5) ** 2 - (3.5 - 1e-5) ** 2) / 2e-5, 6))

# %% [markdown]
# Right, there! At one point, a wrong rule may be right by chance, and not only in silly examples: a ReLU whose rule forgets "0 for negative x" is right for
# every positive x. So check at **several points**, with both signs.
#
# ## A random direction
#
# Entry by entry is slow: a layer with 100 000 weights needs 200 000 evaluations. There is a shortcut. Change *all* entries at once, along a random direction
# v, and measure how much L changes: that must be the sum of (derivative × change) over all entries, which is `(gradient * v).sum()`. Two evaluations in
# place of 200 000, and a wrong entry hardly ever hides, because v is random.

# %%
rng = np.random.default_rng(0)
big = rng.normal(size=(100, 1000))
c, v = rng.normal(size=big.shape), rng.normal(size=big.shape)
gradient = softmax_backward(c, big)
measured_along = ((c * softmax(big + 1e-5 * v)).sum() - (c * softmax(big - 1e-5 * v)).sum()) / 2e-5
print(f"by the rule: {(gradient * v).sum():.8f}   measured: {measured_along:.8f}")
gradient[50, 500] += 0.01  # one of 100 000 entries is wrong
print(f"one wrong:   {(gradient * v).sum():.8f}")

# %% [markdown]
# ## How near is near enough?
#
# The two numbers never agree in all digits. A fixed limit will not do: 0.001 is a lot for a gradient of 0.002, and nothing for one of a million. So compare with
# the size of the numbers: a and b agree if
#
# $$|a - b| \le 10^{-9} + 10^{-6} \cdot \max(|a|, |b|)$$
#
# The first, *absolute* part is for numbers that should be 0; the second, *relative* part asks for six equal digits.
#
# ## Exercise 3: your own gradient check
#
# Put it together, for a pair of functions: `y = forward(x)` and `backward(g, x)`, which gives dL/dx. At each of five random points x of the given
# shape draw random c and v, and compare the two numbers. Return True if all five agree.


# %%
def check(forward, backward, shape, rng):
    """Is ``backward`` the gradient rule of ``forward``? Both for arrays x of this shape; ``rng.normal(size=…)`` draws random numbers."""
    ### BEGIN SOLUTION
    for _ in range(5):
        x, v = rng.normal(size=shape), rng.normal(size=shape)
        c = rng.normal(size=np.shape(forward(x)))
        h = 1e-5
        a = ((c * forward(x + h * v)).sum() - (c * forward(x - h * v)).sum()) / (2 * h)
        b = (backward(c, x) * v).sum()
        if abs(a - b) > 1e-9 + 1e-6 * max(abs(a), abs(b)):
            return False
    return True
    ### END SOLUTION


# %% tags=["check"]
def passes(forward, backward, shape=(4, 3)):
    return [bool(check(forward, backward, shape, np.random.default_rng(seed))) for seed in range(3)]


exercise = Exercise(
    "check",
    "A gradient check with random points, weights and directions.",
    hints=[
        "A loop over five points. In it: x and v from rng.normal(size=shape), and c from rng.normal(size=np.shape(forward(x))).",
        "a is the central difference of (c * forward(…)).sum() along v, that is at x + h * v and x - h * v. b is (backward(c, x) * v).sum().",
        "if abs(a - b) > 1e-9 + 1e-6 * max(abs(a), abs(b)): return False; and after the loop return True",
    ],
)
exercise.check(
    "a right rule: tanh",
    lambda: passes(np.tanh, lambda g, x: g * (1 - np.tanh(x) ** 2)),
    [True] * 3,
    because="compare two numbers at each point: both are sums over all entries",
)
exercise.check("a right rule: softmax", lambda: passes(softmax, softmax_backward), [True] * 3)
exercise.check("softmax with the wrong sign", lambda: passes(softmax, rules["wrong sign"]), [False] * 3, because="c must be random, not 1")
exercise.check("7 for x², at any point", lambda: passes(lambda x: x**2, lambda g, x: 7 * g), [False] * 3)
exercise.check(
    "a ReLU that lets all through", lambda: passes(lambda x: np.maximum(x, 0), lambda g, x: g), [False] * 3, because="try negative x, too"
)
exercise.check(
    "wrong by one in a thousand",
    lambda: passes(np.sin, lambda g, x: 1.001 * g * np.cos(x)),
    [False] * 3,
    because="two numbers agree if they differ by no more than a millionth of their size",
)
exercise.check(
    "another shape of y: sums of rows",
    lambda: passes(lambda x: x.sum(axis=1), lambda g, x: g[:, None] + 0 * x),
    [True] * 3,
    because="c has the shape of y, v that of x",
)
exercise.done()

# %% [markdown]
# ## Kinks
#
# ReLU has a corner at 0: from the left its slope is 0, from the right it is 1. There is no derivative *at* 0. What do differences say?

# %%
plots.activations(["relu"], title="ReLU: two slopes meet at 0")

# %%
for point_at in (-0.5, 0.0, 0.5):
    measured_there = (max(point_at + 1e-5, 0.0) - max(point_at - 1e-5, 0.0)) / 2e-5
    print(f"at {point_at:4}: measured {measured_there:.2f}")

# %% [markdown]
# At 0 it measures 0.5, the mean of both sides, which is neither. A rule that answers 0 there is fine (minidl's does), and one that answers 1 would be, too. Only a
# simple-minded check complains. So when a check fails at a single place, first ask whether the function has a corner there (ReLU, |x|, a maximum with a tie),
# and move a bit away. minidl's own check notices kinks by itself. (Like yours, it weighs each output with a random number. So the slope from the right is
# not 1 here, but that number.)

# %%
print(minidl.gradcheck(ops.relu, np.array([-1.0, 0.0, 2.0])))

# %% [markdown]
# ## The doctor
#
# `minidl.gradcheck` does what your `check` does, at more points and with steps that fit the size of the numbers, for functions of Tensors, for layers, for whole
# nets, and for pairs (forward, backward) as you write them. And if a gradient is wrong, it goes on asking: is it right but for a sign? A factor? Were two axes
# exchanged? This is the bias of lesson 5, whose sum over the examples was forgotten:


# %%
def bias_forward(x, b):
    """A bias for each column."""
    return x + b


def bias_backward(g, x, b):
    """Wrong: b was stretched over the rows, so its gradient is a sum."""
    return g, g[0]


table = np.array([[1.0, -2.0, 0.5], [0.3, 1.5, -0.7]])
print(minidl.gradcheck((bias_forward, bias_backward), table, np.array([0.1, 0.2, 0.3])))

# %% [markdown]
# Read it from the top: where it is wrong (arguments are counted from 0: x is 0, b is 1), what backward says and what was measured there, and a
# **diagnosis** with its evidence, where dy/dx stands for the derivative by that argument. The diagnosis is a guess, though a good one. The measurement is
# a fact.
#
# ## Exercise 4: find the wrong ones
#
# Here are six pairs, written by a tired colleague. Which of them are wrong? Try to see some by eye, then write a function that finds them with
# `minidl.gradcheck`. (A report counts as True if the gradient is right.)

# %%
A, B = np.array([[0.5, -1.0, 2.0], [1.5, 0.3, -0.7]]), np.array([[1.0, 0.2], [-0.4, 0.9], [0.6, -1.1]])
suspects = {
    "square": (lambda x: x**2, lambda g, x: 2 * g * x, [A]),
    "mean": (lambda x: x.mean(), lambda g, x: g * np.ones_like(x), [A]),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), lambda g, x: g * np.exp(-x) / (1 + np.exp(-x)) ** 2, [A]),
    "tanh": (np.tanh, lambda g, x: g * (1 - x**2), [A]),
    "product": (lambda a, b: a @ b, lambda g, a, b: (g @ b.T, a.T @ g), [A, B]),
    "leaky": (lambda x: np.where(x > 0, x, 0.1 * x), lambda g, x: g * (x > 0), [A]),
}


# %%
def wrong_ones(pairs):
    """The names of those whose gradient is wrong. ``pairs``: a dictionary, name → (forward, backward, [arrays])."""
    ### BEGIN SOLUTION
    return [name for name, (forward, backward, arrays) in pairs.items() if not minidl.gradcheck((forward, backward), *arrays)]
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "wrong_ones",
    "Find the wrong gradient rules among many.",
    hints=[
        "minidl.gradcheck takes the pair and then the arrays: minidl.gradcheck((forward, backward), *arrays). The star hands over each array of the list.",
        "A loop over pairs.items() gives name and (forward, backward, arrays). Collect the name if the report is not true.",
        "return [name for name, (f, b, arrays) in pairs.items() if not minidl.gradcheck((f, b), *arrays)]",
    ],
)
exercise.check("none to choose from", lambda: wrong_ones({}), [])
exercise.check(
    "a right and a wrong one",
    lambda: [*wrong_ones({"sin": (np.sin, lambda g, x: g * np.cos(x), [A]), "cos": (np.cos, lambda g, x: g * np.sin(x), [A])})],
    ["cos"],
)
exercise.check("how many of the six", lambda: len(wrong_ones(suspects)), 3, because="gradcheck takes the arrays one by one: *arrays")
exercise.check("which ones", lambda: sorted(wrong_ones(suspects)), ["leaky", "mean", "tanh"])
exercise.done()

# %% [markdown]
# ## Exercise 5: mend it
#
# To *centre* a table means to take from each number the mean of its row: $y = x - \text{mean}(x)$. The colleague thought: the derivative of x is 1, so
# dL/dx = g. The doctor disagrees:


# %%
def centre(x):
    """Each row without its mean."""
    return x - x.mean(axis=1, keepdims=True)


print(minidl.gradcheck((centre, lambda g, x: g), A))

# %% [markdown]
# It says "missing cross term": each number is also in the mean, and through the mean it changes *every* output of its row. With n numbers in a row, x changes its
# own output by 1 − 1/n and each of the others by −1/n. Multiply along each way and add up over the ways: what is dL/dx?


# %%
def centre_backward(g, x):
    """dL/dx for y = x − the mean of its row."""
    ### BEGIN SOLUTION
    return g - g.mean(axis=1, keepdims=True)
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "centre_backward",
    "A gradient with a cross term.",
    hints=[
        "Along its own way each entry gets g. Through the mean it gets −1/n times the sum of all g in its row.",
        "−1/n times a sum over the row is minus the mean of the row of g.",
        "return g - g.mean(axis=1, keepdims=True)",
    ],
)
rows = np.array([[3.0, 0.0, 0.0], [0.0, 0.0, 6.0]])
exercise.check(
    "by hand: g = (3, 0, 0) and (0, 0, 6)",
    lambda: centre_backward(rows, np.zeros((2, 3))),
    [[2.0, -1.0, -1.0], [-2.0, -2.0, 4.0]],
    because="from each row of g its own mean is taken",
)
exercise.check(
    "equal g: nothing is left",
    lambda: abs(centre_backward(np.ones((2, 4)), np.zeros((2, 4)))).max() < 1e-12,
    because="the outputs of a row always add up to 0",
)
exercise.check_gradient("measured", lambda: (centre, centre_backward), A)
exercise.done()

# %% [markdown]
# ## A whole net
#
# The same check works for a net with its loss (this one, cross-entropy, is explained in lesson 9): five arguments, the inputs and the weights and biases
# of two layers. If this is right, then so is every rule on the way:

# %%
minidl.set_seed(0)
model = minidl.Sequential([layers.Input((4,)), layers.Dense(5, activation="tanh"), layers.Dense(3, activation="softmax")])
inputs, targets = rng.normal(size=(6, 4)), np.eye(3)[[0, 1, 2, 0, 1, 2]]
print(minidl.gradcheck((model, minidl.losses.CategoricalCrossentropy()), inputs, targets))

# %% [markdown]
# ## What you know now
#
# * A net with a wrong gradient often learns all the same, only worse. A falling loss proves nothing.
# * **Central differences** measure derivatives: in float64, with a step of about 10⁻⁵. Larger steps suffer from curvature, smaller ones from rounding.
# * Blind spots: a **plain sum** of the outputs (softmax passes with any factor), and a **single point** (7 for x²). Use random weights, random directions,
#   several points.
# * Compare with a **relative** tolerance, and a small absolute one. At a **kink** there is no derivative: move away.
# * `minidl.gradcheck` does all that, and its doctor names the kind of mistake.
#
# **To read on:** Goodfellow, Bengio and Courville, *Deep Learning* (free online), section 11.5, "Debugging Strategies", on comparing back-propagated derivatives
# with numerical ones. The notes of Stanford's CS231n, "Gradient checks". Griewank and Walther, *Evaluating Derivatives* (2008).
# **Next:** lesson 7, batches and epochs, and optimisers that are faster than plain descent.
