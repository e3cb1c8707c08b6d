# %% [markdown]
# # 5. Tensors and the tape
#
# **After this lesson you can**
#
# * read the core of minidl, and say what a Tensor, a node, an op and its gradient rule are;
# * find the gradient rules of array operations: element by element, broadcasting, sums, matrix products;
# * write an operation of your own, with its rule, and use it as if it were built in.
#
# **Where we are.** In lesson 4 you wrote an engine of sixty lines that finds the derivatives of any calculation with numbers. It is right, and too
# slow for a net. minidl has the same engine for whole arrays. Nothing about it is secret: this lesson reads its source together with you.
#
# *60 minutes. You need: lesson 4, and arrays of NumPy with their shapes.*

# %%
import inspect

import numpy as np

import minidl
from minidl import Tensor, ops, plots
from minidl.lesson_runner import Exercise, Prediction

# %% [markdown]
# ## Why arrays?
#
# Take the first layer of the net from lesson 1: 3072 inputs, 64 neurons, one picture. With a `Value` for each number, that layer makes a graph with
# 3072 · 64 products and as many sums. With arrays it is *two* operations, a matrix product and a sum:

# %%
print("Values with numbers:", 2 * 3072 * 64)
picture, weights, biases = (
    Tensor(np.ones((1, 3072))),
    Tensor(np.ones((3072, 64)), requires_grad=True),
    Tensor(np.zeros(64), requires_grad=True),
)
with minidl.record() as tape:
    layer_output = picture @ weights + biases
print("operations with arrays:", len(tape))

# %% [markdown]
# ## The same four things
#
# A **Tensor** is an array that remembers how it was made. (In mathematics a tensor is something more special; here it is just an array with any
# number of axes.) Look into one, and you find the old friends from your `Value`:

# %%
x = Tensor(np.array([1.0, 2.0, 3.0]), requires_grad=True)
y = x * x
print("its numbers:       ", y.data)
print("the op that made it:", y.node.op)
print("made of:           ", [t.data for t in y.node.inputs])
print("gradient of x:     ", x.grad, "(nobody has walked back yet)")

# %% [markdown]
# | your `Value` | minidl | where |
# |---|---|---|
# | `data` | `Tensor.data`, an array | `tensor.py` |
# | `inputs` | `Tensor.node.inputs` | `tensor.py`, class `Node` |
# | `local`, numbers | `Tensor.node.op`, which knows a *rule* | `ops/` |
# | `grad` | `Tensor.grad`, only for Tensors that you made with `requires_grad=True` (x, not y) | `autograd.py` |
# | `ordered(result)` | `_order(y, xs)` | `autograd.py` |
# | `backward(result)` | `_walk(…)`, called by `backward()` and `grad()` | `autograd.py` |
#
# The nodes that hang together behind a result are often called the **tape**: the forward pass records, the backward pass plays it in reverse. Here is
# the class for one entry, as it stands in minidl:

# %%
print(inspect.getsource(minidl.tensor.Node))

# %% [markdown]
# (`metadata` holds what an op was told beside its arrays, for instance the axis of a sum. `version` comes up below. `kernel` and `saved` are for
# fast versions of some ops; forget them for now.) One thing is new: `requires_grad`. Pictures and labels do not change during training, so nobody
# needs their gradients. Only what is computed from a Tensor that *requires a gradient* is recorded, and inside of `with minidl.no_grad():` nothing
# is:

# %%
print("recorded:    ", (x * 2).node is not None)
print("not recorded:", (Tensor(np.array([1.0, 2.0])) * 2).node is None)
with minidl.no_grad():
    print("switched off:", (x * 2).node is None)

# %% [markdown]
# ## From a number to a rule
#
# Your `Value` stored the local derivative: one number. For an array of n numbers that becomes a table. Each of the n outputs could depend on each of the
# n inputs, so there are n · n local derivatives, the **Jacobian matrix**. For tanh of three numbers:

