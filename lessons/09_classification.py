# %% [markdown]
# # 9. Classification
#
# **After this lesson you can**
#
# * turn the scores of a net into probabilities, for two classes (sigmoid) and for several (softmax);
# * explain cross-entropy as surprise, write it, say where the short version fails, and mend it;
# * choose the right one of the three cross-entropy losses for the labels that you have.
#
# **Where we are.** Our first nets gave numbers, such as prices. In lesson 8 one told two kinds of points apart already, with a makeshift
# loss. Now we do it properly, for any number of kinds: the net says *which of several things* an example is. All of it stays as it is, up
# to the last layer. What changes is that last layer, and the loss.
#
# *50 minutes. You need: gradient descent (lesson 3) and layers with activations (lesson 8).*

# %%
import math

import numpy as np

import minidl
from minidl import layers, losses, ops, plots
from minidl.lesson_runner import Exercise, Prediction

rng = np.random.default_rng(0)
fruit = np.concatenate([rng.normal((-1, 0), 0.8, (100, 2)), rng.normal((1, 0.5), 0.8, (100, 2))])
kind = np.repeat([0, 1], 100)  # 100 lemons, then 100 oranges
print("the first lemon:", fruit[0].round(2), "  the first orange:", fruit[100].round(2))

# %% [markdown]
# These are invented measurements of 100 lemons and 100 oranges: how orange the colour is, and how round the fruit, both on a scale whose
# middle is 0. The **label** of a fruit is its **class**: 0 for lemons, 1 for oranges.
#
# ## From a score to a probability
# <!-- concept: 20 -->
#
# A neuron computes $z = w_1 x_1 + w_2 x_2 + b$. That is a number between −∞ and ∞: a **score**, large if the fruit looks like an orange. We
# would like a *probability*, between 0 and 1. The **sigmoid** function makes one of any score:
#
# $$\sigma(z) = \frac{1}{1 + e^{-z}}$$

# %%
plots.activations(["sigmoid"], between=(-8, 8), title="The sigmoid, and its derivative")

# %%
for z in (-5, -1, 0, 1, 5):
    print(f"score {z:2}: probability {ops.sigmoid(float(z)).item():.4f}")

# %% [markdown]
# A score of 0 means "no idea": ½. The larger the score, the nearer the probability comes to 1, and it never gets there. A score of −5 is
# exactly as sure of *lemon* as 5 is of *orange*: σ(−z) = 1 − σ(z).
#
# A neuron with a sigmoid is called **logistic regression**. (The name is old. It is a classifier all the same.)
#
# ## Exercise 1: the sigmoid


# %%
def sigmoid(z):
    """1 / (1 + e⁻ᶻ), for a number or an array."""
    ### BEGIN SOLUTION
    return 1 / (1 + np.exp(-z))
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "sigmoid",
    "The sigmoid function.",
    hints=[
        "The exponential function is np.exp; it takes arrays, too.",
        "First compute np.exp(-z), then add 1, then divide 1 by that.",
        "return 1 / (1 + np.exp(-z))",
    ],
)
exercise.check("no idea: one half", lambda: sigmoid(0.0), 0.5)
exercise.check("a score of 1", lambda: sigmoid(1.0), 0.7310585786)
exercise.check("arrays, and σ(−z) = 1 − σ(z)", lambda: sigmoid(np.array([-3.0, 2.0])) + sigmoid(np.array([3.0, -2.0])), [1.0, 1.0])
exercise.done()

# %% [markdown]
# ## A loss from surprise
# <!-- concept: 22 -->
#
# How bad is a probability? Say the net gives an orange the probability p of being an orange. If p is near 1, the truth is no surprise. If p
# is 0.01, it is a great surprise. The measure of surprise is
#
# $$\text{surprise} = -\ln p$$
#
# (ln is the natural logarithm, in Python `math.log`.) What happens for certain does not surprise at all, −ln 1 = 0. The less likely it was,
# the more it does:

# %%
for p in (1.0, 0.9, 0.5, 0.1, 0.01, 0.0001):
    print(f"probability {p:<6}: surprise {-math.log(p) + 0.0:.2f}")  # + 0.0 makes 0 of −0

# %% [markdown]
# Why a logarithm? Because surprises should *add up*: two independent events with probabilities p and q happen together with probability p ·
# q, and −ln(p q) = −ln p − ln q.
#
# Two words that you will meet. **Entropy** is the surprise that you have to expect on average if you know the true probabilities $p_k$:
# $-\sum_k p_k \ln p_k$. **Cross-entropy** is what you get on average if you believe in other probabilities, $q_k$: $-\sum_k p_k \ln q_k$.
# Somebody who believes wrong things is more surprised:


# %%
def cross_entropy(truth, belief):
    return -sum(p * math.log(q) for p, q in zip(truth, belief) if p)


fair, loaded = (0.5, 0.5), (0.9, 0.1)
print(f"entropy of a fair coin:             {cross_entropy(fair, fair):.3f}")
print(f"entropy of a loaded coin:           {cross_entropy(loaded, loaded):.3f}   (it is easier to foresee)")
print(f"a loaded coin, believed to be fair: {cross_entropy(loaded, fair):.3f}")
print(f"a fair coin, believed to be loaded: {cross_entropy(fair, loaded):.3f}")

# %% [markdown]
# In classification the truth is certain: this *is* an orange. So for one example, the cross-entropy is the surprise at its true class, and
# the loss is the mean of that over all examples.
#
# ## Exercise 2: cross-entropy for two classes
#
# The net gives ŷ, the probability of class 1. If the label y is 1, the surprise is −ln ŷ. If y is 0, the true class has the probability 1 −
# ŷ. Write it for one example, with `math.log`. (In books both cases stand in one formula, $-y \ln \hat y - (1 - y) \ln (1 - \hat y)$. As code
# it would compute both logarithms, also the one that is then multiplied by 0; take only the one that is needed.)


# %%
def get_entropy_loss(y, y_hat):
    """The surprise at the label y, 0 or 1, if class 1 was given the probability y_hat."""
    ### BEGIN SOLUTION
    if y == 1:
        return -math.log(y_hat)
    return -math.log(1 - y_hat)
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "get_entropy_loss",
    "The cross-entropy of one example with two classes.",
    hints=[
        "There are two cases: if y == 1, and otherwise.",
        "The true class has the probability y_hat in the first case, and 1 - y_hat in the second.",
        "return -math.log(y_hat) if y == 1 else -math.log(1 - y_hat)",
    ],
)
exercise.check(
    "an orange, rather sure", lambda: get_entropy_loss(1, 0.9), 0.105360516, because="−ln 0.9: the natural logarithm, with a minus"
)
exercise.check("a lemon, taken for an orange", lambda: get_entropy_loss(0, 0.9), 2.302585093)
exercise.check("no idea", lambda: [get_entropy_loss(0, 0.5), get_entropy_loss(1, 0.5)], [0.693147181, 0.693147181])
exercise.check(
    "sure and right: no surprise", lambda: abs(get_entropy_loss(0, 0)), 0.0, because="−ln(1 − 0) = 0; ln ŷ is not needed for y = 0"
)
exercise.done()

# %% [markdown]
# ## Where it fails
# <!-- concept: 22 -->

# %%
Prediction(
    "The label is 1, and the net says ŷ = 0. What does −math.log(0) give?",
    ["0", "A very large number", "Infinity", "An error"],
    answer=3,
    why="The logarithm of 0 does not exist; it has no finite value. Python's math.log raises a ValueError; NumPy's gives −inf, with a warning.",
)

# %%
try:
    print(-math.log(0))
except ValueError as error:
    print("ValueError:", error)  # the words depend on Python's version

