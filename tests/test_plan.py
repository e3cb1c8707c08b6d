"""What training will cost: operations by hand, memory held against what training takes, and nothing that is changed."""
import threading
import tracemalloc

import numpy as np
import pytest

import minidl
from benchmarks.nets import NETS, step_operations
from minidl import layers, nets, ops, plan
from minidl.plan import Plan, PlanRow


def compiled(model, loss="categorical_crossentropy"):
    model.compile("adam", loss, metrics=["accuracy"])
    return model


def small(*stack, shape=(6, 6, 2)):
    return compiled(minidl.Sequential([layers.Input(shape), *stack, layers.Flatten(), layers.Dense(3, activation="softmax")]))


def rows(model, batch_size=1):
    return [tuple(row)[1:] for row in plan.rows_of(model, batch_size)]


# ---------------------------------------------------------------- rows


def test_rows_by_hand():
    model = small(layers.Conv2D(4, 3), layers.MaxPooling2D(), layers.Conv2D(5, 1, padding="same"))
    first, second, dense = 2 * (4 * 4 * 4) * (9 * 2), 2 * (2 * 2 * 5) * 4, 2 * 3 * 20
    assert rows(model, 7) == [
        (7 * 2 * first, 76, 7 * 64 * 4),  # forward and the kernel's gradient: nobody asks for that of the pictures
        (0, 0, 7 * 16 * 4),
        (7 * 3 * second, 25, 7 * 20 * 4),
        (0, 0, 7 * 20 * 4),
        (7 * 3 * dense, 63, 7 * 3 * 4),
    ]


def test_what_is_not_trained_needs_no_gradient():
    model = small(layers.Conv2D(4, 3, trainable=False), layers.Conv2D(4, 1))
    first, second = 2 * 64 * 18, 2 * 64 * 4
    assert [row[0] for row in rows(model)[:2]] == [first, 2 * second]


def test_a_layer_that_is_used_twice_has_its_parameters_once():
    twice = layers.Dense(4)
    x = minidl.Input((4,))
    model = minidl.Model(x, twice(twice(x)))
    assert rows(model) == [(2 * 2 * 16, 20, 16), (3 * 2 * 16, 0, 16)]


def test_models_in_models_and_layers_of_ones_own():
    class Own(layers.Layer):
        def build(self, shape):
            self.kernel = self.add_weight((shape[-1], 2), "glorot_uniform", name="kernel")

        def call(self, x):
            return x @ self.kernel

    inner = minidl.Sequential([layers.Input((4,)), layers.Dense(5), layers.BatchNormalization(), layers.Dense(4)])
    model = minidl.Sequential([layers.Input((4,)), layers.Dense(4), inner, Own()])
    assert [row[0] for row in rows(model)] == [2 * 2 * 16, 3 * 2 * 20 * 2, None]
    assert "?" in str(compiled(model, "mse").plan(2))


def test_the_courses_net():
    assert sum(row[0] for row in rows(nets.intro(), 32)) == step_operations(NETS["intro"], 32)
    assert sum(row[1] for row in rows(nets.xray())) == 54627


# ---------------------------------------------------------------- the text


def test_the_table():
    made = Plan([PlanRow("a", 1500, 12, 2**20), PlanRow("b", None, 0, 2**11)], 10, 3, 1000, 0.02, 3 * 2**30, (2, 8))
    assert (made.steps_per_epoch, made.seconds_per_epoch, made.seconds) == (100, 2, 6)
    assert str(made).splitlines() == [
        "layer     operations a step  parameters  activations",
        "a                     1.5 k          12       1.0 MB",
        "b                         ?           0       2.0 KB",
        "----------------------------------------------------",
        "together              1.5 k          12       1.0 MB",
        "A step with a batch of 10 takes about 20 ms and 3.0 GB; an epoch of 1,000 samples about 2 s, 3 of them 6 s.",
    ]


def test_without_samples_there_is_no_epoch():
    made = Plan([], 10, 3, None, 0.02, 2**20, (8,))
    assert made.steps_per_epoch is made.seconds_per_epoch is made.seconds is None
    assert made.sentence() == "A step with a batch of 10 takes about 20 ms and 1.0 MB."


# ---------------------------------------------------------------- what is measured


def test_a_line_is_drawn_on():
    assert plan._on_a_line([(2, 10.0), (4, 14.0)], 8) == 22
    assert plan._on_a_line([(4, 14.0)], 8) == 28
    assert plan._on_a_line([(2, 10.0), (4, 9.0)], 8) == 9  # noise: more examples never take less


def test_the_batch_that_is_affordable():
    class Twin:
        """A step takes 1 + the batch size."""

        tried: list = []  # noqa: RUF012

        def data(self, n):
            return n

        def steps(self, *batches):
            self.tried.append(batches[-1])
            return [1.0 + n for n in batches[1:]]

    assert plan._affordable(Twin(), 24, 1e9) == 24
    assert plan._affordable(Twin(), 1000, 31.0) == 30
    assert plan._affordable(Twin(), 1000, 1.5) == 1
    assert max(Twin.tried) <= 4 * 30


