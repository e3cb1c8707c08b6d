# %% [markdown]
# # 16. From laptop to GPU
#
# **After this lesson you can**
#
# * run the same training on a GPU by changing one word, and say how the engine knows where an array lives;
# * say what moves between the computer and the GPU, and when, and why reading a number too often makes a training slow;
# * explain why a small net can keep a large GPU waiting, and what a recorded graph does about it;
# * estimate time and memory of a training before it starts;
# * share a batch among several machines, and show that the result is exactly the same.
#
# **Where we are.** All trainings so far ran on the processor of your machine. This lesson is about hardware, but you need none: where there is
# no GPU, everything here runs on the processor, and says so. The ideas can be seen there just as well.
#
# *45 minutes. You need: lessons 5, 7 and 11.*

# %%
import time

import numpy as np

import minidl
from minidl import Tensor, backend, layers, losses, nets
from minidl.data import shapes10
from minidl.lesson_runner import Exercise, Prediction
from minidl.plots.panels import end_labels, name_axes, panels

try:
    with minidl.use_backend("cupy"):
        place = "cupy"
except RuntimeError as error:
    place = "numpy"
    print(f"There is no GPU for us here: {error}")
print(f"The trainings of this lesson run with {place}.")

# %% [markdown]
# ## Whose array is it?
#
# A GPU has memory of its own. NumPy's arrays lie in the computer's memory, and the library **CuPy** offers arrays with the same names and the
# same behaviour that lie in the GPU's. So a program could be full of `if on_gpu: … else: …`. minidl has none of that, by one decision: **the
# type of an array says who computes with it**. Every op asks for the owner of its inputs and takes the functions from there. Look at the op
# of tanh again:
#
# ```python
# def tanh(xp, x):
#     return xp.tanh(x)
# ```
#
# `xp` is NumPy if `x` is NumPy's array, and CuPy if it is CuPy's. Nothing else in the op knows of GPUs.

# %%
print("owner of a NumPy array:", backend.owner(np.zeros(3)).name)
print("its module:            ", backend.owner(np.zeros(3)).module.__name__)

# %% [markdown]
# ## Exercise 1: the owner
#
# `table` says for each type of array which module computes with it. Return the one module that owns all the given `arrays`. If they belong to
# different ones, raise a `TypeError`. (One can be moved to the other, but slowly, so it should be the programmer who says so.)


# %%
def module_of(arrays, table):
    """The module of the table that owns all arrays; TypeError if they belong to different ones."""
    ### BEGIN SOLUTION
    modules = [table[type(array)] for array in arrays]
    if any(module is not modules[0] for module in modules):
        raise TypeError("arrays of two owners meet: move one of them first")
    return modules[0]
    ### END SOLUTION


# %% tags=["check"]
example = {np.ndarray: "NumPy", list: "another", tuple: "another"}
exercise = Exercise(
    "module_of",
    "Which module owns these arrays?",
    hints=[
        "table[type(array)] is the module of one array.",
        "Collect the modules of all arrays, and compare each with the first.",
        "modules = [table[type(a)] for a in arrays]; if any(m is not modules[0] for m in modules): raise TypeError(…); return modules[0]",
    ],
)
exercise.check("one array", lambda: module_of([np.zeros(2)], example), "NumPy")
exercise.check("several of one owner", lambda: module_of([[1], (2,), [3]], example), "another", because="the owner counts, not the type")
exercise.check_raises("two owners", lambda: module_of([np.zeros(2), [1]], example), TypeError)
exercise.done()

# %% [markdown]
# ## One word
#
# New weights are born where you say:
#
# ```python
# minidl.use_backend("cupy")            # from here on
# with minidl.use_backend("cupy"): ...  # for a block
# model.to("cupy")                      # a model that is there already
# ```
#
# or, without touching the program, `MINIDL_BACKEND=cupy python lesson.py`, or `minidl train --backend cupy`. After that, `fit`, `evaluate` and
# `predict` are called as before, with NumPy arrays.

# %%
(x, y), _ = shapes10.load_data(n_train=1500, n_test=100)
x, y = x / np.float32(255), y[:, 0].astype(int)

minidl.set_seed(0)
with minidl.use_backend(place):
    model = nets.intro()
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, batch_size=32, epochs=1, verbose=0)  # the first one pays for whatever is set up once
began = time.perf_counter()
history = model.fit(x, y, batch_size=32, epochs=1, verbose=0)
seconds = time.perf_counter() - began
steps = 47  # 1500 / 32, rounded up
print(
    f"an epoch of 1,500 pictures with {place}: {seconds:.2f} s, {1000 * seconds / steps:.1f} ms a step; loss {history.history['loss'][0]:.3f}"
)
print("weights live with:", backend.owner(model.weights[0].data).name, "  get_weights() gives:", type(model.get_weights()[0]).__name__)

