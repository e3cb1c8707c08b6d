"""compile, fit, evaluate, predict and the steps on one batch."""
import subprocess
import sys

import numpy as np
import pytest
import threadpoolctl

import minidl
from minidl import Input, Model, Sequential, Tensor, losses, metrics, nets, ops
from minidl.autograd import grad
from minidl.callbacks import Callback
from minidl.layers import Dense, Dropout, Flatten, Layer, Softmax

RNG = np.random.default_rng(31)
X = RNG.standard_normal((10, 4)).astype("float32")
Y = RNG.integers(0, 3, 10)
TARGET = X[:, :2] * 2


@pytest.fixture(autouse=True)
def _seed():
    minidl.set_seed(0)


def classifier(optimizer="sgd", loss="sparse_categorical_crossentropy", **options):
    model = Sequential([Input((4,)), Dense(5, "tanh"), Dense(3, "softmax")])
    model.compile(optimizer, loss, **options)
    return model


def regression(optimizer="sgd", loss="mse", **options):
    model = Sequential([Input((4,)), Dense(2)])
    model.compile(optimizer, loss, **options)
    return model


def twins(make, n=2):
    models = [make() for _ in range(n)]
    for model in models[1:]:
        model.set_weights(models[0].get_weights())
    return models


def same_weights(*models):
    for arrays in zip(*(model.get_weights() for model in models), strict=True):
        for array in arrays[1:]:
            np.testing.assert_array_equal(arrays[0], array)


# ---- one batch


def test_train_on_batch_is_one_step_of_gradient_descent():
    model = regression(minidl.optimizers.SGD(0.1))
    before = model.get_weights()
    loss = losses.MeanSquaredError()(TARGET, model(X))
    gradients = grad(loss, model.weights)
    value = model.train_on_batch(X, TARGET)
    assert type(value) is float
    assert value == loss.item(), "the loss before the update"
    for w, start, g in zip(model.weights, before, gradients):
        np.testing.assert_allclose(w.numpy(), start - 0.1 * g.numpy(), rtol=1e-6, atol=1e-7)


def test_what_the_steps_on_one_batch_return():
    model = classifier(metrics=["accuracy", "mae"], loss="categorical_crossentropy")
    y = np.eye(3)[Y]
    values = model.test_on_batch(X, y)
    assert type(values) is list
    assert [type(v) for v in values] == [float] * 3
    named = model.test_on_batch(X, y, return_dict=True)
    assert list(named) == ["loss", "accuracy", "mae"]
    assert list(named.values()) == values
    assert model.train_on_batch(X, y) == values
    assert model.train_on_batch(X, y, return_dict=True)["loss"] < values[0]
    assert type(regression().test_on_batch(X, TARGET)) is float


def test_the_loss_is_of_this_batch_and_no_running_mean():
    model = regression(minidl.optimizers.SGD(0.0))
    whole, part = model.train_on_batch(X, TARGET), model.train_on_batch(X[:1], TARGET[:1])
    assert whole == model.test_on_batch(X, TARGET)
    assert part == model.test_on_batch(X[:1], TARGET[:1])
    assert whole != part


def test_test_on_batch_changes_nothing():
    model = classifier()
    before = model.get_weights()
    model.test_on_batch(X, Y)
    for a, b in zip(before, model.get_weights()):
        np.testing.assert_array_equal(a, b)


def test_sample_and_class_weights_on_one_batch():
    model, weights = classifier(minidl.optimizers.SGD(0.0)), np.linspace(0, 2, 10)
    each = losses.sparse_categorical_crossentropy(Y, model(X)).numpy()
    assert model.train_on_batch(X, Y, sample_weight=weights) == pytest.approx((each * weights).mean(), rel=1e-6)
    assert model.test_on_batch(X, Y, sample_weight=weights) == pytest.approx((each * weights).mean(), rel=1e-6)
    by_class = np.where(Y == 1, 3.0, 1.0)
    assert model.train_on_batch(X, Y, class_weight={1: 3.0}) == pytest.approx((each * by_class).mean(), rel=1e-6)
    both = model.train_on_batch(X, Y, sample_weight=weights, class_weight={1: 3.0})
    assert both == pytest.approx((each * by_class * weights).mean(), rel=1e-6)


# ---- fit


