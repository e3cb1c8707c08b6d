# %% [markdown]
# # 8. Activation functions
#
# **After this lesson you can**
#
# * say why a net without activation functions is only a linear model, and prove it with two matrices;
# * write ReLU, sigmoid and tanh with their derivatives, and choose between them;
# * recognise a gradient that vanishes on its way through a deep net, and units that have died, and do something about it.
#
# **Where we are.** You can compute gradients (lessons 4 to 6) and walk downhill with them (lessons 3 and 7). What we have not asked is what
# a net *is able* to learn. It depends on a small thing between its layers.
#
# *50 minutes. You need: the chain rule, and matrix products.*

# %%
import numpy as np

import minidl
from minidl import initializers, layers, ops, plots
from minidl.attribution import layer_outputs
from minidl.lesson_runner import Exercise, Prediction

rng = np.random.default_rng(0)
points = rng.uniform(-1, 1, (300, 2))
same_sign = (points[:, 0] * points[:, 1] > 0).astype(float).reshape(-1, 1)
print("300 points; the first five:", points[:5].round(2).tolist())
print("have both numbers the same sign?", same_sign[:5, 0])

# %% [markdown]
# ## A question that a line cannot answer
#
# Each point has two numbers. The label is 1 if both have the same sign, and 0 if not. (Whether exactly one of them is positive, the
# opposite question, is what logicians call *exclusive or*, XOR.) It is not hard. But neither number alone says anything about the label,
# and no straight line separates the two kinds.
#
# We build nets of three dense layers. The last one ends in a **sigmoid**, which squeezes any number into 0…1, so that the output can be
# compared with the labels 0 and 1; more on it below. As the loss we take the squared error of lesson 2. (Lesson 9 has a better one for
# this.) The **accuracy** is the share of the points for which the output lies on the right side of ½. (`start`, `bias` and `rate` in the
# next cell are for later in this lesson.)


# %%
def net(activation, width=16, depth=2, start="glorot_uniform", bias="zeros", rate=None):
    """``depth`` hidden layers with that activation, ready to be trained, by Adam or, with a rate, by plain gradient descent."""
    minidl.set_seed(1)
    hidden = [
        layers.Dense(width, activation, kernel_initializer=start, bias_initializer=bias, name=f"hidden_{i + 1}") for i in range(depth)
    ]
    model = minidl.Sequential([layers.Input((2,)), *hidden, layers.Dense(1, "sigmoid")])
    optimizer = minidl.optimizers.SGD(rate) if rate else minidl.optimizers.Adam(0.02)
    model.compile(optimizer, loss="mean_squared_error", metrics=["binary_accuracy"])
    return model


def accuracy(model):
    return model.evaluate(points, same_sign, verbose=0)[1]


# %%
Prediction(
    "Three dense layers with nothing between them, 337 parameters. What share of the points will it get right?",
    ["About half to two thirds", "About nine in ten", "All"],
    answer=0,
    why="Without activation functions the three layers are together one linear layer, however many parameters they have. Its border is one "
    "straight line, and no straight line gets many more than two thirds of these points right. (The sigmoid at the end does not bend the "
    "border: its output is above ½ exactly where its input is above 0.)",
)

# %%
linear = net(None)
linear.fit(points, same_sign, epochs=40, verbose=0)
plots.decision_boundary(linear, points, same_sign, ["different signs", "same sign"])

# %% [markdown]
# Now the same net, with one small change: after each hidden layer, every negative number is replaced by 0.

# %%
bent = net("relu")
bent.fit(points, same_sign, epochs=40, verbose=0)
plots.decision_boundary(bent, points, same_sign, ["different signs", "same sign"])

# %% [markdown]
# That little function between the layers is called an **activation function**. This one is **ReLU**, the *rectified linear unit*: max(0,
# x).
#
# ## Why two linear layers are one
# <!-- concept: 19 -->
#
# A layer without activation computes $x W_1 + b_1$. A second one after it gives
#
# $$(x W_1 + b_1)\, W_2 + b_2 = x\, (W_1 W_2) + (b_1 W_2 + b_2)$$
#
# and that is a single layer with the weights $W_1 W_2$ and the bias $b_1 W_2 + b_2$. The same goes for three, or a hundred.
#
# ## Exercise 1: merge two layers


