# %% [markdown]
# # 4. Backpropagation by hand
#
# **After this lesson you can**
#
# * take a calculation apart into small steps, and find the derivative of its result by each of its numbers with the *chain rule*;
# * say why gradients are added where a number is used twice, and why the order of the walk back matters;
# * write a program that finds all derivatives by itself, in about sixty lines, and train a neuron with it.
#
# **Where we are.** In lesson 3 the derivatives of the loss told us which way is down. We worked them out with calculus, for one line with two
# parameters. Nobody does that for a net with 79 530 parameters. In this lesson you build the machine that does: **backpropagation**.
# Lesson 5 then reads how minidl does the same with whole arrays.
#
# *75 minutes. You need: lesson 3, and that the derivative of e² is 2e. A good place for a break is before "In which order?".*

# %%
import math

import minidl
from minidl import Tensor, ops, plots
from minidl.lesson_runner import Exercise, Prediction

# %% [markdown]
# ## A loss, one small step at a time
# <!-- concept: 13 -->
#
# Take one example with small numbers: the input is x = 2, the right answer is y = 5, and our line has w = 3 and b = −4. A computer finds the
# squared error in four steps. Each uses one operation only:
#
# | step | with numbers | |
# |---|---|---|
# | $p = w \cdot x$ | 3 · 2 = 6 | the product |
# | $\hat y = p + b$ | 6 − 4 = 2 | the prediction |
# | $e = \hat y - y$ | 2 − 5 = −3 | the error |
# | $L = e^2$ | (−3)² = 9 | the loss |
#
# Drawn as boxes and arrows, this is a **computation graph**: every box is a value, and the arrows say what it was made of.


# %%
def named(name, value):
    """The value, with a name for the picture."""
    value.name = name
    return value


x, y = Tensor(2.0, name="x"), Tensor(5.0, name="y")
w, b = Tensor(3.0, requires_grad=True, name="w"), Tensor(-4.0, requires_grad=True, name="b")
p = named("p", w * x)
y_hat = named("ŷ", p + b)
e = named("e", y_hat - y)
L = named("L", e**2)
plots.computation_graph(L, gradients=False)

# %% [markdown]
# To compute from left to right, from the inputs to the loss, is the **forward pass**.
#
# ## How a change travels
# <!-- concept: 13 -->
#
# Now change w a tiny bit, and look how much each later value changes, for each unit of change in w:

# %%
h = 1e-6


def all_steps(w):
    """p, ŷ, e and L, for x = 2, b = −4, y = 5."""
    p = w * 2.0
    y_hat = p - 4.0
    e = y_hat - 5.0
    return p, y_hat, e, e**2


for name, before, after in zip(["p", "ŷ", "e", "L"], all_steps(3.0), all_steps(3.0 + h)):
    print(f"{name} changes by {(after - before) / h:7.3f} for each unit of w")

# %% [markdown]
# Follow the change from box to box. Each step passes it on, multiplied by a number of its own:
#
# * p = w · x: if w grows by 1, p grows by x = **2**.
# * ŷ = p + b: if p grows by 1, ŷ grows by **1**.
# * e = ŷ − y: if ŷ grows by 1, e grows by **1**.
# * L = e²: if e grows by a tiny amount, L grows by 2e = **−6** times as much (it shrinks).
#
# These numbers are the **local derivatives**. Each belongs to one operation and needs to know nothing about the rest of the graph. Multiply
# them along the way from w to L, and you have the derivative of the loss by w. That is the **chain rule**:
#
# $$\frac{dL}{dw} = \frac{dL}{de} \cdot \frac{de}{d\hat y} \cdot \frac{d\hat y}{dp} \cdot \frac{dp}{dw}
#   = (-6) \cdot 1 \cdot 1 \cdot 2 = -12$$
#
# ## Backwards is cheaper
#
# We also want dL/db. The way from b to L has three of the four factors in common with the way from w. So begin at the loss, and walk *back*:
# dL/de = −6, then dL/dŷ = −6 · 1, then dL/dp = −6 · 1; and each value on the way gets its derivative once, for all that lie behind it:

# %%
plots.computation_graph(L)