# %% [markdown]
# ## What moves, and when
#
# The way between computer and GPU is narrow, compared with what the GPU does inside: some tens of GB a second against thousands. So the rule is:
# move little, and seldom. In minidl
#
# * **weights** are born on the GPU and stay there, with their gradients and the optimiser's state;
# * **pictures** move once, before the first epoch, if they take a quarter of the GPU's free memory at most; otherwise batch by batch;
# * **one reading an epoch**: loss and accuracy are summed up on the GPU, and read when the epoch ends;
# * **predictions, saved files and `get_weights()`** are NumPy's, on every backend.
#
# How much is that? For 40 000 pictures of 32×32×3 numbers in float32:

# %%
whole = 40_000 * 32 * 32 * 3 * 4
print(f"all pictures: {whole / 1e6:.0f} MB    a batch of 32: {32 * whole / 40_000 / 1e6:.2f} MB    the weights: {79_530 * 4 / 1e6:.2f} MB")
print(f"moved in 10 epochs: once {whole / 1e9:.2f} GB, batch by batch {10 * whole / 1e9:.2f} GB")

# %% [markdown]
# Why is the *reading* of one single number worth a rule? Because Python and the GPU work **at the same time**. Python does not compute: it puts
# orders into a queue ("multiply these two"), and goes on at once. Each order is a **kernel**, a small program for the GPU. (It only shares its name with the kernel of a convolution.) Only when Python
# reads a number, say with `loss.item()`, it must wait until all orders before it are done. While it waits it gives no new ones, and then
# the GPU waits for Python.
#
# ## Exercise 2: the queue
#
# A simulation. For each of so many kernels, Python needs `launch` microseconds to give the order, one after the other. The GPU works on each
# for `work` microseconds, in order, and not before the order was given. When is the last one finished, if Python begins at 0?


# %%
def finished(kernels, launch, work):
    """The time in µs at which the GPU has finished all kernels."""
    ### BEGIN SOLUTION
    given = done = 0.0
    for _ in range(kernels):
        given += launch
        done = max(done, given) + work
    return done
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "finished",
    "When is the last kernel finished?",
    hints=[
        "Keep two clocks: when the last order was given, and when the GPU is done with what it has.",
        "A kernel begins at max(done, given): when the GPU is free and the order is there.",
        "for _ in range(kernels): given += launch; done = max(done, given) + work; then return done",
    ],
)
exercise.check("one kernel", lambda: finished(1, 10, 3), 13.0, because="10 µs for the order, and only then 3 of work")
exercise.check(
    "short kernels: Python is the slow one", lambda: finished(60, 50, 2), 60 * 50 + 2.0, because="it orders on while the GPU works"
)
exercise.check("long kernels: the GPU is the slow one", lambda: finished(60, 50, 80), 50 + 60 * 80.0)
exercise.check("nothing to do", lambda: finished(0, 50, 80), 0.0)
exercise.done()

# %%
Prediction(
    "A step has 60 kernels. Python needs 50 µs to give each order, the GPU 2 µs to do it. Someone buys a GPU that is ten times as fast. "
    "How much faster does the training become?",
    ["Ten times", "About twice", "Hardly at all"],
    answer=2,
    why="The time is 60 · 50 µs of orders; the GPU is idle nearly all of it. A faster GPU waits faster.",
)

# %% [markdown]
# Here it is as a picture. Above, Python gives the orders; below, the GPU works on them. The third pair is a **CUDA graph**: the GPU was told the
# whole list of orders once, and from then on Python says one thing only, "again".


# %%
def timeline(kernels, launch, work):
    """When each order is given and each kernel runs: two lists of (begin, length)."""
    orders, runs, done = [], [], 0.0
    for i in range(kernels):
        orders.append((i * launch, 0.8 * launch))
        begin = max(done, (i + 1) * launch)
        runs.append((begin, 0.8 * work))
        done = begin + work
    return orders, runs


def timelines(examples):
    """A panel for each pair of orders and runs."""
    told = "Timelines of Python and the GPU: " + ", ".join(examples)
    figure, axes = panels(
        len(examples), "Who waits for whom? Eight kernels", "grey: Python gives orders   blue: the GPU works", told, 3.4, 1.4, titled=True
    )
    for one, (title, (orders, runs)) in zip(axes, examples.items()):
        one.broken_barh(orders, (1.1, 0.8), color="#595959")
        one.broken_barh(runs, (0.1, 0.8), color="#0072B2")
        name_axes(one, "time (µs)", "", title)
        one.set(yticks=[0.5, 1.5], yticklabels=["GPU", "Python"], ylim=(0, 2), xlim=(0, 950))
    return figure


