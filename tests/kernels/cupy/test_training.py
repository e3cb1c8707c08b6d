"""Training with the CUDA kernels: the steps that are recorded and played do what the steps of the readable ops do."""

import copy
import logging

import numpy as np
import pytest
import strictgpu

from minidl import captured, devices, losses, nets, ops, optimizers
from minidl.callbacks import Callback
from minidl.kernels.cupy.updates import AT_ONCE
from minidl.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D, ReLU
from minidl.models import Model, Sequential, load_model
from minidl.optimizers import SGD, Adagrad, Adam, AdamW, RMSprop
from minidl.random_numbers import set_seed
from minidl.switches import reference_only
from minidl.tensor import Tensor


def data(n=24, classes=3, dtype="float32", seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((n, 8, 8, 2)).astype(dtype), rng.integers(0, classes, n)


def small_model(dropout=0.0, normalize=False):
    layers = [Input((8, 8, 2)), Conv2D(4, 3, activation="relu"), MaxPooling2D(), Flatten()]
    if normalize:  # without a bias before it: normalization takes it away again, so that its gradient is 0 and Adam follows the rounding
        layers = [Input((8, 8, 2)), Conv2D(4, 3, use_bias=False), BatchNormalization(), ReLU(), MaxPooling2D(), Flatten()]
    layers += [Dropout(dropout)] if dropout else []
    return Sequential([*layers, Dense(5, activation="relu"), Dense(3, activation="softmax")])


def compiled(name, capture="auto", optimizer="adam", metrics=("accuracy",), seed=1, **options):
    set_seed(seed)
    model = small_model(**options).to(name)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=list(metrics), capture=capture)
    return model


OPTIMIZERS = [
    lambda: SGD(0.1), lambda: SGD(0.1, momentum=0.9), lambda: SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    lambda: Adagrad(0.1),
    lambda: RMSprop(0.01), lambda: RMSprop(0.01, momentum=0.5, centered=True), lambda: RMSprop(0.01, centered=True),
    lambda: Adam(0.01), lambda: Adam(0.01, amsgrad=True, clipnorm=0.1), lambda: AdamW(0.01, global_clipnorm=1.0),
]  # fmt: skip


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_updates_of_all_parameters_at_once(make, device):
    rng = np.random.default_rng(5)
    shapes = [(3, 2), (1,), (257,), (2, 3, 2), *[(4,)] * AT_ONCE]
    start = [rng.standard_normal(shape) for shape in shapes]
    steps = [[rng.standard_normal(shape) for shape in shapes] for _ in range(3)]
    found = {}
    for name, asarray in (("numpy", np.asarray), (device.name, device.asarray)):
        params, optimizer = [Tensor(asarray(w), requires_grad=True) for w in start], make()
        for t, grads in enumerate(steps):
            optimizer.learning_rate = 0.1 / (t + 1)
            optimizer.apply([asarray(g) for g in grads], params)
        found[name] = [w.numpy() for w in params], optimizer.state_arrays(params), [w.version for w in params], optimizer.iterations
    for a, b in zip(found["numpy"][0] + found["numpy"][1], found[device.name][0] + found[device.name][1]):
        assert np.abs(a - b).max() < 1e-12
    assert found["numpy"][2:] == found[device.name][2:]


def history_of(model, epochs=4, n=24, **options):
    x, y = data(n)
    return model.fit(x, y, batch_size=8, epochs=epochs, verbose=0, **options).history, model.get_weights()


def assert_same_run(a, b, tolerance):
    for name in a[0]:
        assert np.allclose(a[0][name], b[0][name], rtol=tolerance, atol=tolerance), name
    for one, other in zip(a[1], b[1]):
        assert np.abs(one - other).max() < tolerance


@pytest.mark.parametrize("make", OPTIMIZERS[2::3])
def test_recorded_training_is_numpys_training(make, device):
    numpys = history_of(compiled("numpy", optimizer=make()))
    model = compiled(device.name, optimizer=make())
    assert_same_run(history_of(model), numpys, 2e-4)
    (recording,) = model.captured.recordings.values()
    assert recording.replay is not None
    assert recording.runs == 12
    assert model.optimizer.iterations == 12


def test_one_recording_for_each_shape(device):
    model = compiled(device.name)
    found = history_of(model, n=21)
    assert sorted(recording.runs for recording in model.captured.recordings.values()) == [4, 8]
    assert_same_run(found, history_of(compiled("numpy"), n=21), 2e-4)


