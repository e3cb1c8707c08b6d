# %% [markdown]
# # 7. Batches and optimisers
#
# **After this lesson you can**
#
# * say what a batch, an iteration and an epoch are, and count the updates of a training;
# * explain why training on small random batches is quicker, why it is noisy, and what the noise is good for;
# * write the update rules of Momentum, RMSProp and Adam, and say what each of them remembers.
#
# **Where we are.** In lesson 3 you wrote gradient descent. It looked at all 40 houses before every single step, and it crept along the
# floor of a narrow valley. With 40 000 pictures and 79 530 parameters, we cannot afford either. This lesson mends both. It ends the part on
# learning; lesson 8 asks what a net is made of.
#
# *55 minutes. You need: lesson 3, and gradients by backpropagation (lessons 4 to 6).*

# %%
import inspect
import math

import numpy as np

import minidl
from minidl import layers, optimizers, plots
from minidl.data import house_prices
from minidl.lesson_runner import Exercise, Prediction

x, y = house_prices.load_data()  # rooms, and prices in ten thousands
x = x - x.mean()  # rooms more than the average house has: that makes the valley rounder


def loss(w, b):
    """The mean squared error of the line ŷ = w·x + b on all 40 houses."""
    return ((w * x + b - y) ** 2).mean()


print(f"{len(x)} houses; the loss at w = −5, b = 20 is {loss(-5, 20):.1f}")

# %% [markdown]
# ## The gradient is a mean
# <!-- concept: 13 -->
#
# The loss is a mean over the examples, and so is its gradient: you may compute the gradient of each house by itself and take the mean.

# %%
error = -5 * x + 20 - y
each = 2 * error * x  # dL/dw, of each house alone
w = minidl.Tensor(-5.0, requires_grad=True)
(all_together,) = minidl.grad(loss(w, 20.0), [w])
print(f"the mean of 40 gradients: {each.mean():.3f}   backpropagation through the mean loss: {all_together.item():.3f}")

# %% [markdown]
# If you want to know a mean, you need not ask everybody. Opinion polls ask a thousand people. Likewise, a few random houses give a rough
# idea of the gradient:

# %%
rng = np.random.default_rng(0)
for size in (1, 2, 5, 10, 20):
    estimates = [each[rng.choice(40, size)].mean() for _ in range(2000)]
    print(f"{size:2} random houses: the gradient by w is {np.mean(estimates):6.1f} on average, give or take {np.std(estimates):.1f}")

# %% [markdown]
# On average it is right with any number of houses (not to the digit: these are means of 2000 tries). How far a single estimate is off
# falls with the *square root* of their number. Four times as many houses cost four times as much, and give an estimate only twice as good.
# So small samples are a bargain.
#
# ## Batches, iterations, epochs
# <!-- concept: 14, 15 -->
#
# * A **batch** (or *mini-batch*) is the handful of examples from which one gradient is computed. Its size is the **batch size**; 32 is
#   usual.
# * An **iteration** (or *step*) is one batch and the one update that follows from it.
# * An **epoch** is once through all the examples: they are shuffled, cut into batches, and each batch is used once.
#
# Three names say how large the batches are. **Batch gradient descent**: all examples at once. **Stochastic gradient descent**, SGD: one at
# a time. (*Stochastic* means random.) **Mini-batch gradient descent**: something between. In practice almost everybody uses mini-batches,
# and calls that SGD.
#
# 100 examples in batches of 5 are 20 iterations for each epoch. The batch size and the number of epochs are **hyperparameters**, like the
# learning rate: you choose them, no gradient does.

# %%
Prediction(
    "40 000 pictures are trained on in batches of 32. How many updates does one epoch make?",
    ["32", "1 250", "40 000", "1 280 000"],
    answer=1,
    why="40 000 / 32 = 1 250 batches, and each makes one update. Progress bars count to this number.",
)

# %% [markdown]
# ## Exercise 1: count the updates
#
# If the examples cannot be divided evenly, the last batch is smaller. It counts as a batch all the same.


