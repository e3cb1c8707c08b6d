# %% [markdown]
# # 1. One neuron, and nets of them
#
# **After this lesson you can**
#
# * compute by hand what a neuron does with its inputs, and say what weights, bias and activation are;
# * write a neuron, a layer and a whole net in a few lines of Python;
# * feed a picture to a net, and count the weights and biases of any fully connected net.
#
# **Where we are.** In lesson 0 we saw what learning from examples means, with a learner that only memorises. Here you meet the kind of model that
# this course is about, the **neural network**. We look at how it computes an answer. How it *learns* good answers is the matter of lessons 2 to 4.
#
# *45 minutes. You need: Python, and arrays of NumPy. Lesson 0 helps, but is not needed.*

# %%
import numpy as np

import minidl
from minidl import layers, plots
from minidl.data import shapes10
from minidl.lesson_runner import Exercise, Prediction

# %% [markdown]
# ## One neuron
# <!-- concept: 4 -->
#
# A **neuron** (also *unit* or *node*) is a small calculation: several numbers in, one number out. The name comes from nerve cells, which also
# collect signals and pass one on, but the likeness ends there.
#
# It has an **input** $x$ for each number that comes in. Each input has a **weight** $w$, and the neuron has one **bias** $b$. It multiplies each
# input by its weight, adds up the products, and adds the bias:
#
# $$z = x_1 w_1 + x_2 w_2 + x_3 w_3 + b$$
#
# Say it should guess the price of a house from three numbers: rooms, floor area (in hundreds of square metres), age (in years). With made-up
# weights, for a house of 3 rooms, 120 m², 20 years:

# %%
names = ["rooms", "area", "age"]
x = [3.0, 1.2, 20.0]
w = [2.0, 10.0, -0.1]
b = 1.0

z = b
for name, x_i, w_i in zip(names, x, w):
    print(f"{name:>6}: {x_i:5} · {w_i:5} = {x_i * w_i:5.1f}")
    z += x_i * w_i
print(f"  bias:                 {b}")
print(f"   sum:                {z:.1f}   so the price is {z:.0f} ten thousands, if these weights are right")

# %% [markdown]
# Read it like this: each room is worth 2, each hundred square metres 10, and each year takes 0.1 away. So a weight says *how strongly* an input
# counts, and its sign says in *which direction*. The bias is the answer if all inputs are 0. Weights and biases together are the
# **parameters**: the numbers that will be learned.

# %%
Prediction(
    "The same house ten years later (age 30). What does the neuron say?",
    ["16.9: one tenth less", "16: one less", "7: ten less"],
    answer=1,
    why="The age counts with the weight −0.1, so ten years more change the sum by 10 · (−0.1) = −1.",
)

# %%
plots.neurons([3, 1], names=["inputs", "one neuron"])

# %% [markdown]
# Each line is a weight. The bias is not drawn: it belongs to the neuron.
#
# ## The activation function
# <!-- concept: 4 -->
#
# Most neurons do one thing more: they pass the sum z through an **activation function**, and its result is the neuron's output. Three common
# ones, with their values for z = −2, 0 and 2:
#
# | | formula | −2 | 0 | 2 |
# |---|---|---|---|---|
# | **ReLU** (*rectified linear unit*) | the larger one of 0 and z | 0 | 0 | 2 |
# | **sigmoid** | $1 / (1 + e^{-z})$ | 0.12 | 0.5 | 0.88 |
# | **tanh** | $(e^z - e^{-z}) / (e^z + e^{-z})$ | −0.96 | 0 | 0.96 |
#
# ReLU says "nothing" until the sum is positive. The sigmoid squeezes every number into 0…1, so that it can stand for a probability. The tanh is
# the same shape between −1 and 1. (In the picture z is called x. The dashed curves are the derivatives: how steep the functions are. We need them
# from lesson 3 on.)

# %%
plots.activations(["relu", "sigmoid", "tanh"])

# %% [markdown]
# ## Exercise 1: a neuron
#
# Write a neuron with ReLU in plain Python: the weighted sum, the bias, the activation. It should work for any number of inputs.