def test_recorded_with_batch_normalization_and_validation(device):
    runs = [history_of(compiled(name, normalize=True), validation_data=data(10, seed=2)) for name in (device.name, "numpy")]
    assert_same_run(*runs, 5e-4)


def test_learning_rates_reach_the_recorded_step(device):
    schedule = optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
    runs = [history_of(compiled(name, optimizer=SGD(schedule))) for name in (device.name, "numpy")]
    assert_same_run(*runs, 2e-4)


def reads_while(work):
    before = strictgpu.module.to_device, strictgpu.module.to_host
    result = work()
    return strictgpu.module.to_device - before[0], strictgpu.module.to_host - before[1], result


def recorded_on_strictgpu():
    if not captured.recorders.get("strictgpu"):
        pytest.skip("no g++: it compiles the CUDA kernels for the CPU")
    model = compiled("strictgpu")
    x, y = (strictgpu.module.asarray(array) for array in data(8))
    for _ in range(3):
        model.captured((Tensor(x), y))
    return model, (Tensor(x), y)


def test_a_step_is_read_when_it_is_asked_for_and_once():
    model, batch = recorded_on_strictgpu()
    *moves, logs = reads_while(lambda: model.captured(batch, checked=True))
    assert moves == [0, 0]
    assert list(logs) == ["loss", "accuracy"]
    model.captured(batch, checked=True)  # what comes later changes nothing in what was reported before
    *moves, numbers = reads_while(lambda: {name: float(value) for name, value in logs.items()})
    assert moves == [0, 1]
    later = {name: float(value) for name, value in model.captured(batch, checked=True).items()}
    assert later["loss"] < numbers["loss"]


class Watching(Callback):
    """Keeps what it is told, and looks at it only at the end."""

    def __init__(self):
        self.told = []

    def on_train_batch_end(self, batch, logs=None):
        self.told.append(logs)


def test_fit_reads_an_epoch_once_and_each_step_only_for_those_who_look(device):
    runs, moves = [], []
    for watching in (None, Watching()):
        model = compiled(device.name)
        counted = reads_while(lambda: history_of(model, epochs=3, n=32, callbacks=[watching] if watching else None))  # noqa: B023
        runs.append(counted[2])
        moves.append(counted[1])
    assert_same_run(*runs, 1e-6)
    assert len({told["loss"] for told in watching.told}) == 12
    assert [told["loss"] for told in watching.told][3::4] == runs[1][0]["loss"]
    if device.name == "strictgpu":
        assert moves[1] - moves[0] == 12 - 3


def test_masks_differ_from_step_to_step_and_not_from_run_to_run(device):
    first, again, other = (history_of(compiled(device.name, dropout=0.5, seed=seed)) for seed in (1, 1, 2))
    assert_same_run(first, again, 1e-6)
    assert first[0]["loss"] != other[0]["loss"]


def test_masks(device):
    set_seed(3)
    layer = Dropout(0.25)
    x = Tensor(device.asarray(np.ones((50, 41), "float32")))
    a, b = (layer(x, training=True).numpy() for _ in range(2))
    assert {round(float(v), 5) for v in np.unique(a)} == {0.0, 1.33333}
    assert abs((a > 0).mean() - 0.75) < 0.03
    assert ((a > 0) != (b > 0)).mean() > 0.3
    set_seed(3)
    assert (layer(x, training=True).numpy() == a).all()
    half = Dropout(0.5)(Tensor(device.asarray(np.ones((3, 5), "float16"))), training=True)
    assert half.dtype == np.float16


