# %% [markdown]
# # 3. Gradient descent
#
# **After this lesson you can**
#
# * say what a derivative tells you about a loss, and in which direction to change a parameter;
# * write gradient descent in three lines, and follow every number of it;
# * recognise a learning rate that is too small, one that is too large, and one that diverges, and say why.
#
# **Where we are.** In lesson 2 we measured how wrong a line is: its *loss*, the mean of the squared errors. We tried three lines by hand.
# Here the computer finds the line by itself. The same three lines of code train every net in this course, the one with 79 530 parameters too.
#
# *45 minutes. You need: lesson 2, and from school the derivative: it is the slope of a curve, that of e² is 2e, and there is a chain rule.*

# %%
import numpy as np

import minidl
from minidl import plots
from minidl.data import house_prices
from minidl.lesson_runner import Exercise, Prediction, embed

x, y = house_prices.load_data()  # rooms, and prices in ten thousands


def loss(w, b=3.0):
    """The mean squared error of the line ŷ = w·x + b."""
    return ((w * x + b - y) ** 2).mean()


print(f"40 houses; the loss at w = 8 is {loss(8):.2f}, at w = 9 it is {loss(9):.2f}")

# %% [markdown]
# ## Which way is down?
#
# Fix b = 3 for a while, so that the loss depends on w alone. It is a valley:

# %%
plots.loss_curve(loss, (3, 15), marks=(7, 8, 9))

# %% [markdown]
# Stand at w = 7, in fog: you cannot see the valley, but you can feel the slope under your feet. The slope is the **derivative** of the loss.
# Take a very small step h and look how much the loss changes, for each unit of w:

# %%
h = 1e-6
slope = (loss(7 + h) - loss(7)) / h
print(f"at w = 7 the loss changes by {slope:.2f} for each unit of w")

# %% [markdown]
# (For each unit, if the slope stayed as it is here. It does not: the valley flattens, so that a whole unit, from 7 to 8, makes the loss only 103.75
# smaller.)
#
# The slope is negative: a larger w makes the loss *smaller*. So we go right. Had it been positive, we would go left. In one sentence:
#
# > **Change the parameter against its derivative.**
#
# You need not take small steps to find a derivative. Calculus gives it exactly. The loss is a mean of terms $(w x + b - y)^2$, and the chain
# rule says: outer derivative $2(w x + b - y)$ times inner derivative, which is $x$ by w, and 1 by b. (One writes ∂ in place of d where a function has
# several variables: the derivative by one of them, while the others stay as they are.)
#
# $$\frac{\partial L}{\partial w} = \frac{1}{n} \sum_i 2\,(w x_i + b - y_i)\, x_i
#   \qquad \frac{\partial L}{\partial b} = \frac{1}{n} \sum_i 2\,(w x_i + b - y_i)$$
#
# (In lesson 2 the error was y − ŷ; here it is ŷ − y. Squared, they are the same, and this way round there is no minus sign in the derivatives.)

# %% [markdown]
# ## Exercise 1: the two derivatives
#
# Write both as code. `x` and `y` are arrays, so that `(…).mean()` does the sum and the division by n at once.


# %%
def derivatives(w, b):
    """(∂L/∂w, ∂L/∂b) at the point (w, b)."""
    ### BEGIN SOLUTION
    error = w * x + b - y
    return (2 * error * x).mean(), (2 * error).mean()
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "derivatives",
    "The derivatives of the mean squared error by w and by b.",
    hints=[
        "Begin with the error of each house, error = w * x + b - y: an array with 40 numbers.",
        "The derivative of error² by w is 2 · error · (derivative of error by w), and the derivative of w·x + b − y by w is x.",
        "return (2 * error * x).mean(), (2 * error).mean()",
    ],
)
exercise.check("by w, at (7, 3)", lambda: derivatives(7.0, 3.0)[0], -138.955, 1e-6, "the slope that we felt: the mean of 2 · (7 · x + 3 − y) · x")
exercise.check("by b, at (7, 3)", lambda: derivatives(7.0, 3.0)[1], -22.695, 1e-6, "the mean of 2 · (7 · x + 3 − y)")
exercise.check(
    "both are about 0 at the best line",
    lambda: np.abs(derivatives(8.97865497, 2.97023392)).max() < 1e-4,
    because="at the bottom of the valley the ground is flat",
)
exercise.done()

# %% [markdown]
# minidl finds the same numbers without a formula for this loss, by *backpropagation*. How it does that is lesson 4; here it is enough that it
# agrees with the slope that we felt. (A `Tensor` is a number, or an array, whose calculations minidl remembers; `requires_grad=True` says that we
# shall ask for the derivative by it.)

# %%
w = minidl.Tensor(7.0, requires_grad=True)
(g,) = minidl.grad(loss(w), [w])
print(f"backpropagation: {g.item():.4f}   a small step: {slope:.4f}")