# %% [markdown]
# Read it from right to left. The orange number in a box is the derivative of L by that value, its **gradient**. It starts with 1 (L
# changes by 1 for each unit of L), and each arrow multiplies it by its local derivative. (The data, x and y, have none, because we did not ask for
# it: only w and b were made with `requires_grad=True`.) This walk is the **backward pass**, and the method is called
# **backpropagation**.
#
# One walk back gives the derivatives by *all* inputs, and takes about as many steps as the way forward. With tiny steps you would have to compute the
# whole loss again for every parameter: 79 530 times for the net of this course, for a single update.
#
# ## Exercise 1: by hand
#
# Write down the derivatives of $L = (w x + b - y)^2$ by w, by b and by x: compute e, then dL/de, then multiply by the local derivatives.


# %%
def slopes(w, x, b, y):
    """(dL/dw, dL/db, dL/dx) for L = (w·x + b − y)²."""
    ### BEGIN SOLUTION
    e = w * x + b - y
    g = 2 * e
    return g * x, g, g * w
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "slopes",
    "The chain rule with numbers: from the loss back to w, b and x.",
    hints=[
        "First the forward pass: e = w * x + b - y. Then the first local derivative: g = 2 * e is dL/de.",
        "From e back to p and to b every local derivative is 1, so dL/dp and dL/db are both g. The product p = w·x is left.",
        "If w grows by 1, p grows by x; if x grows by 1, p grows by w: return g * x, g, g * w",
    ],
)
exercise.check("the numbers of the picture", lambda: slopes(3.0, 2.0, -4.0, 5.0)[:2], (-12.0, -6.0), because="dL/dw and dL/db, with e = −3")
exercise.check("by x too", lambda: slopes(3.0, 2.0, -4.0, 5.0)[2], -18.0, because="dp/dx is w")
exercise.check("other numbers", lambda: slopes(0.5, -1.0, 2.0, 1.0), (-1.0, 1.0, 0.5))
exercise.check("no error, no slope", lambda: slopes(2.0, 3.0, 1.0, 7.0), (0.0, 0.0, 0.0))
exercise.done()

# %% [markdown]
# ## A number that is used twice
#
# Here is a calculation in which a goes two ways: $u = a \cdot b$, then $v = u + a$. With a = 2 and b = 3, v is 8.

# %%
Prediction(
    "v = a·b + a, with a = 2 and b = 3. What is dv/da?",
    ["3: a is multiplied by b", "1: a is added", "4: both ways count"],
    answer=2,
    why="If a grows by 1, the product grows by b = 3 and the added a grows by 1. v feels both: 3 + 1 = 4.",
)

# %%
a, b = Tensor(2.0, requires_grad=True, name="a"), Tensor(3.0, requires_grad=True, name="b")
u = named("u", a * b)
v = named("v", u + a)
plots.computation_graph(v)

# %% [markdown]
# Two arrows leave a. Along one comes 3, along the other 1, and the gradient of a is their sum, 4. In words:
#
# > **Multiply along a way. Add up over the ways.**
#
# In a net every weight is used for every example, so this rule is at work all the time. A tiny step confirms it:

# %%
print(f"{(((2 + h) * 3 + (2 + h)) - 8) / h:.3f}")

# %% [markdown]
# ## The machine: what it must remember
#
# Now we let the computer do it. During the forward pass each new value writes down what it was made of, and the local derivatives, as numbers.
# That is all the backward pass needs. So a `Value` holds four things:
#
# * `data`: its number;
# * `inputs`: the Values that it was made of (none, if you typed the number);
# * `local`: the local derivative for each of these inputs;
# * `grad`: the derivative of the result by it, filled in later.
#
# Python calls `__add__` when it meets `+`, so that `a + b` works on Values as it does on numbers. The operations themselves (`add`, `multiply`,
# `power`) you write below. Subtraction and division need no rules of their own: they are built from the others.


# %%
class Value:
    """A number that remembers how it was made."""

    def __init__(self, data, inputs=(), local=()):
        self.data, self.inputs, self.local = data, inputs, local
        self.grad = 0.0

    def __repr__(self):
        return f"Value({self.data:.6g}, grad={self.grad:.6g})"

    def __add__(self, other):
        return add(self, as_value(other))

    def __mul__(self, other):
        return multiply(self, as_value(other))

    def __pow__(self, n):
        return power(self, n)

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -as_value(other)

    def __truediv__(self, other):
        return self * as_value(other) ** -1

    __radd__, __rmul__ = __add__, __mul__  # for 2 + value, 2 * value