# %%
def merge(w1, b1, w2, b2):
    """(w, b) of the one layer that does what the two do, one after the other."""
    ### BEGIN SOLUTION
    return w1 @ w2, b1 @ w2 + b2
    ### END SOLUTION


# %% tags=["check"]
w1, b1, w2, b2 = (rng.normal(size=shape) for shape in ((2, 5), (5,), (5, 3), (3,)))
exercise = Exercise(
    "merge",
    "Two linear layers as one.",
    hints=[
        "The formula stands above. Matrix products are written with @.",
        "The new bias is what the two layers make of an input that is 0.",
        "return w1 @ w2, b1 @ w2 + b2",
    ],
)
exercise.check("the weights", lambda: merge(w1, b1, w2, b2)[0], w1 @ w2)
exercise.check("the shape of the bias", lambda: np.shape(merge(w1, b1, w2, b2)[1]), (3,))
exercise.check(
    "it gives what the two give",
    lambda: points[:4] @ merge(w1, b1, w2, b2)[0] + merge(w1, b1, w2, b2)[1],
    (points[:4] @ w1 + b1) @ w2 + b2,
)
exercise.done()

# %% [markdown]
# ## What a bend can do
#
# One ReLU is 0 on one side and a straight slope on the other: a line with a **bend**. Sums of such lines have many bends, and with enough
# of them you can follow any curve. For example, two of them make the absolute value, |x| = relu(x) + relu(−x):

# %%
for number in (-3.0, -0.5, 2.0):
    parts = ops.relu(number).item(), ops.relu(-number).item()
    print(f"relu({number}) + relu({-number}) = {parts[0]} + {parts[1]} = {sum(parts)}")

# %% [markdown]
# And here is the sine curve, followed by sums of more and more ReLUs. Each begins at one place of the curve, and its factor is what the
# slope changes by at that place:

# %%
x = np.linspace(0, 6, 1001)
for bends in (4, 16, 64):
    places = np.linspace(0, 6, bends + 1)
    slopes = np.diff(np.sin(places)) / np.diff(places)
    factors = np.diff(slopes, prepend=0)
    curve = np.maximum(x[:, None] - places[:-1], 0) @ factors
    print(f"{bends:2} ReLUs: never further from the sine than {abs(curve - np.sin(x)).max():.4f}")

# %% [markdown]
# ## Exercise 2: a net without training
#
# With absolute values, we can answer our question by hand. If $x_1$ and $x_2$ have the same sign, then $|x_1 + x_2|$ is larger than
# $|x_1 - x_2|$; otherwise it is smaller. So the number
#
# $$|x_1 + x_2| - |x_1 - x_2|$$
#
# is positive exactly for the label 1. Write it as a net: `ops.relu(points @ w1) @ w2`, with four hidden units (*unit* is another word for
# neuron) and without biases. Each column of w1 holds the two weights of one hidden unit.


# %%
def by_hand():
    """(w1, w2) of shapes (2, 4) and (4, 1)."""
    ### BEGIN SOLUTION
    w1 = np.array([[1.0, -1.0, 1.0, -1.0], [1.0, -1.0, -1.0, 1.0]])
    w2 = np.array([[1.0], [1.0], [-1.0], [-1.0]])
    return w1, w2
    ### END SOLUTION


# %% tags=["check"]
def answer(x):
    first, second = by_hand()
    return np.maximum(x @ np.asarray(first), 0) @ np.asarray(second)


exercise = Exercise(
    "by_hand",
    "A net with four ReLU units that tells whether two numbers have the same sign.",
    hints=[
        "|x₁ + x₂| takes two units: relu(x₁ + x₂) and relu(−x₁ − x₂). Their columns in w1 are (1, 1) and (−1, −1).",
        "|x₁ − x₂| takes the other two: columns (1, −1) and (−1, 1). In w2 they count negative.",
        "w1 = np.array([[1., -1, 1, -1], [1, -1, -1, 1]]); w2 = np.array([[1.], [1], [-1], [-1]])",
    ],
)
exercise.check("the shapes", lambda: [np.shape(w) for w in by_hand()], [(2, 4), (4, 1)])
exercise.check(
    "the same sign: above 0",
    lambda: answer(np.array([[0.5, 0.2], [-0.3, -0.9]])) > 0,
    [[True], [True]],
    because="|0.7| − |0.3| is above 0, and so is |−1.2| − |0.6|",
)
exercise.check(
    "different signs: below 0",
    lambda: answer(np.array([[0.5, -0.2], [-0.3, 0.9]])) < 0,
    [[True], [True]],
    because="|0.3| − |0.7| is below 0, and so is |0.6| − |−1.2|",
)
exercise.check("all 300 points are right", lambda: float(((answer(points) > 0) == same_sign).mean()), 1.0)
exercise.done()