# %% [markdown]
# ## How far?
#
# <!-- concept: 11 -->
#
# The derivative says which way, and how steep it is. How far to go is our choice: the **learning rate**, written η (eta).
#
# $$w \leftarrow w - \eta \, \frac{\partial L}{\partial w}$$
#
# The minus sign is the whole idea: *against* the derivative. Steep ground gives a long step, flat ground a short one, and at the bottom the
# derivative is 0 and the walk stops by itself.
#
# ## Exercise 2: one step


# %%
def step(w, g, rate):
    """Where one update of gradient descent takes w; ``g`` is the derivative there."""
    ### BEGIN SOLUTION
    return w - rate * g
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "step",
    "One update of gradient descent.",
    hints=[
        "The formula stands just above: w minus something.",
        "That something is the learning rate times the derivative.",
        "return w - rate * g",
    ],
)
exercise.check("a negative derivative: w grows", lambda: step(7.0, -100.0, 0.01), 8.0, because="7 − 0.01 · (−100)")
exercise.check("a positive derivative: w shrinks", lambda: step(10.0, 50.0, 0.01), 9.5, because="10 − 0.01 · 50")
exercise.check("at the bottom it stays", lambda: step(9.0, 0.0, 0.3), 9.0)
exercise.check("it works for arrays", lambda: step(np.array([1.0, 2.0]), np.array([1.0, -1.0]), 0.5), np.array([0.5, 2.5]))
exercise.done()

# %% [markdown]
# Before you look: here comes a walk that starts at w = 4 with η = 0.01. (In the code it is called `SGD`, for *stochastic gradient
# descent*, as in most libraries. What is stochastic about it, lesson 7 tells; here nothing is.)

# %%
Prediction(
    "The steps of the walk from w = 4: how do their lengths change?",
    ["They are all the same", "They become shorter and shorter", "They become longer and longer"],
    answer=1,
    why="The step is η times the slope, and the valley becomes flatter towards its bottom. The rate stays the same all the time.",
)

# %%
walk = minidl.descend(loss, {"w": 4.0}, minidl.optimizers.SGD(0.01), steps=12)
plots.loss_curve(loss, (3, 15), walk=walk)

# %% [markdown]
# `walk` is a ledger, with every number of the walk: the loss, w, the derivative there (`w.grad`), and the change that was made (`w.update`).
# Take any row and check that `w.update` is −η · `w.grad`, and that your own `step` leads to the w of the next row.

# %%
print(walk)

# %% [markdown]
# From step 7 on the loss hardly changes any more: the walk has **converged**. And here is the third update, written out (Python counts from 0, so it
# is number 2):

# %%
print(walk.explain(2))

# %% [markdown]
# ## Two parameters at once
#
# With w *and* b the valley becomes a landscape. The two derivatives together are an arrow, the **gradient** ∇L. It points up the steepest
# slope, so we go against it. Each parameter follows its own derivative, and all of them move in the same step:

# %%
walk = minidl.descend(loss, {"w": 4.0, "b": -15.0}, minidl.optimizers.SGD(0.01), steps=60)
plots.loss_surface(loss, (2, 14), (-30, 30), walk)

# %% [markdown]
# First the walk falls into the valley: w changes quickly. Then it creeps along the valley floor: b changes slowly, because there the slope is nearly
# nothing. After 60 steps it is still far from the star. That is typical. In lesson 7 we meet optimisers that are better at this. (The steepest way
# crosses the lines of equal height at right angles. It does not look so here, because one unit of b is drawn much shorter than one of w.)
#
# This landscape has one valley. That of a net can have many, and gradient descent ends in the one that it comes into; lesson 7 walks on a loss with
# two.
#
# ## Exercise 3: the whole of gradient descent
#
# Now you write it: start at (w, b), and for so many steps compute both derivatives *at the same point*, then update both.
# Your `derivatives` and `step` may be used.


# %%
def descend(w, b, rate, steps):
    """(w, b) after so many steps of gradient descent from (w, b)."""
    ### BEGIN SOLUTION
    for _ in range(steps):
        error = w * x + b - y
        dw, db = (2 * error * x).mean(), (2 * error).mean()
        w, b = w - rate * dw, b - rate * db
    return w, b
    ### END SOLUTION


# %% tags=["check"]
expected = minidl.descend(loss, {"w": 4.0, "b": -15.0}, minidl.optimizers.SGD(0.01), steps=60)
exercise = Exercise(
    "descend",
    "Gradient descent with two parameters.",
    hints=[
        "A loop, for _ in range(steps), and in it: derivatives first, then the updates.",
        "Compute dw and db before you change w; if you change w first, db belongs to another point.",
        "error = w * x + b - y; dw, db = (2 * error * x).mean(), (2 * error).mean(); w, b = w - rate * dw, b - rate * db",
    ],
)
exercise.check("no steps: where it began", lambda: descend(4.0, -15.0, 0.01, 0), (4.0, -15.0))
exercise.check(
    "one step",
    lambda: descend(4.0, -15.0, 0.01, 1),
    (expected["w"][1], expected["b"][1]),
    1e-9,
    because="both derivatives are those at the point (4, −15)",
)
exercise.check(
    "sixty steps",
    lambda: descend(4.0, -15.0, 0.01, 60),
    (float(expected.end["w"]), float(expected.end["b"])),
    1e-9,
    because="each step has derivatives of its own",
)
exercise.check("it arrives, given time", lambda: descend(4.0, -15.0, 0.02, 20000), (8.97865497, 2.97023392), 1e-4)
exercise.done()