def test_fit_reports_running_means_weighted_by_batch_size():
    model = regression(minidl.optimizers.SGD(0.0), metrics=["mae"])
    history = model.fit(X, TARGET, batch_size=4, epochs=2, verbose=0)  # batches of 4, 4 and 2
    whole = model.test_on_batch(X, TARGET)
    assert history is model.history
    assert history.epoch == [0, 1]
    assert list(history.history) == ["loss", "mae"]
    assert history.history["loss"] == pytest.approx([whole[0]] * 2, rel=1e-6)
    assert history.history["mae"] == pytest.approx([whole[1]] * 2, rel=1e-6)
    assert type(history.history["loss"][0]) is float


def test_fit_again_goes_on():
    once, twice, named = twins(lambda: classifier("adam"), 3)
    whole = once.fit(X, Y, epochs=4, batch_size=3, shuffle=False, verbose=0)
    parts = [twice.fit(X, Y, epochs=2, batch_size=3, shuffle=False, verbose=0).history["loss"] for _ in range(2)]
    assert whole.history["loss"] == parts[0] + parts[1]
    named.fit(X, Y, epochs=2, batch_size=3, shuffle=False, verbose=0)
    assert named.fit(X, Y, epochs=4, initial_epoch=2, batch_size=3, shuffle=False, verbose=0).epoch == [2, 3]
    same_weights(once, twice, named)


def test_zero_epochs_and_batches_larger_than_the_data():
    model, one = twins(regression)
    assert model.fit(X, TARGET, epochs=0, verbose=0).history == {}
    assert model.fit(X, TARGET, epochs=2, initial_epoch=2, verbose=0).epoch == []
    same_weights(model, one)
    model.fit(X, TARGET, batch_size=1000, verbose=0, shuffle=False)
    one.train_on_batch(X, TARGET)
    same_weights(model, one)


@pytest.mark.parametrize(("shuffle", "ordered"), [(True, False), (False, True)])
def test_every_example_is_seen_once_in_each_epoch(shuffle, ordered):
    seen = []

    class Spy(Sequential):
        def train_step(self, data):
            seen.append(data[0].numpy()[:, 0])
            np.testing.assert_array_equal(data[0].numpy()[:, 0], data[1][:, 0])  # y stays beside its x
            return super().train_step(data)

    x = np.arange(50.0)[:, None]
    model = Spy([Input((1,)), Dense(1)])
    model.compile(minidl.optimizers.SGD(0.0), "mse")
    model.fit(x, x, epochs=2, batch_size=8, shuffle=shuffle, verbose=0)
    epochs = [np.concatenate(seen[:7]), np.concatenate(seen[7:])]
    for epoch in epochs:
        np.testing.assert_array_equal(np.sort(epoch), x[:, 0])
        assert (epoch == x[:, 0]).all() == ordered
    assert (epochs[0] == epochs[1]).all() == ordered


def test_batch_size_is_32_by_default():
    model = regression()
    model.fit(np.ones((65, 4)), np.ones((65, 2)), verbose=0)
    assert model.optimizer.iterations == 3


def test_validation_data_in_its_three_forms():
    x, y, w = X[:3], TARGET[:3], np.array([1.0, 2.0, 3.0])
    model = regression(minidl.optimizers.SGD(0.0), metrics=["mae"])

    def fit(data, **options):
        return model.fit(X, TARGET, validation_data=data, verbose=0, **options).history

    plain = fit((x, y))
    assert list(plain) == ["loss", "mae", "val_loss", "val_mae"]
    assert plain["val_loss"][0] == pytest.approx(model.evaluate(x, y, verbose=0)[0])
    weighted = fit((x, y, w))
    assert weighted["val_loss"][0] == pytest.approx(model.evaluate(x, y, sample_weight=w, verbose=0)[0])
    assert weighted["val_loss"][0] != plain["val_loss"][0]
    assert fit([(x[:2], y[:2]), (x[2:], y[2:])].__iter__())["val_loss"] == pytest.approx(plain["val_loss"], rel=1e-6)

    class Dataset:
        def __iter__(self):
            yield x[:2], y[:2]
            yield x[2:], y[2:]

    assert fit(Dataset(), epochs=2)["val_loss"] == pytest.approx(plain["val_loss"] * 2, rel=1e-6)
    first = model.evaluate(x[:2], y[:2], verbose=0)[0]
    assert fit(Dataset(), validation_steps=1)["val_loss"] == pytest.approx([first])
    with pytest.raises(ValueError, match="validation_data is"):
        fit(x)
    with pytest.raises(ValueError, match="validation_data ran out of batches"):
        fit(iter([(x, y)]), epochs=2)