# %% [markdown]
# Twelve numbers instead of 337 parameters. Training does not find such a neat solution, but it finds one, without anybody having the idea.
#
# ## Three activations and their derivatives
# <!-- concept: 19 -->
#
# For backpropagation we need the derivative of an activation: how much of the gradient passes it.

# %%
plots.activations(["relu", "sigmoid", "tanh"], between=(-5, 5))

# %% [markdown]
# * **ReLU** $\max(0, x)$ has the derivative 1 where x > 0, and 0 where x < 0: the gradient passes in full, or not at all. (At 0 there is a
#   bend, and no derivative. We take 0.)
# * The **sigmoid** $\sigma(x) = 1 / (1 + e^{-x})$ lies between 0 and 1. Its derivative is $e^{-x} / (1 + e^{-x})^2$. That is $y\,(1 - y)$,
#   where y is the output, since $1 - y = e^{-x} / (1 + e^{-x})$. It is at most ¼, at x = 0.
# * **tanh**, the hyperbolic tangent, lies between −1 and 1. It is a sigmoid that was stretched and moved, $2\,\sigma(2x) - 1$. Its derivative
#   is $1 - y^2$, at most 1.
#
# ## Exercise 3: the derivatives


# %%
def relu_slope(x):
    """The derivative of ReLU at the numbers of the array x."""
    ### BEGIN SOLUTION
    return (x > 0) * 1.0
    ### END SOLUTION


def sigmoid_slope(x):
    """The derivative of the sigmoid."""
    ### BEGIN SOLUTION
    y = 1 / (1 + np.exp(-x))
    return y * (1 - y)
    ### END SOLUTION


def tanh_slope(x):
    """The derivative of np.tanh."""
    ### BEGIN SOLUTION
    return 1 - np.tanh(x) ** 2
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "slopes",
    "The derivatives of ReLU, sigmoid and tanh.",
    hints=[
        "x > 0 is an array of True and False; times 1.0 it becomes an array of 1 and 0.",
        "For the other two compute the output y first, 1 / (1 + np.exp(-x)) or np.tanh(x), then use the formula.",
        "return (x > 0) * 1.0; return y * (1 - y); return 1 - y**2",
    ],
)
some = np.array([-2.0, -0.5, 0.3, 1.7])
exercise.check(
    "ReLU, on both sides and at 0",
    lambda: relu_slope(np.array([-1.0, 0.0, 3.0])),
    [0, 0, 1],
    because="1 where x > 0, otherwise 0; at 0 we take 0",
)
exercise.check("sigmoid at 0: a quarter", lambda: sigmoid_slope(np.array([0.0])), [0.25])
exercise.check_gradient("ReLU by differences", lambda: (lambda x: np.maximum(x, 0), lambda g, x: g * relu_slope(x)), some)
exercise.check_gradient("sigmoid by differences", lambda: (lambda x: 1 / (1 + np.exp(-x)), lambda g, x: g * sigmoid_slope(x)), some)
exercise.check_gradient("tanh by differences", lambda: (np.tanh, lambda g, x: g * tanh_slope(x)), some)
exercise.done()

# %% [markdown]
# ## The vanishing gradient
# <!-- concept: 19 -->
#
# In a deep net, the gradient passes one activation after the other on its way to the first layer, and is multiplied by the derivative of
# each. With the sigmoid, that is at most ¼ every time.

# %%
for depth in (1, 2, 5, 10):
    print(f"{depth:2} sigmoids: at most {0.25**depth:.7f} of the gradient")