def test_philox_gives_the_published_numbers(device):
    """The words for counter 0 and key 0, from the test vectors of Random123 (kat_vectors, philox4x32 10)."""
    from minidl.kernels.cupy.launching import each

    state = device.asarray(np.zeros(2, np.uint64))
    words = [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    for word, i in zip(words, range(4)):
        for rate, kept in ((word / 2**32, True), ((word + 1) / 2**32, False)):
            mask = device.asarray(np.zeros(4))
            each("noise.cu", "keep_mask", 1, mask, state, 4, rate)
            assert (device.to_numpy(mask)[i] > 0) == kept


def test_wrong_labels_are_refused_before_anything_is_played(device):
    model = compiled(device.name)
    x, y = data(8)
    for _ in range(4):
        model.train_on_batch(x, y)
    weights = model.get_weights()
    with pytest.raises(ValueError, match="holds 3"):
        model.train_on_batch(x, np.where(np.arange(8) == 5, 3, y))
    with pytest.raises(ValueError, match="holds 3"):
        model.fit(x, np.where(np.arange(8) == 5, 3, y), verbose=0)
    assert all((a == b).all() for a, b in zip(weights, model.get_weights()))


def test_what_changes_in_python_is_recorded_anew(device):
    def run(name):
        model = compiled(name, optimizer=SGD(0.1))
        losses_ = history_of(model)[0]["loss"]
        model.layers[0].trainable = False
        losses_ += history_of(model)[0]["loss"]
        model.optimizer.weight_decay = 0.5
        losses_ += history_of(model)[0]["loss"]
        model.set_weights([w * 0.5 for w in model.get_weights()])
        return losses_ + history_of(model)[0]["loss"]

    assert np.allclose(run(device.name), run("numpy"), rtol=1e-3)


def test_moving_the_model_away_and_back(device):
    model, other = compiled(device.name), compiled("numpy")
    for m in (model, other):
        set_seed(2)
        history_of(m, epochs=2)
    model.to("numpy").to(device.name)
    runs = []
    for m in (model, other):
        set_seed(3)
        runs.append(history_of(m, epochs=2))
    assert_same_run(*runs, 5e-4)


class Tell(Callback):
    """Calls a function of (model, epoch, batch) before each batch and, with None for it, after each epoch."""

    def __init__(self, function):
        self.function = function

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        self.function(self.model, self.epoch, batch)

    def on_epoch_end(self, epoch, logs=None):
        self.function(self.model, epoch, None)


def learning_rates(model, epoch, batch):
    model.optimizer.learning_rate = 0.1 / (1 + epoch + (batch or 0))


def frozen_every_other_epoch(model, epoch, batch):
    model.layers[0].trainable = epoch % 2 == 0


def stops(model, epoch, batch):
    model.stop_training = (epoch, batch) == (2, 1)


def weights_by_hand(model, epoch, batch):
    if batch is None:
        weight = model.layers[-1].weights[0]
        weight.data = weight.data * 0.5
        weight[0] = 0.0


@pytest.mark.parametrize("function", [learning_rates, frozen_every_other_epoch, stops, weights_by_hand])
def test_what_callbacks_change(function, device):
    runs = [history_of(compiled(name, optimizer=SGD(0.1)), epochs=6, callbacks=[Tell(function)]) for name in ("numpy", device.name)]
    assert_same_run(*runs, 5e-4)
    assert len(runs[0][0]["loss"]) == len(runs[1][0]["loss"])


def test_batch_sizes_weights_and_compilations_that_change(device):
    def run(name):
        model, found = compiled(name, optimizer=SGD(0.1)), []
        for size in (4, 8, 13, 26, 4, 5):
            found += history_of(model, n=26, epochs=1, validation_split=0.3)[0]["val_loss"]
            x, y = data(26)
            options = {"sample_weight": np.linspace(0, 1, 26)} if size % 2 else {"class_weight": {0: 3.0, 2: 0.1}}
            found += model.fit(x, y, batch_size=size, epochs=4, verbose=0, **options).history["loss"]
            model.compile(Adam(0.001 * size) if size == 8 else SGD(0.01 * size), "sparse_categorical_crossentropy")
        return found

    assert np.allclose(run(device.name), run("numpy"), rtol=1e-3)


def test_a_rate_of_dropout_that_changes(device):
    model = compiled(device.name, optimizer=SGD(0.0), dropout=0.5)
    x, y = data(8)
    with_masks = [model.train_on_batch(x, y)[0] for _ in range(4)]
    model.layers[3].rate = 0.0
    assert len(set(with_masks)) > 1
    assert np.ptp([model.train_on_batch(x, y)[0] for _ in range(4)]) < 1e-6


def test_a_copy_of_a_trained_model_goes_its_own_way(device):
    model = compiled(device.name)
    history_of(model)
    other = copy.deepcopy(model)
    before = other.get_weights()
    first = history_of(model, shuffle=False)
    assert all((a == b).all() for a, b in zip(before, other.get_weights()))
    assert_same_run(first, history_of(other, shuffle=False), 1e-6)


class Loud(Dense):
    """A layer of one's own."""


def refusals(caplog):
    return [record.getMessage() for record in caplog.records if record.name == "minidl"]


def test_what_is_not_known_to_be_safe_is_run_as_always_and_the_log_says_why(device, caplog):
    caplog.set_level(logging.INFO, "minidl")
    set_seed(1)
    model = Sequential([Input((8, 8, 2)), Flatten(), Loud(3, activation="softmax")]).to(device.name)
    for capture, recorded in (("auto", False), (True, True), (False, False)):
        model.compile("adam", "sparse_categorical_crossentropy", capture=capture)
        history_of(model)
        assert bool(model.captured.recordings) == recorded
    assert [message for message in refusals(caplog) if "Loud is not minidl's own" in message]
    assert len(refusals(caplog)) == 1
    with pytest.raises(ValueError, match="'auto', True or False"):
        model.compile("adam", "mse", capture="always")


class Reading(Dense):
    """A layer that reads a number from the device."""

    def call(self, x):
        return super().call(x * max(1.0, x.sum().item() * 0))


def test_a_recording_that_fails_leaves_the_training_as_it_was(device, caplog):
    caplog.set_level(logging.INFO, "minidl")
    histories = []
    for capture in (True, False):
        set_seed(1)
        model = Sequential([Input((8, 8, 2)), Flatten(), Reading(3, activation="softmax")]).to(device.name)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], capture=capture)
        histories.append(history_of(model))
    assert_same_run(*histories, 1e-6)
    assert model.optimizer.iterations == 12
    assert "is not recorded" in refusals(caplog)[0]


