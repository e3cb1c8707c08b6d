# %% [markdown]
# # 17. Higher order
#
# **After this lesson you can**
#
# * say what a second derivative tells you about a loss, and let minidl compute it;
# * take steps of Newton's method, with one parameter and with two, and say when they are brilliant and when they go astray;
# * multiply by the Hessian of a net without ever writing the Hessian down, and say what a gradient rule must look like for that;
# * measure the largest curvature of a loss, and from it the largest learning rate.
#
# **Where we are.** Every lesson so far asked the loss for its slope, and for nothing else. This one asks how fast the slope itself changes.
# The answer explains two things that we only observed: why some learning rates diverge (lesson 3), and why minidl writes its gradient rules
# in the way it does (lesson 5).
#
# *60 minutes. You need: lessons 3, 5 and 7. Matrices come up: that a matrix times a vector is a vector is enough.*

# %%
import time

import numpy as np

import minidl
from minidl import Tensor, ops, plots
from minidl.data import house_prices
from minidl.lesson_runner import Exercise, Prediction

# %% [markdown]
# ## The slope of the slope
#
# Take a function with a smooth valley, $f(w) = e^w - 2w$. Its slope is $f'(w) = e^w - 2$, so the valley's bottom is where $e^w = 2$, at
# $w = \ln 2 \approx 0.693$. The slope of the slope is $f''(w) = e^w$. It is the **second derivative**, and it measures **curvature**: how
# quickly the ground becomes steeper as you walk on.
#
# minidl finds it by doing twice what it does once. `create_graph=True` says: record the computation of the derivative, too, because it
# will be differentiated again.


# %%
def f(w):
    """A valley whose bottom is at ln 2."""
    return ops.exp(w) - 2 * w


w = Tensor(2.0, requires_grad=True)
(slope,) = minidl.grad(f(w), [w], create_graph=True)
(bend,) = minidl.grad(slope, [w])
print(f"at w = 2: f = {f(w).item():.4f}   f' = {slope.item():.4f}   f'' = {bend.item():.4f}")
print(f"by hand:  f = {np.exp(2) - 4:.4f}   f' = {np.exp(2) - 2:.4f}   f'' = {np.exp(2):.4f}")

# %% [markdown]
# ## Newton's method: fit a parabola, jump to its bottom
#
# Gradient descent knows the slope alone, so that it must guess how far to go: that guess is the learning rate. With the curvature, no guess is
# needed. Near $w$, the function looks like the parabola that has the same height, slope and curvature there:
#
# $$f(w + d) \approx f(w) + f'(w)\,d + \tfrac12 f''(w)\,d^2$$
#
# Where is the bottom of that parabola? Where its derivative by $d$ is 0: $f'(w) + f''(w)\,d = 0$. Solve for $d$, and you have
# **Newton's method**:
#
# $$w \leftarrow w - \frac{f'(w)}{f''(w)}$$
#
# It is gradient descent whose learning rate is $1/f''(w)$: short steps where the ground bends strongly, long ones where it is nearly straight.
#
# ## Exercise 1: one step of Newton's method


# %%
def newton_step(w, slope, curvature):
    """Where one step of Newton's method takes w."""
    ### BEGIN SOLUTION
    return w - slope / curvature
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "newton_step",
    "One step of Newton's method.",
    hints=[
        "It is an update like that of gradient descent: w minus something.",
        "In place of the learning rate stands 1 / curvature.",
        "return w - slope / curvature",
    ],
)
exercise.check(
    "a parabola: one step is enough", lambda: newton_step(5.0, 2 * (5.0 - 1.5), 2.0), 1.5, 1e-9, "(w − 1.5)² has its bottom at 1.5"
)
exercise.check("on f, from w = 2", lambda: newton_step(2.0, np.exp(2.0) - 2, np.exp(2.0)), 1 + 2 * np.exp(-2.0), 1e-9)
exercise.check("at the bottom it stays", lambda: newton_step(np.log(2), 0.0, 2.0), np.log(2), 1e-9)
exercise.check("twice the curvature, half the step", lambda: 3.0 - newton_step(3.0, 4.0, 8.0), 0.5, 1e-9)
exercise.done()

# %% [markdown]
# Now both walk from the same place, $w = 2$. Gradient descent gets the learning rate 0.3, which is a good one here.