@pytest.mark.parametrize(("net", "batch_size"), [(nets.intro, 8), (nets.intro, 64), (nets.dropout, 24)])
def test_memory_is_that_of_training(net, batch_size, monkeypatch):
    monkeypatch.setattr(plan, "LONGEST_TIMED", 60.0)  # whatever else this machine is doing
    monkeypatch.setattr(plan, "LONGEST_STEP", 60.0)
    monkeypatch.setattr(plan, "FEWEST", 1)
    monkeypatch.setattr(plan, "MOST", 1)
    planned = compiled(net()).plan(batch_size).peak_bytes
    x, y = np.zeros((batch_size, 32, 32, 3), "float32"), np.eye(10)[np.zeros(batch_size, int)]
    plan.forget_scratch_everywhere()
    tracemalloc.start()
    model = compiled(net())
    model.train_on_batch(x, y)
    tracemalloc.reset_peak()
    model.train_on_batch(x, y)
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert abs(planned / taken - 1) < 0.2


def test_nothing_is_changed():
    minidl.set_seed(3)
    model = small(layers.Conv2D(2, 3), layers.BatchNormalization(), layers.Dropout(0.5, seed=1), layers.Dropout(0.5))
    weights, chance = model.get_weights(), minidl.random_numbers.random_generator().bit_generator.state
    own = model.layers[2]._generator.bit_generator.state
    made = model.plan(5, epochs=2, samples=11)
    for a, b in zip(weights, model.get_weights()):
        np.testing.assert_array_equal(a, b)
    assert minidl.random_numbers.random_generator().bit_generator.state == chance
    assert model.layers[2]._generator.bit_generator.state == own
    assert model.optimizer.iterations == 0 and model.history is None
    assert made.batch_size == 5 and made.seconds == 2 * made.seconds_per_epoch > 0
    assert 5 not in made.measured


@pytest.mark.parametrize(
    ("loss", "activation", "units"),
    [("sparse_categorical_crossentropy", "softmax", 4), ("binary_crossentropy", "sigmoid", 1), ("mse", None, 2),
     (lambda y, p: ((y - p) ** 2).mean(), None, 3)],
)  # fmt: skip
def test_labels_suit_the_loss(loss, activation, units):
    model = minidl.Sequential([layers.Input((4,)), layers.Dense(units, activation=activation)])
    assert compiled(model, loss).plan(1).seconds_per_step > 0


def test_several_inputs_and_outputs():
    a, b = minidl.Input((4,), name="a"), minidl.Input((4,), name="b")
    both = layers.Add()([a, b])
    outputs = [layers.Dense(3, activation="softmax", name="kind")(both), layers.Dense(1, name="size")(both)]
    model = minidl.Model({"a": a, "b": b}, outputs)
    model.compile("sgd", {"kind": "sparse_categorical_crossentropy", "size": "mse"})
    assert model.plan(4).peak_bytes > 0


def test_deep_models():
    deep = compiled(minidl.Sequential([layers.Input((2,)), *(layers.Dense(2) for _ in range(150))]), "mse")
    assert len(deep.plan(2).rows) == 150


def test_a_trace_of_memory_goes_on():
    tracemalloc.start()
    small().plan(1)
    assert tracemalloc.is_tracing()
    tracemalloc.stop()


@pytest.mark.parametrize(
    "arguments", [{"batch_size": 0}, {"batch_size": 2.5}, {"batch_size": 2, "epochs": -1}, {"batch_size": 2, "samples": 0}]
)
def test_arguments_are_checked(arguments):
    with pytest.raises(ValueError, match="must be a whole number"):
        small().plan(**arguments)


def test_what_cannot_be_planned_is_explained():
    with pytest.raises(RuntimeError, match="compile"):
        nets.intro().plan(32)
    with pytest.raises(ValueError, match="has an Input"):
        compiled(minidl.Sequential([layers.Dense(3)])).plan(32)
    strange = compiled(minidl.Sequential([layers.Input((4,)), layers.Dense(3)]), lambda y, p: ops.reshape(y, shape=(7, 7, 7)).sum())
    with pytest.raises(ValueError, match=r"no labels could be made up for the plan.*reshape"):
        strange.plan(32)


def test_a_model_of_ones_own_kind_and_one_that_cannot_be_copied_are_refused_in_words():
    class Own(minidl.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(2)

        def call(self, x, training=False):
            return self.dense(x)

    own = Own()
    own.compile("sgd", "mse")
    own(np.ones((1, 3)))
    with pytest.raises(ValueError, match=r"a plan needs shapes: a Model\(inputs, outputs\)"):
        own.plan(4)
    locked = minidl.Sequential([layers.Input((3,)), layers.Dense(2)])
    locked.compile("sgd", "mse")
    locked.lock = threading.Lock()
    with pytest.raises(TypeError, match=r"measured with a copy of the model, and this one cannot be copied: .*lock"):
        locked.plan(4)