# %%
t = Tensor(np.array([0.0, 0.5, 1.0]), requires_grad=True)
print(minidl.jacobian(ops.tanh(t), t).numpy().round(4))

# %% [markdown]
# Mostly zeros: the first output depends on the first input alone. For 64 neurons and 500 examples the table of the tanh would have a thousand million
# entries, and nearly all of them 0. Nobody needs the table. The walk back only ever *multiplies* by it: from the gradient of the output, $g = dL/dy$, it wants
# the gradient of the input, $g \cdot J$. For tanh that is simply $g\,(1 - y^2)$, number by number:

# %%
g = np.array([1.0, 10.0, 100.0])
y = np.tanh(t.data)
print("with the table:   ", g @ minidl.jacobian(ops.tanh(t), t).numpy())
print("without the table:", g * (1 - y**2))

# %% [markdown]
# So an op carries a *function* that turns g into the gradients of the inputs. It is called its **vector–Jacobian product**, or **VJP**, or simply its
# **gradient rule**. In minidl each op is two functions, one above the other: first what it computes, then its rule. This is all of `multiply`:

# %%
print(inspect.getsource(ops.multiply.function))
print(inspect.getsource(ops.multiply.rule))

# %% [markdown]
# Compare it with your own: `multiply` stored `(b.data, a.data)`, and the walk multiplied by `grad`. Here the rule does it: dL/da = g·b, dL/db = g·a.
# (`lambda:` means: compute it only if somebody wants it. `xp` is NumPy, or CuPy on a GPU. `@op` and `@multiply.vjp` put the two functions together; you
# do that yourself at the end.)
#
# ## Exercise 1: three rules
#
# Write the rules of three ops that work element by element: the square $y = x^2$, $y = e^x$, and the quotient $y = a / b$. Use plain NumPy; g has the
# shape of y. The checks compare your rule with tiny steps; if it is wrong, minidl's *gradient doctor* says what kind of mistake it looks like.


# %%
def square_backward(g, x):
    """dL/dx for y = x²."""
    ### BEGIN SOLUTION
    return g * 2 * x
    ### END SOLUTION


def exp_backward(g, x):
    """dL/dx for y = eˣ."""
    ### BEGIN SOLUTION
    return g * np.exp(x)
    ### END SOLUTION


def divide_backward(g, a, b):
    """(dL/da, dL/db) for y = a / b."""
    ### BEGIN SOLUTION
    return g / b, -g * a / b**2
    ### END SOLUTION


# %% tags=["check"]
some, others = np.array([[0.5, -1.0, 2.0], [1.5, 0.3, -0.7]]), np.array([[1.0, 2.0, -1.5], [0.8, -0.6, 1.2]])
exercise = Exercise(
    "rules",
    "Gradient rules of operations that work element by element.",
    hints=[
        "A rule is g times the derivative that you would write for a single number.",
        "The derivatives: 2x for x², eˣ for eˣ (np.exp), and 1/b and −a/b² for a/b.",
        "return g * 2 * x; return g * np.exp(x); return g / b, -g * a / b**2",
    ],
)
exercise.check("the square, by hand", lambda: square_backward(np.array([1.0, 10.0]), np.array([3.0, -2.0])), [6.0, -40.0])
exercise.check_gradient("the square", lambda: (lambda x: x**2, square_backward), some)
exercise.check_gradient("the exponential function", lambda: (np.exp, exp_backward), some)
exercise.check_gradient("the quotient", lambda: (lambda a, b: a / b, divide_backward), some, others)
exercise.done()

# %% [markdown]
# ## Broadcasting
#
# A layer adds its biases, of shape (neurons,), to a table of shape (examples, neurons). NumPy stretches the smaller array: it is used again for every
# row. That is **broadcasting**:

# %%
rows, bias = np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]), np.array([0.1, 0.2, 0.3])
print(rows + bias)