# %%
Prediction(
    "After three steps of Newton's method the distance to the bottom is about 0.009. How large is it after two more?",
    ["About 0.002: each step halves it", "About 0.00009: each step leaves a tenth", "Under 0.00000001: each step squares it, roughly"],
    answer=2,
    why="The parabola is the better an approximation, the nearer the bottom is: the error of a step is about half the square of the last.",
)

# %%
bottom, rate = np.log(2), 0.3
newton = descent = 2.0
print("step   distance of gradient descent   distance of Newton's method")
for step in range(6):
    print(f"{step}      {abs(descent - bottom):<28.6f}   {abs(newton - bottom):.1e}")
    descent -= rate * (np.exp(descent) - 2)
    newton -= (np.exp(newton) - 2) / np.exp(newton)

# %% [markdown]
# Look at the right column: near the bottom, the number of correct digits doubles with each step. Gradient descent makes the distance about
# 0.4 times as large with each step, no more. (You know that factor from lesson 3: it is 1 minus rate times curvature, here $1 - 0.3 \cdot 2$.)
# Here is the reason as a picture. The parabola at $w = 2$ is not the function, but its bottom lies
# nearer to the real one, and the next parabola fits better still:

# %%
e, places = np.exp(2.0), np.linspace(-0.6, 2.6, 100)


def with_parabola(figure):
    """Add the parabola at w = 2, and the step to its bottom."""
    axes = figure.axes[0]
    axes.plot(places, e - 4 + (e - 2) * (places - 2) + e / 2 * (places - 2) ** 2, "--", color="#D55E00")
    axes.plot([2.0, 1 + 2 / e], [e - 4, np.exp(1 + 2 / e) - 2 * (1 + 2 / e)], "o", color="#D55E00")
    axes.text(0.2, 7.2, "the parabola", color="#D55E00")
    axes.text(-0.55, 2.15, "the function f", color="#0072B2")
    axes.set(ylim=(0, 8), ylabel="f(w)")
    return figure


with_parabola(plots.loss_curve(f, (-0.6, 2.6), title="The function, and the parabola that touches it at w = 2"))

# %% [markdown]
# ### Where it goes astray
#
# Newton's method jumps to where the *slope is zero*. A hilltop has slope zero, too. Take $g(w) = \frac14 w^4 - \frac12 w^2$, with two valleys
# at −1 and 1 and a hilltop at 0 between them. Its slope is $g' = w^3 - w$. Near 0 the curvature $g'' = 3w^2 - 1$ is negative, and dividing by a negative number turns the
# step round:

# %%
for start in (0.3, 0.9):
    w = start
    for _ in range(8):
        w -= (w**3 - w) / (3 * w**2 - 1)
    print(f"Newton's method from {start}: arrives at {w:.4f}")

# %% [markdown]
# From 0.3 it climbed the hill. This is the first reason why nets are not trained with the bare method: the loss of a net has negative
# curvature in many directions. (At the end of this lesson we count them. What is done instead is to use $|f''|$, to add something to it, or never to leave a small region that the
# parabola can be trusted in.)
#
# ## Two parameters: the Hessian
#
# With $w$ and $b$ there are two slopes, and each of them changes with $w$ and with $b$: four second derivatives. They form a matrix, the
# **Hessian**:
#
# $$H = \begin{pmatrix} \partial^2 L/\partial w^2 & \partial^2 L/\partial w\,\partial b \\
#   \partial^2 L/\partial b\,\partial w & \partial^2 L/\partial b^2 \end{pmatrix}$$
#
# It is symmetric: it does not matter by which you differentiate first. Our old friend is the line through the houses of lesson 3,
# $L = \frac1n\sum_i (w x_i + b - y_i)^2$. Its slopes are $\frac2n\sum (w x_i + b - y_i)\,x_i$ and $\frac2n\sum (w x_i + b - y_i)$. Differentiate
# each of them once more, by hand.
#
# ## Exercise 2: the Hessian of the line

# %%
x, y = house_prices.load_data()


def loss(p):
    """The mean squared error of the line with p = (w, b)."""
    return ((p[0] * x + p[1] - y) ** 2).mean()


# %%
def line_hessian(x):
    """The Hessian of the mean squared error of a line, shape (2, 2), for the inputs ``x``."""
    ### BEGIN SOLUTION
    return np.array([[2 * (x**2).mean(), 2 * x.mean()], [2 * x.mean(), 2.0]])
    ### END SOLUTION


