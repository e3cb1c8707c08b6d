"""Sequential, functional and subclassed models: their graphs, layers and weights."""
import numpy as np
import pytest

import minidl
from minidl import Input, Model, Sequential, Tensor, grad, layers, losses, ops
from minidl.layers import Add, BatchNormalization, Concatenate, Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from minidl.symbolic import Symbol

RNG = np.random.default_rng(21)
X = RNG.standard_normal((6, 4)).astype("float32")


@pytest.fixture(autouse=True)
def _seed():
    minidl.set_seed(0)


def residual(name="residual"):
    """(4,) → two outputs: with a shortcut, and from the middle."""
    i = Input((4,), name="in")
    a = Dense(4, "tanh", name="a")(i)
    b = Dense(4, name="b")(a)
    return Model(i, [Dense(2, name="main")(Add(name="add")([i, b])), Dense(1, "sigmoid", name="side")(a)], name=name)


# ---- Sequential


def test_with_an_input_it_is_built_at_once():
    for first in (Input((4,)), layers.InputLayer((4,))):
        model = Sequential([first, Dense(3), Dense(2)], name="s")
        assert model.built
        assert model.count_params() == 15 + 8
        assert [type(layer) for layer in model.layers] == [Dense, Dense]
        assert (model.inputs[0].shape, model.outputs[0].shape) == ((None, 4), (None, 2))
        assert model(X).shape == (6, 2)


def test_without_it_is_built_by_the_first_data():
    model = Sequential([Dense(3), Dropout(0.5), Dense(2)])
    assert not model.built
    assert model.count_params() == 0
    assert model(X).shape == (6, 2)
    assert model.built
    assert model.count_params() == 15 + 8
    with pytest.raises(ValueError, match=r"expects shape \(batch, 4\), got \(6, 3\)"):
        model(X[:, :3])


def test_the_first_step_of_an_unbuilt_model_trains_it():
    for model in (Sequential([Dense(2)]), Wrapped()):
        model.compile("sgd", "mse")
        model.train_on_batch(X, X[:, :2])
        assert (model.get_weights()[-1] != 0).all(), "the bias starts at 0 and moves"


def test_it_is_the_layers_one_after_the_other():
    model = Sequential([Input((4,)), Dense(3, "relu"), Dense(2)])
    y = X
    for layer in model.layers:
        y = layer(y)
    np.testing.assert_array_equal(model(X).numpy(), y.numpy())


def test_add_and_pop():
    model = Sequential()
    model.add(Input((4,)))
    assert model(X).numpy().tolist() == X.tolist(), "an empty model passes its input on"
    first, second = Dense(3), Dense(2)
    model.add(first)
    model.add(second)
    assert model.outputs[0].shape == (None, 2)
    assert model.pop() is second
    assert model.layers == [first]
    assert model(X).shape == (6, 3)
    assert model.count_params() == 15
    model.add(Dense(5))
    assert model.output_names == [model.layers[-1].name]
    assert model(X).shape == (6, 5)
    unbuilt = Sequential([Dense(1), Dense(2)])
    unbuilt.pop()
    assert unbuilt(X).shape == (6, 1)
    with pytest.raises(ValueError, match="the model has no layers"):
        Sequential().pop()


def test_a_nested_sequential_comes_first():
    inner = Sequential([Input((4,)), Dense(3)])
    outer = Sequential([inner, Dense(2)])
    assert outer.built
    assert outer.layers[0] is inner
    assert outer.count_params() == 15 + 8
    np.testing.assert_array_equal(outer(X).numpy(), outer.layers[1](inner(X)).numpy())
    assert Sequential([Sequential([Dense(3)]), Dense(2)])(X).shape == (6, 2)


def test_what_sequential_refuses():
    dense = Dense(2, name="d")
    with pytest.raises(ValueError, match="already has a layer called 'd'"):
        Sequential([dense, dense])
    with pytest.raises(ValueError, match="already has a layer called 'd'"):
        Sequential([dense, Dense(2, name="d")])
    with pytest.raises(ValueError, match="an Input comes first, and once"):
        Sequential([dense, Input((2,))])
    with pytest.raises(ValueError, match="an Input comes first, and once"):
        Sequential([Input((2,)), Input((2,))])
    with pytest.raises(TypeError, match="expected a layer, got function"):
        Sequential([lambda x: x])
    with pytest.raises(TypeError, match="expected a layer, got the class Dense"):
        Sequential([Dense])
    with pytest.raises(TypeError, match=r"a list of layers: write \[Dense\(…\)\]"):
        Sequential(Dense(1))