def test_validation_does_not_train_and_comes_without_dropout():
    model = Sequential([Input((4,)), Dropout(0.9), Dense(2)])
    model.compile("sgd", "mse")
    value = model.fit(X, TARGET, validation_data=(X, TARGET), verbose=0).history["val_loss"][0]
    assert value == pytest.approx(model.evaluate(X, TARGET, verbose=0))


def test_validation_split_takes_the_last_part():
    split, parts = twins(regression)
    w, options = np.arange(1, 11), {"verbose": 0, "shuffle": False}
    a = split.fit(X, TARGET, validation_split=0.3, sample_weight=w, **options).history
    b = parts.fit(X[:7], TARGET[:7], sample_weight=w[:7], validation_data=(X[7:], TARGET[7:], w[7:]), **options).history
    assert a == b
    for share in (1.0, 0.99999, 1.5, -0.1):
        with pytest.raises(ValueError, match="validation_split"):
            split.fit(X[:5], TARGET[:5], validation_split=share, verbose=0)
    with pytest.raises(ValueError, match="not both"):
        split.fit(X, TARGET, validation_split=0.5, validation_data=(X, TARGET), verbose=0)


@pytest.mark.parametrize("kind", ["sparse", "column", "one-hot", "list", "dict"])
def test_class_weight_is_a_sample_weight(kind):
    y = {"sparse": Y, "column": Y[:, None], "one-hot": np.eye(3)[Y], "list": [Y], "dict": {"out": Y}}[kind]
    model = Sequential([Input((4,)), Dense(3, "softmax", name="out")])
    model.compile(minidl.optimizers.SGD(0.0), "categorical_crossentropy" if kind == "one-hot" else "sparse_categorical_crossentropy")
    expected = model.evaluate(X, y, sample_weight=np.choose(Y, [2.0, 1.0, 0.5]), verbose=0)
    assert model.fit(X, y, class_weight={0: 2, 2: 0.5}, batch_size=4, verbose=0).history["loss"] == pytest.approx([expected], rel=1e-6)


def test_class_weight_for_binary_labels_and_its_checks():
    y, model = (Y > 0).astype(int), Sequential([Input((4,)), Dense(1, "sigmoid")])
    model.compile(minidl.optimizers.SGD(0.0), "bce")
    expected = model.evaluate(X, y, sample_weight=np.where(y == 1, 5.0, 1.0), verbose=0)
    assert model.fit(X, y, class_weight={1: 5.0}, verbose=0).history["loss"] == pytest.approx([expected])
    with pytest.raises(ValueError, match="class_weight has a class 2, but the classes are 0 to 1"):
        model.fit(X, y, class_weight={2: 5.0}, verbose=0)
    for wrong in ({-1: 1.0}, {0.5: 1.0}, {0: -1.0}, {0: "a"}, {0: np.nan}):
        with pytest.raises(ValueError, match="class_weight"):
            model.fit(X, y, class_weight=wrong, verbose=0)
    with pytest.raises(ValueError, match="class_weight needs y"):
        model.fit(X, class_weight={0: 1.0}, verbose=0)
    with pytest.raises(ValueError, match="class_weight has a class 3, but the classes are 0 to 2"):
        classifier().fit(X, Y, class_weight={3: 1.0}, verbose=0)
    with pytest.raises(ValueError, match=r"y_true holds 3, y_pred has 3 classes"):
        classifier().fit(X, np.full(10, 3), class_weight={1: 2.0}, verbose=0)


# ---- iterables


def test_generators_and_steps():
    made = []

    def endless():
        while True:
            made.append(1)
            yield X, TARGET

    model = regression()
    assert model.fit(endless(), steps_per_epoch=3, epochs=2, verbose=0).epoch == [0, 1]
    assert model.optimizer.iterations == len(made) == 6
    assert model.evaluate(endless(), steps=2, verbose=0) == pytest.approx(model.evaluate(X, TARGET, verbose=0))
    assert model.predict((x for x in (X, X)), verbose=0).shape == (20, 2)
    assert model.predict(endless(), steps=2, verbose=0).shape == (20, 2)