# %% [markdown]
# Can ŷ be 0 at all, if the sigmoid never gets there? On paper not. In a computer yes: numbers are rounded. Note the next line. For a score
# of 40 the sigmoid is 1 to the last digit, so that 1 − ŷ is 0:

# %%
y_hat = ops.sigmoid(40.0).item()
print("σ(40) =", y_hat, "  1 − σ(40) =", 1 - y_hat)

# %% [markdown]
# One single example like this, and the training is over. The usual repair is **clipping**: keep ŷ a tiny bit away from 0 and 1, by ε = 10⁻⁷
# for instance.
#
# ## Exercise 3: mend it


# %%
def safe_entropy_loss(y, y_hat, epsilon=1e-7):
    """Like get_entropy_loss, with y_hat kept between epsilon and 1 − epsilon."""
    ### BEGIN SOLUTION
    y_hat = min(max(y_hat, epsilon), 1 - epsilon)
    return -math.log(y_hat) if y == 1 else -math.log(1 - y_hat)
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "safe_entropy_loss",
    "Cross-entropy that never fails.",
    hints=[
        "Only y_hat changes, before you take the logarithm.",
        "max(y_hat, epsilon) is at least epsilon; min(…, 1 - epsilon) is at most 1 − epsilon.",
        "y_hat = min(max(y_hat, epsilon), 1 - epsilon), and then as before",
    ],
)
exercise.check("an orange, given probability 0", lambda: safe_entropy_loss(1, 0.0), 16.11809565, 1e-6, "−ln 10⁻⁷")
exercise.check("a lemon, given probability 0", lambda: safe_entropy_loss(0, 1.0), 16.11809565, because="keep ŷ below 1 − ε, too")
exercise.check("in between nothing changes", lambda: [safe_entropy_loss(1, 0.9), safe_entropy_loss(0, 0.3)], [0.105360516, 0.356674944])
exercise.check("another epsilon", lambda: safe_entropy_loss(1, 0.0, epsilon=0.01), 4.605170186)
exercise.done()

# %% [markdown]
# ## The gradient is simple
#
# Let us go back through the loss and the sigmoid, for y = 1. The derivative of −ln ŷ is −1/ŷ. That of the sigmoid is ŷ (1 − ŷ) (lesson 8).
# The chain rule multiplies them:
#
# $$\frac{\partial L}{\partial z} = -\frac{1}{\hat y} \cdot \hat y\,(1 - \hat y) = \hat y - 1$$
#
# For y = 0 the loss is −ln(1 − ŷ), with the derivative 1/(1 − ŷ), and the product is ŷ. Both in one formula:
#
# $$\frac{\partial L}{\partial z} = \hat y - y$$
#
# *What the net said, minus the truth.* All of the exponentials and logarithms are gone. We look whether backpropagation agrees:

# %%
z = minidl.Tensor(0.7, requires_grad=True)
for label, loss in ((1, -ops.log(ops.sigmoid(z))), (0, -ops.log(1 - ops.sigmoid(z)))):
    (g,) = minidl.grad(loss, [z])
    print(f"y = {label}: backpropagation {g.item():9.6f}   ŷ − y {ops.sigmoid(0.7).item() - label:9.6f}")

# %% [markdown]
# Clipping spoils exactly this. Where it holds ŷ fast, a small change of z changes nothing, and the gradient is 0: the most wrong of all
# answers teach nothing. So the better repair is to compute the loss **from the score**. Since $\hat y = e^z / (1 + e^z)$ and
# $1 - \hat y = 1 / (1 + e^z)$, the surprises are $\ln(1 + e^z) - z$ for y = 1 and $\ln(1 + e^z)$ for y = 0. Together that is
# $\ln(1 + e^z) - y z$, the same on paper, and it never meets ln 0. In minidl, as in Keras, that is `from_logits=True` (scores are also called
# **logits**):