# %%
def neuron(x, w, b):
    """ReLU of x₁·w₁ + x₂·w₂ + … + b; x and w are lists of the same length."""
    ### BEGIN SOLUTION
    z = b
    for x_i, w_i in zip(x, w):
        z += x_i * w_i
    return max(0.0, z)
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "neuron",
    "A weighted sum, a bias, and ReLU.",
    hints=[
        "Begin with z = b, then a loop over zip(x, w) that adds x_i * w_i.",
        "ReLU of z is max(0.0, z).",
        "z = b, then for x_i, w_i in zip(x, w): z += x_i * w_i, then return max(0.0, z)",
    ],
)
exercise.check("the house above", lambda: neuron([3.0, 1.2, 20.0], [2.0, 10.0, -0.1], 1.0), 17.0, because="6 + 12 − 2, and the bias 1")
exercise.check("all inputs 0: the bias is left", lambda: neuron([0.0, 0.0], [5.0, -3.0], 0.25), 0.25, because="the bias is added once")
exercise.check("a negative sum gives 0", lambda: neuron([1.0, 2.0], [1.0, -3.0], 1.0), 0.0, because="1 − 6 + 1 = −4, and ReLU makes it 0")
exercise.check("a single input", lambda: neuron([2.5], [2.0], -1.0), 4.0)
exercise.done()

# %% [markdown]
# ## A layer: many neurons, the same inputs
# <!-- concept: 5 -->
#
# Several neurons that look at the same inputs are a **layer**. Each has weights of its own, and each gives one output. Put the weights into a
# table, a *matrix* W, with **one column for each neuron** and one row for each input. Here are two inputs and three neurons:

# %%
x = np.array([1.0, 2.0])
W = np.array([[1.0, -1.0, 0.5],  # the weights of input 1, one for each neuron
              [2.0, 0.0, -1.0]])  # the weights of input 2  # fmt: skip
b = np.array([0.0, 1.0, 0.5])  # a bias for each neuron

for k in range(3):
    z = x[0] * W[0, k] + x[1] * W[1, k] + b[k]
    print(f"neuron {k}: {x[0]} · {W[0, k]:4} + {x[1]} · {W[1, k]:4} + {b[k]} = {z:4}")

# %% [markdown]
# "Multiply the inputs with a column and add up" is what mathematicians call a **matrix product**, in Python `x @ W`. So a whole layer is one line:
#
# $$z = x W + b$$
#
# And it does more. If `x` is a table with one *example* per row, `x @ W` has one row of results for each example: all examples in one go. (NumPy adds
# `b` to each of the rows.) Computers multiply matrices very fast, and this is why neural networks are practical at all.

# %%
two_examples = np.array([[1.0, 2.0], [3.0, 0.0]])
print(two_examples @ W + b)

# %% [markdown]
# The first row is what the loop above printed; the second one belongs to the inputs 3 and 0.
#
# ## Exercise 2: a layer


# %%
def layer(x, W, b):
    """ReLU of x·W + b: one output for each column of W. ``x`` has the shape (inputs,), or (examples, inputs)."""
    ### BEGIN SOLUTION
    return np.maximum(x @ W + b, 0)
    ### END SOLUTION


# %% tags=["check"]
pair, two_pairs = np.array([1.0, 2.0]), np.array([[1.0, 2.0], [3.0, 0.0]])
three = np.array([[1.0, -1.0, 0.5], [2.0, 0.0, -1.0]]), np.array([0.0, 1.0, 0.5])  # W and b from above
exercise = Exercise(
    "layer",
    "A layer as a matrix product, with ReLU.",
    hints=[
        "The sums of all neurons at once are x @ W + b.",
        "ReLU for an array is np.maximum(z, 0): number by number, the larger one of z and 0. (The built-in max does not do that.)",
        "return np.maximum(x @ W + b, 0)",
    ],
)
exercise.check("the three neurons above", lambda: layer(pair, *three), [5.0, 0.0, 0.0], because="the third sum is −1, ReLU makes it 0")
exercise.check("two examples, three neurons: shape", lambda: np.shape(layer(two_pairs, *three)), (2, 3))
exercise.check("the second example", lambda: layer(two_pairs, *three)[1], [3.0, 0.0, 2.0])
exercise.check(
    "one neuron is a layer, too", lambda: layer(np.array([3.0, 1.2, 20.0]), np.array([[2.0], [10.0], [-0.1]]), np.array([1.0])), [17.0]
)
exercise.done()