def test_a_generator_that_runs_dry_says_so():
    with pytest.raises(ValueError, match=r"x ran out of batches \(1 came\)"):
        regression().fit(((X, TARGET) for _ in range(3)), steps_per_epoch=2, epochs=2, verbose=0)
    with pytest.raises(ValueError, match=r"x ran out of batches \(0 came\)"):
        regression().fit(((X, TARGET) for _ in range(3)), epochs=2, verbose=0)


def test_a_dataset_that_can_be_gone_through_again():
    class Dataset:
        def __init__(self):
            self.rounds = 0

        def __len__(self):
            return 2

        def __iter__(self):
            self.rounds += 1
            yield X[:5], TARGET[:5]
            yield X[5:], TARGET[5:], np.ones(5)

    data, (model, arrays) = Dataset(), twins(regression)
    model.fit(data, epochs=3, verbose=0)
    arrays.fit(X, TARGET, batch_size=5, epochs=3, shuffle=False, verbose=0)
    same_weights(model, arrays)
    assert data.rounds >= 3
    model.fit(data, steps_per_epoch=3, epochs=2, verbose=0)
    assert model.optimizer.iterations == 12
    with pytest.raises(ValueError, match="brings its own y"):
        model.fit(data, TARGET, verbose=0)


def test_steps_per_epoch_with_arrays():
    model = regression()
    model.fit(X, TARGET, batch_size=2, steps_per_epoch=3, epochs=2, verbose=0)
    assert model.optimizer.iterations == 6


# ---- several outputs, own steps and functions


def test_several_outputs_and_inputs():
    i, j = Input((4,), name="i"), Input((2,), name="j")
    model = Model({"i": i, "j": j}, [Dense(3, "softmax", name="class")(i), Dense(2, name="value")(j)])
    model.compile("sgd", {"class": "sparse_categorical_crossentropy", "value": "mse"}, metrics={"class": ["accuracy"], "value": "mae"})
    x, y = {"j": TARGET, "i": X}, {"value": TARGET, "class": Y}
    named = model.evaluate(x, y, return_dict=True, verbose=0)
    assert list(named) == ["loss", "class_loss", "value_loss", "class_accuracy", "value_mae"]
    assert named["loss"] == pytest.approx(named["class_loss"] + named["value_loss"])
    assert model.evaluate([X, TARGET], [Y, TARGET], verbose=0) == list(named.values())
    history = model.fit(x, y, validation_split=0.5, epochs=2, verbose=0).history
    assert list(history) == [*named, *(f"val_{name}" for name in named)]
    assert [y.shape for y in model.predict(x, verbose=0, batch_size=3)] == [(10, 3), (10, 2)]
    with pytest.raises(ValueError, match="class_weight is for models with one output"):
        model.fit(x, y, class_weight={0: 1.0}, verbose=0)


def test_an_own_train_step():
    class Own(Model):
        def train_step(self, data):
            x, y = data
            loss = ops.mean(ops.square(self(x, training=True) - y))
            self.optimizer.apply(grad(loss, self.trainable_variables), self.trainable_variables)
            return {"loss": loss, "twice": 2 * loss.item()}

    i = Input((4,))
    own, plain = Own(i, Dense(2)(i)), regression()
    plain.set_weights(own.get_weights())
    own.compile("sgd")
    a = own.fit(X, TARGET, epochs=2, shuffle=False, verbose=0).history
    b = plain.fit(X, TARGET, epochs=2, shuffle=False, verbose=0).history
    same_weights(own, plain)
    assert a["loss"] == pytest.approx(b["loss"])
    assert a["twice"] == pytest.approx([2 * v for v in a["loss"]])
    assert own.train_on_batch(X, TARGET, return_dict=True).keys() == {"loss", "twice"}

    class Wrong(Own):
        def train_step(self, data):
            return 3.0

    wrong = Wrong(i, Dense(2)(i))
    wrong.compile("sgd")
    with pytest.raises(TypeError, match="train_step and test_step return a dictionary"):
        wrong.train_on_batch(X, TARGET)