# %%
def updates(examples, batch_size, epochs):
    """How many updates a training makes."""
    ### BEGIN SOLUTION
    return math.ceil(examples / batch_size) * epochs
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "updates",
    "The number of updates of a training.",
    hints=[
        "First the batches of one epoch: the number of examples divided by the batch size.",
        "A rest makes one more batch: round up, with math.ceil.",
        "return math.ceil(examples / batch_size) * epochs",
    ],
)
exercise.check("100 examples in batches of 5", lambda: updates(100, 5, 1), 20)
exercise.check("40 000 pictures in batches of 32", lambda: updates(40000, 32, 1), 1250)
exercise.check("ten epochs of that", lambda: updates(40000, 32, 10), 12500)
exercise.check("with a smaller batch at the end", lambda: updates(100, 32, 3), 12, 1e-9, "32 + 32 + 32 + 4: four batches")
exercise.done()

# %% [markdown]
# ## Exercise 2: cut into batches
#
# Shuffle the numbers 0 … n − 1 (`rng.permutation(n)`), and cut them into pieces.


# %%
def batches(n, batch_size, rng):
    """A list of arrays: the numbers 0 … n − 1 in random order, ``batch_size`` at a time; the last array may be shorter."""
    ### BEGIN SOLUTION
    order = rng.permutation(n)
    return [order[start : start + batch_size] for start in range(0, n, batch_size)]
    ### END SOLUTION


# %% tags=["check"]
def two_epochs():
    chance = np.random.default_rng(0)
    return [np.concatenate(batches(40, 8, chance)) for _ in range(2)]


exercise = Exercise(
    "batches",
    "One epoch's batches.",
    hints=[
        "order = rng.permutation(n) is the shuffled array. The first batch is order[0 : batch_size].",
        "The batches start at 0, batch_size, 2 · batch_size, …: range(0, n, batch_size).",
        "return [order[start : start + batch_size] for start in range(0, n, batch_size)]",
    ],
)
exercise.check(
    "the sizes", lambda: [len(b) for b in batches(10, 4, np.random.default_rng(0))], [4, 4, 2], because="the rest is a batch, too"
)
exercise.check(
    "each example once",
    lambda: sorted(np.concatenate(batches(40, 7, np.random.default_rng(0))).tolist()),
    list(range(40)),
    because="none is left out, none comes twice",
)
exercise.check(
    "in random order",
    lambda: np.concatenate(batches(40, 8, np.random.default_rng(0))).tolist() not in (list(range(40)), list(range(40))[::-1]),
    because="they are not shuffled: rng.permutation(n)",
)
exercise.check(
    "in another order in the next epoch",
    lambda: np.array_equal(*two_epochs()),
    False,
    because="shuffle in every call, with the rng that is given",
)
exercise.done()

# %% [markdown]
# ## The noise of SGD
# <!-- concept: 14 -->
#
# Three walks with the same learning rate and the same number of updates, on batches of all 40 houses, of 8, and of 2. For every update, the
# loss is that of another random batch:


# %%
def on_batches(size, chance):
    """The loss on ``size`` random houses, other ones at each call."""

    def batch_loss(w, b):
        chosen = chance.choice(40, size, replace=False)
        return ((w * x[chosen] + b - y[chosen]) ** 2).mean()

    return batch_loss


start = {"w": -5.0, "b": 20.0}
chance = np.random.default_rng(0)
walks = {f"batch size {n}": minidl.descend(on_batches(n, chance), start, optimizers.SGD(0.05), steps=60) for n in (40, 8, 2)}
plots.loss_surface(loss, (-10, 25), (10, 75), walks, title="One learning rate, three batch sizes")

# %% [markdown]
# All three go the right way. The smaller the batch, the more the walk staggers, and it never comes to rest: near the minimum the true
# gradient is nearly 0, and only the noise is left.
#
# But they did not cost the same. 60 updates on 2 houses look at 120 houses, 60 updates on all look at 2 400. What does each batch size
# achieve if all may look at the *same number* of houses, 160, with the same learning rate?