# %% tags=["check"]
p = Tensor(np.array([4.0, -15.0]), requires_grad=True)
(slopes,) = minidl.grad(loss(p), [p], create_graph=True)
measured = minidl.jacobian(slopes, p).numpy()
exercise = Exercise(
    "line_hessian",
    "The four second derivatives of the mean squared error of a line.",
    hints=[
        "Begin with ∂L/∂b = mean of 2·(w·x + b − y). Its derivative by b is easy; by w it is the mean of 2·x.",
        "∂L/∂w = mean of 2·(w·x + b − y)·x. By w: the mean of 2·x². By b: the mean of 2·x, the same as the other mixed one.",
        "return np.array([[2 * (x**2).mean(), 2 * x.mean()], [2 * x.mean(), 2.0]])",
    ],
)
exercise.check("its shape", lambda: np.shape(line_hessian(x)), (2, 2))
exercise.check(
    "for two points", lambda: line_hessian(np.array([1.0, 3.0])), [[10.0, 4.0], [4.0, 2.0]], 1e-9,
    "the 2 of the square stays, and b has a curvature of its own: ∂L/∂b grows by 2 for each unit of b",
)  # fmt: skip
exercise.check("it is symmetric", lambda: line_hessian(x)[0][1] == line_hessian(x)[1][0])
exercise.check("what minidl finds for the houses", lambda: line_hessian(x), measured, 1e-9)
exercise.done()

# %% [markdown]
# How did minidl find it? The Hessian is the **Jacobian of the gradient**: row $i$ holds the derivatives of slope $i$.

# %%
p = Tensor(np.array([4.0, -15.0]), requires_grad=True)
(slopes,) = minidl.grad(loss(p), [p], create_graph=True)
hessian = minidl.jacobian(slopes, p).numpy()
print(hessian)

# %% [markdown]
# In Newton's method the division becomes a system of equations: find the step $d$ with $H d = -\nabla L$, and go there. In NumPy that is
# `np.linalg.solve`. The loss of a line *is* a parabola (a paraboloid), so that one step must be enough, from anywhere:

# %%
after = p.numpy() - np.linalg.solve(hessian, slopes.numpy())
print(f"one step of Newton's method: w = {after[0]:.6f}, b = {after[1]:.6f}")


def line_loss(w, b):
    """The same loss as a function of w and b."""
    return ((w * x + b - y) ** 2).mean()


walk = minidl.descend(line_loss, {"w": 4.0, "b": -15.0}, minidl.optimizers.SGD(0.01), steps=60)
print(f"60 steps of gradient descent: w = {float(walk.end['w']):.6f}, b = {float(walk.end['b']):.6f}")


def with_newton(figure):
    """Add the step of Newton's method."""
    figure.axes[0].plot([4.0, after[0]], [-15.0, after[1]], "--", color="#0072B2", linewidth=2, zorder=8)
    return figure


with_newton(plots.loss_surface(line_loss, (2, 14), (-30, 30), walk, title="60 steps of descent, one of Newton's"))

# %% [markdown]
# Orange: gradient descent, which falls into the long valley and then creeps. Blue and dashed: Newton's method, straight to the star. It does not
# care that the valley is narrow, because $H$ knows its shape.
#
# Why is this not how nets are trained? Count. Our CIFAR net has 79 530 parameters:

# %%
n = 79_530
print(f"the Hessian has {n * n:,} entries: {4 * n * n / 1e9:.0f} GB in float32")
print(f"solving with it takes about n³/3 = {n**3 / 3:.0e} multiplications")

# %% [markdown]
# ## The Hessian times a vector, without the Hessian
#
# You seldom need the whole matrix. Often it is enough to know $Hv$ for a vector $v$: how the gradient changes if the parameters move a little
# in the direction $v$. There is a beautiful way to it (Pearlmutter, 1994). The product $\nabla L \cdot v$ is one number, and its gradient is
#
# $$\nabla(\nabla L \cdot v) = H v \qquad (v \text{ held fixed})$$
#
# Why? With two parameters, $\nabla L \cdot v = \frac{\partial L}{\partial w} v_1 + \frac{\partial L}{\partial b} v_2$. Differentiate that by
# $w$: $\frac{\partial^2 L}{\partial w^2} v_1 + \frac{\partial^2 L}{\partial w\,\partial b} v_2$, and this is the first row of $H$ times $v$. By $b$ you
# get the second row.
#
# So: one walk back for the gradient, a dot product, a second walk back. It costs a few times a gradient, whether there are two parameters
# or a million. (If you get `None` in place of a gradient, the first walk back was not recorded, so that nothing leads from it to the parameters.)
#
# ## Exercise 3: a Hessian–vector product