# %% [markdown]
# What is the gradient of such a bias? It was *used twice*, once in each row. And lesson 4 said: where a value is used more than once, add up over the
# ways. One bias and two examples as numbers, with L = 3 (x₁ + b) + 5 (x₂ + b):

# %%
x1, x2, b = Tensor(1.0, name="x₁"), Tensor(10.0, name="x₂"), Tensor(0.1, requires_grad=True, name="b")
z1 = x1 + b
z2 = x2 + b
z1.name, z2.name = "z₁", "z₂"
plots.computation_graph(z1 * 3.0 + z2 * 5.0)

# %% [markdown]
# The gradient of b is 3 + 5 = 8. With arrays it is the same sum, for each bias:
#
# > **What was stretched in the forward pass is summed in the backward pass.**

# %%
Prediction(
    "a has the shape (4, 1) and b the shape (3,). y = a · b has the shape (4, 3), and so has g = dL/dy. How does dL/da get its shape?",
    [
        "g · b is summed over its rows, which leaves (3,)",
        "g · b is summed along each row, which leaves (4, 1)",
        "g · b is used as it is, (4, 3)",
    ],
    answer=1,
    why="A gradient has the shape of its Tensor. Each number of a was used three times, once in each column of its row.",
)

# %%
a, b = Tensor(np.ones((4, 1)), requires_grad=True), Tensor(np.array([1.0, 2.0, 3.0]), requires_grad=True)
y = a * b
da, db = minidl.grad(y.sum(), [a, b])
print("dL/da:", da.numpy().tolist(), "  dL/db:", db.numpy().tolist())

# %% [markdown]
# ## Exercise 2: undo the stretching
#
# NumPy compares shapes from the right. Missing axes on the left are added, and axes of length 1 are stretched. So to bring g back to `shape`: sum over
# the axes that were added (they are the first ones); then sum over each axis where `shape` has a 1, and keep that axis (`keepdims=True`).


# %%
def unbroadcast(g, shape):
    """``g``, summed to ``shape``: the gradient of an array of that shape which was stretched to g's."""
    ### BEGIN SOLUTION
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for axis, n in enumerate(shape):
        if n == 1:
            g = g.sum(axis=axis, keepdims=True)
    return g
    ### END SOLUTION


# %% tags=["check"]
numbers = np.arange(6.0).reshape(2, 3)
exercise = Exercise(
    "unbroadcast",
    "The gradient of what was stretched.",
    hints=[
        "While g has more axes than shape (g.ndim > len(shape)), sum over the first one: g = g.sum(axis=0).",
        "Then a loop over enumerate(shape): where the length is 1, g = g.sum(axis=axis, keepdims=True).",
        "while g.ndim > len(shape): g = g.sum(axis=0); for axis, n in enumerate(shape): if n == 1: g = g.sum(axis=axis, keepdims=True)",
    ],
)
exercise.check("nothing was stretched", lambda: unbroadcast(numbers, (2, 3)), numbers)
exercise.check("a bias: (3,)", lambda: unbroadcast(numbers, (3,)), [3.0, 5.0, 7.0])
exercise.check("a column: (2, 1)", lambda: unbroadcast(numbers, (2, 1)), [[3.0], [12.0]])
exercise.check("a row: (1, 3)", lambda: unbroadcast(numbers, (1, 3)), [[3.0, 5.0, 7.0]])
exercise.check("a single number: ()", lambda: unbroadcast(numbers, ()), 15.0)
exercise.check("two axes were added", lambda: unbroadcast(np.ones((2, 5, 3, 4)), (3, 1)), [[40.0]] * 3)
exercise.done()

# %% [markdown]
# In minidl no rule needs to think about this: the engine does it once, for all ops, in a function called `_fit`. Look for the `.sum(` in it:

# %%
print(inspect.getsource(minidl.autograd._fit))

