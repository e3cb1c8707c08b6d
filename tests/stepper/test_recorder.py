"""What is recorded: what ran, with the numbers it had, and nothing else."""

import contextlib
import gc
import threading
import time
import weakref
from contextvars import copy_context

import numpy as np
import pytest

import minidl
from minidl import Tensor, layers, ops
from minidl.autograd import grad
from minidl.stepper import Backward, Forward, Update
from minidl.tensor import Op

from .computations import dense, images, intro, phases, scalar


def leaves():
    rng = np.random.default_rng(0)
    return Tensor(rng.normal(size=(3, 4)), requires_grad=True), Tensor(rng.normal(size=4), requires_grad=True)


def loss_of(w, b):
    h = ops.tanh(w * 2 + b)
    return (h * h + h).mean()


def test_the_phases_of_a_neuron():
    assert phases(scalar()) == [
        "forward multiply", "forward add", "forward tanh", "forward subtract", "forward power",
        "backward power", "backward subtract", "backward tanh", "backward add", "backward multiply",
        "forward multiply", "update in place", "forward multiply", "update in place",
    ]  # fmt: skip


def test_gradients_are_those_of_backward_bit_for_bit():
    w, b = leaves()
    loss_of(w, b).backward()
    expected = [w.grad.numpy(), b.grad.numpy()]
    w.zero_grad()
    b.zero_grad()
    with minidl.record() as tape:
        loss_of(w, b).backward()
    for parameter, g in zip((w, b), expected):
        assert np.array_equal(parameter.grad.numpy(), g)
        assert np.array_equal(tape.gradient(parameter), g)


def test_the_recorded_net_learns_as_the_unrecorded_one_does():
    def trained(recorded):
        minidl.set_seed(3)
        model = minidl.nets.intro()
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
        x, y = images()
        if recorded:
            with minidl.record():
                losses = [model.train_on_batch(x, y) for _ in range(3)]
        else:
            losses = [model.train_on_batch(x, y) for _ in range(3)]
        return losses, model.get_weights()

    (losses, weights), (expected, expected_weights) = trained(True), trained(False)
    assert losses == expected
    assert all(np.array_equal(a, b) for a, b in zip(weights, expected_weights))


def test_backward_steps_and_grad_are_recorded_as_they_walk():
    w, b = leaves()
    with minidl.record() as tape:
        loss = loss_of(w, b)
        walk = minidl.backward_steps(loss)
        first = next(walk)
        between = len(tape.steps)
        ops.exp(1.0)
        rest = list(walk)
        minidl.grad(loss, [w])
    steps = [step for step in tape.steps if isinstance(step, Backward)]
    own = [step for step in steps if step.walk == 0]
    assert between == 6 + 1
    assert [step.op.name for step in own] == [step.output.node.op.name for step in [first, *rest]]
    for recorded, yielded in zip(own, [first, *rest]):
        assert np.array_equal(recorded.g, yielded.g.numpy())
        assert all(
            (a is None) == (b is None) and (a is None or np.array_equal(a, b.numpy())) for a, b in zip(recorded.grads, yielded.grads)
        )
    assert {step.walk for step in steps} == {0, 1}
    assert np.array_equal(tape.gradient(w), minidl.grad(loss_of(w, b), [w])[0].numpy())


def test_totals_add_up():
    w, _ = leaves()
    with minidl.record() as tape:
        (w * w + w).sum().backward()
    steps = [step for step in tape.steps if isinstance(step, Backward)]
    added = [(own, total) for step in steps for value, own, total in zip(step.inputs, step.grads, step.totals) if value.owner is w]
    assert np.array_equal(added[0][0], added[0][1])
    assert len(added) >= 2
    np.testing.assert_allclose(added[-1][1], 2 * w.numpy() + 1, rtol=1e-14)