def test_own_losses_and_metrics():
    def cubic(y_true, y_pred):
        return ops.mean(ops.abs(y_pred - y_true) ** 3, axis=-1)

    def largest(y_true, y_pred):
        return ops.max(y_pred, axis=-1)

    class Tilted(losses.Loss):
        def call(self, y_true, y_pred):
            return ops.mean(y_pred - y_true, axis=-1)

    model = regression(loss=cubic, metrics=[largest, metrics.MeanSquaredError(name="squares")])
    expected = (np.abs(model(X).numpy() - TARGET) ** 3).mean()
    named = model.test_on_batch(X, TARGET, return_dict=True)
    assert list(named) == ["loss", "largest", "squares"]
    assert named["loss"] == pytest.approx(expected, rel=1e-5)
    assert named["largest"] == pytest.approx(model(X).numpy().max(-1).mean(), rel=1e-6)
    assert model.train_on_batch(X, TARGET)[0] > model.train_on_batch(X, TARGET)[0]
    tilted = regression(loss=Tilted())
    assert tilted.test_on_batch(X, TARGET) == pytest.approx((tilted(X).numpy() - TARGET).mean(), abs=1e-6)


def test_a_loss_that_loses_the_graph_raises():
    def lost(y_true, y_pred):
        return np.mean((y_pred.numpy() - y_true.numpy()) ** 2)

    def detached(y_true, y_pred):
        return ops.mean(ops.square(y_pred.detach() - y_true))

    for loss in (lost, detached):
        with pytest.raises(TypeError, match=f"loss {loss.__name__} gave a .* without a gradient"):
            regression(loss=loss).fit(X, TARGET, verbose=0)


# ---- what is refused


@pytest.mark.parametrize(
    ("loss", "y", "message"),
    [
        ("sparse_categorical_crossentropy", np.full(10, 3), "y_true holds 3, y_pred has 3 classes"),
        ("sparse_categorical_crossentropy", np.full(10, -1), "y_true holds -1"),
        ("sparse_categorical_crossentropy", np.full(10, 0.5), "whole numbers"),
        ("sparse_categorical_crossentropy", np.eye(3)[Y], "one-hot labels: use CategoricalCrossentropy"),
        ("categorical_crossentropy", Y, "one-hot with minidl.data.one_hot"),
        ("categorical_crossentropy", np.eye(4)[Y], r"y_true has shape \(10, 4\), y_pred \(10, 3\)"),
        ("mse", Y, r"same shape.* y_true has shape \(10,\), y_pred \(10, 3\)"),
        ("bce", np.full((10, 3), 2), "must lie between 0 and 1"),
    ],
)
def test_labels_that_do_not_fit(loss, y, message):
    model = classifier(loss=loss)
    for use in (model.train_on_batch, model.test_on_batch):
        with pytest.raises(ValueError, match=message):
            use(X, y)


def test_data_that_is_no_data():
    model, bad = regression(), X.copy()
    bad[7, 1] = np.inf
    for use in (model.fit, model.evaluate, model.train_on_batch):
        with pytest.raises(ValueError, match="x is empty: there are no examples"):
            use(X[:0], TARGET[:0])
        with pytest.raises(ValueError, match="x has 10 examples, y has 9"):
            use(X, TARGET[:9])
        with pytest.raises(ValueError, match=r"x holds values that are nan"):
            use(bad, TARGET)
        with pytest.raises(ValueError, match=r"y holds values that are nan"):
            use(X, TARGET * np.nan)
        with pytest.raises(ValueError, match="there is a loss, but no y"):
            use(X)
        with pytest.raises(ValueError, match="there is no x"):
            use(None)
    for use in (model.predict, model.predict_on_batch):
        with pytest.raises(ValueError, match="x holds values that are nan"):
            use(bad)
    with pytest.raises(TypeError, match="x must be an array of numbers"):
        model.predict([[1, 2], [3]])
    assert model.optimizer.iterations == 0


def test_huge_finite_values_are_no_error():
    from minidl.batches import check_finite

    check_finite(np.full(10, 3e38, "float32"), "x")  # their sum is infinite, they are not


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 2.5}, "epochs must be a whole number ≥ 0; got 2.5"), ({"epochs": -1}, "epochs must be"),
        ({"batch_size": 0}, "batch_size must be a whole number ≥ 1; got 0"), ({"batch_size": 2.0}, "batch_size must be"),
        ({"initial_epoch": -1}, "initial_epoch must be"), ({"steps_per_epoch": 0}, "steps must be"),
        ({"verbose": 3}, "verbose must be 'auto', 0"), ({"verbose": "loud"}, "verbose must be"),
        ({"validation_split": "a"}, "validation_split must be"),
    ],
)  # fmt: skip
def test_the_arguments_of_fit_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        regression().fit(X, TARGET, **{"verbose": 0, **options})