# %% [markdown]
# The mirror image holds as well. `sum` makes one number of many, so in the backward pass its single g is *stretched* to all of them: each number that went
# into a sum changes the sum by 1.

# %%
x = Tensor(np.array([[1.0, 2.0], [3.0, 4.0]]), requires_grad=True)
print(minidl.grad(5.0 * x.sum(), [x])[0].numpy())

# %% [markdown]
# ## The matrix product
#
# For $Y = X W$ one entry of the result is a sum of products, $y_{ij} = \sum_k x_{ik} w_{kj}$. Each $w_{kj}$ is used once for every example i, with the
# factor $x_{ik}$. Multiply along a way, add up over the ways:
#
# $$\frac{dL}{dw_{kj}} = \sum_i x_{ik}\, g_{ij} \quad\text{so}\quad \frac{dL}{dW} = X^T g, \qquad \text{and likewise}\quad \frac{dL}{dX} = g\, W^T$$
#
# ($X^T$ is X with rows and columns exchanged, `X.T`.) You can remember it by the shapes alone. With 5 examples, 3 inputs, 2 neurons: X is (5, 3), W is
# (3, 2), g is (5, 2). dL/dW must be (3, 2), and (3, 5) @ (5, 2) is the only product that gives it.
#
# ## Exercise 3: a whole layer
#
# Write the backward pass of a dense layer with tanh, $y = \tanh(x W + b)$, in NumPy: back through the tanh first, then through the sum with its
# stretched bias, then through the product.


# %%
def layer_backward(g, x, W, b):
    """(dL/dx, dL/dW, dL/db) for y = tanh(x @ W + b); x has the shape (examples, inputs)."""
    ### BEGIN SOLUTION
    y = np.tanh(x @ W + b)
    g = g * (1 - y**2)
    return g @ W.T, x.T @ g, g.sum(axis=0)
    ### END SOLUTION


# %% tags=["check"]
def by_hand():
    return [np.ravel(one)[0] for one in layer_backward(np.array([[3.0]]), np.array([[2.0]]), np.array([[0.5]]), np.array([-1.0]))]


def where_flat():
    return [np.ravel(one)[0] for one in layer_backward(np.array([[3.0]]), np.array([[2.0]]), np.array([[0.5]]), np.array([29.0]))]


shapes = {"x": (5, 3), "W": (3, 2), "b": (2,)}
rng = np.random.default_rng(0)
xs, Ws, bs, gs = rng.normal(size=(5, 3)), rng.normal(size=(3, 2)), rng.normal(size=2), rng.normal(size=(5, 2))
exercise = Exercise(
    "layer_backward",
    "The backward pass of a dense layer with tanh.",
    hints=[
        "First the gradient before the tanh: y = np.tanh(x @ W + b), then g = g * (1 - y**2).",
        "The bias was stretched over the examples: sum over axis 0. The product: g @ W.T and x.T @ g.",
        "return g @ W.T, x.T @ g, g.sum(axis=0)",
    ],
)
exercise.check("the shapes", lambda: {name: np.shape(one) for name, one in zip("xWb", layer_backward(gs, xs, Ws, bs))}, shapes)
exercise.check("all biases get a sum over the examples", lambda: layer_backward(np.ones((5, 2)), xs * 0, Ws, bs * 0)[2], [5.0, 5.0])
exercise.check("one by hand: x = 2, W = 0.5, b = −1, g = 3", by_hand, [1.5, 6.0, 3.0], because="tanh 0 is 0, with the slope 1")
exercise.check(
    "b = 29: tanh 30 is flat, nothing passes", where_flat, [0.0, 0.0, 0.0], because="g comes through the tanh first: g · (1 − y²)"
)
exercise.check_gradient("against tiny steps", lambda: (lambda x, W, b: np.tanh(x @ W + b), layer_backward), xs, Ws, bs)
exercise.done()