# %% [markdown]
# The weights between them count, too. But let us look at real nets with ten hidden layers of 32 units, before any training: how large is
# the gradient that arrives at the output of each layer? (`he_normal` is a start that suits ReLU; we come to it below.)


# %%
def deep(activation, start="glorot_uniform"):
    minidl.set_seed(1)
    hidden = [layers.Dense(32, activation, kernel_initializer=start) for _ in range(10)]
    model = minidl.Sequential([layers.Input((2,)), *hidden, layers.Dense(1)])
    model.compile("sgd", loss="mean_squared_error")
    return model


plots.gradient_flow({"sigmoid": deep("sigmoid"), "tanh": deep("tanh"), "relu": deep("relu", "he_normal")}, points, same_sign)

# %% [markdown]
# Read it from right to left, as the gradient goes. (The step down from 11 to 10 is natural: the output is a single unit, and 32 units share
# what comes from it.) Then the lines of tanh and ReLU stay level. That of the sigmoid falls to about a quarter with every layer, and at the
# first layer one part in a million or less is left: the **vanishing gradient**. The first layers do not learn, and so the layers behind
# them work on something random.
#
# Does it matter in practice? Nets with ten hidden layers of 16 units, trained in the same way:

# %%
for activation, start in (("sigmoid", "glorot_uniform"), ("tanh", "glorot_uniform"), ("relu", "he_normal")):
    model = net(activation, depth=10, start=start)
    model.optimizer.learning_rate = 0.005
    model.fit(points, same_sign, epochs=40, verbose=0)
    print(f"ten layers of {activation:8}: accuracy {accuracy(model):.2f}")

# %% [markdown]
# With sigmoids it does not learn. (Which is not the fault of the sigmoid at the *end* of the net. One is no problem.)
#
# ## Exercise 4: how deep is too deep?


# %%
def layers_until(share, slope):
    """The smallest number of layers after which at most ``share`` of a gradient is left, if each multiplies it by ``slope``."""
    ### BEGIN SOLUTION
    count, left = 0, 1.0
    while left > share:
        left *= slope
        count += 1
    return count
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "layers_until",
    "How fast a gradient vanishes.",
    hints=[
        "Start with left = 1.0 and count = 0.",
        "While left > share: multiply left by slope, and add 1 to count.",
        "left, count = 1.0, 0; while left > share: left *= slope; count += 1; and after the loop return count",
    ],
)
exercise.check("a millionth, with sigmoids", lambda: layers_until(1e-6, 0.25), 10, because="0.25⁹ is still more than a millionth")
exercise.check("a thousandth, with sigmoids", lambda: layers_until(1e-3, 0.25), 5)
exercise.check("a half, if 95 % pass each time", lambda: layers_until(0.5, 0.95), 14, 1e-6, "even a little loss adds up")
exercise.done()

# %% [markdown]
# ## Where to start: initialisation
#
# ReLU passes the gradient in full, so is all well with ReLU? Only if the weights begin with the right size.
#
# Each unit adds up $n$ products, one for each input. The more they are, the larger the sum: if the weights vary by σ (here the letter means
# their standard deviation, not the sigmoid), the sum varies in proportion to $\sqrt{n}\,\sigma$. Too large a σ makes every layer's outputs larger than those of the layer
# before, too small a σ makes them smaller; after ten layers the factor has been applied ten times. For ReLU, which sets half of the numbers
# to 0, half of the squares are lost. What is left keeps its size if $\tfrac{1}{2} n\, \sigma^2 = 1$, so
#
# $$\sigma = \sqrt{2 / n}$$
#
# (He initialisation, after its first author.) For tanh, one takes $\sqrt{2 / (n + m)}$ with $m$ units in the layer (Glorot initialisation).
# For our 32 inputs, He's σ is 0.25. Let us look at the outputs of each hidden layer for a σ too small, right, and too large:

# %%
starts = {
    "too small, 0.05": initializers.RandomNormal(0, 0.05),
    "He, 0.25": "he_normal",
    "too large, 0.5": initializers.RandomNormal(0, 0.5),
}
nets = {name: deep("relu", start) for name, start in starts.items()}
for name, model in nets.items():
    outputs = [*layer_outputs(model, points).values()][:10]
    print(f"{name:16}", " ".join(f"{y.numpy().std():9.2g}" for y in outputs[::3]), "  (layers 1, 4, 7, 10)")