# %%
y = np.array([[1.0]])
for score in (-3.0, -40.0):
    z = minidl.Tensor([[score]], requires_grad=True)
    clipped = losses.BinaryCrossentropy()(y, ops.sigmoid(z))
    from_score = losses.BinaryCrossentropy(from_logits=True)(y, z)
    (g_clipped,), (g_score,) = minidl.grad(clipped, [z]), minidl.grad(from_score, [z])
    print(f"score {score:5}: clipped {clipped.item():.3f}, gradient {g_clipped.item():.3f};", end="   ")
    print(f"from the score {from_score.item():.3f}, gradient {g_score.item():.3f}")

# %% [markdown]
# ## Why not the squared error?
# <!-- concept: 22 -->
#
# The squared error (1 − p)² of lesson 2 would also be small if p is near 1. Compare the two, over the probability p of the right class:

# %%
plots.losses_of_a_probability()

# %% [markdown]
# If the net is sure and wrong, cross-entropy pulls hard. The squared error is never larger than 1, and what is worse, by the score its
# derivative is $2(\hat y - y) \cdot \hat y (1 - \hat y)$. The sigmoid's flat ends stay in it. For an orange with the score −8:

# %%
z = minidl.Tensor(-8.0, requires_grad=True)
(by_surprise,) = minidl.grad(-ops.log(ops.sigmoid(z)), [z])
(by_square,) = minidl.grad((1 - ops.sigmoid(z)) ** 2, [z])
print(f"gradient of the cross-entropy {by_surprise.item():.4f}, of the squared error {by_square.item():.4f}")

# %% [markdown]
# With the squared error, such an example hardly moves the weights. That is why classifiers are trained with cross-entropy.
#
# ## Lemons and oranges
#
# Logistic regression in minidl is one dense layer with one unit:

# %%
minidl.set_seed(0)
model = minidl.Sequential([layers.Input((2,)), layers.Dense(1, activation="sigmoid")])
model.compile(optimizer=minidl.optimizers.Adam(0.05), loss="binary_crossentropy", metrics=["accuracy"])
model.fit(fruit, kind.reshape(-1, 1), epochs=30, verbose=0)  # the labels as a column, as the outputs are: (200, 1)
plots.decision_boundary(model, fruit, kind, ["lemon", "orange"], names=("orange colour", "roundness"))

# %% [markdown]
# The border, where the probability is ½, is a straight line: there $w_1 x_1 + w_2 x_2 + b = 0$. Near the border the net is unsure (pale),
# far from it it is sure. Some fruit lie on the wrong side: the two clouds overlap, and no border keeps them apart.

# %%
loss, accuracy = model.evaluate(fruit, kind.reshape(-1, 1), verbose=0)
print(f"loss {loss:.3f}   accuracy {accuracy:.3f}")

# %% [markdown]
# The **accuracy** is the share of right answers, here among the fruit that it learned from. (For an honest number one takes new fruit, as in
# lesson 0.) It is a *fraction*, from 0 to 1; if you want per cent, multiply by 100. The loss says more
# than the accuracy: it counts how sure the answers are, and it has a gradient. The accuracy jumps from one value to the next, so one cannot
# train with it.
#
# ## Several classes
# <!-- concept: 20 -->
#
# For more than two classes, the last layer gets **one unit (node) for each class**, and each unit gives a score. Now we need probabilities
# that **sum to 1**, as the fruit is exactly one of them. The **softmax** function makes them in two steps: take $e^z$ of each score, which
# makes it positive; divide by the sum of all.
#
# $$\text{softmax}(z)_k = \frac{e^{z_k}}{\sum_j e^{z_j}}$$

# %%
scores = np.array([2.0, 1.0, -1.0])
powers = np.exp(scores)
print("exponentials: ", powers.round(3))
print("probabilities:", (powers / powers.sum()).round(3), " sum:", (powers / powers.sum()).sum().round(3))

# %% [markdown]
# (You may read that softmax is "sigmoid, then normalise". It is not: it is *exp*, then normalise. With a sigmoid, all large scores would
# look alike:)