def as_value(x):
    """Plain numbers become Values, so that a + 1 works."""
    return x if isinstance(x, Value) else Value(x)


# %% [markdown]
# For example, this is 2 · 3, written down by hand. The second line of numbers says: if the 2 grows by 1, the product grows by 3, and if the 3
# grows by 1, it grows by 2.

# %%
two, three = Value(2.0), Value(3.0)
six = Value(2.0 * 3.0, inputs=(two, three), local=(3.0, 2.0))
print(six, "was made of", six.inputs, "with the local derivatives", six.local)

# %% [markdown]
# ## Exercise 2: sum and product
#
# Write both operations. Each returns a new Value: the number, the two inputs, the two local derivatives. Compute with the numbers, `a.data` and
# `b.data`: the sum `a + b` of two Values would call `add` again, and so on without end.


# %%
def add(a, b):
    """a + b as a Value; a and b are Values."""
    ### BEGIN SOLUTION
    return Value(a.data + b.data, (a, b), (1.0, 1.0))
    ### END SOLUTION


def multiply(a, b):
    """a · b as a Value; a and b are Values."""
    ### BEGIN SOLUTION
    return Value(a.data * b.data, (a, b), (b.data, a.data))
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "sum_and_product",
    "Two operations that write down their inputs and their local derivatives.",
    hints=[
        "The line that made six above is the pattern: Value(number, inputs, local).",
        "For the sum both local derivatives are 1.0. For the product they are the other factor: its .data.",
        "return Value(a.data + b.data, (a, b), (1.0, 1.0)), and return Value(a.data * b.data, (a, b), (b.data, a.data))",
    ],
)
exercise.check("the sum", lambda: (Value(2.0) + Value(-5.0)).data, -3.0)
exercise.check(
    "what the sum remembers", lambda: [*(Value(2.0) + Value(-5.0)).local], [1.0, 1.0], because="if either number grows by 1, so does the sum"
)
exercise.check("the product", lambda: (Value(2.0) * Value(-5.0)).data, -10.0)
exercise.check("what the product remembers", lambda: [*(Value(2.0) * Value(-5.0)).local], [-5.0, 2.0], because="the other factor")
exercise.check("its inputs, in their order", lambda: [v.data for v in multiply(Value(2.0), Value(-5.0)).inputs], [2.0, -5.0])
exercise.check("with plain numbers", lambda: (3 * Value(2.0) + 1).data, 7.0)
exercise.done()

# %% [markdown]
# ## Exercise 3: power and tanh
#
# Two operations with one input. The derivative of $a^n$ by a is $n\,a^{n-1}$ (n is a plain number here). And the function
# $\tanh$, an S-shaped curve from −1 to 1, is one of the *activation functions* of lesson 1. Its derivative is handy, because it can be computed
# from the result: if $y = \tanh a$, it is $1 - y^2$. (Mind the comma that makes a tuple of one thing: `(a,)`.)

# %%
plots.activations(["tanh"])


# %%
def power(a, n):
    """aⁿ as a Value; a is a Value, n a number."""
    ### BEGIN SOLUTION
    return Value(a.data**n, (a,), (n * a.data ** (n - 1),))
    ### END SOLUTION