# %%
for n in (40, 8, 2):
    ends = [minidl.descend(on_batches(n, np.random.default_rng(k)), start, optimizers.SGD(0.05), steps=160 // n).end for k in range(20)]
    print(
        f"batch size {n:2}, {160 // n:2} updates: loss {np.mean([loss(end['w'], end['b']) for end in ends]):6.1f} (the least possible: 566.0)"
    )

# %% [markdown]
# Many rough steps beat few exact ones, up to a point: with 2 houses the noise is so large that it costs some of what was won. Large data
# sets make the difference larger. After a single look at all of 40 000 pictures, batch gradient descent has made one update, and SGD 1 250.
#
# ## What the noise is good for
# <!-- concept: 14 -->
#
# A loss may have more than one valley. Plain gradient descent ends at the bottom of the valley in which it starts, and if that is not the
# deepest one, it does not find out. Noise can carry it over the ridge. Here is a loss with two valleys, and a noise that is added to its
# slope, as batches do:


# %%
def two_valleys(w):
    return w**4 / 8 - w**2 / 2 + 0.15 * w


def noisy(chance, walkers=1):
    """The losses of so many walkers, added up: so each of them follows its own slope, and its own noise."""
    return lambda w: (two_valleys(w) + 2.0 * chance.normal(size=walkers) * w).sum()


walk = minidl.descend(noisy(np.random.default_rng(0)), {"w": 2.5}, optimizers.SGD(0.1), steps=60)
plots.loss_curve(two_valleys, (-2.6, 2.6), walk=walk, title="A noisy walk that starts on the right")

# %%
plain = minidl.descend(lambda w: two_valleys(w), {"w": 2.5}, optimizers.SGD(0.1), steps=200).end["w"]
print(f"without noise, from the right: it ends at {plain:.2f}, in the right valley, which is less deep")
for side, first in {"right": 2.5, "left": -2.5}.items():
    many = minidl.descend(noisy(np.random.default_rng(0), 500), {"w": np.full(500, first)}, optimizers.SGD(0.1), steps=200)
    print(f"with noise, from the {side}: {(many.end['w'] < 0).mean():.0%} of 500 walks end in the deeper valley, on the left")

# %% [markdown]
# The noise shakes a walk out of the shallow valley more easily than out of the deep one. In large nets there is another effect, which is
# often observed: nets trained with small batches tend to do better on *new* examples. Why is not settled. One idea is that noise drives the
# walk out of narrow valleys into wide ones, where the loss changes little if the data change a little.
#
# ## The training cycle
# <!-- concept: 13 -->
#
# These are the six steps of every training:
#
# 1. **Forward propagation**: compute the predictions for a batch.
# 2. Compute the **loss**.
# 3. **Back propagation**: the gradient of the loss by each parameter,
# 4. for all examples of the batch,
# 5. and **update** the parameters with the *average* gradient.
# 6. Start again, with the next batch.
#
# In minidl they are one short method. You can read it (`objective` keeps the loss and the metrics):

# %%
print(inspect.getsource(minidl.Model.train_step))

# %% [markdown]
# `fit` calls this for each batch, epoch after epoch. (Steps 3 and 4 are one: the loss is a mean, so its gradient is the average already.)
# You can write the cycle yourself. Here is a small net that learns a wavy surface, $\sin(3 x_1) \cdot x_2$, from 512 points. (The word
# `"relu"` makes its layers able to bend; that is the subject of lesson 8. And `minidl.grad` returns the gradients and stores nothing, so
# there is nothing to set to zero, as there was after `backward()` in lesson 5.)

# %%
rng = np.random.default_rng(1)
points = rng.uniform(-1, 1, (512, 2)).astype("float32")
heights = np.sin(3 * points[:, :1]) * points[:, 1:]


def small_net(optimizer):
    minidl.set_seed(0)  # every net starts with the same weights
    model = minidl.Sequential([layers.Input((2,)), layers.Dense(32, "relu"), layers.Dense(32, "relu"), layers.Dense(1)])
    model.compile(optimizer, loss="mean_squared_error")
    return model


model = small_net("sgd")
sgd = optimizers.SGD(0.1)
for epoch in range(20):
    order = rng.permutation(512)
    for begin in range(0, 512, 32):
        batch = order[begin : begin + 32]
        predictions = model(points[batch])  # 1
        batch_loss = ((predictions - heights[batch]) ** 2).mean()  # 2
        gradients = minidl.grad(batch_loss, model.trainable_variables)  # 3, 4
        sgd.apply(gradients, model.trainable_variables)  # 5
    if epoch in (0, 1, 4, 19):
        print(f"after epoch {epoch + 1:2}: loss {((model(points) - heights) ** 2).mean().item():.4f}")

# %% [markdown]
# ## A narrow valley
#
# Now the second trouble. Plain gradient descent has one learning rate for all parameters. Here is a long valley, steep across (b) and
# nearly flat along (w), and SGD with about the largest rate that does not diverge:


# %%
def valley(w, b):
    return w**2 / 100 + b**2


from_here = {"w": -8.0, "b": 1.5}
creeping = minidl.descend(valley, from_here, optimizers.SGD(0.9), steps=60)
plots.loss_surface(valley, (-9, 2), (-1.8, 1.8), creeping, title="SGD in a narrow valley: 60 updates")

# %% [markdown]
# Across, it jumps from one side to the other; along the valley it hardly gets ahead. A larger rate would make it diverge across; a smaller
# one would make it even slower along. Three remedies are in use. Each of them *remembers* something of the gradients before.
#
# ## Momentum
# <!-- concept: 18 -->
#
# Let the steps have a memory, as a ball that rolls has one: it keeps a part β of its velocity v, and the slope adds to it.
#
# $$v \leftarrow \beta\, v - \eta\, g \qquad w \leftarrow w + v$$
#
# g is the gradient, v starts at 0, and β is usually 0.9. Slopes that always point the same way add up: one step, 0.9 of the step before,
# 0.81 of the one before that, together ten times as much in the end, as 1 + 0.9 + 0.9² + … = 1 / (1 − 0.9). Slopes that change their
# sign with every step nearly cancel.
#
# ## Exercise 3: momentum


# %%
def momentum(w, v, g, rate, beta):
    """(w, v) after one update."""
    ### BEGIN SOLUTION
    v = beta * v - rate * g
    return w + v, v
    ### END SOLUTION


# %% tags=["check"]
by_minidl = minidl.descend(valley, from_here, optimizers.Momentum(0.2, momentum=0.9), steps=10)


def ten_updates(name):
    value, v, found = from_here[name], 0.0, []
    for g in by_minidl[f"{name}.grad"]:
        value, v = momentum(value, v, float(g), 0.2, 0.9)
        found.append(float(value))
    return found


exercise = Exercise(
    "momentum",
    "The update rule of Momentum.",
    hints=[
        "First the new velocity, then the new w, which uses it.",
        "The new velocity is beta * v - rate * g.",
        "v = beta * v - rate * g; return w + v, v",
    ],
)
exercise.check(
    "from rest it is gradient descent",
    lambda: momentum(7.0, 0.0, -100.0, 0.01, 0.9),
    (8.0, 1.0),
    because="v = 0.9 · 0 − 0.01 · (−100) = 1, and w = 7 + 1",
)
exercise.check("it rolls on where it is flat", lambda: momentum(7.0, 1.0, 0.0, 0.01, 0.9), (7.9, 0.9), because="w moves by the new v, 0.9")
exercise.check("the same slope again and again: ten times the step", lambda: momentum(0.0, -10.0, 1.0, 1.0, 0.9)[1], -10.0)
exercise.check("ten updates of w, as in minidl's ledger", lambda: ten_updates("w"), by_minidl.path("w")[1:])
exercise.check("ten updates of b, as in minidl's ledger", lambda: ten_updates("b"), by_minidl.path("b")[1:])
exercise.done()

# %% [markdown]
# A ledger writes out any update with its numbers:

# %%
rolling = minidl.descend(valley, from_here, optimizers.Momentum(0.2), steps=60)
print(rolling.explain(2, "w"))

# %% [markdown]
# ## RMSProp
# <!-- concept: 18 -->
#
# Another idea: give each parameter **a learning rate of its own**. Remember how large its gradients have been lately, and divide by that.
#
# $$v \leftarrow \rho\, v + (1 - \rho)\, g^2 \qquad w \leftarrow w - \frac{\eta\, g}{\sqrt{v + \varepsilon}}$$
#
# Here v is a running mean of the *squares* of the gradient. (The letter v is used again, for something else. That is the custom.) With ρ =
# 0.9 it looks back about ten updates. The root of it is the gradient's typical size, its *root mean square*, which gave the method its
# name. The tiny ε = 10⁻⁷ only prevents a division by 0.
#
# So the size of the gradient falls out: a parameter whose gradient is always 1000 takes the same steps as one whose gradient is always
# 0.001. Across the valley that calms the jumps, and along it there is progress.
#
# ## Exercise 4: RMSProp


# %%
def rmsprop(w, v, g, rate, rho, epsilon):
    """(w, v) after one update."""
    ### BEGIN SOLUTION
    v = rho * v + (1 - rho) * g**2
    return w - rate * g / math.sqrt(v + epsilon), v
    ### END SOLUTION


# %% tags=["check"]
by_minidl_2 = minidl.descend(valley, from_here, optimizers.RMSprop(0.2, rho=0.9), steps=10)


def ten_updates_2(name):
    value, v, found = from_here[name], 0.0, []
    for g in by_minidl_2[f"{name}.grad"]:
        value, v = rmsprop(value, v, float(g), 0.2, 0.9, 1e-7)
        found.append(float(value))
    return found


exercise = Exercise(
    "rmsprop",
    "The update rule of RMSProp.",
    hints=[
        "First the new v: rho of the old one, and 1 − rho of the gradient's square.",
        "Then w minus rate * g, divided by math.sqrt(v + epsilon), with the new v.",
        "v = rho * v + (1 - rho) * g**2; return w - rate * g / math.sqrt(v + epsilon), v",
    ],
)
exercise.check("the running mean of squares", lambda: rmsprop(0.0, 4.0, 3.0, 0.1, 0.9, 0.0)[1], 4.5)
exercise.check("the step", lambda: rmsprop(5.0, 4.0, 2.0, 0.1, 0.9, 0.0)[0], 4.9)
exercise.check(
    "the size of the gradient falls out",
    lambda: [rmsprop(1.0, s * s, s, 0.1, 0.9, 0.0)[0] for s in (1000.0, 1.0, 0.001)],
    [0.9, 0.9, 0.9],
)
exercise.check(
    "the first step of all", lambda: rmsprop(1.0, 0.0, 5.0, 0.1, 0.75, 0.0)[0], 0.8, because="the new v is 6.25, and its root 2.5"
)
exercise.check("ε stands under the root", lambda: rmsprop(1.0, 0.0, 1.0, 0.1, 0.75, 0.75)[0], 0.9, because="√(0.25 + 0.75) = 1")
exercise.check("ten updates of w, as in minidl's ledger", lambda: ten_updates_2("w"), by_minidl_2.path("w")[1:])
exercise.check("ten updates of b, as in minidl's ledger", lambda: ten_updates_2("b"), by_minidl_2.path("b")[1:])
exercise.done()

# %% [markdown]
# ## Adam
# <!-- concept: 18 -->
#
# **Adam** (*adaptive moments*) does both. It remembers a running mean m of the gradient, as Momentum does, and a running mean v of its
# square, as RMSProp does:
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1)\, g \qquad v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2$$
#
# Both start at 0, so at first they are too small: after t updates with the same g, m is not g but $(1 - \beta_1^t)\, g$. (In update 1 that
# is 0.1 g.) Adam corrects that: in update number $t = 1, 2, 3, …$ it divides by this factor,
#
# $$\hat m = \frac{m}{1 - \beta_1^t} \qquad \hat v = \frac{v}{1 - \beta_2^t} \qquad w \leftarrow w - \frac{\eta\, \hat m}{\sqrt{\hat v} + \varepsilon}$$
#
# usually with β₁ = 0.9, β₂ = 0.999, and η = 0.001.

# %%
Prediction(
    "Two parameters have the gradients 1000 and 0.001. How far does the first update of Adam, with η = 0.1, move them?",
    ["100 and 0.0001", "Both by 0.1", "The first by 0.1, the second hardly", "It depends on β₁ and β₂"],
    answer=1,
    why="In update 1 the corrected means are m̂ = g and v̂ = g², so that m̂ / √v̂ is the sign of g. Whatever its size, the step is η.",
)

# %% [markdown]
# ## Exercise 5: Adam


# %%
def adam(w, m, v, g, t, rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    """(w, m, v) after update number t, counted from 1."""
    ### BEGIN SOLUTION
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    m_hat, v_hat = m / (1 - beta_1**t), v / (1 - beta_2**t)
    return w - rate * m_hat / (math.sqrt(v_hat) + epsilon), m, v
    ### END SOLUTION


# %% tags=["check"]
by_minidl_3 = minidl.descend(valley, from_here, optimizers.Adam(0.4), steps=10)


def ten_updates_3(name):
    value, m, v, found = from_here[name], 0.0, 0.0, []
    for t, g in enumerate(by_minidl_3[f"{name}.grad"], 1):
        value, m, v = adam(value, m, v, float(g), t, 0.4)
        found.append(float(value))
    return found


exercise = Exercise(
    "adam",
    "The update rule of Adam.",
    hints=[
        "Compute the new m and v with the two formulas. They are what you return beside w.",
        "m_hat and v_hat are for this update only: m / (1 - beta_1**t) and v / (1 - beta_2**t). Do not return them.",
        "return w - rate * m_hat / (math.sqrt(v_hat) + epsilon), m, v",
    ],
)
exercise.check(
    "the two means", lambda: adam(0.0, 1.0, 4.0, 2.0, 5)[1:], (1.1, 4.0), because="return m and v themselves: m̂ and v̂ are for the step only"
)
exercise.check(
    "the first step has length η",
    lambda: [adam(0.0, 0.0, 0.0, g, 1, rate=0.1)[0] for g in (1000.0, -0.01)],
    [-0.1, 0.1],
    1e-4,
    "m̂ = g and v̂ = g² in update 1",
)
exercise.check("ten updates of w, as in minidl's ledger", lambda: ten_updates_3("w"), by_minidl_3.path("w")[1:], 1e-5)
exercise.check("ten updates of b, as in minidl's ledger", lambda: ten_updates_3("b"), by_minidl_3.path("b")[1:], 1e-5)
exercise.done()

# %% [markdown]
# (minidl, like Keras, uses a form of Adam in which ε stands in a slightly different place. Here that changes w by less than 0.0001. A
# ledger shows it:)

# %%
print(minidl.descend(valley, from_here, optimizers.Adam(0.4), steps=5).explain(2, "w"))

# %% [markdown]
# ## The race
#
# All four in the narrow valley, each with a rate that suits it:

# %%
race = {
    "SGD": creeping,
    "Momentum": rolling,
    "RMSProp": minidl.descend(valley, from_here, optimizers.RMSprop(0.2), steps=60),
    "Adam": minidl.descend(valley, from_here, optimizers.Adam(0.4), steps=60),
}
plots.optimizer_race(race, valley)

# %% [markdown]
# * **SGD** zigzags, and then creeps.
# * **Momentum** picks up speed along the valley, and swings: a ball overshoots.
# * **RMSProp** goes its way without swinging.
# * **Adam** takes a curve, and swings a little, being part momentum.
#
# Do not take the order of arrival too seriously: it depends on the rates, on the start, and on the valley. Now the same on the small net,
# where there are 1 185 parameters to learn, and batches of 32:

# %%
print(f"{'epoch':10}" + "".join(f"{epoch:8}" for epoch in (1, 2, 5, 10, 20)))
for optimizer in (optimizers.SGD(0.1), optimizers.Momentum(0.05), optimizers.RMSprop(0.005), optimizers.Adam(0.01)):
    history = small_net(optimizer).fit(points, heights, batch_size=32, epochs=20, verbose=0).history["loss"]
    print(f"{optimizer.name:10}" + "".join(f"{history[epoch - 1]:8.4f}" for epoch in (1, 2, 5, 10, 20)))

# %% [markdown]
# (Rounding differs from machine to machine, so your digits may differ. The loss that `fit` reports is a mean over the batches of the epoch,
# taken while the net was still learning.) Adam is a good first choice: it works with rates that are about
# right, on nearly everything. SGD with momentum, well tuned, is often as good in the end.
#
# ## To go on training, call `fit` again
# <!-- concept: 16 -->
#
# The training is over and the loss is still falling? The model keeps its weights, and the optimiser what it remembers. Call `fit` again: it
# **goes on** from there. Three epochs and three more are the same as six (if the batches are the same; here nothing is shuffled):

# %%
in_one, in_two = small_net(optimizers.Adam(0.01)), small_net(optimizers.Adam(0.01))
in_one.fit(points, heights, epochs=6, shuffle=False, verbose=0)
in_two.fit(points, heights, epochs=3, shuffle=False, verbose=0)
print("after 3 epochs:", in_two.optimizer.iterations, "updates")
in_two.fit(points, heights, epochs=3, shuffle=False, verbose=0)
print("after 3 more:  ", in_two.optimizer.iterations, "updates")
same = all(np.array_equal(a, b) for a, b in zip(in_one.get_weights(), in_two.get_weights()))
print("the same weights as after 6 epochs at once:", same)

# %% [markdown]
# To start afresh, build the model again. (`compile` alone gives a new optimiser, but leaves the weights.)
#
# ## A learning rate that changes
#
# With noisy batches a constant rate has a drawback: the walk never comes to rest. A small rate would stagger less, and take longer to
# arrive. So why not both: large steps first, small ones later. A rule for this is a **learning-rate schedule**. A much used one follows
# half a wave of the cosine, from η₀ down to 0 in T updates:
#
# $$\eta_t = \frac{\eta_0}{2} \left(1 + \cos \frac{\pi\, t}{T}\right)$$

# %%
wave = optimizers.schedules.CosineDecay(0.05, decay_steps=60)
for t in (0, 15, 30, 45, 60):
    print(f"after {t:2} updates: rate {wave(t):.4f}")

# %%
walks = {
    "constant 0.05": minidl.descend(on_batches(4, np.random.default_rng(2)), start, optimizers.SGD(0.05), steps=60),
    "cosine": minidl.descend(on_batches(4, np.random.default_rng(2)), start, optimizers.SGD(wave), steps=60),
}
plots.loss_surface(loss, (-10, 25), (10, 75), walks, title="The same batches, two schedules")

# %%
for name, rate in {"constant 0.05": 0.05, "constant 0.005": 0.005, "cosine": wave}.items():
    ends = [minidl.descend(on_batches(4, np.random.default_rng(k)), start, optimizers.SGD(rate), steps=60).end for k in range(20)]
    print(f"{name:15} loss after 60 updates, on average: {np.mean([loss(end['w'], end['b']) for end in ends]):.1f} (the least: 566.0)")

# %% [markdown]
# With the constant rate of 0.05 the walk has long arrived, and staggers about. With 0.005 it is still on its way. The cosine takes it there
# with large steps and lets it settle with small ones.
#
# ## Exercise 6: the cosine schedule
#
# After T updates the rate stays at 0.


# %%
def cosine(t, rate, total):
    """The learning rate of the update after t others: from ``rate`` at t = 0 to 0 at t = ``total``, and 0 from then on."""
    ### BEGIN SOLUTION
    return rate / 2 * (1 + math.cos(math.pi * min(t / total, 1)))
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "cosine",
    "A learning rate that follows a cosine.",
    hints=[
        "The formula stands above; π is math.pi, and t / total goes from 0 to 1.",
        "Beyond the end, the cosine would rise again: use min(t / total, 1).",
        "return rate / 2 * (1 + math.cos(math.pi * min(t / total, 1)))",
    ],
)
exercise.check("the start", lambda: cosine(0, 0.05, 60), 0.05)
exercise.check("half the way: half the rate", lambda: cosine(30, 0.05, 60), 0.025)
exercise.check(
    "the end, and later",
    lambda: np.round([cosine(60, 0.05, 60), cosine(100, 0.05, 60)], 12),
    [0.0, 0.0],
    because="after T updates it stays 0",
)
exercise.check("as minidl's", lambda: [cosine(t, 0.05, 60) for t in range(0, 61, 4)], [wave(t) for t in range(0, 61, 4)])
exercise.done()

# %% [markdown]
# ## What you know now
#
# * The gradient is a mean over examples, and a few random ones give a good estimate of it. A **batch** makes one **iteration**, one update;
#   an **epoch** is once through the data: ⌈examples / batch size⌉ updates.
# * Small batches are cheap and **noisy**. The noise can carry the walk out of shallow valleys; it also keeps it from coming to rest.
# * The **training cycle**: forward, loss, backward, update with the average gradient, and again.
# * **Momentum** remembers a velocity, **RMSProp** the size of each parameter's gradient, **Adam** both.
# * `fit` again goes on where it was. A **schedule** makes the learning rate smaller with time.
#
# **To read on:** Goodfellow, Bengio and Courville, *Deep Learning*, chapter 8 (free online); Kingma and Ba, *Adam: a method for stochastic
# optimization* (arXiv 1412.6980); Goh, *Why momentum really works* (Distill, 2017), with pictures to play with;
# `minidl/optimizers/update_rules.py`, where the rules stand with their formulas.
# **Next:** in lesson 8 we look at what stands between the layers, and why nothing works without it.