# %%
def hessian_times(function, p, v):
    """H·v at the point ``p`` (an array) for a ``function`` of one Tensor; an array of the shape of p."""
    p = Tensor(p, requires_grad=True)
    ### BEGIN SOLUTION
    (g,) = minidl.grad(function(p), [p], create_graph=True)
    (product,) = minidl.grad((g * v).sum(), [p])
    return product.numpy()
    ### END SOLUTION


# %% tags=["check"]
def bowl(p):
    return p[0] ** 3 + p[0] * p[1] ** 2


exercise = Exercise(
    "hessian_times",
    "The product of a Hessian and a vector, by two walks back.",
    hints=[
        "First the gradient, with create_graph=True, so that it can be differentiated again.",
        "Then (g * v).sum() is one number; ask for its gradient by p.",
        "(g,) = minidl.grad(function(p), [p], create_graph=True); (product,) = minidl.grad((g * v).sum(), [p]); return product.numpy()",
    ],
)
start = np.array([4.0, -15.0])
exercise.check("the first column of the houses' Hessian", lambda: hessian_times(loss, start, np.array([1.0, 0.0])), measured[:, 0], 1e-9)
exercise.check("any direction", lambda: hessian_times(loss, start, np.array([0.3, -2.0])), measured @ [0.3, -2.0], 1e-9)
exercise.check("x³ + x·y² at (1, 2)", lambda: hessian_times(bowl, np.array([1.0, 2.0]), np.array([1.0, 1.0])), [10.0, 6.0], 1e-9)
exercise.check("a direction of zeros", lambda: hessian_times(bowl, np.array([1.0, 2.0]), np.zeros(2)), [0.0, 0.0])
exercise.done()

# %% [markdown]
# `minidl.hvp` does this, also for several parameters at once. Let us use it on a net: the little one from the README, which learns which
# points lie in a circle. Is its answer right? Move all parameters by a tiny step along $v$ and look how the gradient changed:

# %%
rng = np.random.default_rng(0)
points = rng.uniform(-1, 1, (200, 2))
inside = (points**2).sum(axis=1, keepdims=True) < 0.5
parameters = [Tensor(a, requires_grad=True) for a in (rng.normal(size=(2, 16)), np.zeros(16), rng.normal(size=(16, 1)) / 4, np.zeros(1))]


def net_loss(w1, b1, w2, b2):
    """The cross-entropy of a net with one hidden layer on the points."""
    probability = ops.sigmoid(ops.tanh(points @ w1 + b1) @ w2 + b2)
    return -ops.log(ops.where(inside, probability, 1 - probability)).mean()


for _ in range(300):
    for parameter, g in zip(parameters, minidl.grad(net_loss(*parameters), parameters)):
        parameter -= 2.0 * g

direction = [rng.normal(size=parameter.shape) for parameter in parameters]
product = minidl.hvp(net_loss, parameters, direction)

h = 1e-5
ahead = [Tensor(w.numpy() + h * v, requires_grad=True) for w, v in zip(parameters, direction)]
behind = [Tensor(w.numpy() - h * v, requires_grad=True) for w, v in zip(parameters, direction)]
slopes_ahead, slopes_behind = (minidl.grad(net_loss(*ws), ws) for ws in (ahead, behind))
difference = [(a.numpy() - b.numpy()) / (2 * h) for a, b in zip(slopes_ahead, slopes_behind)]
print(f"the loss after 300 steps: {net_loss(*parameters).item():.4f}")
print("hvp, for the last four weights:    ", np.round(product[2].numpy()[-4:, 0], 6))
print("by moving, for the last four:      ", np.round(difference[2][-4:, 0], 6))
worst = max(np.abs(a.numpy() - b).max() for a, b in zip(product, difference))
print(f"largest difference of all {sum(w.size for w in parameters)}: {worst:.1e}")