replayed = [(0, 45)], [(50 + 10 * i, 8) for i in range(8)]
timelines({"short kernels": timeline(8, 50, 10), "long kernels": timeline(8, 50, 110), "short kernels, recorded": replayed})

# %% [markdown]
# And the reading of numbers? Suppose that Python reads one after each kernel. Then order and work never overlap: Python waits for the GPU, and after
# that the GPU waits for Python.

# %%
print(f"60 kernels, 50 µs for an order, 80 µs of work: {50 + 60 * 80:,} µs; with a reading after each: {60 * (50 + 80):,} µs")

# %% [markdown]
# Short kernels are the normal case for small nets. minidl's `fit` runs two steps as always, records the third as a graph, and plays it from
# then on. A graph does not run Python again, and that is its price: whatever you print or count in Python inside a step would
# happen only once. So only steps made of minidl's own parts are recorded.
#
# These are measured times, in milliseconds for one training step of the intro net on an NVIDIA H200 (from the page on GPUs in minidl's
# documentation, 2026-11-27, TF32 on, which rounds factors for speed). Your GPU will give others; what matters is how they compare.

# %%
batch_sizes = [32, 128, 512, 1024]
recorded = [0.169, 0.259, 0.562, 0.947]
pytorch = [1.820, 1.856, 2.148, 2.122]
not_recorded = 3.419  # at batch 32
print(f"batch 32: recording makes a step {not_recorded / recorded[0]:.0f} times as fast")
for size, ms in zip(batch_sizes, recorded):
    print(f"batch {size:>4}: {ms:.3f} ms a step, {size / ms * 1000:>9,.0f} pictures a second")


def step_times():
    """Both curves over the batch size."""
    title, subtitle = "One step of the intro net on an H200", "eager: PyTorch was given its kernels one by one"
    figure, (axes,) = panels(1, title, subtitle, "Milliseconds of a step over the batch size.", 5.5, 3.2, room=1.8)
    axes.plot(batch_sizes, recorded, "o-", color="#D55E00")
    axes.plot(batch_sizes, pytorch, "s--", color="#0072B2")
    axes.set(ylim=(0, 2.5), xlim=(0, 1060))
    name_axes(axes, "batch size", "ms a step")
    end_labels(axes, {"a": (recorded[-1], "minidl, recorded"), "b": (pytorch[-1], "PyTorch, eager")})
    return figure


step_times()

# %% [markdown]
# Read the blue line: 32 times as many pictures, and the step hardly takes longer. That is the picture of a GPU that waits for orders. The
# orange line grows with the batch, because there the GPU's work is what takes the time. Two honest notes. For *large* nets the kernels are
# long, the orders hide behind them, and the advantage is gone: on the same page, a VGG-like net at batch 1024 takes 7.6 ms here, and 5.5 ms
# in PyTorch with its best layout. And PyTorch has graphs as well; they were not measured.
#
# ## Before you start: what will it cost?
#
# On a shared machine you ask for time and memory in advance. `model.plan` tells both. Operations and activations follow from the shapes; time
# and memory are measured for about a second, with a copy of the model, on small batches, and drawn on along a straight line. (It is measured
# on the processor, so the times are yours.)

# %%
with minidl.use_backend("numpy"):
    planned = nets.intro()
planned.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
plan = planned.plan(batch_size=32, epochs=10, samples=40_000)
print(plan)

# %% [markdown]
# An operation is one multiplication or one addition of the layers' products, forward and backward, for the whole batch. Check a row. The first
# convolution has 30·30·16 outputs, each from 27 multiplications and 27 additions; for 32 pictures that makes 24.9 M. The gradient of its filters
# takes as many again: 49.8 M. The second convolution must also tell the first one the gradient of its *input*, so it counts three times.

# %%
print(f"first convolution: {2 * 27 * 30 * 30 * 16 * 32 * 2:,}   second: {2 * (9 * 16) * 13 * 13 * 32 * 32 * 3:,}")

# %% [markdown]
# Where does memory go? Weights, gradients and Adam's two averages are four times 79 530 numbers of 4 bytes, 1.3 MB, whatever the batch. The
# **activations**, what each layer gives, are needed for the way back, and grow with the batch. The rest is needed for moments: their gradients,
# and the copied patches of im2col. (Memory is measured anew for each plan, so that the numbers differ a little.)