# %%
plots.gradient_flow(nets, points, same_sign)

# %% [markdown]
# (Layer 1 is a special case in the table: it has two inputs only, for which He's σ is 1, so its outputs are larger than with 0.5.) The gradient
# vanishes, stays, or *explodes*, although all three nets use ReLU. minidl's layers start with Glorot's size, as those of Keras
# do; `kernel_initializer="he_normal"` chooses He's. (*Kernel* is Keras' word for the weights of a layer.)
#
# And why random at all? If all weights of a layer began with the same number, all of its units would compute the same, get the same
# gradient, and remain the same for ever: a layer of 16 units would be worth one.

# %%
half = initializers.Constant(0.5)
equal = minidl.Sequential(
    [layers.Input((2,)), layers.Dense(4, "tanh", kernel_initializer=half), layers.Dense(1, "sigmoid", kernel_initializer=half)]
)
equal.compile("adam", loss="mean_squared_error")
equal.fit(points, same_sign, epochs=5, verbose=0)
print("the weights of four units after training (a column each):\n", equal.get_weights()[0].round(3), sep="")

# %% [markdown]
# ## Exercise 5: He's start


# %%
def he_weights(inputs, units, rng):
    """Random weights (inputs, units) with mean 0 and He's standard deviation; ``rng.normal(size=…)`` has standard deviation 1."""
    ### BEGIN SOLUTION
    return rng.normal(size=(inputs, units)) * np.sqrt(2 / inputs)
    ### END SOLUTION


# %% tags=["check"]
def through(count):
    """The mean square of the numbers after so many layers with ReLU, divided by that before them."""
    chance = np.random.default_rng(3)
    x = first = chance.normal(size=(200, 400))
    for _ in range(count):
        x = np.maximum(x @ he_weights(400, 400, chance), 0)
    return float((x**2).mean() / (first**2).mean())


exercise = Exercise(
    "he_weights",
    "Weights that keep the size of the signal.",
    hints=[
        "Numbers with standard deviation 1, multiplied by σ, have standard deviation σ.",
        "σ = np.sqrt(2 / inputs); the number of units plays no part.",
        "return rng.normal(size=(inputs, units)) * np.sqrt(2 / inputs)",
    ],
)
exercise.check("the shape", lambda: np.shape(he_weights(3, 7, np.random.default_rng(0))), (3, 7))
exercise.check("few inputs: large weights", lambda: he_weights(8, 10000, np.random.default_rng(0)).std(), 0.5, 0.02, "√(2/8)")
exercise.check("many inputs: small weights", lambda: he_weights(5000, 20, np.random.default_rng(0)).std(), 0.02, 0.02, "√(2/5000)")
exercise.check(
    "ten layers with ReLU keep the size, about",
    lambda: 0.5 < through(10) < 2.0,
    because="the mean square after ten layers, over that before",
)
exercise.done()

# %% [markdown]
# ## Units that die
# <!-- concept: 19 -->
#
# ReLU has a weakness of its own. Where its input is negative, its output is 0 and its derivative is 0. For *some* examples that is how it
# should be. But if a unit's input is negative for **all** examples, no gradient ever reaches its weights: they stay as they are, and so
# does the unit. It is **dead**. (It does not suffice that an input is negative now and then, as one sometimes reads.)
#
# Let us kill them on purpose: we start all biases at −2, so that every unit gets negative inputs only.

# %%
dead = net("relu", bias=initializers.Constant(-2.0))
before = dead.get_weights()
dead.fit(points, same_sign, epochs=40, verbose=0)
print(f"accuracy {accuracy(dead):.2f};  the first layer's weights moved by {np.abs(dead.get_weights()[0] - before[0]).max():.3f}")
plots.dead_units(dead, points)

# %% [markdown]
# Forty epochs, and the first layer's weights have not moved at all.
#
# In practice units die from a **learning rate that is too large**: one huge update throws a unit's weights so far that its input is
# negative for all examples from then on. Here is plain gradient descent with a reasonable rate, and with an enormous one. (How many die
# depends on the run.)

