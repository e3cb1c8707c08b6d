"""gradcheck: what it accepts, what it must not, and what it leaves untouched."""

import itertools

import numpy as np
import pytest
import verdicts

from minidl import checking, gradcheck, layers, models, ops
from minidl.doctor.examination import KinkFound
from minidl.tensor import Op, Tensor, registry

RNG = np.random.default_rng(0)


def normal(*shape):
    return np.random.default_rng(len(shape)).standard_normal(shape)


def test_on_every_backend(backend):
    arrays = [backend.asarray(normal(*shape)) for shape in ((2, 5, 5, 2), (3, 3, 2, 3), (3,))]

    def net(x, kernel, bias):
        assert type(x.data) is backend.array_type
        return ops.softmax(ops.flatten(ops.max_pool2d(ops.tanh(ops.conv2d(x, kernel, padding="same") + bias))))

    assert gradcheck(net, *arrays)
    assert gradcheck(net, *arrays, order=2)
    assert not gradcheck(lambda x: x.detach() * x, arrays[0])


@pytest.mark.parametrize("name", verdicts.CASES)
def test_verdict(name):
    assert verdicts.CASES[name].verdict() == verdicts.CASES[name].right


# ---------------------------------------------------------------- no false alarm


@pytest.mark.parametrize("size", [1e-6, 1e-3, 1e3, 1e6])
def test_arguments_of_any_size(size):
    x = size * (1 + np.abs(normal(3, 4)))
    for f in (lambda x: x * x, ops.log, ops.sqrt, lambda x: x / x.sum(), lambda x: (x / size).exp() * 3 + 7):
        assert gradcheck(f, x), str(gradcheck(f, x))


def test_a_tiny_slope_on_a_large_value():
    assert gradcheck(lambda x: x * 1e-6 + 1e6, normal(4))


# ---------------------------------------------------------------- what must be found


def test_seven_is_not_the_derivative_of_a_square():
    report = gradcheck((lambda x: x**2, lambda g, x: 7 * g), np.array([3.5, 1.0]))
    assert not report and not report.ok
    assert report.diagnosis[0].kind == "stale"
    assert not gradcheck((lambda x: (x**2).sum(), lambda g, x: 7 * g * np.ones_like(x)), np.array([3.5]))  # right at this one point


def test_a_softmax_without_its_cross_terms():
    def softmax(x):
        e = np.exp(x - x.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)

    def backward(g, x):
        y = softmax(x)
        return g * y * (1 - y)

    report = gradcheck((softmax, backward), normal(3, 4))
    assert not report and report.diagnosis[0].kind == "missing_cross_term"
    assert gradcheck((softmax, lambda g, x: (lambda y: y * (g - (g * y).sum(-1, keepdims=True)))(softmax(x))), normal(3, 4))


@pytest.mark.parametrize("factor", [1 + 1e-4, 1 - 1e-4, 2.0, -1.0, 0.0])
@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_a_wrong_factor(factor, size):
    x, w = size * normal(5, 3), normal(3, 2)
    pair = lambda x, w: x @ w, lambda g, x, w: (factor * (g @ w.T), x.T @ g)
    report = gradcheck(pair, x, w)
    assert not report
    assert report.worst.argument == 0
    assert report.worst.exact == pytest.approx(factor * report.worst.numeric, rel=1e-5, abs=1e-9)
    if factor > 0:
        assert report.diagnosis[0].kind == "factor"


@pytest.mark.parametrize("frequency", [1e3, 3e4])
def test_what_is_measured_is_right_even_where_large_steps_are_not(frequency):
    x = normal(4)
    report = gradcheck((lambda x: np.sin(frequency * x), lambda g, x: 1.5 * frequency * g * np.cos(frequency * x)), x)
    assert not report and report.worst.exact == pytest.approx(1.5 * report.worst.numeric, rel=1e-3)


def test_the_worst_is_the_one_that_is_no_number():
    wrong = np.array([2.0, 2.1, np.nan, 30.0])
    report = gradcheck((lambda x: x**2, lambda g, x: wrong * g * x), normal(4))
    assert report.worst.index == (2,) and np.isnan(report.worst.exact)