# %% [markdown]
# ## A net: layers in a row
# <!-- concept: 5, 7 -->
#
# The outputs of one layer can be the inputs of the next. That is a **neural network**. The numbers that come in from outside are called the
# **input layer** (nothing is computed there), the last layer is the **output layer**, and those in between are **hidden layers**, because nobody
# outside sees their outputs. A net with several hidden layers is called *deep*. Here is one with two:

# %%
plots.neurons([3, 4, 4, 2])

# %% [markdown]
# Every neuron is connected to every output of the layer before, so these layers are called **fully connected**, or **dense**. The data go from
# left to right and never in a circle: the net is an *acyclic* graph.
#
# Does a second layer help? Take a small task: two inputs, each 0 or 1, and the answer should be 1 if *exactly one* of them is 1. Can a single
# neuron do that, if we say "yes" when its sum is positive? We try 68 921 neurons, all combinations of 41 values for w₁, w₂ and b:

# %%
values = np.linspace(-2, 2, 41)
w1, w2, bias = np.meshgrid(values, values, values)  # all combinations


def says_yes(x1, x2):
    """For each of the neurons: is its sum positive?"""
    return x1 * w1 + x2 * w2 + bias > 0


inputs = [(0, 0), (0, 1), (1, 0), (1, 1)]
for task, answers in [("at least one", [0, 1, 1, 1]), ("both", [0, 0, 0, 1]), ("exactly one", [0, 1, 1, 0])]:
    right = np.all([says_yes(*pair) == answer for pair, answer in zip(inputs, answers)], axis=0)
    print(f"{task:>12}: {right.sum():4} of {right.size} neurons are right")

# %% [markdown]
# Not one can do "exactly one", and finer steps would not help. The points $(x_1, x_2)$ at which a neuron's sum is 0 are a straight line in the plane;
# on one side of it the neuron says yes, on the other no. But no line has (0, 1) and (1, 0) on one side, and (0, 0) and (1, 1) on the other.
#
# A net with two hidden neurons can. The first hidden neuron adds the inputs, the second one wakes up only if both are 1, and the output
# takes the second one away twice:
#
# $$h_1 = \text{ReLU}(x_1 + x_2) \qquad h_2 = \text{ReLU}(x_1 + x_2 - 1) \qquad \hat y = h_1 - 2 h_2$$
#
# | $x_1$ | $x_2$ | $h_1$ | $h_2$ | $\hat y = h_1 - 2 h_2$ |
# |---|---|---|---|---|
# | 0 | 0 | 0 | 0 | 0 |
# | 0 | 1 | 1 | 0 | 1 |
# | 1 | 0 | 1 | 0 | 1 |
# | 1 | 1 | 2 | 1 | 0 |
#
# Go through a row yourself: values enter at the left, and layer by layer they become the prediction $\hat y$. This is **forward propagation**.
# To use a finished net in this way is called **inference**.
#
# ## Exercise 3: forward propagation
#
# A net is given as a list of layers, each a pair (W, b). All layers but the last one have ReLU; the last has no activation, so that the
# answer can be any number.


# %%
def forward(x, net):
    """The net's prediction for ``x``; ``net``: a list of pairs (W, b), with ReLU after all but the last."""
    ### BEGIN SOLUTION
    for W, b in net[:-1]:
        x = np.maximum(x @ W + b, 0)
    W, b = net[-1]
    return x @ W + b
    ### END SOLUTION