def tanh(a):
    """tanh a as a Value."""
    ### BEGIN SOLUTION
    y = math.tanh(a.data)
    return Value(y, (a,), (1 - y**2,))
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "power_and_tanh",
    "Two operations with a single input.",
    hints=[
        "Like multiply, but with one input: Value(number, (a,), (local derivative,)). Both tuples need their comma.",
        "For the power: the number is a.data**n, the local derivative n * a.data**(n - 1). For tanh: y = math.tanh(a.data) first.",
        "return Value(a.data**n, (a,), (n * a.data ** (n - 1),)), and return Value(y, (a,), (1 - y**2,))",
    ],
)
exercise.check("(−3)²", lambda: [(Value(-3.0) ** 2).data, *(Value(-3.0) ** 2).local], [9.0, -6.0])
exercise.check("2⁻¹, which is a half", lambda: [(Value(2.0) ** -1).data, *(Value(2.0) ** -1).local], [0.5, -0.25])
exercise.check("tanh 0 is 0, and steepest there", lambda: [tanh(Value(0.0)).data, *tanh(Value(0.0)).local], [0.0, 1.0])
exercise.check(
    "tanh 2 is nearly flat",
    lambda: [tanh(Value(2.0)).data, *tanh(Value(2.0)).local],
    [0.9640275801, 0.0706508249],
    1e-8,
    because="tanh 2, and 1 minus the square of that",
)
exercise.check("subtraction and division follow", lambda: [(Value(6.0) - 2).data, (Value(6.0) / 4).data], [4.0, 1.5])
exercise.done()

# %% [markdown]
# ## In which order?
#
# Look at this graph: $u = a b$, $v = u + a$, $z = u \cdot v$. The value u is used twice, by v and by z.

# %%
a, b = Tensor(2.0, requires_grad=True, name="a"), Tensor(3.0, requires_grad=True, name="b")
u = named("u", a * b)
v = named("v", u + a)
z = named("z", u * v)
plots.computation_graph(z)

# %% [markdown]
# The gradient of u is 8 (along the arrow to z) plus 6 (along the arrow to v), that is 14. If the walk back went on from u too early, with the 8
# alone, a would receive 8 · 3 + 6 = 30 instead of 14 · 3 + 6 = 48. So the rule is:
#
# > **Pass a value only when all values that were made of it have been passed.**
#
# The forward pass has the opposite rule: a value can be computed only when its inputs are there. An order in which every value comes after its inputs
# is called a **topological order**. Walk through it from the end to the beginning, and no value is passed too early. minidl can write its walk down:


# %%
def recorded():
    """The same calculation, with every step forward and backward written down."""
    a, b = Tensor(2.0, requires_grad=True), Tensor(3.0, requires_grad=True)
    with minidl.record() as tape:
        u = a * b
        v = u + a
        z = u * v
        z.backward()
    return tape


print(recorded())

# %% [markdown]
# (L stands for the result here, z. The shape of a single number is `()`.) Three steps forward, and the same three backward, from the
# last to the first: z, v, and only then u, when both of its parts have arrived. Here you can go through them one by one, predict each gradient, and
# look at the numbers behind it:

# %%
recorded()

# %% [markdown]
# (In a terminal, `recorded().play()` does the same.)
#
# ## Exercise 4: find an order
#
# A good way is to *visit*: to visit a value, do nothing if it was visited before; otherwise visit each of its inputs first, and then append the
# value itself to the list. Start with the result.


# %%
def ordered(result):
    """A list of all Values that ``result`` was made of, itself included: each once, and each after its inputs."""
    ### BEGIN SOLUTION
    order, seen = [], set()

    def visit(value):
        if value not in seen:
            seen.add(value)
            for x in value.inputs:
                visit(x)
            order.append(value)

    visit(result)
    return order
    ### END SOLUTION


# %% tags=["check"]
def example():
    """z = u · v with u = a · b and v = u + a."""
    a, b = Value(2.0), Value(3.0)
    u = Value(6.0, (a, b), (3.0, 2.0))
    v = Value(8.0, (u, a), (1.0, 1.0))
    return a, b, u, v, Value(48.0, (u, v), (8.0, 6.0))


def doubled(times):
    """1, added to itself again and again."""
    value = Value(1.0)
    for _ in range(times):
        value = Value(2 * value.data, (value, value), (1.0, 1.0))
    return value


def inputs_first(order):
    return all(order.index(x) < order.index(value) for value in order for x in value.inputs)