def test_a_kernel_that_does_not_fit_is_refused_when_the_model_is_made():
    with pytest.raises(ValueError, match=r"layer 'c' \(Conv2D\): a window of \(5, 5\).* does not fit an image of \(4, 4\)"):
        Sequential([Input((4, 4, 1)), Conv2D(2, 5, name="c")])


# ---- graphs


def test_a_residual_graph_with_two_outputs():
    model = residual()
    main, side = model(X)
    layer = model.get_layer
    a = layer("a")(X)
    np.testing.assert_array_equal(main.numpy(), layer("main")(Tensor(X) + layer("b")(a)).numpy())
    np.testing.assert_array_equal(side.numpy(), layer("side")(a).numpy())
    assert model.output_names == ["main", "side"]
    assert [s.shape for s in model.outputs] == [(None, 2), (None, 1)]


def test_several_inputs_as_list_and_by_name():
    a, b = Input((4,), name="a"), Input((2,), name="b")
    out = Concatenate()([Dense(3)(a), b])
    for inputs in ([a, b], {"a": a, "b": b}, {"first": a, "second": b}):
        model = Model(inputs, out)
        assert model.input_names == (list(inputs) if isinstance(inputs, dict) else ["a", "b"])
        x = dict(zip(model.input_names, (X, X[:, :2])))
        expected = model([X, X[:, :2]]).numpy()
        assert expected.shape == (6, 5)
        np.testing.assert_array_equal(model(x).numpy(), expected)
        np.testing.assert_array_equal(model(dict(reversed(x.items()))).numpy(), expected)
        np.testing.assert_array_equal(model.predict(x, verbose=0), expected)
    model = Model([a, b], out)
    with pytest.raises(ValueError, match="expected inputs called a, b; got a, c"):
        model({"a": X, "c": X})
    with pytest.raises(ValueError, match="expected 2 inputs, got 1"):
        model([X])
    with pytest.raises(ValueError, match=r"input 'b' expects shape \(batch, 2\), got \(6, 3\)"):
        model([X, X[:, :3]])


def test_outputs_as_a_dictionary():
    i = Input((4,))
    model = Model(i, {"one": Dense(1)(i), "two": Dense(2)(i)})
    assert model.output_names == ["one", "two"]
    model.compile("sgd", {"one": "mse", "two": "mae"}, metrics={"one": ["mae"]})
    logs = model.train_on_batch(X, {"one": X[:, :1], "two": X[:, :2]}, return_dict=True)
    assert set(logs) == {"loss", "one_loss", "two_loss", "one_mae"}
    y = model(X)
    assert {k: v.shape for k, v in y.items()} == {"one": (6, 1), "two": (6, 2)}
    assert {k: v.shape for k, v in model.predict(X, batch_size=4, verbose=0).items()} == {"one": (6, 1), "two": (6, 2)}


def test_a_layer_used_twice_gets_the_sum_of_both_gradients():
    a, b, dense = Input((4,)), Input((4,)), Dense(1, use_bias=False)
    model = Model([a, b], Add()([dense(a), dense(b)]))
    assert len(model.weights) == 1
    g = grad(model([X, 2 * X]).sum(), model.weights)[0].numpy()
    np.testing.assert_allclose(g[:, 0], 3 * X.sum(0), rtol=1e-5)


def test_models_in_models_and_models_of_a_part():
    i = Input((4,))
    middle = Dense(3, "tanh", name="middle")(i)
    whole, part = Model(i, Dense(2)(middle)), Model(i, middle)
    assert part(X).shape == (6, 3)
    assert part.layers[-1] is whole.get_layer("middle"), "the layers are shared"
    j = Input((4,))
    twice = Model(j, Concatenate()([whole(j), whole(Dense(4)(j))]))
    assert isinstance(whole(j), Symbol)
    assert twice(X).shape == (6, 4)
    assert twice.count_params() == whole.count_params() + 20
    np.testing.assert_array_equal(twice(X).numpy()[:, :2], whole(X).numpy())
    two = residual()
    outputs = two(Input((4,)))
    assert [s.shape for s in outputs] == [(None, 2), (None, 1)]
    assert Model(two.inputs, two.get_layer("b").__call__(two.inputs[0]))(X).shape == (6, 4)