# %%
scores = np.array([10.0, 5.0, 0.0])
squashed = ops.sigmoid(scores).numpy()
print("sigmoid, then normalised:", (squashed / squashed.sum()).round(3))
print("softmax:                 ", ops.softmax(scores).numpy().round(3))

# %%
Prediction(
    "The scores (2, 1, 0) become (102, 101, 100). What happens to the softmax?",
    ["The first probability becomes larger", "All become more equal", "Nothing", "All become larger"],
    answer=2,
    why="Each exponential is multiplied by the same number, e¹⁰⁰, and so is their sum: it falls out. Only differences between scores count.",
)

# %%
for scores in ([2.0, 1.0, 0.0], [102.0, 101.0, 100.0]):
    print("softmax:", ops.softmax(np.array(scores)).numpy().round(4))
with np.errstate(over="ignore"):
    print("e to the power of 1000:", np.exp(1000.0))

# %% [markdown]
# That is useful. A computer cannot represent $e^{1000}$; but you may subtract the largest score from all of them first, and then all
# exponents are 0 or negative.
#
# ## Exercise 4: softmax
#
# Write it for an array of shape (examples, classes), such that large scores do no harm.


# %%
def softmax(z):
    """The softmax of each row of z."""
    ### BEGIN SOLUTION
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "softmax",
    "Softmax for a batch.",
    hints=[
        "The largest score of each row is z.max(axis=1, keepdims=True): shape (examples, 1), so it can be subtracted from z.",
        "Take np.exp of the difference; the sum of each row is .sum(axis=1, keepdims=True).",
        "powers = np.exp(z - z.max(axis=1, keepdims=True)); return powers / powers.sum(axis=1, keepdims=True)",
    ],
)
some = np.random.default_rng(1).normal(size=(4, 3))
exercise.check("three scores", lambda: softmax(np.array([[2.0, 1.0, -1.0]])), [[0.70538451, 0.25949646, 0.03511903]])
exercise.check("each row sums to 1", lambda: softmax(some).sum(axis=1), np.ones(4), because="the sum along a row: axis=1, keepdims=True")
exercise.check("only differences count", lambda: softmax(some + 100.0), ops.softmax(some).numpy())
large = np.array([[1000.0, 1000.0, 0.0], [0.0, 0.0, -1000.0]])
exercise.check(
    "large scores do no harm", lambda: softmax(large), [[0.5, 0.5, 0.0]] * 2, because="first subtract from each row its own largest score"
)
exercise.done()

# %% [markdown]
# With two classes, softmax is the sigmoid again: softmax of the scores (z, 0) is (σ(z), 1 − σ(z)).

# %%
print("softmax of (0.7, 0):", ops.softmax(np.array([0.7, 0.0])).numpy(), "  σ(0.7):", ops.sigmoid(0.7).item())

# %% [markdown]
# ## Labels that fit: one-hot
# <!-- concept: 21 -->
#
# The net now gives a row of probabilities. The truth can be written in the same form: 1 for the right class, 0 for all others. This is
# called **one-hot**. For the classes cat, dog, and bird, a dog is (0, 1, 0). The loss is the cross-entropy between the two rows,
#
# $$L = -\sum_k t_k \ln p_k$$
#
# where $t$ is the one-hot label. Because all $t_k$ but one are 0, only the surprise at the right class is left of it.
#
# ## Exercise 5: one-hot labels