exercise = Exercise(
    "ordered",
    "A topological order of the graph.",
    hints=[
        "Keep a list, order, and a set, seen. Inside of ordered define a function visit(value) that calls itself for each input.",
        "In visit: if the value is in seen, return. Otherwise add it to seen, visit its inputs, and append it to order at the end.",
        "if value not in seen: seen.add(value); for x in value.inputs: visit(x); order.append(value)",
    ],
)
exercise.check("one value alone", lambda: len(ordered(Value(1.0))), 1)
exercise.check("all five values, each once", lambda: sorted(v.data for v in ordered(example()[-1])), [2.0, 3.0, 6.0, 8.0, 48.0])
exercise.check(
    "inputs come first", lambda: inputs_first(ordered(example()[-1])), because="append a value only when its inputs have been visited"
)
exercise.check("the result comes last", lambda: ordered(example()[-1])[-1].data, 48.0)
exercise.check("forty doublings, each visited once", lambda: len(ordered(doubled(40))), 41, because="there are 2⁴⁰ ways through this graph")
exercise.done()

# %% [markdown]
# ## Exercise 5: the walk back
#
# Everything is there. `backward(result)` does this:
#
# 1. Find the order, and set `grad` of every Value in it to 0, so that nothing is left from an earlier walk.
# 2. Set `grad` of the result to 1.
# 3. Go through the order from its end. For each value, and for each of its inputs: *add* to the input's `grad` the local derivative times the
#    value's own `grad`.


# %%
def backward(result):
    """Fill in ``grad`` of every Value that ``result`` was made of."""
    ### BEGIN SOLUTION
    order = ordered(result)
    for value in order:
        value.grad = 0.0
    result.grad = 1.0
    for value in reversed(order):
        for x, derivative in zip(value.inputs, value.local):
            x.grad += derivative * value.grad
    ### END SOLUTION


# %% tags=["check"]
def grads(*values):
    """The gradients after backward() of the last one."""
    backward(values[-1])
    return [value.grad for value in values]


def twice(*values):
    backward(values[-1])
    return grads(*values)


def deep():
    value = doubled(40)
    backward(value)
    return ordered(value)[0].grad


exercise = Exercise(
    "backward",
    "Backpropagation: all gradients in one walk.",
    hints=[
        "order = ordered(result), then a loop that sets value.grad = 0.0, then result.grad = 1.0.",
        "for value in reversed(order): and inside of it a loop over zip(value.inputs, value.local).",
        "x.grad += derivative * value.grad (with +=, because a value may be used twice)",
    ],
)
exercise.check("the result's own gradient is 1", lambda: grads(Value(5.0)), [1.0])
exercise.check("multiply along a way", lambda: grads(two, Value(6.0, (two,), (3.0,))), [3.0, 1.0])
exercise.check(
    "add up over the ways",
    lambda: grads(*example()),
    [48.0, 28.0, 14.0, 6.0, 1.0],
    because="of a, b, u, v and z, as in the picture above; for a: 42 + 6",
)
exercise.check("a second walk gives the same", lambda: twice(*example()), [48.0, 28.0, 14.0, 6.0, 1.0], because="each walk sets all grads to 0 first")
exercise.check("forty doublings", deep, 2.0**40, because="both ways to a value count, at each of the 40 steps")
exercise.done()

# %% [markdown]
# That is an **automatic differentiation** engine, or *autograd*: with the class, about sixty lines, explanations included. minidl is built on the
# same idea, and so are PyTorch and TensorFlow. (One difference: in minidl, as in PyTorch, `backward()` *adds* to the gradients that are
# already there. So one sets them to zero before the next walk; who forgets it gets sums of old and new.)
#
# ## A neuron learns
#
# A neuron with two inputs computes $\hat y = \tanh(w_1 x_1 + w_2 x_2 + b)$. It shall learn "at least one of the two": four examples, and the
# answers −1 for no and 1 for yes.

# %%
examples = [(0.0, 0.0, -1.0), (0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, 1.0)]  # x₁, x₂, y


def loss(w1, w2, b):
    """The mean squared error over the four examples, with minidl (`ops` are its operations)."""
    return sum((ops.tanh(w1 * x1 + w2 * x2 + b) - y) ** 2 for x1, x2, y in examples) / 4


walk = minidl.descend(loss, {"w1": 0.1, "w2": -0.2, "b": 0.0}, minidl.optimizers.SGD(0.5), steps=100)
for k in (0, 1, 2, 10, 99):
    print(f"step {k + 1:3}: loss {walk['loss'][k]:.4f}   w₁ {walk['w1'][k]:7.4f}   w₂ {walk['w2'][k]:7.4f}   b {walk['b'][k]:7.4f}")