# %% tags=["check"]
exactly_one = [
    (np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([0.0, -1.0])),
    (np.array([[1.0], [-2.0]]), np.array([0.0])),
]
table = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
rng = np.random.default_rng(0)
deep = [(rng.normal(size=(a, c)), rng.normal(size=c)) for a, c in [(3, 4), (4, 4), (4, 2)]]
exercise = Exercise(
    "forward",
    "Forward propagation: from the inputs to the prediction, layer by layer.",
    hints=[
        "A loop over the layers: the output of one becomes the x of the next. net[:-1] are all but the last, net[-1] is the last.",
        "In the loop: x = np.maximum(x @ W + b, 0). After it, the last layer without ReLU.",
        "for W, b in net[:-1]: x = np.maximum(x @ W + b, 0); then W, b = net[-1] and return x @ W + b",
    ],
)
exercise.check(
    "one layer: no activation",
    lambda: forward(np.array([1.0]), [(np.array([[-2.0]]), np.array([0.5]))]),
    [-1.5],
    because="1 · (−2) + 0.5, and no ReLU after the last layer",
)
exercise.check(
    "exactly one, all four cases at once",
    lambda: forward(table, exactly_one),
    [[0.0], [1.0], [1.0], [0.0]],
    because="see the table above; ReLU is needed after the hidden layer",
)
exercise.check("a deeper net: shape", lambda: np.shape(forward(np.ones((5, 3)), deep)), (5, 2))
exercise.check("a deeper net: numbers", lambda: forward(np.array([1.0, -1.0, 0.5]), deep), [0.89648279, 1.09642712], 1e-6, "ReLU after each layer but the last")
exercise.done()

# %% [markdown]
# ## Why the activation?
#
# Without activations, layers in a row would be a waste. Two layers one after the other, without ReLU, are
# $(x A + a) B + b = x (A B) + (a B + b)$: a *single* layer with other weights. Tried with random numbers:

# %%
rng = np.random.default_rng(1)
A, a, B, b = rng.normal(size=(3, 4)), rng.normal(size=4), rng.normal(size=(4, 2)), rng.normal(size=2)
x = rng.normal(size=3)
print("two layers:", (x @ A + a) @ B + b)
print("one layer: ", x @ (A @ B) + (a @ B + b))

# %% [markdown]
# It is the bend in ReLU that makes a net more than a single layer. Lesson 8 has more about that.
#
# ## The same in minidl
#
# In minidl (and in Keras, a library that many courses use, and whose names minidl has) a fully connected layer is called `Dense`, and layers in a row
# are a `Sequential` model. `Input((2,))` says that there are two inputs. Here are the weights of "exactly one" put into such a model, and its
# predictions for the four cases:

# %%
model = minidl.Sequential([layers.Input((2,)), layers.Dense(2, activation="relu"), layers.Dense(1)])
model.set_weights([np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([0.0, -1.0]), np.array([[1.0], [-2.0]]), np.array([0.0])])
print(model.predict(np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), verbose=0))

# %% [markdown]
# ## A picture as input
# <!-- concept: 6 -->
#
# A net takes numbers. A picture is numbers already: it is a grid of **pixels**, and each pixel of a colour picture has three **channels**, the
# brightness of red, green and blue, from 0 to 255. Here are some small pictures, of 32 × 32 pixels:

# %%
(_, _), (images, labels) = shapes10.load_data(n_train=10, n_test=1000)
plots.gallery(images, labels, shapes10.CLASS_NAMES, rows=1)

# %%
picture = images[0]
print("shape:", picture.shape, "  the pixel in the upper left corner, red, green, blue:", picture[0, 0])
flat = picture.reshape(-1) / 255
print("as inputs:", flat.shape, "numbers from 0 to 1, beginning with", flat[:3].round(2))

# %% [markdown]
# A fully connected net needs **one input for each pixel and channel**: width · height · channels = 32 · 32 · 3 = 3072. (A grey picture has one
# channel, so 32 · 32 = 1024.) And at the other end, to tell ten kinds of shapes apart, it has **one output for each class**: the largest output is
# its answer. To predict a single number, such as a price, one output is enough.
#
# ## How many numbers are to be learned?
# <!-- concept: 8, 40 -->
#
# There is one weight for each connection and one bias for each neuron. Between 3 inputs and 4 neurons there are 3 · 4 = 12 weights, and there are 4
# biases: 16 parameters. Inputs have no bias, since nothing is computed there.
#
# ## Exercise 4: count them