def test_order_2_is_not_asked_for_where_order_1_is_wrong():
    report = gradcheck(lambda x: ops.exp(x).detach() + x, normal(3), order=2)
    assert not report and report.order == 1


@pytest.mark.parametrize("factors", [(1.01, 5.0), (5.0, 1.01)])
def test_the_worst_of_all_arguments_is_named(factors):
    pair = lambda a, b: a * b, lambda g, a, b: (factors[0] * g * b, factors[1] * g * a)
    report = gradcheck(pair, normal(3), normal(2, 3)[0])
    assert report.worst.argument == factors.index(5.0) and report.worst.exact == pytest.approx(5 * report.worst.numeric)


def test_kinks_of_all_points_are_kept(monkeypatch):
    right = checking.examine

    def with_a_kink(subject, *rest):
        found = right(subject, *rest)
        found.kinks = [KinkFound(subject.names[0], None, 0.0, 1.0, 0.5, True)]
        return found

    monkeypatch.setattr(checking, "examine", with_a_kink)
    assert len(gradcheck(ops.exp, normal(3)).kinks) == 1 + len(checking.ELSEWHERE)


@pytest.mark.parametrize("right_there", [True, False])
def test_another_way_off_is_tried_where_the_first_meets_a_kink_again(monkeypatch, right_there):
    right, calls = checking.examine, []

    def with_kinks(subject, *rest):
        found = right(subject, *rest)
        calls.append(found)
        if len(calls) <= 2:
            found.kinks = [KinkFound(subject.names[0], None, 0.0, 1.0, 0.5, True)]
        if len(calls) == 2 or len(calls) == 3 and not right_there:
            found.broken = "no derivative"
        return found

    monkeypatch.setattr(checking, "examine", with_kinks)
    assert bool(gradcheck(ops.exp, normal(3))) is right_there


def test_a_way_off_that_is_right_is_enough_though_a_kink_is_near(monkeypatch):
    right, calls = checking.examine, []

    def with_kinks(subject, *rest):
        found = right(subject, *rest)
        calls.append(found)
        if len(calls) <= 2:
            found.kinks = [KinkFound(subject.names[0], None, 0.0, 1.0, 0.5, True)]
        return found

    monkeypatch.setattr(checking, "examine", with_kinks)
    assert gradcheck(ops.exp, normal(3))
    assert len(calls) == 2 + len(checking.ELSEWHERE)


def test_without_a_kink_order_2_is_checked_at_the_given_point(monkeypatch):
    monkeypatch.setattr(checking, "off_kinks", lambda *_: pytest.fail("moved"))
    assert gradcheck(ops.exp, normal(3), order=2)


def test_what_is_right_takes_no_more_calls_for_more_entries():
    calls = []

    def forward(x):
        calls[-1] += 1
        return x**2

    for size in (10, 1000):
        calls.append(0)
        assert gradcheck((forward, lambda g, x: 2 * g * x), normal(size))
    assert calls[0] == calls[1]


def test_a_gradient_that_is_zero_is_not_called_too_small():
    assert gradcheck((lambda x: np.ones(3), lambda g, x: 0 * x), normal(3)).faint == []


def test_the_worst_is_measured_at_the_given_point():
    report = gradcheck((lambda x: x**3, lambda g, x: 3 * g * x), np.array([2.0]))
    assert not report
    assert report.worst.exact / report.worst.numeric == pytest.approx(0.5, rel=1e-6)


def test_the_worst_entry_is_named():
    factors = np.array([2.0, 2.1, 7.0, 2.2])
    report = gradcheck((lambda x: x**2, lambda g, x: factors * g * x), np.ones(4))
    assert report.worst.index == (2,) and report.worst.exact == pytest.approx(3.5 * report.worst.numeric)


def test_twenty_kinks_are_enough():
    report = gradcheck(ops.relu, np.zeros(24))
    assert report and len(report.kinks) == 20