for x1, x2, y in examples:
    print(f"{x1:.0f}, {x2:.0f}: the answer is {math.tanh(walk.end['w1'] * x1 + walk.end['w2'] * x2 + walk.end['b']):5.2f}, it should be {y:2.0f}")

# %% [markdown]
# It has learned the four answers. The numbers come from a cycle that is the same for every net, however large:
#
# 1. **Forward**: compute the prediction for an example.
# 2. **Loss**: compare it with the right answer.
# 3. **Backward**: find the gradient of each weight and bias.
# 4. Do so for all examples, and take the *mean* of their gradients. (If the loss is already a mean over the examples, as here, its gradient is that mean.)
# 5. **Update** each parameter against its gradient.
# 6. Start again.
#
# ## Exercise 6: train it with your own engine
#
# Write the cycle with Values. Make new Values of the three numbers at the beginning of each step, compute the loss with them (`tanh` and `**` are
# yours), walk back, and update.


# %%
def train(w1, w2, b, rate, steps):
    """(w1, w2, b) as plain numbers, after so many steps of gradient descent on the mean squared error over ``examples``."""
    ### BEGIN SOLUTION
    for _ in range(steps):
        w1, w2, b = Value(w1), Value(w2), Value(b)
        total = 0
        for x1, x2, y in examples:
            total = total + (tanh(w1 * x1 + w2 * x2 + b) - y) ** 2
        backward(total / 4)
        w1, w2, b = (value.data - rate * value.grad for value in (w1, w2, b))
    return w1, w2, b
    ### END SOLUTION


# %% tags=["check"]
def right_signs(w1, w2, b):
    """How many answers have the sign of y."""
    return sum(math.tanh(w1 * x1 + w2 * x2 + b) * y > 0 for x1, x2, y in examples)


exercise = Exercise(
    "train",
    "Forward, loss, backward, update: a neuron trained by your own engine.",
    hints=[
        "for _ in range(steps): begin with w1, w2, b = Value(w1), Value(w2), Value(b), and add up the squared errors in a loop over examples.",
        "The loss is that sum divided by 4. Call backward(loss); then each new number is value.data - rate * value.grad.",
        "total = total + (tanh(w1 * x1 + w2 * x2 + b) - y) ** 2 for each example, backward(total / 4), and update all three.",
    ],
)
exercise.check("no steps: nothing changes", lambda: train(0.1, -0.2, 0.0, 0.5, 0), (0.1, -0.2, 0.0))
exercise.check(
    "one step, as minidl does it", lambda: train(0.1, -0.2, 0.0, 0.5, 1), (walk["w1"][1], walk["w2"][1], walk["b"][1]), 1e-9,
    "the loss is the mean over the four examples; all three numbers are updated at its end",
)  # fmt: skip
exercise.check("a hundred steps", lambda: train(0.1, -0.2, 0.0, 0.5, 100), [float(walk.end[name]) for name in ("w1", "w2", "b")], 1e-9)
exercise.check("it has learned: all four answers have the right sign", lambda: right_signs(*train(0.1, -0.2, 0.0, 0.5, 100)), 4)
exercise.done()

# %% [markdown]
# ## What you know now
#
# * A calculation is a **graph** of small operations. Each knows its **local derivative**.
# * **Chain rule**: multiply the local derivatives along a way, add up over the ways.
# * **Backpropagation** walks from the result back to the inputs, in reverse topological order, and finds the derivatives by all inputs in one walk.
#   It does not change any weight: that is the update's job, with the gradients that it found.
# * An **autograd** engine writes the graph down during the forward pass and walks back through it. Yours has about sixty lines.
#
# **To read on:** Baydin, Pearlmutter, Radul and Siskind, "Automatic Differentiation in Machine Learning: a Survey" (2018), sections 2 and 3.
# Andrej Karpathy's *micrograd* is another engine of this size, with a video that writes it from nothing. Rumelhart, Hinton and Williams,
# "Learning representations by back-propagating errors" (*Nature*, 1986), made the method known.
# **Next:** lesson 5 goes from numbers to arrays, and reads the core of minidl.