def test_names_that_do_not_exist():
    model = regression()
    cases = [
        (lambda: model.compile("adm", "mse"), ValueError, "no optimizer is called 'adm': did you mean 'Adam'"),
        (lambda: model.compile("sgd", "msee"), ValueError, "no loss is called 'msee': did you mean 'mse'"),
        (lambda: model.compile("sgd", "mse", metrics=["acuracy"]), ValueError, "no metric is called 'acuracy': did you mean 'accuracy'"),
        (lambda: model.compile(optimiser="sgd"), TypeError, "compile has no argument 'optimiser': did you mean 'optimizer'"),
        (lambda: model.fit(X, TARGET, epoch=1), TypeError, "fit has no argument 'epoch': did you mean 'epochs'"),
        (lambda: model.evaluate(X, TARGET, batchsize=1), TypeError, "evaluate has no argument 'batchsize': did you mean 'batch_size'"),
        (lambda: model.predict(X, verbos=1), TypeError, "predict has no argument 'verbos': did you mean 'verbose'"),
        (lambda: model.train_on_batch(X, TARGET, weight=1), TypeError, "train_on_batch has no argument 'weight'"),
    ]
    for use, error, message in cases:
        with pytest.raises(error, match=message):
            use()


def test_a_model_that_is_not_compiled():
    model = Sequential([Input((4,)), Dense(2)])
    for use in (model.fit, model.evaluate, model.train_on_batch, model.test_on_batch):
        with pytest.raises(RuntimeError, match="not compiled yet"):
            use(X, TARGET)
    assert model.predict(X, verbose=0).shape == (10, 2), "predict needs no loss"
    model.compile("sgd")
    with pytest.raises(ValueError, match="compiled without a loss"):
        model.fit(X, TARGET, verbose=0)


# ---- predict, dtypes


def test_predict_takes_lists_and_all_batch_sizes():
    model = regression()
    expected = model(X).numpy()
    for size in (1, 3, 10, 99):
        np.testing.assert_allclose(model.predict(X, batch_size=size, verbose=0), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.predict(X.tolist(), verbose=0), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.predict(Tensor(X), verbose=0), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.predict_on_batch(X.tolist()), expected, rtol=1e-5, atol=1e-6)
    result = model.predict(X, verbose=0)
    assert type(result) is np.ndarray
    assert result.flags.c_contiguous
    assert result.dtype == np.float32


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float64", "float16", ">f4"])
def test_inputs_are_cast_batch_by_batch(dtype):
    seen = set()

    class Spy(Sequential):
        def train_step(self, data):
            seen.add(data[0].dtype)
            return super().train_step(data)

    x = (np.abs(X) * 20).astype(dtype)
    model = Spy([Input((4,)), Dense(2)])
    model.compile(minidl.optimizers.SGD(0.0), "mse")
    model.fit(x, TARGET, verbose=0, batch_size=4)
    assert seen == {np.dtype("float32")}
    np.testing.assert_array_equal(model.predict(x, verbose=0), model.predict(x.astype("float32"), verbose=0))


# ---- chance