# %% [markdown]
# ## Why minidl's rules differentiate twice
#
# This only works if the *gradient rules themselves* can be differentiated. Here is the rule of tanh, as it stands in the engine:

# %%
import inspect

print(inspect.getsource(minidl.ops.nonlinearities).split("@tanh.vjp")[0].split("@op")[-1].strip())
print("\n@tanh.vjp" + inspect.getsource(minidl.ops.nonlinearities).split("@tanh.vjp")[1].split("\n\n")[0])

# %% [markdown]
# The first function gets arrays and NumPy. The second, the rule, gets **Tensors**: in `g * (1 - y * y)` the two multiplications and the
# subtraction are ops like any others. With `create_graph=True` they are recorded, and the result can be differentiated again, as often as you
# like. Without it nothing is recorded, and that saves time and memory, which is why it is not the default:

# %%
w = Tensor(0.5, requires_grad=True)
(plain,) = minidl.grad(ops.tanh(w), [w])
print(f"without create_graph: {plain.item():.4f}, can be differentiated again: {plain.requires_grad}")
value = ops.tanh(w)
for order in (1, 2, 3, 4):
    (value,) = minidl.grad(value.sum(), [w], create_graph=True)
    print(f"derivative {order} of tanh at 0.5: {value.item():+.4f}")

# %% [markdown]
# Now the trap. Suppose somebody writes a rule and takes the arrays out of the Tensors, because NumPy is so familiar. The first derivative is
# right, and no test of first derivatives will ever complain. The second is silently wrong, because the path through $x$ was cut. Here is
# $w \cdot w^3 = w^4$, whose derivatives are $4w^3$ and $12w^2$:


# %%
@minidl.op
def cube(xp, x):
    """y = x³"""
    return x**3


@cube.vjp
def _(g, y, x):
    return g * Tensor(3 * x.numpy() ** 2)  # the mistake: a new Tensor that knows nothing of x


w = Tensor(2.0, requires_grad=True)
(first,) = minidl.grad(w * cube(w), [w], create_graph=True)
(second,) = minidl.grad(first, [w])
print(f"first derivative of w⁴ at 2: {first.item():.0f} (right: 32)   second: {second.item():.0f} (right: 48)")

# %% [markdown]
# ## Exercise 4: a rule that differentiates twice
#
# The softplus function is $y = \ln(1 + e^x)$. Its derivative is the sigmoid, $1/(1 + e^{-x})$. Write its rule with Tensors, `ops` and operators:
# `g` is what arrives from above, `y` the output and `x` the input.


# %%
def softplus_rule(g, y, x):
    """dL/dx of softplus, as a Tensor that can be differentiated again."""
    ### BEGIN SOLUTION
    return g * ops.sigmoid(x)
    ### END SOLUTION


# %% tags=["check"]
def derivatives_of_softplus(at, order, times=1.0):
    """The derivative of that order of times · softplus, by the student's rule."""

    @minidl.op
    def softplus(xp, x):
        return xp.log(1 + xp.exp(x))

    softplus.vjp(softplus_rule)
    w = Tensor(at, requires_grad=True)
    value = times * softplus(w)
    for _ in range(order):
        (value,) = minidl.grad(value, [w], create_graph=True)
        if value is None:
            return "None: no recorded path leads to x"
    return value.item()


s = 1 / (1 + np.exp(-0.7))
exercise = Exercise(
    "softplus_rule",
    "A gradient rule in Tensors.",
    hints=[
        "The chain rule: what arrives from above, times the local derivative.",
        "The local derivative is ops.sigmoid(x); keep x a Tensor, do not call numpy() on it.",
        "return g * ops.sigmoid(x)",
    ],
)
exercise.check("the first derivative is the sigmoid", lambda: derivatives_of_softplus(0.7, 1), s, 1e-9)
exercise.check("the second is s·(1 − s)", lambda: derivatives_of_softplus(0.7, 2), s * (1 - s), 1e-9, "the rule must be written in Tensors")
exercise.check("three times softplus: the rule uses g", lambda: derivatives_of_softplus(0.7, 1, 3.0), 3 * s, 1e-9)
exercise.check("the third", lambda: derivatives_of_softplus(0.7, 3), s * (1 - s) * (1 - 2 * s), 1e-9)
exercise.done()