def test_one_wrong_entry_among_many_is_found():
    x = normal(40, 50)

    def backward(g, x):
        d = 2 * g * x
        d[17, 23] *= 1.01
        return d

    report = gradcheck((lambda x: x**2, backward), x)
    assert report.worst.argument == 0 and report.worst.index == (17, 23)
    assert report.worst.tolerance > 0 and report.worst.exact != report.worst.numeric


def test_an_op_of_ones_own():
    square = Op(lambda xp, x: x * x)
    try:
        square.vjp(lambda g, y, x: g * x)
        report = gradcheck(square, normal(4))
        assert not report and report.diagnosis[0].kind == "factor" and "0.5" in str(report)
        square.vjp(lambda g, y, x: 2 * g * x)
        assert gradcheck(square, normal(4), order=2)
    finally:
        registry.pop("<lambda>", None)


def test_a_rule_right_at_order_1_only():
    cube = Op(lambda xp, x: x**3)
    try:
        cube.vjp(lambda g, y, x: g * Tensor(3 * x.data**2))
        assert gradcheck(cube, normal(4))
        report = gradcheck(cube, normal(4), order=2)
        assert not report and report.order == 2 and "order 2" in str(report)
    finally:
        registry.pop("<lambda>", None)


@pytest.mark.parametrize("answer", [np.zeros((5, 3)), np.zeros(()), np.zeros((3, 5, 1)), (), (np.zeros(3), np.zeros(3)), "text"])
def test_a_gradient_of_the_wrong_shape_is_a_failure_not_an_error(answer):
    report = gradcheck((lambda x: x.sum(), lambda g, x: answer), normal(3, 5))
    assert not report and report.diagnosis and str(report)


@pytest.mark.parametrize(("answer", "sentence"), [(np.zeros(3), "shape (3,)"), ("text", "not numbers")])
def test_the_argument_with_the_wrong_shape_is_named(answer, sentence):
    report = gradcheck((lambda a, b: a.sum() * b, lambda g, a, b: (answer, g * a.sum())), normal(3, 5), normal(5))
    assert report.problem.startswith("argument 0: ") and sentence in report.problem


def test_an_ops_rule_of_the_wrong_shape_is_a_failure():
    bad = Op(lambda xp, x: x * 2)
    try:
        bad.vjp(lambda g, y, x: g.reshape(-1))
        report = gradcheck(bad, normal(3, 5))
        assert not report and "shape" in str(report)
    finally:
        registry.pop("<lambda>", None)


def test_nan_in_the_gradient_or_the_function():
    assert not gradcheck((np.sin, lambda g, x: g * np.nan), normal(3))
    report = gradcheck((lambda x: np.log(x), lambda g, x: g / x), np.array([-1.0, 2.0]))
    assert not report and "NaN" in str(report)


# ---------------------------------------------------------------- kinks


@pytest.mark.parametrize(
    "f", [ops.relu, ops.abs, lambda x: x.max(axis=1), lambda x: ops.maximum(x, 0.0), lambda x: ops.relu(x) @ np.ones((3, 2))]
)
def test_a_kink_is_recognised_and_left(f):
    x = np.array([[0.0, 1.0, 1.0], [0.5, 0.0, -0.3]])
    report = gradcheck(f, x)
    assert report and report.kinks and "Kink" in str(report)
    assert gradcheck(f, x * 1e-9 + x)


@pytest.mark.parametrize("slope", [0.0, 0.3, 1.0])
def test_every_value_between_the_one_sided_derivatives_is_accepted(slope):
    report = gradcheck((lambda x: np.maximum(x, 0), lambda g, x: g * np.where(x == 0, slope, x > 0)), np.array([0.0, 1.0, -2.0]))
    assert report and report.kinks[0].index == (0,) and report.kinks[0].accepted


@pytest.mark.parametrize("slope", [-0.1, 1.1, 7.0, np.nan])
def test_no_value_outside(slope):
    report = gradcheck((lambda x: np.maximum(x, 0), lambda g, x: g * np.where(x == 0, slope, x > 0)), np.array([0.0, 1.0, -2.0]))
    assert not report and report.diagnosis[0].kind == "kink"