def test_own_losses_metrics_and_steps_are_not_recorded(device):
    def own_loss(y_true, y_pred):
        return losses.mean_squared_error(y_true, y_pred)

    class Own(Model):
        def train_step(self, data):
            return super().train_step(data)

    x, y = data(8)
    one_hot = np.eye(3, dtype="float32")[y]
    symbol = Input((8, 8, 2))
    own = Own(symbol, Dense(3, activation="softmax")(Flatten()(symbol))).to(device.name)
    own.compile("sgd", "mse")
    model = small_model().to(device.name)
    model.compile("sgd", own_loss)
    activated = Sequential([Input((8, 8, 2)), Flatten(), Dense(3, activation=lambda t: ops.softmax(t))]).to(device.name)
    activated.compile("sgd", "mse")
    for m in (own, model, activated):
        m.fit(x, one_hot, epochs=4, verbose=0)
        assert m.captured.refused


def test_saving_crosses_backends(device, tmp_path):
    model = compiled(device.name)
    history_of(model)
    model.save(tmp_path / "m.npz")
    loaded = load_model(tmp_path / "m.npz")
    assert type(loaded.weights[0].data) is np.ndarray
    runs = []
    for m in (loaded, model):
        set_seed(3)
        runs.append(history_of(m))
    assert_same_run(*runs, 5e-4)


def test_the_data_move_once_where_they_fit(monkeypatch, device):
    if device.name != "strictgpu":
        pytest.skip("counts moves, which strictgpu does")
    free = [10**9]
    monkeypatch.setitem(devices.free_memory, "strictgpu", lambda: free[0])
    model = compiled("strictgpu", capture=False)
    moves = []
    for _ in range(2):
        before = strictgpu.module.to_device
        found = history_of(model, epochs=3)
        moves.append(strictgpu.module.to_device - before)
        free[0] = 4 * (24 * 8 * 8 * 2 * 4 + 24 * 8) - 1
    per_step = 1  # the update's number and the learning rate; in the first run for the first step only
    assert moves[0] <= 2 + 3 + 2 * 9 * per_step
    assert moves[1] >= 2 * 9
    x, y = data()
    x[3, 0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="nan"):
        model.fit(x, y, verbose=0)
    assert found[0]["loss"]


def test_the_intro_net_runs_on_kernels_alone(device):
    """No op of the step but these few is left to the backend's own functions."""
    model = nets.intro((12, 12, 3), 4).to(device.name)
    model.compile("adam", "sparse_categorical_crossentropy")
    rng = np.random.default_rng(0)
    x, y = rng.random((4, 12, 12, 3)).astype("float32"), rng.integers(0, 4, 4)
    on_device = [model.train_on_batch(x, y) for _ in range(5)]
    other = nets.intro((12, 12, 3), 4)
    assert len(on_device) == 5 and on_device[-1] < on_device[0]
    with reference_only():
        other.compile("adam", "sparse_categorical_crossentropy")
        other.set_weights(model.get_weights())
        assert abs(other.test_on_batch(x, y) - model.test_on_batch(x, y)) < 1e-5