# %% [markdown]
# ## The walk
#
# Here is a layer and a loss with Tensors, and the tape of it, forward and backward. For each array it says from where to where its numbers go, and
# their mean. (`loss` uses y − target twice, so it is in the table twice, and y gets its gradient in two parts, `+=`.)


# %%
def recorded():
    """A dense layer with tanh, a mean squared error, and the walk back."""
    rng = np.random.default_rng(0)
    x, target = Tensor(rng.normal(size=(5, 3))), Tensor(rng.normal(size=(5, 2)))
    W, b = Tensor(rng.normal(size=(3, 2)), requires_grad=True), Tensor(np.zeros(2), requires_grad=True)
    with minidl.record() as tape:
        y = ops.tanh(x @ W + b)
        loss = ((y - target) * (y - target)).mean()
        loss.backward()
    return tape


print(recorded())

# %% [markdown]
# The same, to go through one step at a time (in a terminal: `recorded().play()`):

# %%
recorded()

# %% [markdown]
# In which order must it go? In lesson 4 you found a topological order by visiting. minidl uses a fact that is simpler: **an op's output is always younger
# than its inputs**, because the inputs had to exist first. Every Tensor gets a number when it is born. Sorted by that number, inputs come first. (And there is no
# recursion: your `visit` calls itself, which Python allows about a thousand times, and a deep graph is deeper than that.)

# %%
x, W, b = Tensor(np.ones((2, 3))), Tensor(np.full((3, 1), 0.1), requires_grad=True), Tensor(np.zeros(1), requires_grad=True)
product = x @ W
total = product + b
y = ops.tanh(total)
loss = (y * y).sum()
births = [tensor.born for tensor in (W, b, product, total, y, loss)]
print("born in this order:", [number - births[0] for number in births], " (5 is y · y, which has no name)")

# %% [markdown]
# Then the walk is a loop. You will write it now, over minidl's own nodes, with minidl's own rules. Two helpers do the small things: `family(y)` is the list
# of all Tensors behind y that matter, the oldest first; `passed_on(t, g)` asks the rule of the op that made t.


# %%
def family(y):
    """y and all Tensors that it was made of and that require a gradient, oldest first."""
    found, todo = {y}, [y]
    while todo:
        t = todo.pop()
        new = {x for x in (t.node.inputs if t.node else []) if isinstance(x, Tensor) and x.requires_grad} - found
        found |= new
        todo += new
    return sorted(found, key=lambda t: t.born)


def passed_on(t, g):
    """If dL/dt is the array g: a list of (input, array), what the op that made t passes on. Empty if t was not computed."""
    if t.node is None:
        return []
    given = t.node.op.rule(Tensor(g), t, *t.node.inputs, **t.node.metadata)
    given = given if isinstance(given, (tuple, list)) else [given]
    pairs = [(x, dx) for x, dx in zip(t.node.inputs, given) if isinstance(x, Tensor) and x.requires_grad]
    return [(x, (dx() if callable(dx) else dx).numpy()) for x, dx in pairs]


print("what the last op of the loss passes on to y · y:", passed_on(loss, np.array(1.0))[0][1].ravel())

# %% [markdown]
# ## Exercise 4: the walk over arrays
#
# Write it with a dictionary `grads` from Tensor to array. It begins with dL/dL = 1. Go through the family from the youngest to the oldest. For each pair
# that is passed on: bring the array to the shape of its Tensor with your `unbroadcast`, and add it to what is there.


# %%
def walk(y):
    """A dictionary with dy/dt, as an array of t's shape, for all Tensors t of the family of y (which is one number)."""
    ### BEGIN SOLUTION
    grads = {y: np.array(1.0)}
    for t in reversed(family(y)):
        for x, g in passed_on(t, grads[t]):
            g = unbroadcast(g, x.shape)
            grads[x] = grads[x] + g if x in grads else g
    return grads
    ### END SOLUTION