# %%
def one_hot(labels, classes):
    """Class numbers (n,) → one-hot rows (n, classes)."""
    ### BEGIN SOLUTION
    rows = np.zeros((len(labels), classes))
    rows[np.arange(len(labels)), labels] = 1
    return rows
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "one_hot",
    "Class numbers as one-hot rows.",
    hints=[
        "Begin with np.zeros((len(labels), classes)).",
        "In row i, the number at column labels[i] becomes 1. A loop will do.",
        "rows[np.arange(len(labels)), labels] = 1, or in a loop rows[i, labels[i]] = 1; then return rows",
    ],
)
exercise.check("cat, dog, bird", lambda: one_hot(np.array([0, 1, 2]), 3), np.eye(3), because="a single 1 in each row")
exercise.check("two dogs", lambda: one_hot(np.array([1, 1]), 3), [[0, 1, 0], [0, 1, 0]])
exercise.check("a class that nobody has gets its column, too", lambda: np.shape(one_hot(np.array([0, 1]), 10)), (2, 10))
exercise.check("argmax leads back", lambda: one_hot(np.array([4, 0, 3, 3]), 5).argmax(axis=1), [4, 0, 3, 3])
exercise.done()

# %% [markdown]
# In minidl this is `minidl.data.one_hot`; in Keras, `to_categorical`.
#
# ## The gradient, once more
#
# Softmax and cross-entropy go together as sigmoid and cross-entropy do. If c is the right class, the loss is
#
# $$L = -\ln p_c = -\ln \frac{e^{z_c}}{\sum_j e^{z_j}} = \ln \sum_j e^{z_j} - z_c$$
#
# The derivative of the first part by $z_k$ is $e^{z_k} / \sum_j e^{z_j} = p_k$; the second part adds −1 for the right class only. So
#
# $$\frac{\partial L}{\partial z_k} = p_k - t_k$$
#
# The scores of all wrong classes are pushed down, each by as much probability as it had; the score of the right class is pushed up, by what
# it lacked.
#
# ## Exercise 6: the gradient of softmax with cross-entropy
#
# `forward` gives one loss for each example. `g` holds the gradients that arrive from above, one for each loss; each multiplies its row.

# %%
truth = minidl.data.one_hot(np.array([0, 2, 1, 1]), 3)


def forward(z):
    """Scores (4, 3) → the cross-entropies (4,) with ``truth``."""
    return -(truth * np.log(ops.softmax(z).numpy())).sum(axis=1)


def backward(g, z):
    """dL/dz (4, 3), for g = dL/dlosses (4,)."""
    p = ops.softmax(z).numpy()
    ### BEGIN SOLUTION
    return g[:, None] * (p - truth)
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "backward",
    "The gradient of cross-entropy after softmax, by the scores.",
    hints=[
        "For each example it is p − t: the probabilities minus the one-hot label.",
        "g has the shape (4,). To multiply the rows, give it a second axis: g[:, None].",
        "return g[:, None] * (p - truth)",
    ],
)
exercise.check("the shape", lambda: np.shape(backward(np.ones(4), some)), (4, 3), because="g has one number for each row: g[:, None]")
exercise.check("each row sums to 0", lambda: np.abs(backward(np.ones(4), some).sum(axis=1)).max() < 1e-12)
exercise.check(
    "no idea among three",
    lambda: backward(np.ones(4), np.zeros((4, 3)))[0],
    [-2 / 3, 1 / 3, 1 / 3],
    because="⅓ − 1 for the right class, ⅓ − 0 for the others",
)
exercise.check_gradient("checked by differences", lambda: (forward, backward), some)
exercise.done()

# %% [markdown]
# ## Three losses, and the labels that they take
# <!-- concept: 23 -->
#
# | loss | the net's last layer | labels |
# |---|---|---|
# | `BinaryCrossentropy` | 1 unit, sigmoid (or several, each a yes or no of its own) | 0 or 1 for each output |
# | `CategoricalCrossentropy` | one unit per class, softmax | one-hot rows |
# | `SparseCategoricalCrossentropy` | one unit per class, softmax | class numbers 0, 1, 2, … |
#
# The last two compute the same. "Sparse" spares you the one-hot rows:

# %%
p = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]])
print("one-hot:      ", losses.CategoricalCrossentropy()(np.array([[1, 0, 0], [0, 1, 0]]), p).item())
print("class numbers:", losses.SparseCategoricalCrossentropy()(np.array([0, 1]), p).item())
print("by hand:      ", -(math.log(0.7) + math.log(0.3)) / 2)