def test_the_input_may_be_an_output_too():
    i = Input((4,))
    same, out = Model(i, [i, Dense(1)(i)])(X)
    np.testing.assert_array_equal(same.numpy(), X)
    assert out.shape == (6, 1)


def test_a_deep_graph_needs_no_recursion():
    i = x = Input((2,))
    for _ in range(1500):
        x = layers.Rescaling(1.0)(x)
    model = Model(i, Dense(1)(x))
    assert len(model.layers) == 1502
    assert grad(model(X[:, :2]).sum(), model.weights)[1].numpy() == [6]


def test_graphs_that_do_not_connect_are_refused():
    i, j = Input((4,), name="i"), Input((4,), name="j")
    with pytest.raises(ValueError, match="the outputs need the input 'j', which is not among the model's inputs"):
        Model(i, Dense(1)(j))
    with pytest.raises(ValueError, match="the outputs need the input 'j'"):
        Model(i, Add()([i, j]))
    with pytest.raises(ValueError, match="the outputs do not depend on the input 'j'"):
        Model([i, j], Dense(1)(i))
    with pytest.raises(ValueError, match="a Model needs both inputs and outputs"):
        Model(i)
    with pytest.raises(TypeError, match="inputs and outputs of a Model are symbols"):
        Model(i, Dense(1))
    with pytest.raises(TypeError, match="inputs and outputs of a Model are symbols"):
        Model(X, X)
    between = Dense(3)(i)
    with pytest.raises(ValueError, match=r"the inputs of a Model come from Input\(…\)"):
        Model(between, Dense(1)(between))


def test_one_example_without_its_batch_axis_gets_a_hint():
    model = Sequential([Input((8, 8, 1)), Flatten(), Dense(1)])
    model.compile("sgd", "mse")
    x = np.zeros((8, 8, 1))
    for use in (model, model.predict, model.predict_on_batch):
        with pytest.raises(ValueError, match=r"\(batch, 8, 8, 1\), got \(8, 8, 1\) \(one example\? give it a batch axis: x\[None\]\)"):
            use(x)


def test_layers_are_in_keras_order():
    """By their steps away from the outputs, not by when they were made."""
    x = Input((3,), name="x")
    short = Dense(2, name="short")(x)  # made first, but next to the output
    long = Dense(2, name="l2")(Dense(4, name="l1")(x))
    for inputs, expected in ([[long, short], ["x", "l1", "l2", "short", "add"]], [[short, long], ["x", "l1", "short", "l2", "add"]]):
        model = Model(x, Add(name="add")(inputs))
        assert [layer.name for layer in model.layers] == expected
        names = [name for name in expected if name not in ("x", "add")]
        assert [w.name for w in model.weights] == [f"{name}/{what}" for name in names for what in ("kernel", "bias")]


# ---- subclasses


class Wrapped(Model):
    def __init__(self):
        super().__init__()
        self.hidden, self.last = [Dense(3, "relu"), Dropout(0.5)], Dense(2)

    def call(self, x, training=False):
        for layer in self.hidden:
            x = layer(x)
        return self.last(x)


def test_a_subclassed_model_trains():
    model = Wrapped()
    assert model.name.startswith("wrapped")
    model.compile("adam", "mse", metrics=["mae"])
    before = model.test_on_batch(X, X[:, :2])
    model.fit(X, X[:, :2], epochs=30, verbose=0)
    assert model.test_on_batch(X, X[:, :2]) < before
    assert model.count_params() == 15 + 8
    assert [type(layer) for layer in model.layers] == [Dense, Dropout, Dense]
    assert model.predict(X, verbose=0).shape == (6, 2)
    assert (model(X, training=True).numpy() != model(X, training=True).numpy()).any(), "dropout is told"
    assert model.output_names == ["output"]


def test_a_model_without_graph_or_call_says_so():
    with pytest.raises(NotImplementedError, match="Model has neither inputs and outputs nor a call method"):
        Model()(X)