# %% tags=["check"]
p, q = Tensor(np.array([1.0, 2.0]), requires_grad=True), Tensor(np.array([[3.0], [4.0]]), requires_grad=True)
doubled = (p * 2.0).sum()
by_minidl = minidl.grad(loss, [W, b], keep_graph=True)
exercise = Exercise(
    "walk",
    "Backpropagation over minidl's own nodes.",
    hints=[
        "grads = {y: np.array(1.0)}, and a loop over reversed(family(y)); inside of it a loop over passed_on(t, grads[t]).",
        "Sum g to the shape of x first: g = unbroadcast(g, x.shape). Then add it if x is in grads already, else store it.",
        "grads[x] = grads[x] + g if x in grads else g, and return grads after both loops",
    ],
)
exercise.check("the result itself", lambda: walk(doubled)[doubled], 1.0)
exercise.check("a sum", lambda: walk((p * 3.0).sum())[p], [3.0, 3.0], because="the youngest first: reversed(family(y))")
exercise.check(
    "used twice", lambda: walk((p * p + p).sum())[p], [3.0, 5.0], because="add up over the ways: 2p along one, 1 along the other"
)
exercise.check("stretched", lambda: walk((p * q).sum())[p], [7.0, 7.0], because="p was used in each row of p · q: unbroadcast to p's shape")
exercise.check("the layer above: its weights", lambda: walk(loss)[W], by_minidl[0], because="the loss is y · y: y is used twice")
exercise.check("the layer above: its bias", lambda: walk(loss)[b], by_minidl[1], because="b was used for both examples")
exercise.done()

# %% [markdown]
# And this is minidl's walk. Read it slowly; you know what it must do. `order.pop()` takes the youngest, `_rule` asks the op, `_fit` undoes the
# stretching, and `grads[x] + dx if x in grads else dx` adds up over the ways. `needs` says which inputs want a gradient at all. `grads.pop(t)` lets go
# of a gradient that has been passed on, which is why y has no `.grad` afterwards. (`create_graph`, `keep` and `yield` are for second derivatives,
# lesson 17, and for `record`: skip them.)

# %%
print(inspect.getsource(minidl.autograd._walk))

# %% [markdown]
# The line `t.node.inputs = … = None` throws the tape away while it is played, so that memory becomes free. That is why a second `backward()` through the same
# graph is refused, unless the first was told to keep it:

# %%
w = Tensor(3.0, requires_grad=True)
square = w * w
square.backward()
try:
    square.backward()
except RuntimeError as error:
    print("RuntimeError:", error)

# %% [markdown]
# And in one thing `backward()` differs from yours: it *adds* to `.grad`. After each update a training loop must call `zero_grad()`, or old gradients
# stay in the sum. (`minidl.grad(y, [w])` returns the gradients instead, and adds to nothing.)

# %%
w = Tensor(3.0, requires_grad=True)
for name in ("first", "second", "third"):
    (w * w).backward()
    print(f"{name} backward: {w.grad.item():g}")
    if name == "second":
        w.zero_grad()

# %% [markdown]
# ## Changes in place
#
# The tape does not copy arrays, it points to them. So what if somebody changes one between the forward and the backward pass? For y = w² at w = 3 the
# derivative is 6. If w were overwritten with 10, the rule (2·g·w) would answer 20, and nobody would notice. minidl notices: each Tensor counts its changes in
# `version`, the node remembers the count, and the walk compares:

# %%
w = Tensor(3.0, requires_grad=True)
y = w * w
with minidl.no_grad():
    w += 7.0
print("w is", w.item(), "and its version", w.version)
try:
    y.backward()
except RuntimeError as error:
    print("RuntimeError:", error)