# %%
def count_parameters(sizes):
    """The weights and biases of a fully connected net. ``sizes``: the number of inputs, then of neurons in each layer."""
    ### BEGIN SOLUTION
    total = 0
    for i in range(1, len(sizes)):
        total += sizes[i - 1] * sizes[i] + sizes[i]
    return total
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "count_parameters",
    "Weights and biases of a fully connected net.",
    hints=[
        "Count layer by layer. A layer of n neurons after m values has m · n weights and n biases.",
        "The layer at place i has sizes[i] neurons, and sizes[i - 1] values come in. The loop begins at i = 1: inputs are no neurons.",
        "for i in range(1, len(sizes)): total += sizes[i - 1] * sizes[i] + sizes[i]",
    ],
)
exercise.check("one neuron with one input", lambda: count_parameters([1, 1]), 2, because="w and b")
exercise.check("the net with two hidden layers in the picture", lambda: count_parameters([3, 4, 4, 2]), 46, because="16 + 20 + 10")
exercise.check(
    "a grey picture, ten classes, no hidden layer", lambda: count_parameters([1024, 10]), 10250, because="1024 · 10 weights, 10 biases"
)
exercise.check(
    "a colour picture, 64 hidden neurons, ten classes",
    lambda: count_parameters([3072, 64, 10]),
    197322,
    because="3072 · 64 + 64, and 64 · 10 + 10",
)
exercise.done()

# %%
plots.neurons([3072, 64, 10], names=["inputs", "hidden layer", "classes"])

# %% [markdown]
# Nearly 200 000 numbers for small pictures, most of them in the first layer. In lesson 10 we meet a layer that needs far fewer.
#
# ## A net that knows nothing
# <!-- concept: 8 -->
#
# A new net starts with **random weights** (and biases of 0). Why random? If all weights were equal, all neurons of a layer would say the same:

# %%
equal = np.full((3072, 64), 0.001)
print("64 neurons with equal weights say:", np.unique(np.maximum(flat @ equal, 0).round(3)))

# %% [markdown]
# One number, 64 times. And they would *learn* the same, too, for none of them has a reason to change in another way than its neighbours. Random
# numbers make them different from the start. We ask such a net for the class of a thousand pictures that it has never seen.

# %%
Prediction(
    "How many of 1000 pictures from ten classes, 100 of each, does a net with random weights get right?",
    ["None", "About 100", "About 500"],
    answer=1,
    why="Its answers have nothing to do with the shapes. Guesses among ten classes are right one time in ten.",
)

# %%
minidl.set_seed(0)  # the same random numbers each time
model = minidl.Sequential([layers.Input((3072,)), layers.Dense(64, activation="relu"), layers.Dense(10)])
outputs = model.predict(images.reshape(1000, -1) / 255, verbose=0)
print("outputs for the first picture:", outputs[0].round(2))
print("its answer:", shapes10.CLASS_NAMES[outputs[0].argmax()], "  the truth:", shapes10.CLASS_NAMES[labels[0, 0]])
print("right answers:", (outputs.argmax(axis=1) == labels[:, 0]).sum(), "of 1000")

# %% [markdown]
# All the machinery is there, and the answers are worthless. What is missing are good weights. To find them we must first be able to say how wrong
# an answer is.
#
# ## What you know now
#
# * A **neuron** multiplies inputs by **weights**, adds them up with a **bias**, and passes the sum through an **activation function**.
# * A **layer** is many neurons on the same inputs: a matrix product, $x W + b$, for one example or many.
# * A **net** is layers in a row: input, hidden, output. **Forward propagation** computes its prediction; using it so is **inference**. With a hidden
#   layer and an activation, it can do what no single neuron can.
# * A picture enters as width · height · channels numbers. One weight per connection, one bias per neuron; at the start the weights are random.
#
# **To read on:** Nielsen, *Neural Networks and Deep Learning* (free online), chapter 1, the sections "Perceptrons" and "Sigmoid neurons". The video
# "But what is a neural network?" by 3Blue1Brown shows a net for pictures of digits.
# **Next:** lesson 2, loss: how wrong is it?