def _train(seed):
    minidl.set_seed(seed)
    model = Sequential([Input((4,)), Dense(6, "relu"), Dropout(0.3), Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X, Y, epochs=3, batch_size=4, verbose=0)
    return model


def test_the_same_seed_gives_the_same_weights():
    a, b, c = _train(1), _train(1), _train(2)
    same_weights(a, b)
    assert (a.get_weights()[0] != c.get_weights()[0]).any()


def test_the_same_seed_gives_the_same_weights_in_fresh_processes():
    program = (
        "import hashlib, minidl, numpy as np; minidl.set_seed(3); x = np.random.default_rng(0).random((40, 8, 8, 3));"
        "L = minidl.layers; m = minidl.Sequential([minidl.Input((8, 8, 3)), L.Conv2D(4, 3, activation='relu'), L.MaxPooling2D(),"
        "L.Dropout(0.2), L.Flatten(), L.Dense(3, 'softmax')]); m.compile('adam', 'sparse_categorical_crossentropy');"
        "m.fit(x, np.arange(40) % 3, epochs=2, verbose=0);"
        "print(hashlib.sha256(b''.join(w.tobytes() for w in m.get_weights())).hexdigest())"
    )
    runs = [subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout for _ in range(2)]
    assert runs[0] == runs[1]
    assert len(runs[0]) == 65


# ---- after errors


class Breaks(Callback):
    def on_train_batch_end(self, batch, logs=None):
        raise ZeroDivisionError


def blas_threads():
    pools = threadpoolctl.threadpool_info()  # other tests may have loaded another BLAS
    return [pool["num_threads"] for pool in pools if pool["user_api"] == "blas" and "numpy" in pool["filepath"]]


def test_an_exception_in_a_callback_leaves_the_model_usable():
    model, other = twins(regression)
    with pytest.raises(ZeroDivisionError):
        model.fit(X, TARGET, verbose=0, callbacks=[Breaks()], shuffle=False)
    assert model.optimizer.iterations == 1
    assert model(X).requires_grad, "recording is on again"
    other.train_on_batch(X, TARGET)
    assert model.train_on_batch(X, TARGET) == other.train_on_batch(X, TARGET)


def test_blas_runs_on_one_thread_in_training_only():
    seen = []

    class Look(Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.extend(blas_threads())

        on_test_batch_end = on_predict_batch_end = on_train_batch_end

    with threadpoolctl.threadpool_limits(2, "blas"):
        before = blas_threads()
        if 2 not in before:
            pytest.skip(f"this NumPy's BLAS runs on {before} threads whatever is asked of it")
        model = regression()
        model.fit(X, TARGET, verbose=0, callbacks=Look())
        model.evaluate(X, TARGET, verbose=0, callbacks=[Look()])
        model.predict(X, verbose=0, callbacks=[Look()])
        assert set(seen) == {1}
        assert blas_threads() == before
        with pytest.raises(ZeroDivisionError):
            model.fit(X, TARGET, verbose=0, callbacks=[Breaks()])
        assert blas_threads() == before


def test_an_error_in_evaluate_leaves_recording_on():
    model = regression()
    with pytest.raises(ValueError, match="same shape"):
        model.evaluate(X, Y, verbose=0)
    assert model(X).requires_grad


def test_the_intro_net_learns_a_batch():
    x, y = RNG.random((8, 16, 16, 3)).astype("float32"), np.arange(8) % 4
    model = nets.intro((16, 16, 3), 4)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    first = model.train_on_batch(x, y)[0]
    history = model.fit(x, y, epochs=80, verbose=0).history
    assert history["loss"][-1] < 0.3 * first
    assert history["accuracy"][-1] >= 0.75


def test_losses_from_logits_and_softmax_layers_agree():
    i = Input((4,))
    scores = Dense(3)(i)
    logits, probabilities = Model(i, scores), Model(i, Softmax()(Flatten()(scores)))
    logits.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True))
    probabilities.compile("sgd", "sparse_categorical_crossentropy")
    assert logits.test_on_batch(X, Y) == pytest.approx(probabilities.test_on_batch(X, Y), rel=1e-5)


def test_training_is_in_training_mode_and_the_rest_is_not():
    seen = []

    class Flag(Layer):
        def call(self, x, training=False):
            seen.append(training)
            return x

    model = Sequential([Dense(2), Flag()])
    model.compile("sgd", "mse")
    model.fit(X, TARGET, validation_data=(X, TARGET), verbose=0)
    model.train_on_batch(X, TARGET)
    model.test_on_batch(X, TARGET)
    model.evaluate(X, TARGET, verbose=0)
    model.predict(X, verbose=0)
    model.predict_on_batch(X)
    assert seen[1:] == [True, False, True, False, False, False, False]  # seen[0]: connecting


def test_sample_weights_weigh_the_loss_and_not_the_metrics():
    model = classifier(minidl.optimizers.SGD(0.0), metrics=["accuracy"])
    loss, accuracy = model.evaluate(X, Y, verbose=0)
    weighted = model.evaluate(X, Y, sample_weight=np.arange(10), verbose=0)
    assert weighted[0] != pytest.approx(loss)
    assert weighted[1] == accuracy