# %% [markdown]
# A last layer without activation gives scores. Then the loss must know, `from_logits=True`, and applies the softmax itself. Do one of the
# two, not both and not neither:

# %%
logits = np.array([[2.0, 1.0, -1.0]])
print("softmax in the net: ", losses.SparseCategoricalCrossentropy()(np.array([0]), ops.softmax(logits)).item())
print("softmax in the loss:", losses.SparseCategoricalCrossentropy(from_logits=True)(np.array([0]), logits).item())

# %% [markdown]
# What if you take the wrong one? minidl tells you:

# %%
try:
    losses.CategoricalCrossentropy()(np.array([0, 1]), p)
except ValueError as error:
    print(error)

# %% [markdown]
# `BinaryCrossentropy` is not for one-hot labels, as one sometimes reads. It treats *each* output as a question of its own, with the answer
# 0 or 1. That is what you want when several things can be true at once: a photo with a dog, a beach, and no bird is (1, 1, 0). Its loss is
# the mean of three surprises:

# %%
seen, said = np.array([[1.0, 1.0, 0.0]]), np.array([[0.9, 0.8, 0.3]])
print("binary cross-entropy:", losses.BinaryCrossentropy()(seen, said).item())
print("by hand:             ", -(math.log(0.9) + math.log(0.8) + math.log(0.7)) / 3)

# %% [markdown]
# ## Three kinds of fruit
#
# Now all of it together: three classes, class numbers as labels, softmax. (Again the measurements are invented: colour, and size.)

# %%
centres = {"lemon": (-1, -0.7), "orange": (1, -0.7), "apple": (0, 1)}
basket = np.concatenate([rng.normal(centre, 0.55, (100, 2)) for centre in centres.values()])
label = np.repeat([0, 1, 2], 100)

minidl.set_seed(0)
model = minidl.Sequential([layers.Input((2,)), layers.Dense(3, activation="softmax")])
model.compile(optimizer=minidl.optimizers.Adam(0.05), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(basket, label, epochs=30, verbose=0)
plots.decision_boundary(model, basket, label, centres, names=("orange colour", "size"))

# %%
answers = model.predict(np.array([[-1.0, -1.0], [0.1, 0.0]]), verbose=0)
for row in answers:
    print(", ".join(f"{name} {p:.3f}" for name, p in zip(centres, row)), "→", [*centres][row.argmax()])
print(f"accuracy: {model.evaluate(basket, label, verbose=0)[1]:.3f}")

# %% [markdown]
# The answer is the class with the largest probability (`argmax`). For the first point the net is sure. The second lies where the three
# regions meet, and the probabilities say so.
#
# The borders are straight lines again. For curved ones, put layers with activations before the last one, as in lesson 8. That last layer,
# softmax with cross-entropy, stays the same up to the largest nets.
#
# ## What you know now
#
# * A net gives **scores** (logits). **Sigmoid** makes a probability of one score, **softmax** makes probabilities that sum to 1 of several:
#   exp, then normalise.
# * **Cross-entropy** is the mean surprise −ln p at the true class. `log(0)` breaks it. Clipping mends the value, computing from the score
#   mends the gradient, too.
# * With sigmoid or softmax, its gradient by the scores is $p - t$: what the net said, minus the truth.
# * **Binary** for 0 or 1 per output, **categorical** for one-hot rows, **sparse categorical** for class numbers.
# * **Accuracy** is the share of right answers, a fraction from 0 to 1.
#
# **To read on:** Nielsen, *Neural Networks and Deep Learning*, chapter 3 (free online), on the cross-entropy; Goodfellow, Bengio and
# Courville, *Deep Learning*, sections 3.13 and 6.2 (free online); Shannon, *A mathematical theory of communication* (1948), for surprise
# and entropy.
# **Next:** in lesson 10 the examples become pictures.