# %% [markdown]
# An update `w -= rate * w.grad` is such a change in place. That is fine *after* the walk back, and that is where it belongs.
#
# ## An op of your own
#
# You can extend the engine without touching it. `@minidl.op` makes an op of a function: `xp` comes first (the module for the arrays: write `xp.exp`, not
# `np.exp`), then the arrays. `.vjp` attaches the rule. It gets g, the output y and the inputs, all as Tensors. As an example, *softsign*, an S-shaped curve
# like tanh: $y = x / (1 + |x|)$, with the derivative $1 / (1 + |x|)^2$:


# %%
@minidl.op
def softsign(xp, x):
    """y = x / (1 + |x|)          dL/dx = g / (1 + |x|)²"""
    return x / (1 + xp.abs(x))


@softsign.vjp
def _(g, y, x):
    return g / (1 + abs(x)) ** 2


print(minidl.gradcheck(softsign, np.array([-2.0, 0.5, 3.0])))

# %%
plots.activations(["tanh", softsign])

# %% [markdown]
# ## Exercise 5: swish
#
# Write *swish*, an activation of newer nets: $y = x \cdot s$ with the sigmoid $s = 1 / (1 + e^{-x})$. The derivative of s is $s\,(1 - s)$, so that of the
# product is $s + x\,s\,(1 - s) = s + y\,(1 - s)$. In the rule, x is a Tensor: use `ops.sigmoid(x)`.


# %%
@minidl.op
def swish(xp, x):
    """y = x · sigmoid(x); x is an array, and xp its module."""
    ### BEGIN SOLUTION
    return x / (1 + xp.exp(-x))
    ### END SOLUTION


@swish.vjp
def _(g, y, x):
    """dL/dx; g, y and x are Tensors."""
    ### BEGIN SOLUTION
    s = ops.sigmoid(x)
    return g * (s + y * (1 - s))
    ### END SOLUTION


# %% tags=["check"]
def second_derivative():
    x = Tensor(0.0, requires_grad=True)
    (slope,) = minidl.grad(swish(x), [x], create_graph=True)
    return minidl.grad(slope, [x])[0]


exercise = Exercise(
    "swish",
    "An op with its gradient rule.",
    hints=[
        "The forward function works with arrays: x divided by (1 + xp.exp(-x)).",
        "The rule works with Tensors: s = ops.sigmoid(x), then g times the derivative, s + y · (1 − s).",
        "return x / (1 + xp.exp(-x)); and s = ops.sigmoid(x); return g * (s + y * (1 - s))",
    ],
)
exercise.check("its values", lambda: swish(np.array([0.0, 1.0, -1.0])), [0.0, 0.7310586, -0.2689414])
exercise.check_gradient("its rule", lambda: swish, np.array([-2.0, 0.3, 1.5]))
exercise.check("it broadcasts like any op", lambda: swish(Tensor(np.ones((2, 3)), requires_grad=True) + np.ones(3)).shape, (2, 3))
exercise.check("its second derivative at 0", second_derivative, 0.5, because="the rule is made of ops, so it can be differentiated, too")
exercise.done()

# %% [markdown]
# ## What you know now
#
# * A **Tensor** is an array with a memory: a node with the op and its inputs. Only what depends on a Tensor with `requires_grad=True` is recorded.
# * An op's local derivative is a **rule** (VJP): from g = dL/dy to dL/dinput, without building the Jacobian matrix.
# * A gradient has the shape of its Tensor. **Stretched forward, summed backward**, and the other way round.
# * For $Y = XW$: dL/dW = Xᵀg and dL/dX = gWᵀ; the shapes leave no other way.
# * minidl's walk is yours: youngest first, add up over the ways. It forgets the tape as it goes, and refuses to use arrays that were changed.
#
# **To read on:** the files `minidl/tensor.py` and `minidl/autograd.py`, about 300 lines together, then `minidl/ops/elementwise.py`. Griewank and Walther,
# *Evaluating Derivatives* (2008), chapter 3, is the book on the matter. JAX's "Autodidax" builds a larger system of this kind in one document.
# **Next:** lesson 6, how one finds out whether a rule is right.