def test_parameters_keep_the_value_they_had():
    tape = scalar()
    forward, update = tape.steps[0], tape.steps[11]
    assert forward.inputs[0].array == 0.5 and update.before == 0.5
    assert update.after.array == update.parameter.owner.numpy() != 0.5
    assert update.parameter is forward.inputs[0]
    assert update.g == tape.gradient(update.parameter.owner)


def test_each_step_of_training_sees_the_parameters_of_its_time():
    w = Tensor(1.0, requires_grad=True)
    with minidl.record() as tape:
        for _ in range(3):
            (w * w).backward()
            w -= 0.25 * w.grad
            w.zero_grad()
    products = [step for step in tape.steps if isinstance(step, Forward) and len(step.inputs) == 2 and step.inputs[0] is step.inputs[1]]
    assert [step.inputs[0].array.item() for step in products] == [1.0, 0.5, 0.25]
    updates = [step for step in tape.steps if isinstance(step, Update)]
    assert [step.after.array.item() for step in updates] == [0.5, 0.25, 0.125]
    assert all(step.parameter is product.inputs[0] for step, product in zip(updates, products))


@pytest.mark.parametrize("how", ["-=", "setitem", "data", "data -="])
def test_updates_by_hand(how):
    w = Tensor([1.0, 2.0], requires_grad=True, name="w")
    with minidl.record() as tape:
        (w * w).sum().backward()
        g = w.grad.numpy()
        if how == "-=":
            w -= 0.5 * w.grad
        elif how == "setitem":
            w[...] = w.numpy() - 0.5 * g
        elif how == "data":
            w.data = w.data - 0.5 * g
        else:
            w.data -= 0.5 * g
    (update,) = (step for step in tape.steps if isinstance(step, Update))
    assert update.optimizer is None and update.line[0] == __file__
    assert update.before.tolist() == [1, 2] and update.after.array.tolist() == [0, 0] and update.g.tolist() == [2, 4]


def test_what_leads_to_an_update_by_hand_belongs_to_it():
    tape = scalar()
    (whole,) = {step.group for step in tape.steps[10:]}
    assert whole.kind == "update" and all(step.group is None for step in tape.steps[:10])


def test_an_optimizers_update():
    w = Tensor([1.0, -2.0], requires_grad=True, name="w")
    optimizer = minidl.optimizers.Adam(0.1)
    with minidl.record() as tape:
        for _ in range(2):
            (w * w).sum().backward()
            optimizer.step([w])
    first, second = (step for step in tape.steps if isinstance(step, Update))
    assert first.optimizer is optimizer and (first.count, second.count) == (1, 2) and first.learning_rate == 0.1
    assert first.before.tolist() == [1, -2] and first.g.tolist() == [2, -4]
    np.testing.assert_allclose(first.state["momentum"], 0.1 * first.g)
    np.testing.assert_allclose(first.state["velocity"], 0.001 * first.g**2)
    assert np.array_equal(second.before, first.after.array) and np.array_equal(second.after.array, w.numpy())
    assert not np.array_equal(first.state["momentum"], second.state["momentum"])


def test_a_parameter_without_a_gradient_is_not_updated():
    w, unused = Tensor(1.0, requires_grad=True), Tensor(2.0, requires_grad=True)
    with minidl.record() as tape:
        (w * w).backward()
        with pytest.warns(UserWarning, match="no gradient"):
            minidl.optimizers.SGD().step([w, unused])
    assert sum(isinstance(step, Update) for step in tape.steps) == 1


def test_composites_are_one_step_where_a_kernel_ran_and_their_parts_where_none_did():
    tape = intro()
    assert phases(tape)[:5] == [
        "forward convolution_and_pooling", "forward convolution_and_pooling", "forward reshape", "forward dense_layer",
        "forward dense_layer",
    ]  # fmt: skip
    with minidl.reference_only():
        parts = dense()
    assert phases(parts)[:3] == ["forward matmul", "forward add", "forward tanh"]
    assert [parts.steps[0].group.name, parts.steps[0].group.kind] == ["dense_layer", "composite"]
    assert parts.steps[0].group.parent.kind == "Dense"