# %%
for size in (32, 256):
    print(f"batch {size:>3}: {planned.plan(batch_size=size).peak_bytes / 1e6:6.1f} MB at the most")

# %% [markdown]
# ## Exercise 3: the largest batch
#
# Memory grows along a straight line with the batch. You measured it for two batch sizes. What is the largest batch (a whole number) that fits?


# %%
def largest_batch(size1, bytes1, size2, bytes2, memory):
    """The largest batch size that takes at most ``memory`` bytes, if memory is a straight line through the two measurements."""
    ### BEGIN SOLUTION
    each = (bytes2 - bytes1) / (size2 - size1)
    fixed = bytes1 - each * size1
    return int((memory - fixed) // each)
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "largest_batch",
    "How large a batch fits into the memory?",
    hints=[
        "What does one example take? The difference of the bytes over the difference of the sizes.",
        "What is left for a batch of 0 is fixed: bytes1 minus size1 times what one example takes.",
        "each = (bytes2 - bytes1) / (size2 - size1); fixed = bytes1 - each * size1; return int((memory - fixed) // each)",
    ],
)
exercise.check(
    "3 bytes each and 100 fixed", lambda: largest_batch(10, 130, 20, 160, 400), 100, because="a batch of 0 would take 100 bytes already"
)
exercise.check("it must fit: rounded down", lambda: largest_batch(10, 130, 20, 160, 402), 100)
exercise.check("the order of the measurements does not matter", lambda: largest_batch(20, 160, 10, 130, 400), 100)
exercise.check("nothing fixed", lambda: largest_batch(1, 1000, 2, 2000, 16_500), 16)
exercise.done()

# %% [markdown]
# ## Several machines: share the batch
#
# A cluster has many GPUs. The simplest way to use several for one training is **data parallelism**: each worker has a copy of the net,
# takes its part of the batch, and computes the gradient of its part. Then all gradients are **averaged**, and every worker makes the same
# update. Because the loss of a batch is a *mean* over examples, and the derivative of a mean is the mean of the derivatives, this is no
# approximation. Let us see it, in float64, with a batch of 32 and four workers of 8:

# %%
minidl.set_seed(1)
with minidl.use_backend("numpy"):
    net = minidl.Sequential(
        [
            layers.Input((32, 32, 3)),
            layers.Conv2D(8, 3, activation="relu", dtype="float64"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax", dtype="float64"),
        ]
    )
entropy = losses.SparseCategoricalCrossentropy()
batch, labels = x[:32].astype(float), y[:32]


def gradients(pictures, labels):
    """The gradients of the mean loss of these pictures by all weights, as arrays."""
    return [g.numpy() for g in minidl.grad(entropy(labels, net(Tensor(pictures))), net.trainable_variables)]


together = gradients(batch, labels)
parts = [gradients(batch[i : i + 8], labels[i : i + 8]) for i in range(0, 32, 8)]
averaged = [np.mean(of_one_weight, axis=0) for of_one_weight in zip(*parts)]
largest = max(np.abs(g).max() for g in together)
print(f"largest gradient: {largest:.4f}; largest difference: {max(np.abs(a - b).max() for a, b in zip(together, averaged)):.0e}")

# %% [markdown]
# The difference is the rounding of float64. But take care if the parts are *not* of equal size. Say that one worker gets 24 pictures and the other
# 8: is the plain mean of the two gradients still right?

# %%
uneven = [gradients(batch[:24], labels[:24]), gradients(batch[24:], labels[24:])]
plain = [np.mean(of_one_weight, axis=0) for of_one_weight in zip(*uneven)]
print(f"plain mean of uneven parts: largest difference {max(np.abs(a - b).max() for a, b in zip(together, plain)):.4f}")

# %% [markdown]
# It is not: it gives each of the 8 pictures three times the weight of each of the 24.
#
# ## Exercise 4: average the gradients


# %%
def average(parts, sizes):
    """The gradient of the whole batch, from the gradients of its parts (arrays of one shape) and the parts' sizes."""
    ### BEGIN SOLUTION
    return sum(size * part for size, part in zip(sizes, parts)) / sum(sizes)
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise(
    "average",
    "The mean gradient of parts of different sizes.",
    hints=[
        "A part's gradient is a mean over its examples: times its size, it is the sum over them.",
        "Add up the sums, and divide by the number of all examples.",
        "return sum(size * part for size, part in zip(sizes, parts)) / sum(sizes)",
    ],
)
exercise.check("equal parts: the mean", lambda: average([np.array([1.0, 3.0]), np.array([3.0, 5.0])], [8, 8]), [2.0, 4.0], 1e-9)
exercise.check("three to one", lambda: average([np.array([1.0]), np.array([5.0])], [24, 8]), [2.0], 1e-9)
exercise.check("the net's first filters", lambda: average([uneven[0][0], uneven[1][0]], [24, 8]), together[0], 1e-9)
exercise.check("one worker alone", lambda: average([np.array([7.0, 1.0])], [32]), [7.0, 1.0], 1e-9)
exercise.done()

# %% [markdown]
# Now a whole training in this way: one net learns from batches of 32; two "workers" with copies of it take 16 pictures each, average, and
# update. After every step the copies are the same as the one net:

# %%
start = net.get_weights()


def train(workers, steps=10, rate=0.05):
    """The weights after so many steps, the batch of 32 shared among the workers; and the losses of each step."""
    net.set_weights(start)
    size, measured = 32 // workers, []
    for step in range(steps):
        pictures, wanted = x[32 * step : 32 * step + 32].astype(float), y[32 * step : 32 * step + 32]
        measured.append(entropy(wanted, net(Tensor(pictures))).item())
        shares = [gradients(pictures[i : i + size], wanted[i : i + size]) for i in range(0, 32, size)]
        for weight, share in zip(net.trainable_variables, zip(*shares)):
            weight -= rate * np.mean(share, axis=0)
    return net.get_weights(), measured


alone, losses_alone = train(1)
shared, losses_shared = train(2)
print("losses of one worker: ", np.round(losses_alone[-3:], 6))
print("losses of two workers:", np.round(losses_shared[-3:], 6))
print(f"largest difference of the weights: {max(np.abs(a - b).max() for a, b in zip(alone, shared)):.0e}")

# %% [markdown]
# What it costs: after every step the gradients travel, 79 530 numbers or 0.3 MB for our CIFAR net, from each worker to all. That pays only if
# computing the gradient takes much longer than sending it. For a step of 0.2 ms it does not: our net is too small for two GPUs. What is often
# done instead is to make the batch larger, 32 for *each* worker. That is then a training with larger batches, with fewer steps in an epoch, and
# usually a larger learning rate (Goyal and others, 2017). And two things are *not* the same when a batch is shared: batch normalization,
# whose mean is then that of a part, and dropout, whose masks are drawn by each worker.
#
# The better use of a cluster, for us, is many *independent* trainings at once: five seeds, or all learning rates of a search. They need not
# talk to each other.
#
# ## A job script
#
# On a cluster you do not start programs on the machine where you log in. You write down what you need and what is to be done, hand it to a
# **scheduler** (Slurm is a common one), and it runs when there is room. This is a whole job: five trainings with five seeds.

# %%
job = """#!/bin/bash
#SBATCH --job-name=cifar
#SBATCH --gres=gpu:1              # one GPU
#SBATCH --cpus-per-task=4         # and four cores beside it
#SBATCH --time=00:10:00           # after this it is stopped: plan first, then add some
#SBATCH --array=0-4               # five jobs, numbered 0 to 4
#SBATCH --output=cifar-%a.txt     # what they print, a file each

source venv/bin/activate
minidl train --backend cupy --dataset cifar10 --data-dir "$HOME/data" \\
    --seed "$SLURM_ARRAY_TASK_ID" --time-budget "8 min" --out "runs/seed-$SLURM_ARRAY_TASK_ID"
"""
print(job)

# %% [markdown]
# It is submitted with `sbatch job.sh`; `squeue --me` says whether it waits or runs. The lines that begin with `#SBATCH` are comments for the
# shell and orders for Slurm. The `--time-budget` is minidl's own: the training ends in time by itself and saves what it has, before Slurm
# stops it without asking. How the machines of your cluster are named, and which `--partition` or `--account` they want, its documentation says.
#
# ## What you know now
#
# * The **type of an array** decides where an op computes. The switch is one word, `minidl.use_backend("cupy")`.
# * **Move little, read seldom.** Python gives orders and the GPU works at the same time, until somebody reads a number.
# * Small nets are limited by the *orders*. A **CUDA graph** gives them all at once; on one GPU this made a step 20 times as fast.
# * `model.plan` says before the training what it takes: operations, memory, time.
# * **Data parallelism** averages gradients, weighted by the parts' sizes, and is exact. It pays when computing takes longer than sending.
#
# **To read on:** NVIDIA, *CUDA C++ Programming Guide*, the sections on streams and on graphs; Goyal and others, "Accurate, large minibatch SGD"
# (2017); the documentation of Slurm, "sbatch"; minidl's own page for instructors, `docs/gpu.md`.
# **Next:** in lesson 17 we differentiate twice.