@pytest.mark.parametrize("distance", [1e-12, 1e-8, 1e-6, 1e-4, 3e-3])
def test_a_kink_nearby(distance):
    assert gradcheck(ops.relu, np.array([distance, 1.0, -distance, -1.0]))
    assert not gradcheck((lambda x: np.maximum(x, 0), lambda g, x: g * (x < 0)), np.array([distance, 1.0, -distance, -1.0]))


def test_a_mistake_is_not_excused_by_a_kink():
    report = gradcheck((lambda x: np.maximum(x, 0), lambda g, x: g), np.array([0.0, 1.0, -2.0, 0.0, -0.4]))
    assert not report and report.diagnosis[0].kind == "missing_mask"


# ---------------------------------------------------------------- what can be checked


def test_a_layer_with_its_weights():
    layer = layers.Dense(4, activation="tanh")
    report = gradcheck(layer, normal(3, 5).astype("float32"))
    assert report and "3 arguments" in str(report)
    assert [w.dtype for w in layer.weights] == [np.float32, np.float32]


def test_wrong_weights_are_named():
    class Scale(layers.Layer):
        def build(self, shape):
            self.factor = self.add_weight((shape[-1],), "ones", name="factor")

        def call(self, x):
            return wrong(x, self.factor)

    wrong = Op(lambda xp, x, s: x * s)
    try:
        wrong.vjp(lambda g, y, x, s: (g * s, -g * x))
        report = gradcheck(Scale(name="mine"), normal(3, 5))
        assert not report and report.worst.argument == "mine/factor" and report.diagnosis[0].kind == "sign"
    finally:
        registry.pop("<lambda>", None)


def test_weights_come_back_even_after_an_error():
    layer = layers.Dense(2)
    layer(normal(3, 4))
    before, arrays = [w.version for w in layer.weights], [w.data for w in layer.weights]

    def fails(y_true, y_pred):
        raise RuntimeError("no loss")

    with pytest.raises(RuntimeError, match="no loss"):
        gradcheck((layer, fails), normal(3, 4), normal(3, 2))
    assert [w.version for w in layer.weights] == before
    assert all(w.data is a for w, a in zip(layer.weights, arrays))


def test_a_pair_with_and_without_a_cache():
    x, w = normal(3, 4), normal(4, 2)
    assert gradcheck((lambda x, w: x @ w, lambda g, x, w: (g @ w.T, x.T @ g)), x, w)
    assert gradcheck((lambda x, w: (x @ w, (x, w)), lambda g, c: [g @ c[1].T, c[0].T @ g]), x, w)
    assert gradcheck((lambda x: float((x**2).sum()), lambda g, x: 2 * g * x), x)
    assert gradcheck((lambda x: (x**2).sum(), lambda g, x: (2 * g * x,)), x)


def test_the_cotangent_of_a_number_is_0_d():
    def backward(g, x):
        assert g.shape == () and g.ndim == 0
        return 2 * g * x

    assert gradcheck((lambda x: float((x**2).sum()), backward), normal(3))


def test_integers_and_booleans_are_not_moved():
    seen = []

    def forward(table, ids, mask):
        seen.append((ids.copy(), mask.copy()))
        return table[ids] * mask[:, None]

    def backward(g, table, ids, mask):
        d = np.zeros_like(table)
        np.add.at(d, ids, g * mask[:, None])
        return d, None, None

    ids, mask = np.array([0, 2, 2]), np.array([True, False, True])
    assert gradcheck((forward, backward), normal(4, 2), ids, mask)
    assert all((i == ids).all() and (m == mask).all() and i.dtype == ids.dtype and m.dtype == bool for i, m in seen)


def test_arrays_are_never_changed():
    def forward(x):
        x *= 2
        return (x / 2) ** 2

    def backward(g, x):
        g *= 2
        x *= g
        return x

    x = normal(3, 2)
    before = x.copy()
    assert gradcheck((forward, backward), x)
    assert (x == before).all()