def test_a_learners_composite():
    @minidl.composite
    def neuron(x, w):
        return ops.tanh(x * w)

    @minidl.composite
    def same(x):
        return x

    @minidl.composite
    def constant(x):
        return Tensor(3.0)

    w = Tensor(0.5, requires_grad=True)
    with minidl.record() as tape:
        constant(same(neuron(2.0, w)))
    assert phases(tape) == ["forward multiply", "forward tanh", "forward constant"]
    assert not tape.steps[-1].kernel and tape.body(2) == ()
    tape.data()


def test_groups_are_the_layers():
    tape = intro()
    first = tape.steps[0].group
    assert first.kind == "Conv2D + MaxPooling2D" and first.parent.name == "cifar_model_intro"
    assert tape.steps[-1].group.kind == "update"
    assert any(step.group.kind == "SparseCategoricalCrossentropy" for step in tape.steps if step.group)


def test_the_learners_line():
    tape = scalar()
    assert {step.line[0].rsplit("/", 1)[-1] for step in tape.steps} == {"computations.py"}
    assert tape.steps[0].line == tape.steps[9].line  # w * x, forward and back


def test_names_are_the_learners_variables():
    tape = scalar()
    assert [value.name for value in tape.steps[0].inputs] == ["w", None]
    assert tape.steps[4].output.name == "loss"
    assert tape.steps[10].inputs[1].name == "dL/dw"


def test_a_derivative_of_a_derivative():
    x = Tensor(0.5, requires_grad=True)
    with minidl.record() as tape:
        y = x * ops.tanh(x)
        (slope,) = minidl.grad(y, [x], create_graph=True)
        (bend,) = minidl.grad(slope, [x])
    assert np.array_equal(tape.gradient(x), bend.numpy())
    groups = {step.group.name for step in tape.steps if isinstance(step, Forward) and step.group}
    assert groups == {"derivative of multiply", "derivative of tanh"}
    walks = [step.walk for step in tape.steps if isinstance(step, Backward)]
    assert sorted(set(walks)) == [0, 1]
    for step in tape.steps:
        assert not isinstance(step, Backward) or step.forward is not None


def test_a_derivative_of_a_composites_derivative():
    x = Tensor(np.random.default_rng(0).normal(size=(1, 5, 5, 1)), requires_grad=True)
    kernel = Tensor(np.random.default_rng(1).normal(size=(2, 2, 1, 1)), requires_grad=True)
    with minidl.record() as tape:
        y = (ops.conv2d(x, kernel) ** 2).sum()
        (slope,) = minidl.grad(y, [x], create_graph=True)
        (mixed,) = minidl.grad((slope**2).sum(), [kernel])
    assert np.array_equal(tape.gradient(kernel), mixed.numpy())


def test_what_ran_before_the_recording_is_walked_all_the_same():
    w, b = leaves()
    loss = loss_of(w, b)
    with minidl.record() as tape:
        loss.backward()
    assert all(step.forward is None for step in tape.steps)
    assert np.array_equal(tape.gradient(w), w.grad.numpy())
    str(tape)
    tape.data()


def test_no_grad_and_integers_and_empty_arrays():
    with minidl.record() as tape:
        with minidl.no_grad():
            ops.exp(Tensor([1.0], requires_grad=True))
        ops.add(np.arange(3), np.arange(3))
        ops.sum(np.zeros((0, 3)), axis=0)
        ops.equal(Tensor([True]), False)
    assert phases(tape) == ["forward exp", "forward add", "forward sum", "forward equal"]
    assert tape.steps[1].output.array.dtype.kind == "i" and tape.steps[2].output.array.tolist() == [0, 0, 0]