# ---- layers by name, weights


def test_get_layer():
    model = residual("r")
    assert model.get_layer("main").name == "main"
    assert model.get_layer(index=0) is model.layers[0]
    assert model.get_layer(index=-1) is model.layers[-1]
    with pytest.raises(ValueError, match="model 'r' has no layer 'mian': did you mean 'main'"):
        model.get_layer("mian")
    with pytest.raises(ValueError, match="layer 9 was asked for, but model 'r' has 6 layers"):
        model.get_layer(index=9)
    for wrong in ({}, {"name": "a", "index": 1}):
        with pytest.raises(ValueError, match="a name or an index"):
            model.get_layer(**wrong)


def test_weights_out_and_in():
    one, other = residual(), residual()
    assert (one(X)[0].numpy() != other(X)[0].numpy()).any()
    other.set_weights(one.get_weights())
    np.testing.assert_array_equal(one(X)[0].numpy(), other(X)[0].numpy())
    with pytest.raises(ValueError, match="layer 'residual' has 8 weights, got 7 arrays"):
        one.set_weights(other.get_weights()[1:])
    with pytest.raises(ValueError, match=r"has shape \(4, 4\), got an array of shape \(4,\)"):
        one.set_weights([np.zeros(4), *other.get_weights()[1:]])


def test_own_weights_of_batch_normalization_stay_in_order():
    model = Sequential([Input((4,)), Dense(3, name="d"), BatchNormalization(name="n"), Dense(2, name="e")])
    assert [w.name for w in model.weights] == [
        "d/kernel", "d/bias", "n/gamma", "n/beta", "n/moving_mean", "n/moving_variance", "e/kernel", "e/bias",
    ]  # fmt: skip
    assert [w.name for w in model.non_trainable_variables] == ["n/moving_mean", "n/moving_variance"]


# ---- frozen


def test_freezing_a_layer_takes_effect_in_training():
    model = residual()
    model.get_layer("a").trainable = False
    model.compile("adam", "mse")
    before = {w.name: w.numpy().copy() for w in model.weights}
    model.fit(X, [X[:, :2], X[:, :1] > 0], epochs=3, verbose=0)
    for w in model.weights:
        same = (w.numpy() == before[w.name]).all()
        assert same == w.name.startswith("a/"), w.name
    assert len(model.trainable_variables) == 6
    model.get_layer("a").trainable = True
    model.train_on_batch(X, [X[:, :2], X[:, :1] > 0])
    assert (model.get_layer("a").kernel.numpy() != before["a/kernel"]).any()


def test_freezing_a_model_freezes_what_is_in_it():
    inner = Sequential([Input((4,)), Dense(4), BatchNormalization()])
    model = Sequential([Input((4,)), inner, Dense(2)])
    inner.trainable = False
    assert not inner.layers[0].trainable
    assert len(model.trainable_variables) == 2
    before = inner.get_weights()
    model.compile("sgd", "mse")
    model.fit(X, X[:, :2], epochs=2, verbose=0)
    for old, new in zip(before, inner.get_weights()):
        np.testing.assert_array_equal(old, new)
    model.trainable = False
    assert model.trainable_variables == []
    model.trainable = True
    assert len(model.trainable_variables) == 6


def test_with_everything_frozen_training_reports_and_changes_nothing():
    model = Sequential([Input((4,)), Dense(2)])
    model.trainable = False
    model.compile("adam", "mse")
    before = model.get_weights()
    history = model.fit(X, X[:, :2], epochs=2, verbose=0).history
    assert history["loss"][0] == history["loss"][1] == pytest.approx(model.evaluate(X, X[:, :2], verbose=0))
    np.testing.assert_array_equal(before[0], model.get_weights()[0])


# ---- float64, and gradients of a whole model with its loss