# %% [markdown]
# ## Too small, right, too large
#
# <!-- concept: 12 -->
#
# The learning rate is the first **hyperparameter** of this course: a number that is not learned, but chosen by you. (The number of steps is another.)
# Here are five choices, with the loss after each step. Mind the axis: each of its lines is ten times the one below.

# %%
plots.learning_rate_sweep(loss, {"w": 4.0, "b": 3.0}, [0.0001, 0.001, 0.01, 0.027, 0.03])

# %% [markdown]
# * **0.0001** is too small, and **0.001** still rather small: the loss falls, but slowly.
# * **0.01** is right: down in a few steps.
# * **0.027** is nearly too large: each step jumps over the valley to the other side, a bit lower each time. The loss falls slowly.
# * **0.03** is too large: each step lands *higher* on the other side, where it is steeper, so that the next step is longer still. The walk
#   **diverges**.
#
# How many steps are needed, until w (with b = 3) is as near as 0.01 to the bottom? With 0.03 the numbers grow until they are too large for the
# computer, which then writes `inf` (infinite), and soon `nan` (*not a number*):

# %%
for rate in [0.0001, 0.001, 0.01, 0.027, 0.03]:
    w, steps = 4.0, 0
    with np.errstate(all="ignore"):  # no warnings when the numbers become too large
        while abs(w - 8.97379) > 0.01:  # the bottom, from the table of the walk above
            w, steps = w - rate * (2 * (w * x + 3 - y) * x).mean(), steps + 1
    print(f"η = {rate}: {steps} steps, then w = {w:.3f}")

# %% [markdown]
# Why 0.028 or so is the limit: along w the loss is a parabola. At the distance d from its bottom it is $a\,d^2$ higher than there, with
# $a$ = mean(x²), so its slope is $2 a d$. A step goes from d to $d - \eta \cdot 2 a d = (1 - 2\eta a)\,d$: it multiplies the distance by
# $1 - 2\eta a$. Only a factor between −1 and 1 makes the distance smaller, so η must be below $1/a$.

# %%
a = (x**2).mean()
print(f"mean of x²: {a:.3f}   so the limit is about {1 / a:.4f}")

# %% [markdown]
# Try it yourself, with your own hands on w, b and the learning rate. Click on the surface to start there:

# %%
embed(minidl.explorer.explorer_page(), height=900, title="The gradient descent explorer")

# %% [markdown]
# (In a terminal, `minidl explore` opens this page.)
#
# ## Exercise 4: find the limit
#
# Somebody measures prices in *thousands* instead of ten thousands, so that all y are ten times as large; somebody else counts half rooms, so that all
# x are doubled. Which learning rates may they use? Write the limit, above which the walk diverges, for data whose mean of x² is `a`. (For w alone,
# with b fixed.)


# %%
def largest_rate(a):
    """The learning rate above which gradient descent on w diverges, if the mean of x² is ``a``."""
    ### BEGIN SOLUTION
    return 1 / a
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "largest_rate",
    "The limit of the learning rate for one parameter.",
    hints=[
        "A step multiplies the distance to the bottom by 1 − 2·η·a.",
        "It diverges if that factor is below −1: 1 − 2·η·a < −1. Solve for η.",
        "2·η·a = 2, so η = 1/a",
    ],
)
exercise.check("for our houses", lambda: largest_rate(35.2), 1 / 35.2, because="the factor 1 − 2·η·a is −1 there")
exercise.check("x doubled: a is four times as large", lambda: largest_rate(4 * 35.2), 1 / (4 * 35.2))
exercise.check(
    "it is the limit indeed",
    lambda: [abs(1 - 2 * f * largest_rate(5.0) * 5.0) < 1 for f in (0.99, 1.01)] == [True, False],
    because="a hundredth less converges, a hundredth more diverges",
)
exercise.done()

# %% [markdown]
# So the scale of y does not matter for the limit: y does not occur in it. The scale of x matters a lot. This is one of the reasons why pixels are
# divided by 255 before a net sees them: it makes x² 65 025 times smaller, and the limit as much larger.
#
# ## What you know now
#
# * The **derivative** of the loss by a parameter says how the loss changes if the parameter grows. The **gradient** is all of them together.
# * **Gradient descent** changes each parameter against its derivative: w ← w − η ∂L/∂w. All derivatives are taken at the same point.
# * The **learning rate** η decides: too small wastes time, too large jumps over the valley, still larger diverges.
# * The squared error makes the loss grow *quadratically* with the distance, not exponentially as one sometimes reads.
#
# **To read on:** Nielsen, *Neural Networks and Deep Learning*, chapter 1 (free online), the section "Learning with gradient descent".
# **Next:** in lesson 4 you build the machine that finds all derivatives by itself.