def test_a_learners_own_op_without_a_rule():
    double = Op(lambda xp, x: 2 * x)
    x = Tensor(1.5, requires_grad=True)
    with pytest.raises(NotImplementedError), minidl.record() as tape:
        double(x).backward()
    assert phases(tape) == ["forward <lambda>"]
    assert "NotImplementedError" in tape.error and "no gradient rule" in str(tape)
    tape.data()


def test_writing_into_a_result_does_not_change_the_tape():
    with minidl.record() as tape:
        y = ops.exp(np.zeros(3))
        y[0] = 7.0
        ops.exp(y)
    assert tape.steps[0].output.array.tolist() == [1, 1, 1]
    assert tape.steps[1].inputs[0].array.tolist() == [7, 1, 1]


def test_a_batch_that_is_filled_again_does_not_change_the_tape():
    batch = np.zeros(3)
    with minidl.record() as tape:
        for i in range(2):
            batch[...] = i
            ops.exp(batch)
    assert [step.inputs[0].array.tolist() for step in tape.steps] == [[0, 0, 0], [1, 1, 1]]


def test_fit_with_several_batches():
    model = minidl.Sequential([layers.Input((2,)), layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    with minidl.record() as tape:
        model.fit(np.ones((6, 2)), np.ones((6, 1)), batch_size=2, epochs=1, verbose=0)
    counts = [step.count for step in tape.steps if isinstance(step, Update)]
    assert counts == [1, 1, 2, 2, 3, 3]
    order = [phase for phase, before in zip([s.phase for s in tape.steps], [None, *(s.phase for s in tape.steps)]) if phase != before]
    assert order == ["forward", "backward", "update"] * 3


def test_only_this_thread_is_recorded():
    x = Tensor(1.0)

    def other():
        ops.exp(x)

    with minidl.record() as tape:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        ops.tanh(x)
    assert phases(tape) == ["forward tanh"]


def test_a_thread_records_for_itself():
    tapes = {}

    def work(name):
        with minidl.record() as tape:
            for _ in range(20):
                getattr(ops, name)(1.0)
        tapes[name] = tape

    threads = [threading.Thread(target=work, args=(name,)) for name in ("exp", "tanh")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: set(phases(tape)) for name, tape in tapes.items()} == {"exp": {"forward exp"}, "tanh": {"forward tanh"}}


def test_a_thread_in_a_copied_context_belongs_to_the_recording():
    with minidl.record() as tape:
        context = copy_context()
        thread = threading.Thread(target=context.run, args=(ops.exp, 1.0))
        thread.start()
        thread.join()
    assert phases(tape) == ["forward exp"]


def test_nothing_stays_in_the_engine():
    before = [vars(Op)["__call__"], minidl.autograd._walk, dict(vars(Tensor)), vars(minidl.optimizers.Optimizer)["apply"]]
    with minidl.record():
        assert vars(Op)["__call__"] is not before[0]
    with pytest.raises(ZeroDivisionError), minidl.record():
        1 / 0  # noqa: B018
    assert [vars(Op)["__call__"], minidl.autograd._walk, dict(vars(Tensor)), vars(minidl.optimizers.Optimizer)["apply"]] == before
    assert minidl.autograd.grad is grad


def test_a_recording_stops_when_it_holds_too_much():
    with minidl.record(max_bytes=1e5) as tape:
        for _ in range(20):
            ops.exp(np.zeros(2000))
    assert 0 < len(tape) < 10
    assert "The recording stopped at test_recorder.py:" in str(tape) and " KB: record less" in str(tape)


def test_a_forgotten_tape_takes_its_arrays_along():
    tape = scalar()
    alive = weakref.ref(tape._recorder)
    del tape
    gc.collect()
    assert alive() is None


def test_a_generator_that_outlives_the_recording_goes_on():
    w, b = leaves()
    with minidl.record() as tape:
        walk = minidl.backward_steps(loss_of(w, b))
        next(walk)
    recorded = len(tape.steps)
    assert len(list(walk)) > 1
    assert len(tape.steps) == recorded


def test_metrics_and_shapes_are_not_the_learners():
    minidl.set_seed(0)
    with minidl.record() as tape:
        model = minidl.Sequential([layers.Input((2,)), layers.Dense(2, activation="softmax")])
        model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        assert len(tape) == 0
        model.train_on_batch(np.ones((3, 2)), np.zeros((3, 1), int))
    assert phases(tape)[-1] == "update SGD"


def test_on_every_backend(backend):
    """Arrays stay on their device until somebody looks; a step that a GPU would play without Python is run."""
    rng = np.random.default_rng(0)
    with minidl.use_backend(backend.name):
        minidl.set_seed(0)
        model = minidl.Sequential(
            [
                layers.Input((8, 8, 1)),
                layers.Conv2D(2, 3, activation="relu"),
                layers.MaxPooling2D(),
                layers.Flatten(),
                layers.Dense(3, activation="softmax"),
            ]
        )
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
        with minidl.record() as tape:
            for _ in range(2):
                model.train_on_batch(rng.random((2, 8, 8, 1)).astype("float32"), np.array([[0], [2]]))
        assert {step.phase for step in tape.steps} == {"forward", "backward", "update"}
        assert all(type(step.output.array) is backend.array_type for step in tape.steps if isinstance(step, (Forward, Backward)))
        assert "update" in str(tape) and not tape.compare(tape)
        tape.data()
        step = next(step for step in tape.steps if isinstance(step, Backward) and "pool" in step.op.name)
        assert tape.window(step, (0, 0, 0)).to_input is not None  # with a kernel that of the convolution with pooling


def test_recording_costs_less_than_a_step():
    """Off, nothing is installed (see above); on, at most as much again as a plain step takes."""
    minidl.set_seed(0)
    model = minidl.nets.intro()
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    x, y = images(32)
    times = {"off": [], "on": []}
    for _ in range(15):
        for how, seconds in times.items():
            begin = time.perf_counter()
            with minidl.record() if how == "on" else contextlib.nullcontext():
                model.train_on_batch(x, y)
            seconds.append(time.perf_counter() - begin)
    assert min(times["on"]) < 2 * min(times["off"])


def test_beside_the_other_modes():
    """Recording, detect_nonfinite, detect_changes and why_no_grad replace the same methods: in any order, all is as before in the end."""
    before = [vars(Op)["__call__"], minidl.autograd._walk, dict(vars(Tensor))]
    w = Tensor([1.0, 2.0], requires_grad=True)
    with minidl.record() as outer, minidl.detect_nonfinite(), minidl.detect_changes():
        (w * w).sum().backward()
    with minidl.detect_nonfinite(), minidl.record() as inner:
        (w * w).sum().backward()
        assert not minidl.why_no_grad(lambda: (w * 2).sum())
    assert phases(outer)[:4] == phases(inner)[:4] == ["forward multiply", "forward sum", "backward sum", "backward multiply"]
    with pytest.raises(FloatingPointError), minidl.record() as tape, minidl.detect_nonfinite():
        ops.log(Tensor([0.0], requires_grad=True))
    assert "FloatingPointError" in tape.error
    assert [vars(Op)["__call__"], minidl.autograd._walk, dict(vars(Tensor))] == before


def test_hessian_and_jacobian():
    x = Tensor([0.3, 0.7], requires_grad=True)
    expected = minidl.hvp(lambda x: (ops.tanh(x) ** 2).sum(), x, np.ones(2)), minidl.jacobian(lambda x: ops.tanh(x), x)
    with minidl.record() as tape:
        found = minidl.hvp(lambda x: (ops.tanh(x) ** 2).sum(), x, np.ones(2)), minidl.jacobian(lambda x: ops.tanh(x), x)
    assert all(np.array_equal(np.asarray(a), np.asarray(b)) for a, b in zip(found, expected))
    assert len({step.walk for step in tape.steps if isinstance(step, Backward)}) >= 3
    tape.data()