def test_gradients_of_a_small_cnn_with_its_loss():
    i = Input((8, 8, 2))
    x = MaxPooling2D((2, 2))(Conv2D(3, (3, 3), activation="relu")(i))
    x = Dense(5, activation="tanh")(Flatten()(Conv2D(3, (2, 2), activation="relu")(x)))
    model = Model(i, Dense(4, activation="softmax")(x))
    for w in model.weights:
        w.data = w.data.astype("float64")
    pictures, labels, loss = RNG.standard_normal((3, 8, 8, 2)), np.array([0, 3, 1]), losses.SparseCategoricalCrossentropy()
    assert model(Tensor(pictures)).dtype == np.float64

    gradients = grad(loss(labels, model(Tensor(pictures))), model.weights)
    step, largest = 1e-6, max(np.abs(g.numpy()).max() for g in gradients)  # a small step seldom meets a kink of relu or max
    for w, g in zip(model.weights, gradients):
        for place in {0, w.size // 2, w.size - 1, *RNG.integers(0, w.size, 12).tolist()}:
            index = np.unravel_index(place, w.shape)
            before, values = w.data[index], []
            for h in (step, -step):
                w[index] = before + h
                values.append(loss(labels, model(Tensor(pictures))).item())
            w[index] = before
            assert g.numpy()[index] == pytest.approx((values[0] - values[1]) / (2 * step), abs=1e-7 * largest + 1e-9, rel=1e-6), w.name


def test_a_float64_model_stays_float64():
    model = residual()
    for w in model.weights:
        w.data = w.data.astype("float64")
    model.compile("adam", "mse")
    model.train_on_batch(X, [X[:, :2], X[:, :1] > 0])
    assert {w.dtype for w in model.weights} == {np.dtype("float64")}
    assert model.predict(X.astype("float32"), verbose=0)[0].dtype == np.float64
    model.set_weights([w.astype("float32") for w in model.get_weights()])
    assert {w.dtype for w in model.weights} == {np.dtype("float64")}


# ---- devices


def test_a_model_on_every_backend(backend):
    def build():
        i = Input((8, 8, 1))
        x = MaxPooling2D()(BatchNormalization()(Conv2D(3, 3, padding="same", use_bias=False)(i)))
        x = Dropout(0.3, seed=5)(Flatten()(layers.ReLU()(x))) if backend.name != "cupy" else Flatten()(layers.ReLU()(x))
        return Model(i, Dense(3, "softmax")(x))  # on a GPU, dropout draws other masks

    x, y = RNG.random((10, 8, 8, 1)).astype("float32"), RNG.integers(0, 3, (10, 1))
    here, there = build(), build()
    there.set_weights(here.get_weights())
    for model in (here, there):
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        if model is there:
            assert model.to(backend.name) is model
    kinds = [(x, y), (backend.asarray(x), backend.asarray(y))]
    for mine in kinds:
        np.testing.assert_allclose(here.train_on_batch(x, y), there.train_on_batch(*mine), rtol=1e-4)
        np.testing.assert_allclose(here.test_on_batch(x, y), there.test_on_batch(*mine), rtol=1e-4)
        np.testing.assert_allclose(here.evaluate(x, y, verbose=0, batch_size=4), there.evaluate(*mine, verbose=0, batch_size=4), rtol=1e-4)
        np.testing.assert_allclose(here.predict(x, verbose=0), there.predict(mine[0], verbose=0), rtol=1e-3, atol=1e-6)
        assert type(there.predict(mine[0], verbose=0)) is np.ndarray
        options = {"verbose": 0, "batch_size": 4, "class_weight": {0: 2.0}, "shuffle": False}
        a, b = here.fit(x, y, **options).history, there.fit(*mine, **options).history
        np.testing.assert_allclose(a["loss"], b["loss"], rtol=1e-4)
    assert all(type(w.data) is backend.array_type for w in there.weights)
    for a, b in zip(here.get_weights(), there.get_weights()):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)


def test_a_trained_model_moves_with_the_state_of_its_optimiser(backend):
    models = [Sequential([Input((4,)), Dense(2)]) for _ in range(2)]
    models[1].set_weights(models[0].get_weights())
    for model in models:
        model.compile("adam", "mse")
        model.train_on_batch(X, X[:, :2])
    models[1].to(backend.name)
    for _ in range(3):
        losses = [model.train_on_batch(X, X[:, :2]) for model in models]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    models[1].to("numpy")
    assert models[1].train_on_batch(X, X[:, :2]) == pytest.approx(models[0].train_on_batch(X, X[:, :2]), rel=1e-6)


def test_an_unknown_backend_is_named():
    with pytest.raises(ValueError, match="no backend is called 'gpu'; there are numpy"):
        residual().to("gpu")