# %% [markdown]
# ## How large may the learning rate be?
#
# In lesson 3 the largest rate for one parameter was $1/a$, for a loss $a\,w^2$. That curvature is $2a$, so the limit is **2 / curvature**. In many
# dimensions each direction has its own curvature: for a direction $v$ of length 1 it is $v \cdot (Hv)$.
#
# Some directions are special. $H$ does not turn them, it only stretches them: $Hv = \lambda v$. Such a $v$ is an **eigenvector** of $H$, and the
# factor $\lambda$ its **eigenvalue**; it is the curvature in that direction. (Example: for $H = \begin{pmatrix} 3 & 0 \\ 0 & 1 \end{pmatrix}$ they are
# $(1, 0)$ with 3 and $(0, 1)$ with 1.) A symmetric matrix of n rows has n of them, at right angles, and no direction is more curved than the one with
# the largest $\lambda$. That one decides: gradient descent near a minimum is stable only if
#
# $$\eta < \frac{2}{\lambda_{\max}}$$
#
# To find $\lambda_{\max}$ we need no matrix either. **Power iteration**: take any vector, multiply by $H$, scale to length 1, and again. Each
# product stretches the component along the most curved direction most, until nothing else is left. The factor by which the vector is
# stretched is then $\lambda_{\max}$. In the example, $(1, 1)$ becomes $(3, 1)$, then $(9, 1)$, then $(27, 1)$, but for the scaling. (Strictly, it
# finds the eigenvalue of the largest magnitude; near a minimum that is positive.)
#
# ## Exercise 5: power iteration


# %%
def largest_curvature(times, v, steps):
    """The largest eigenvalue of a matrix H, of which only the function ``times(v)`` = H·v is known; ``v``: a vector to start from."""
    ### BEGIN SOLUTION
    v = v / np.linalg.norm(v)
    for _ in range(steps):
        v = times(v)
        v = v / np.linalg.norm(v)
    return v @ times(v)
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "largest_curvature",
    "The largest eigenvalue by power iteration.",
    hints=[
        "Scale v to length 1 with v / np.linalg.norm(v); in a loop, replace v by times(v) and scale again.",
        "With v of length 1 and (nearly) an eigenvector, H·v = λ·v, so that v·(H·v) = λ.",
        "v = v / np.linalg.norm(v); for _ in range(steps): v = times(v); v = v / np.linalg.norm(v); then return v @ times(v)",
    ],
)
diagonal = np.array([3.0, 1.0, 0.5])
exercise.check(
    "a diagonal matrix", lambda: largest_curvature(lambda v: diagonal * v, np.ones(3), 50), 3.0, 1e-6,
    "v must have length 1 after each product; the result is v·(H·v), not the length of v",
)  # fmt: skip
exercise.check(
    "the length of the start does not matter", lambda: largest_curvature(lambda v: diagonal * v, 100 * np.ones(3), 50), 3.0, 1e-6
)
exercise.check("the houses", lambda: largest_curvature(lambda v: measured @ v, np.ones(2), 50), np.linalg.eigvalsh(measured)[-1], 1e-6)
exercise.check(
    "no steps: v·H·v for the scaled v", lambda: largest_curvature(lambda v: diagonal * v, np.array([0.0, 0.0, 2.0]), 0), 0.5, 1e-6
)
exercise.done()

# %% [markdown]
# First the houses, where we can compare with NumPy's eigenvalues and with real walks, one just below the limit and one just above:

# %%
v = np.ones(2)
for _ in range(20):
    v = hessian @ v
    v /= np.linalg.norm(v)
top = v @ hessian @ v
print(f"largest curvature {top:.3f} (NumPy: {np.linalg.eigvalsh(hessian)[-1]:.3f}), so the limit is 2/λ = {2 / top:.5f}")
limit = 2 / top
plots.learning_rate_sweep(line_loss, {"w": 4.0, "b": 3.0}, [round(s * limit, 4) for s in (0.5, 0.98, 1.02)], steps=60)

# %% [markdown]
# And now a net with 65 parameters, whose Hessian we never write down. The function below is power iteration with `minidl.hvp`, for a list of
# parameters. We look at the curvature where the net is now, and let gradient descent run on from there, with rates below and above 2/λ:


# %%
def curvature_of(function, parameters, steps=60, seed=0):
    """The largest curvature of a function of several Tensors."""
    rng = np.random.default_rng(seed)
    vs = [rng.normal(size=w.shape) for w in parameters]
    length = 1.0
    for _ in range(steps):
        length = np.sqrt(sum((v**2).sum() for v in vs))
        vs = [product.numpy() for product in minidl.hvp(function, parameters, [v / length for v in vs])]
    return np.sqrt(sum((v**2).sum() for v in vs))


top = curvature_of(net_loss, parameters)
print(f"largest curvature of the net: {top:.2f}, so 2/λ = {2 / top:.3f}")
for share in (0.5, 0.9, 1.5, 3.0):
    trial = [Tensor(w.numpy().copy(), requires_grad=True) for w in parameters]
    losses = []
    for _ in range(20):
        value = net_loss(*trial)
        losses.append(value.item())
        for w, g in zip(trial, minidl.grad(value, trial)):
            w -= share * 2 / top * g
    print(f"rate {share} · 2/λ = {share * 2 / top:6.2f}: the loss goes from {losses[0]:.4f} to {losses[-1]:.4f}, highest {max(losses):.4f}")

# %% [markdown]
# Below the limit the loss falls quietly. Above it, the walk is thrown out of the valley: the loss leaps up, and where it goes from there is
# luck. A net is no parabola, so that the limit holds only near where it was measured. That is worth a thought: real trainings
# with a fixed rate drift to places where λ is close to 2/η, and stay at that edge (Cohen and others, 2021).
#
# With 65 parameters we can, for once, write the whole Hessian down and look at *all* its eigenvalues: column $i$ is $H$ times the vector
# that has a 1 at place $i$ and zeros elsewhere.

# %%
ends = np.cumsum([w.size for w in parameters])[:-1]


def as_parameters(v):
    """A vector of 65 numbers, cut into arrays of the parameters' shapes."""
    return [part.reshape(w.shape) for part, w in zip(np.split(v, ends), parameters)]


def as_vector(arrays):
    """All numbers of several arrays in a row."""
    return np.concatenate([a.ravel() for a in arrays])


columns = [as_vector([p.numpy() for p in minidl.hvp(net_loss, parameters, as_parameters(v))]) for v in np.eye(65)]
eigenvalues = np.linalg.eigvalsh(np.stack(columns, axis=1))
print(f"largest eigenvalue {eigenvalues[-1]:.2f} (power iteration: {top:.2f}); negative ones: {(eigenvalues < 0).sum()} of 65")

for what, call in (
    ("gradients", lambda: minidl.grad(net_loss(*parameters), parameters)),
    ("products H·v", lambda: minidl.hvp(net_loss, parameters, direction)),
):
    began = time.perf_counter()
    for _ in range(100):
        call()
    print(f"100 {what:<12} take {1000 * (time.perf_counter() - began):5.0f} ms")

# %% [markdown]
# Power iteration had found the largest one. And a good many are negative, even after training: in those directions the bare method of Newton
# would climb. A product costs a few gradients, as promised.
#
# ## What you know now
#
# * The **second derivative** is the slope of the slope: the curvature. `minidl.grad(…, create_graph=True)` can be differentiated again.
# * **Newton's method** jumps to the bottom of the parabola that fits best. It doubles the correct digits with each step near a minimum, and
#   walks to hilltops just as gladly.
# * With many parameters the second derivatives form the **Hessian**. Nobody writes it down for a net; **Hv** is the gradient of $\nabla L\cdot v$.
# * For that, gradient rules must be made of differentiable ops themselves. A rule that reaches for the bare arrays is right once and
#   wrong twice.
# * The largest curvature limits the learning rate: **η < 2/λ**. Power iteration finds it with a few dozen products Hv.
#
# **To read on:** Nocedal and Wright, *Numerical Optimization*, chapters 2 and 3; Pearlmutter, "Fast exact multiplication by the Hessian"
# (*Neural Computation*, 1994); Goodfellow, Bengio and Courville, *Deep Learning*, sections 4.3 and 8.6 (free online); Cohen, Kaur, Li, Kolter and
# Talwalkar, "Gradient descent on neural networks typically occurs at the edge of stability" (2021).
# **Next:** this is the last lesson. You have read an engine from the slope of one weight to the curvature of a net. Take something that you
# want to know about your own nets, and measure it.
