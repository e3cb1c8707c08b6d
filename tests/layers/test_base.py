"""What every layer does: names, weights, own layers, the training flag, symbols, and errors that help."""
import numpy as np
import pytest

from minidl import Input, Model, Sequential, Tensor, grad, initializers, layers, ops
from minidl.layers import Dense, Dropout, Layer
from minidl.symbolic import Symbol

ONES = np.ones((2, 3), "float32")


class Scale(Layer):
    """The own layer of the docstring: one weight, no flag."""

    def build(self, input_shape):
        self.factor = self.add_weight((input_shape[-1],), "ones", name="factor")

    def call(self, x):
        return x * self.factor


class Flag(Layer):
    """Writes down the flag that it is called with."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def call(self, x, training=False):
        self.seen.append(training)
        return x


# ---- names


def test_names_are_keras_names_counted_per_process():
    layers.reset_names()
    names = [made.name for made in (layers.Conv2D(1, 1), layers.Conv2D(1, 1), layers.MaxPooling2D(), layers.BatchNormalization())]
    assert names == ["conv2d", "conv2d_1", "max_pooling2d", "batch_normalization"]
    assert [layers.LeakyReLU().name, layers.ReLU().name, layers.GlobalAveragePooling2D().name, Scale().name] == [
        "leaky_re_lu", "re_lu", "global_average_pooling2d", "scale",
    ]  # fmt: skip
    assert [Input((1,)).name, Sequential().name] == ["input_layer", "sequential"]
    i = Input((3,))
    assert [Model(i, Dense(1)(i)).name, Model(i, Dense(1)(i)).name] == ["functional", "functional_1"]
    layers.reset_names()
    assert layers.Conv2D(1, 1).name == "conv2d"
    assert Dense(1, name="own").name == "own"
    assert Dense(1).name == "dense", "a name of one's own is not counted"


def test_weights_are_named_after_their_layer():
    dense = Dense(2, name="out")
    dense(ONES)
    assert [w.name for w in dense.weights] == ["out/kernel", "out/bias"]
    assert all(w.requires_grad for w in dense.weights)


# ---- own layers


def test_an_own_layer_builds_once_and_has_its_weight():
    layer = Scale(name="s")
    assert not layer.built
    assert layer.count_params() == 0
    y = layer(ONES)
    factor = layer.factor
    layer(2 * ONES)
    assert layer.built
    assert layer.factor is factor
    assert [w.name for w in layer.weights] == ["s/factor"]
    assert layer.count_params() == 3
    np.testing.assert_array_equal(y.numpy(), ONES)
    np.testing.assert_array_equal(grad(y.sum(), [factor])[0].numpy(), [2, 2, 2])


def test_the_initializer_of_a_weight_is_a_name_an_object_or_a_function():
    layer = Layer(name="l")
    np.testing.assert_array_equal(layer.add_weight((2,), "ones").data, [1, 1])
    np.testing.assert_array_equal(layer.add_weight((2,), initializers.Constant(3)).data, [3, 3])
    np.testing.assert_array_equal(layer.add_weight((2,), lambda shape, dtype: np.full(shape, 5, dtype)).data, [5, 5])
    fixed = layer.add_weight((1,), "zeros", trainable=False)
    assert layer.trainable_variables == layer.weights[:3]
    assert layer.non_trainable_variables == [fixed]
    assert layer.get_weights()[0].dtype == np.float32


def test_sublayers_are_found_in_attributes_lists_tuples_and_dictionaries():
    class Nest(Layer):
        def __init__(self):
            super().__init__()
            self.one, self.many, self.pair = Dense(1), [Dense(2), [Dense(3)]], (Dense(4),)
            self.named = {"a": Dense(5), "b": {"c": Dense(6)}}

        def call(self, x):
            for layer in (self.one, self.many[0], self.many[1][0], self.pair[0], self.named["a"], self.named["b"]["c"]):
                x = layer(x)
            return x

    nest = Nest()
    assert nest(ONES).shape == (2, 6)
    assert [layer.units for layer in nest.sublayers] == [1, 2, 3, 4, 5, 6]
    assert [w.shape for w in nest.weights[:4]] == [(3, 1), (1,), (1, 2), (2,)]
    assert len(nest.trainable_variables) == 12
    nest.trainable = False
    assert nest.trainable_variables == []
    assert not nest.named["b"]["c"].trainable
    assert len(nest.non_trainable_variables) == 12


def test_tensors_that_are_assigned_count_as_weights_if_they_require_a_gradient():
    class Own(Layer):
        def __init__(self):
            super().__init__()
            self.w = Tensor(np.ones((3,), "float32"), requires_grad=True)
            self.more = [Tensor(2.0, requires_grad=True)]
            self.constant = Tensor([5.0])
            self.made = self.w * 2  # not a weight: it has been computed

        def call(self, x):
            return x * self.w

    own = Own()
    assert own.weights == [own.w, own.more[0]]
    assert own.count_params() == 4


def test_one_tensor_in_two_places_counts_once():
    class Twice(Layer):
        def __init__(self):
            super().__init__()
            self.a = self.b = Dense(2)
            self.w = Tensor([1.0], requires_grad=True)
            self.again = self.w

        def call(self, x):
            return self.b(self.a(x)) * self.w

    twice = Twice()
    twice(np.ones((1, 2)))
    assert len(twice.weights) == 3


def test_forgetting_super_init_gives_a_clear_error():
    class Forgot(Layer):
        def __init__(self):
            self.inner = Dense(2)

        def call(self, x):
            return self.inner(x)

    class ForgotAndAdds(Layer):
        def __init__(self):
            self.w = self.add_weight((3,))

    class ForgotModel(Model):
        def __init__(self):
            self.inner = Dense(2)

        def call(self, x):
            return self.inner(x)

    uses = [
        lambda: Forgot()(ONES), lambda: Forgot()(Input((3,))), lambda: Sequential([Forgot()]), ForgotAndAdds,
        lambda: ForgotModel().compile("sgd", "mse"), lambda: ForgotModel()(ONES),
    ]  # fmt: skip
    for use in uses:
        with pytest.raises(RuntimeError, match=r"Forgot\w*.__init__ must call super\(\).__init__\(\) first"):
            use()


def test_a_layer_without_call_says_what_to_write():
    with pytest.raises(NotImplementedError, match=r"write call\(self, x\)"):
        Layer()(ONES)


# ---- the training flag


def test_the_flag_reaches_inner_layers_that_are_called_without_it():
    class Outer(Layer):  # has no argument training itself
        def __init__(self):
            super().__init__()
            self.inner = Flag()

        def call(self, x):
            return self.inner(x)

    outer = Outer()
    outer(ONES)
    outer(ONES, training=True)
    outer(ONES, training=False)
    Sequential([Input((3,)), outer])(ONES, training=True)
    assert outer.inner.seen == [False, True, False, False, True]  # connecting to the Input is not training


def test_an_explicit_flag_wins_and_ends_with_the_call():
    class Outer(Layer):
        def __init__(self):
            super().__init__()
            self.first, self.second = Flag(), Flag()

        def call(self, x):
            return self.second(self.first(x, training=False))

    outer, after = Outer(), Flag()
    outer(ONES, training=True)
    after(ONES)
    assert (outer.first.seen, outer.second.seen, after.seen) == ([False], [True], [False])


def test_the_flag_is_given_back_after_an_error():
    class Breaks(Layer):
        def call(self, x):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Breaks()(ONES, training=True)
    flag = Flag()
    flag(ONES)
    assert flag.seen == [False]


# ---- arrays, Tensors, symbols

PICTURES = (4, 4, 2)
EVERY = [
    (lambda: Dense(3), (5,)), (lambda: layers.Conv2D(3, 2), PICTURES), (layers.MaxPooling2D, PICTURES),
    (layers.AveragePooling2D, PICTURES), (layers.GlobalAveragePooling2D, PICTURES), (layers.Flatten, PICTURES),
    (lambda: layers.Reshape((-1, 2)), PICTURES), (lambda: Dropout(0.5), (5,)), (layers.BatchNormalization, PICTURES),
    (lambda: layers.Activation("tanh"), (5,)), (layers.ReLU, (5,)), (layers.LeakyReLU, (5,)), (layers.Softmax, (5,)),
    (lambda: layers.Rescaling(2.0, 1.0), PICTURES), (Scale, (5,)),
]  # fmt: skip


@pytest.mark.parametrize(("make", "shape"), EVERY, ids=lambda v: "" if isinstance(v, tuple) else v().name)
@pytest.mark.parametrize("n", [1, 3])
def test_every_layer_takes_arrays_tensors_and_symbols(make, shape, n):
    layer, x = make(), np.random.default_rng(0).random((n, *shape)).astype("float32")
    symbol = layer(Input(shape))
    from_array, from_tensor = layer(x), layer(Tensor(x))
    assert isinstance(symbol, Symbol)
    assert isinstance(from_array, Tensor)
    assert from_array.shape == (n, *symbol.shape[1:])
    assert symbol.shape[0] is None
    np.testing.assert_array_equal(from_array.numpy(), from_tensor.numpy())
    assert from_array.dtype == np.float32
    assert layer(x.astype("float64")).dtype == np.float32, "arrays are cast to the weights' dtype"
    assert layer((10 * x).astype("uint8")).dtype == np.float32


def test_merging_layers_take_arrays_tensors_and_symbols():
    for layer in (layers.Add(), layers.Concatenate()):
        a, b = ONES, 2 * ONES
        symbol = layer([Input((3,)), Input((3,))])
        assert layer([a, Tensor(b)]).shape == (2, *symbol.shape[1:])
        np.testing.assert_array_equal(layer([a, b]).numpy(), layer((Tensor(a), Tensor(b))).numpy())


def test_symbols_never_do_arithmetic_in_silence():
    s = Input((3,), name="pixels")
    uses = [
        lambda: s + 1, lambda: 1 + s, lambda: s - s, lambda: 2 - s, lambda: s * 2, lambda: 2 * s, lambda: s / 2, lambda: 1 / s,
        lambda: s**2, lambda: 2**s, lambda: -s, lambda: abs(s), lambda: s @ s, lambda: s > 0, lambda: s[0], lambda: float(s),
        lambda: bool(s), lambda: np.exp(s), lambda: np.ones(3) * s, lambda: ops.relu(s), lambda: Tensor([1.0]) * s, lambda: list(s),
    ]  # fmt: skip
    for use in uses:
        with pytest.raises(TypeError, match="'pixels'> holds no numbers yet: connect it with layers"):
            use()


def test_connecting_leaves_no_trace():
    layer = layers.BatchNormalization()
    layer(Input((3,)))
    np.testing.assert_array_equal(layer.moving_mean.data, 0)
    np.testing.assert_array_equal(layer.moving_variance.data, 1)
    assert layer(Input((3,))).shape == (None, 3)


def test_a_shared_layer_has_one_set_of_weights_and_the_sum_of_gradients():
    dense, a, b = Dense(1, use_bias=False), np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])
    y = dense(a) + dense(b)
    np.testing.assert_array_equal(grad(y.sum(), dense.weights)[0].numpy(), [[11], [22]])


# ---- weights out and in


def test_get_weights_copies_and_set_weights_checks():
    dense = Dense(2, name="d")
    with pytest.raises(ValueError, match=r"layer 'd' has 0 weights \(it is not built yet: call it on data first\), got 2 arrays"):
        dense.set_weights([np.ones((3, 2)), np.ones(2)])
    dense(ONES)
    kernel = dense.kernel
    taken = dense.get_weights()
    taken[0][:] = 7
    assert not (dense.kernel.data == 7).any()
    dense.set_weights([np.full((3, 2), 4, "int64"), [1.0, 2.0]])
    assert dense.kernel is kernel
    assert kernel.dtype == np.float32
    np.testing.assert_array_equal(kernel.data, 4)
    np.testing.assert_array_equal(dense.bias.data, [1, 2])
    with pytest.raises(ValueError, match="layer 'd' has 2 weights, got 1 arrays"):
        dense.set_weights([np.ones((3, 2))])
    with pytest.raises(ValueError, match=r"'d/bias' has shape \(2,\), got an array of shape \(1,\)"):
        dense.set_weights([np.zeros((3, 2)), np.ones(1)])
    np.testing.assert_array_equal(kernel.data, 4, err_msg="a refused set_weights changes nothing")


def test_set_weights_keeps_the_arrays_on_their_device(backend):
    dense = Dense(2)
    dense(ONES)
    assert dense.to(backend.name) is dense
    dense.set_weights([np.full((3, 2), 4.0), np.zeros(2)])
    np.testing.assert_array_equal(backend.to_numpy(dense.kernel), 4)
    assert all(type(a) is np.ndarray for a in dense.get_weights())


# ---- errors that help


@pytest.mark.parametrize(
    ("make", "name", "hint"),
    [
        (lambda: layers.Conv2D(8, kernal_size=3), "kernal_size", "'kernel_size'"),
        (lambda: Dense(8, activaton="relu"), "activaton", "'activation'"),
        (lambda: layers.MaxPooling2D(pool=2), "pool", "'pool_size'"),
        (lambda: Dropout(0.5, sede=1), "sede", "'seed'"),
    ],
)
def test_an_unknown_keyword_is_answered_with_the_nearest(make, name, hint):
    with pytest.raises(TypeError, match=f"has no argument '{name}': did you mean {hint}"):
        make()


def test_a_wrong_shape_names_the_layer_and_both_shapes():
    dense, conv = Dense(2, name="d"), layers.Conv2D(2, 3, name="c")
    dense(np.ones((1, 4)))
    conv(np.ones((1, 5, 5, 3)))
    cases = [
        (dense, (2, 5), r"layer 'd' \(Dense\): expected an input of shape \(batch, 4\), got \(batch, 5\)"),
        (conv, (2, 5, 5, 1), r"layer 'c' \(Conv2D\): expected an input of shape \(batch, any, any, 3\), got \(batch, 5, 5, 1\)"),
        (conv, (5, 5, 3), r"layer 'c' \(Conv2D\): expected an input of shape \(batch, any, any, 3\), got \(batch, 5, 3\)"),
        (layers.MaxPooling2D(name="p"), (5, 5, 3), r"layer 'p' .*shape \(batch, any, any, any\), got \(batch, 5, 3\)"),
        (layers.Conv2D(1, 3, name="new"), (4, 8, 8), r"layer 'new' .*pictures \(batch, height, width, channels\); got \(batch, 8, 8\)"),
        (layers.Conv2D(1, 9, name="big"), (1, 8, 8, 1), r"layer 'big' .*window of \(9, 9\).* image of \(8, 8\).*padding='same'"),
        (Dense(2, name="flat"), (4,), r"layer 'flat' \(Dense\).*\(batch, …, inputs\)"),
    ]
    for layer, shape, message in cases:
        with pytest.raises(ValueError, match=message):
            layer(np.ones(shape))
        with pytest.raises(ValueError, match=message):
            layer(Input(shape[1:]))


def test_pictures_of_another_size_are_fine_for_convolutions():
    conv = layers.Conv2D(2, 3)
    conv(np.ones((1, 5, 5, 3)))
    assert conv(np.ones((1, 9, 7, 3))).shape == (1, 7, 5, 2)


def test_a_value_error_of_an_inner_layer_is_located_once():
    class Outer(Layer):
        def __init__(self):
            super().__init__(name="outer")
            self.inner = Dense(2, name="inner")

        def call(self, x):
            return self.inner(x)

    outer = Outer()
    outer(ONES)
    with pytest.raises(ValueError, match=r"^layer 'inner' \(Dense\): expected") as caught:
        outer(np.ones((2, 4)))
    assert str(caught.value).count("layer '") == 1


def test_inputs_that_are_no_numbers_are_refused():
    with pytest.raises(TypeError, match="expected real numbers"):
        Dense(2)(np.array([["a"]]))


def test_an_input_is_whole_numbers():
    assert Input(7).shape == (None, 7)
    assert Input([2, 3]).shape == (None, 2, 3)
    shape = Input((np.int64(5),)).shape
    assert shape == (None, 5)
    assert type(shape[1]) is int
    for wrong in ((0,), (2.5,), (None, 3), "3", (True,)):
        with pytest.raises(ValueError, match="the shape of an input is whole numbers ≥ 1, without the batch"):
            Input(wrong)


def test_own_signature_training_is_seen_per_class():
    class With(Layer):
        def call(self, x, training=False):
            return x * (2.0 if training else 1.0)

    class Without(With):
        def call(self, x):
            return x

    assert With()(ONES, training=True).numpy().sum() == 12
    assert Without()(ONES, training=True).numpy().sum() == 6


def test_the_dtype_of_a_layer_is_that_of_its_weights():
    dense = Dense(2, dtype="float64")
    assert dense(ONES).dtype == np.float64
    assert {w.dtype for w in dense.weights} == {np.dtype("float64")}


def test_config_makes_the_same_layer_again():
    again = layers.Conv2D.from_config(layers.Conv2D(4, 3, strides=2, activation="relu", name="c").get_config())
    assert (again.filters, again.kernel_size, again.strides, again.activation, again.name) == (4, (3, 3), (2, 2), ops.relu, "c")


def test_what_is_put_into_the_dictionary_of_attributes_is_found_too():
    class Wrapping(layers.Layer):
        def __init__(self, **given):
            super().__init__()
            self.inner = None
            self.__dict__.update(given)

        def call(self, x):
            return self.first(x)

    layer = Wrapping(first=layers.Dense(2), factor=Tensor([1.0], requires_grad=True))
    layer(np.ones((1, 3)))
    assert len(layer.weights) == len(layer.trainable_variables) == 3 and layer.sublayers == [layer.first]
    layer.inner = layers.Dense(1)
    assert layer.sublayers == [layer.inner, layer.first]
    del layer.first
    assert layer.sublayers == [layer.inner]