def test_everything_is_float64():
    dtypes = set()

    def f(x):
        dtypes.add(x.dtype)
        return x.exp()

    assert gradcheck(f, np.ones((2, 3), np.float32)) and dtypes == {np.dtype(np.float64)}


def test_a_factor_of_two_may_be_a_square_or_a_length():
    pair = (np.square, lambda g, x: g * x)
    assert "1/2, and 2 is in the derivative of a square." in gradcheck(pair, normal(3)).diagnosis[0].sentence
    said = gradcheck(pair, normal(2, 3)).diagnosis[0].sentence
    assert "1/2, and 2 is in the derivative of a square, or the length of axis 0 of argument 0 (the batch?)." in said


def test_other_arguments_are_refused():
    with pytest.raises(TypeError, match="got int"):
        gradcheck(3, normal(2))
    with pytest.raises(ValueError, match=r"none of the arguments is an array of floats \(got int64, bool\): use .astype\(float\)"):
        gradcheck(ops.add, np.array([1, 2], np.int64), np.array([True, False]))
    with pytest.raises(ValueError, match=r"gradcheck\(f, \*arrays\): no arguments"):
        gradcheck(ops.exp)
    with pytest.raises(TypeError, match=r"a Tensor to a function of NumPy: use that of minidl\.ops \(plain NumPy is checked as a pair"):
        gradcheck(lambda x: np.exp(x), normal(2))
    with pytest.raises(TypeError, match=r"takes 1 array, got 2: exp\(x\)"):
        gradcheck(ops.exp, normal(2), normal(2))
    model = models.Sequential([layers.Input((2,)), layers.Dense(1)])
    with pytest.raises(TypeError, match=r"gradcheck\(\(model, loss\), x, y\)"):
        gradcheck(model, normal(3, 2), normal(3, 1))
    with pytest.raises(TypeError, match="must return a Tensor"):
        gradcheck(lambda x: x.numpy(), normal(2))
    with pytest.raises(ValueError, match="order"):
        gradcheck(ops.exp, normal(2), order=0)
    with pytest.raises(TypeError, match="tuple of 3"):
        gradcheck((lambda x: (x, x, x), lambda g, x: g), normal(2))


def test_the_report_can_be_read():
    text = str(gradcheck((lambda x: x**2, lambda g, x: g * x), normal(3)))
    assert "WRONG" in text and "argument 0, entry (" in text and "factor" in text and "0.5" in text
    assert all(len(line) < 300 for line in text.splitlines())


def test_empty_and_single():
    assert gradcheck(ops.exp, np.zeros((0, 3)))
    assert gradcheck(ops.exp, np.array(0.3))


# ---------------------------------------------------------------- what students write


def test_backward_may_use_up_the_cache():
    def forward(x, w):
        return x @ w, [x, w]

    def backward(g, cache):
        w, x = cache.pop(), cache.pop()
        x_g = x.T @ g
        x *= 0
        return g @ w.T, x_g

    assert gradcheck((forward, backward), normal(3, 4), normal(4, 2))


@pytest.mark.parametrize(
    "backward",
    [lambda g, x: [2 * g * x], lambda g, x: [*(2 * g * x)], lambda g, x: (d for d in [2 * g * x])],
    ids=["a list of one", "a list of numbers", "a generator"],
)
def test_gradients_in_other_containers(backward):
    assert gradcheck((lambda x: x**2, backward), normal(3))


def test_a_dict_of_gradients_has_no_order():
    report = gradcheck((lambda a, b: a * b, lambda g, a, b: {"b": g * a, "a": g * b}), normal(3), normal(2, 3)[0])
    assert not report and "returned a dict" in str(report)


@pytest.mark.parametrize("answer", [1j, None, "text"])
def test_forward_must_return_numbers(answer):
    with pytest.raises(TypeError, match="forward must return an array of numbers"):
        gradcheck((lambda x: answer, lambda g, x: g), normal(3))