def test_own_layers_and_lambdas_of_ops_in_a_graph():
    class Square(layers.Layer):
        def call(self, x):
            return ops.square(x)

    i = Input((4,))
    model = Model(i, Square()(Dense(2)(i)))
    model.compile("sgd", "mse")
    assert model.train_on_batch(X, X[:, :2]) >= 0
    assert model.outputs[0].shape == (None, 2)


def test_in_a_frozen_model_no_layer_can_be_trained():
    model = Sequential([Input((4,)), Dense(2)])
    model.trainable = False
    model.layers[0].trainable = True
    assert model.trainable_variables == []
    assert len(model.layers[0].trainable_variables) == 2


# ---------------------------------------------------------------- nothing is half built


def test_a_failed_build_can_be_tried_again():
    model = Sequential([Dense(2), minidl.layers.Conv2D(1, 3)])
    for _ in range(2):
        with pytest.raises(ValueError, match="Conv2D"):
            model(X)
    assert not model.built and not model.inputs


def test_a_refused_layer_is_not_added():
    model = Sequential([Input((8, 8, 1))])
    with pytest.raises(ValueError, match="does not fit"):
        model.add(minidl.layers.Conv2D(1, 9))
    model.add(minidl.layers.Conv2D(1, 3))
    assert [layer.count_params() for layer in model.layers] == [10]


def test_weights_are_made_once_even_if_build_fails_at_first():
    class Picky(minidl.layers.Layer):
        def build(self, input_shape):
            self.w = self.add_weight((input_shape[-1],), "ones", name="w")
            if input_shape[-1] == 3:
                raise ValueError("not three")

        def call(self, x):
            return x * self.w

    layer = Picky()
    with pytest.raises(ValueError, match="not three"):
        layer(np.ones((1, 3)))
    layer(np.ones((1, 2)))
    assert [w.shape for w in layer.weights] == [(2,)]


def test_two_layers_of_one_name_are_refused():
    i = Input((4,))
    with pytest.raises(ValueError, match="'d' comes twice"):
        Model(i, Dense(2, name="d")(Dense(3, name="d")(i)))


def test_one_layer_for_two_outputs_has_two_names():
    a, b, dense = Input((4,)), Input((4,)), Dense(1, name="d")
    model = Model([a, b], [dense(a), dense(b)])
    assert model.output_names == ["d", "d_1"]
    model.compile("sgd", "mse")
    assert set(model.train_on_batch([X, X], [X[:, :1], X[:, :1]], return_dict=True)) == {"loss", "d_loss", "d_1_loss"}


def test_set_weights_is_all_or_nothing():
    model = Sequential([Input((4,)), Dense(2)])
    before = model.get_weights()
    for bad in ([np.ones((4, 2)), np.ones(3)], [np.ones((4, 2)), ["a", "b"]], [np.ones((4, 2))]):
        with pytest.raises((ValueError, TypeError)):
            model.set_weights(bad)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights()))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dense(2, dtype="flaot"), "dtype must be"),
        (lambda: Dense(2, use_bias="no"), "use_bias must be True or False"),
        (lambda: Dense(2, name=5), "name must be a text"),
        (lambda: minidl.layers.LeakyReLU(0.1, alpha=0.2), "give one of them"),
        (lambda: minidl.layers.Softmax("x"), "axis must be"),
        (lambda: minidl.layers.BatchNormalization("x"), "axis must be"),
        (lambda: Dense(2)([X, X]), "expected one input, got 2"),
        (lambda: Dense(2)(np.float32(1)), "got one number"),
        (lambda: minidl.set_seed("a"), "seed must be a whole number"),
    ],
)
def test_arguments_have_their_effect_or_raise(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


def test_nan_is_found_before_it_moves_to_a_device(backend):
    model = Sequential([Input((4,)), Dense(2)]).to(backend.name)
    model.compile("sgd", "mse")
    bad = X.copy()
    bad[1, 2] = np.nan
    with pytest.raises(ValueError, match="x holds values that are nan"):
        model.train_on_batch(bad, X[:, :2])
    with pytest.raises(ValueError, match="y holds values that are nan"):
        model.train_on_batch(X, bad[:, 1:3])