# %%
for rate in (0.3, 20.0):
    model = net("relu", rate=rate)
    model.fit(points, same_sign, epochs=20, verbose=0)
    hidden = [y.numpy() for y in layer_outputs(model, points).values()][:2]  # two arrays (300 points, 16 units)
    silent = sum((y == 0).all(axis=0).sum() for y in hidden)
    print(f"rate {rate:4}: {silent:2} of 32 units give 0 for every point; accuracy {accuracy(model):.2f}")

# %% [markdown]
# What helps:
#
# * a **smaller learning rate**;
# * a **good start**: He's weights, and biases of 0;
# * a **ReLU that leaks**: on the negative side its slope is not 0 but small, 0.2 for instance. That is called **leaky ReLU**. Then some
#   gradient always passes, and a unit can come back.

# %%
leaking = net("leaky_relu", bias=initializers.Constant(-2.0))
leaking.fit(points, same_sign, epochs=40, verbose=0)
print(f"leaky ReLU from the same bad start: accuracy {accuracy(leaking):.2f}")

# %% [markdown]
# There are more of this kind, smooth ones too:

# %%
plots.activations(["leaky_relu", "elu", "gelu"])

# %% [markdown]
# ## Exercise 6: leaky ReLU, with its gradient


# %%
def leaky_relu(x, slope):
    """x where x > 0, otherwise slope · x."""
    ### BEGIN SOLUTION
    return np.where(x > 0, x, slope * x)
    ### END SOLUTION


def leaky_relu_backward(g, x, slope):
    """dL/dx, for g = dL/dy."""
    ### BEGIN SOLUTION
    return g * np.where(x > 0, 1.0, slope)
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "leaky_relu",
    "Leaky ReLU and its gradient.",
    hints=[
        "np.where(condition, a, b) takes a where the condition is True, and b elsewhere.",
        "The derivative is 1 where x > 0, otherwise slope; g is multiplied by it.",
        "return np.where(x > 0, x, slope * x); return g * np.where(x > 0, 1.0, slope)",
    ],
)
exercise.check(
    "both sides",
    lambda: leaky_relu(np.array([-2.0, 3.0]), 0.1),
    [-0.2, 3.0],
    because="0.1 · (−2) = −0.2; np.where does for arrays what if does for a number",
)
exercise.check("slope 0 is ReLU", lambda: leaky_relu(some, 0.0), np.maximum(some, 0))
exercise.check("some gradient always passes", lambda: leaky_relu_backward(np.array([5.0, 5.0]), np.array([-2.0, 3.0]), 0.1), [0.5, 5.0])
exercise.check_gradient("checked by differences", lambda: (lambda x: leaky_relu(x, 0.2), lambda g, x: leaky_relu_backward(g, x, 0.2)), some)
exercise.done()

# %% [markdown]
# ## Which one, then?
#
# * **Between layers: ReLU**, with He's start. It is quick to compute, and it passes the gradient. If units die, leaky ReLU or one of its
#   relatives.
# * **At the end** it depends on what the answer is: *nothing* for a number such as a price; a **sigmoid** for one probability; **softmax**
#   for several (lesson 9).
# * **tanh** between layers works as well, as you saw with ten of them. But it is flat at both ends: a unit that has got there is *saturated*,
#   and hardly learns any more. The **sigmoid** between layers is for shallow nets, or for special purposes.
#
# ## What you know now
#
# * Linear layers one after another are one linear layer. An **activation function** between them makes the difference.
# * Backpropagation multiplies by the derivative of each activation. The sigmoid's is at most ¼, so in deep nets the gradient **vanishes**.
# * The **initial weights** decide whether signals and gradients keep their size: σ = √(2/n) for ReLU. They are random, so that units become
#   different.
# * A ReLU unit whose input is negative for *all* examples is **dead**: smaller steps, a better start, or a leak help.
#
# **To read on:** Nielsen, *Neural Networks and Deep Learning*, chapter 5 (free online), "Why are deep neural networks hard to train?";
# Glorot and Bengio, *Understanding the difficulty of training deep feedforward neural networks* (2010); He, Zhang, Ren and Sun, *Delving
# deep into rectifiers* (arXiv 1502.01852).
# **Next:** in lesson 9 the sigmoid at the end gets the loss that belongs to it.