def test_random_numbers_in_forward_are_noticed():
    rng = np.random.default_rng(0)

    def forward(x):
        keep = rng.random(x.shape) > 0.5
        return x * keep * 2, keep

    report = gradcheck((forward, lambda g, keep: g * keep * 2), normal(4, 4))
    assert not report and report.diagnosis[0].kind == "unknown" and "when it is called again with the same arguments" in str(report)
    assert "seed them" in report.diagnosis[0].sentence and "finite" not in str(report)


def test_small_random_numbers_in_forward_are_noticed():
    rng = np.random.default_rng(0)
    report = gradcheck((lambda x: x + 1e-6 * rng.random(x.shape), lambda g, x: g), normal(4, 4))
    assert not report and "when it is called again with the same arguments" in str(report)


def test_the_last_digits_of_forward_may_differ():
    """As sums do that several threads share."""
    calls = itertools.count()

    def forward(x):
        return np.exp(x) * (1 + 4 * np.finfo(float).eps * (next(calls) % 2))

    assert gradcheck((forward, lambda g, x: g * np.exp(x)), normal(3))


def test_backward_with_random_numbers_does_not_add_up():
    rng = np.random.default_rng(0)
    report = gradcheck((np.sin, lambda g, x: g * rng.random(x.shape)), normal(3))
    assert not report and report.diagnosis[0].kind == "unknown" and "draw random numbers" in str(report)


@pytest.mark.parametrize("error", [ValueError, AssertionError, KeyError])
def test_a_function_may_refuse_what_it_was_not_asked_for(error):
    def forward(x):
        if (x <= 0).any() or (x > 1).any():
            raise error("probabilities only")
        return np.log(x)

    assert gradcheck((forward, lambda g, x: g / x), np.array([0.2, 0.9999]))
    assert not gradcheck((forward, lambda g, x: -g / x), np.array([0.2, 0.9999]))


def test_an_error_in_backward_is_the_learners_to_see():
    def backward(g, x):
        raise RuntimeError("not yet written")

    with pytest.raises(RuntimeError, match="not yet written"):
        gradcheck((np.sin, backward), normal(3))


def test_a_margin_that_the_given_arrays_never_cross():
    x = np.array([0.1, -0.2, 0.3, -0.1])
    assert gradcheck((lambda s: np.maximum(0, 1 - s), lambda g, s: -g * (s < 1)), x)
    report = gradcheck((lambda s: np.maximum(0, 1 - s), lambda g, s: -g), x)
    assert not report and report.diagnosis[0].kind == "missing_mask"


def test_a_gradient_that_atol_hides_is_named():
    wrong = lambda x: 1e-8 * np.sin(x), lambda g, x: 1.001e-8 * g * np.cos(x)
    report = gradcheck(wrong, normal(4))
    assert report and report.faint == [0] and "pass a smaller one" in str(report)
    assert not gradcheck(wrong, normal(4), atol=1e-16)
    assert not gradcheck((lambda x: np.sin(x), lambda g, x: g * np.cos(x)), normal(4), rtol=1e-2).faint


@pytest.mark.parametrize("f", [ops.abs, ops.relu, lambda x: ops.maximum(x, 0.0)])
def test_order_2_beside_a_kink(f):
    report = gradcheck(f, np.array([0.0, 1.0, -1.0]), order=2)
    assert report and report.kinks


def test_options_are_checked():
    for bad in ({"rtol": -1.0}, {"atol": -1.0}, {"atol": np.nan}):
        with pytest.raises(ValueError, match="must not be negative"):
            gradcheck(ops.exp, normal(2), **bad)
    with pytest.raises(ValueError, match="order"):
        gradcheck(ops.exp, normal(2), order=True)
    for order in (1.5, 2.0, "2", None):
        with pytest.raises(ValueError, match="order"):
            gradcheck(ops.exp, normal(2), order=order)
    report = gradcheck(ops.exp, np.array([np.nan, 1.0]))
    assert not report and "argument 0 holds NaN" in str(report)
