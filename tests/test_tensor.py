"""The Tensor: what it is made from, its operators with arrays and numbers on both sides, changes in place, NumPy's functions."""

import operator
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidl
from minidl import ops
from minidl.switches import kernels_on, no_grad, switch
from minidl.tensor import Tensor

# ---------------------------------------------------------------- what it is made from


@pytest.mark.parametrize(
    ("value", "dtype", "shape"), [(1.5, float, ()), (2, np.int64, ()), (True, bool, ()), ([[1, 2.5]], float, (1, 2)), ([], float, (0,))]
)
def test_numbers_and_lists(value, dtype, shape):
    t = Tensor(value)
    assert (t.dtype, t.shape, type(t.data)) == (dtype, shape, np.ndarray)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.uint8, np.int64, bool])
def test_an_array_keeps_its_dtype_and_is_shared(dtype):
    a = np.ones((2, 3), dtype)
    t = Tensor(a)
    assert t.data is a
    assert (t.dtype, t.shape, t.ndim, t.size, len(t)) == (dtype, (2, 3), 2, 6, 2)


def test_a_tensor_that_requires_a_gradient_has_its_own_copy():
    a = np.ones(2)
    w = Tensor(a, requires_grad=True, name="w")
    w -= 1.0
    assert a.tolist() == [1, 1]
    assert (w.name, w.grad, w.requires_grad) == ("w", None, True)


def test_from_another_tensor():
    t = Tensor([1.0, 2.0])
    assert Tensor(t).data is t.data


@pytest.mark.parametrize("value", ["text", [None], 1j, np.array(["a"]), {"a": 1}, np.array([1, None])])
def test_anything_but_real_numbers_is_refused(value):
    with pytest.raises(TypeError, match="real numbers"):
        Tensor(value)


@pytest.mark.parametrize("value", [1, [1, 2], True, np.ones(2, np.uint8)])
def test_only_floats_require_a_gradient(value):
    with pytest.raises(TypeError, match="float"):
        Tensor(value, requires_grad=True)


@pytest.mark.parametrize("make", [lambda t: [t, t], lambda t: [[t], [1.0]], lambda t: (1.0, t)])
def test_a_list_of_tensors_is_refused(make):
    with pytest.raises(TypeError, match=r"ops\.stack or ops\.concatenate"):
        Tensor(make(Tensor(1.0)))
    with pytest.raises(TypeError, match=r"ops\.stack or ops\.concatenate"):
        Tensor([1.0, 2.0]) + make(Tensor(1.0))


def test_the_other_byte_order_becomes_this_machines():
    t = Tensor(np.array([1.0, 2.0], np.dtype(float).newbyteorder("S")))
    assert t.dtype == np.float64
    assert t.numpy().tolist() == [1, 2]


# ---------------------------------------------------------------- operators

BINARY = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
A, B = np.array([[1.0, 2.0], [3.0, 0.5]]), np.array([2.0, 1.0])
OTHERS = [B, 2, 1.5, np.float64(1.5), np.float32(2), np.array(2.0), np.array([1, 2]), True, [2.0, 1.0]]


@pytest.mark.parametrize("other", OTHERS, ids=lambda o: type(o).__name__ + str(np.shape(o)))
@pytest.mark.parametrize("op", BINARY + COMPARISONS)
def test_operators_with_everything_on_both_sides(op, other):
    plain = np.asarray(other) if isinstance(other, list) else other
    for x in Tensor(A), Tensor(A, requires_grad=True):
        for y, expected in (op(x, other), op(A, plain)), (op(other, x), op(plain, A)):
            assert type(y) is Tensor
            np.testing.assert_array_equal(y.numpy(), expected)
            assert y.requires_grad == (x.requires_grad and op not in COMPARISONS)
    np.testing.assert_array_equal(op(Tensor(A), Tensor(plain)).numpy(), op(A, plain))


def test_matmul_on_both_sides():
    t = Tensor(B, requires_grad=True)
    for y, expected in (A @ t, A @ B), (t @ A, B @ A), (t @ t, B @ B), (t @ B, B @ B):
        assert type(y) is Tensor
        assert y.requires_grad
        np.testing.assert_array_equal(y.numpy(), expected)


def test_one_operand_that_is_an_array_owns_no_result():
    """array + t must be one Tensor, not an array of Tensors."""
    y = np.ones((2, 2)) * Tensor(np.ones(2), requires_grad=True)
    assert y.shape == (2, 2)
    assert y.node.op.name == "multiply"


def test_operators_with_a_gpu_on_both_sides(backend):
    a, t = backend.asarray([1.0, 2.0]), Tensor(backend.asarray([3.0, 5.0]), requires_grad=True)
    for y, expected in (
        (a + t, [4, 7]),
        (t + a, [4, 7]),
        (a - t, [-2, -3]),
        (a @ t, 13),
        (t @ a, 13),
        (a * t, [3, 10]),
        (2.0 / t, [2 / 3, 0.4]),
        (t > a, [True, True]),
    ):
        assert type(y) is Tensor
        assert backend.to_numpy(y).tolist() == expected


def test_unary_and_methods():
    t = Tensor([[-1.0, 4.0]])
    assert (-t).numpy().tolist() == [[1, -4]]
    assert abs(t).numpy().tolist() == t.abs().numpy().tolist() == [[1, 4]]
    assert t.abs().sqrt().numpy().tolist() == [[1, 2]]
    np.testing.assert_array_equal(t.exp().numpy(), np.exp(t.data))
    np.testing.assert_array_equal(t.abs().log().numpy(), np.log(np.abs(t.data)))
    assert t.T.shape == (2, 1)
    assert t.sum().shape == t.mean().shape == t.max().shape == ()
    assert t.sum(axis=0).shape == t.mean(0).shape == t.max(axis=0).shape == (2,)
    assert t.sum(axis=1, keepdims=True).shape == (1, 1)
    assert t.astype(np.float32).dtype == np.float32
    assert t[0, 1].item() == 4


@pytest.mark.parametrize("shape", [(3, 2), ((3, 2),), ([3, 2],), (-1, 2), (2, 3, 1), (6,)])
def test_reshape_takes_numbers_or_a_tuple(shape):
    a = np.arange(6.0)
    np.testing.assert_array_equal(Tensor(a).reshape(*shape).numpy(), a.reshape(*shape))


@pytest.mark.parametrize("axes", [(), (2, 0, 1), ((2, 0, 1),), ([0, 2, 1],), (-1, 0, 1)])
def test_transpose_takes_numbers_or_a_tuple(axes):
    a = np.arange(6.0).reshape(1, 2, 3)
    np.testing.assert_array_equal(Tensor(a).transpose(*axes).numpy(), a.transpose(*axes))


def test_numbers_are_not_wrapped():
    t = Tensor(np.ones(2, np.float32), requires_grad=True)
    for y in t * np.sqrt(2), np.sqrt(2) * t, t + 1, 1.5 - t, t / np.float64(3), t ** np.int64(2), 2.0**t:
        assert y.dtype == np.float32
    assert (t * np.ones(2)).dtype == np.float64
    assert (Tensor(np.ones(2, np.uint8)) * 2).dtype == np.uint8


def test_results_are_arrays_also_when_0d():
    for y in Tensor(1.5) + Tensor(2.5), Tensor([1.0, 2.0]).sum(), Tensor([1.0, 2.0])[1], Tensor(2.0) ** 2, Tensor(1.0) > 0:
        assert type(y.data) is np.ndarray
        assert y.shape == ()


@given(st.lists(st.integers(0, 3), max_size=3), st.lists(st.integers(0, 3), max_size=3))
def test_broadcasting_is_numpys(a, b):
    x, y = np.ones(a), np.ones(b)
    try:
        expected = (x + y).shape
    except ValueError:
        with pytest.raises(ValueError, match="broadcast"):
            Tensor(x) + Tensor(y)
    else:
        p, q = Tensor(x, requires_grad=True), Tensor(y, requires_grad=True)
        s = p + q
        assert s.shape == expected
        s.backward(np.ones(expected))
        assert (p.grad.shape, q.grad.shape) == (x.shape, y.shape)
        assert p.grad.numpy().sum() == q.grad.numpy().sum() == s.size


# ---------------------------------------------------------------- for people


def test_out_of_the_graph():
    t = Tensor([3.0], requires_grad=True)
    y = t * 2
    assert y.item() == float(y) == 6
    assert type(y.item()) is float
    assert type(y.numpy()) is np.ndarray
    assert not y.detach().requires_grad
    alone = y.detach()
    alone[...] = 7.0
    assert (alone.item(), y.item()) == (7, 6)
    assert bool(Tensor([1.0]))
    assert not Tensor(0.0)
    assert [10, 20, 30][Tensor(2)] == 30
    with pytest.raises(TypeError):
        [10, 20][Tensor(1.0)]
    with pytest.raises(ValueError, match="size 1"):
        Tensor([1.0, 2.0]).item()
    with pytest.raises(ValueError, match="size 1"):
        bool(Tensor([1.0, 2.0]))


def test_repr():
    assert repr(Tensor([1.0, 2.0])) == "Tensor([1., 2.], float64)"
    w = Tensor(np.float32([1]), requires_grad=True, name="dense/kernel")
    assert repr(w) == "Tensor([1.], float32, name='dense/kernel', requires_grad=True)"
    assert repr(w * 2) == "Tensor([2.], float32, made by multiply)"


def test_tensors_are_keys_by_identity():
    a, b = Tensor(1.0), Tensor(1.0)
    assert {a: 1, b: 2}[a] == 1


# ---------------------------------------------------------------- NumPy's functions


@pytest.mark.parametrize(
    "f",
    [
        np.sum,
        np.mean,
        np.max,
        lambda t: np.exp(t),
        lambda t: np.add(t, 1),
        lambda t: np.add(np.ones(2), t),
        lambda t: np.concatenate([t, t]),
        lambda t: np.stack([t, t]),
        lambda t: np.where(np.array([True, False]), t, 0.0),
        lambda t: np.dot(t, t),
        lambda t: np.reshape(t, (2, 1)),
        lambda t: np.clip(t, 0, 1),
        lambda t: np.linalg.norm(t),
    ],
)
def test_a_gradient_is_never_lost_in_silence(f):
    t = Tensor([1.0, 2.0], requires_grad=True)
    for x in t, t * 1:
        try:
            y = f(x)
        except TypeError:
            continue
        assert isinstance(y, Tensor)
        assert y.requires_grad


def test_the_error_says_what_to_do():
    with pytest.raises(TypeError, match=r"np\.sum would lose the gradient: use minidl\.ops, or \.numpy\(\)"):
        np.sum(Tensor([1.0], requires_grad=True))


def test_numpys_functions_work_where_nothing_can_be_lost():
    t = Tensor([1.0, 2.0])
    assert np.sum(t) == 3
    assert np.concatenate([t, t], axis=0).tolist() == [1, 2, 1, 2]
    with no_grad():
        assert np.mean(Tensor([1.0, 2.0], requires_grad=True)) == 1.5
    assert np.asarray(t).tolist() == [1, 2]
    assert np.asarray(Tensor([1.0], requires_grad=True)).tolist() == [1]  # asked for by name
    assert np.asarray(t, dtype=np.float32).dtype == np.float32
    np.testing.assert_allclose(t, [1.0, 2.0])


# ---------------------------------------------------------------- in place


def test_a_parameter_is_updated_in_place():
    w = Tensor([1.0, 2.0], requires_grad=True)
    same, data = w, w.data
    for update, expected in ("w -= 0.5", [0.5, 1.5]), ("w += np.ones(2)", [1.5, 2.5]), ("w *= 2", [3, 5]), ("w /= Tensor(2.0)", [1.5, 2.5]):
        scope = {"w": w, "np": np, "Tensor": Tensor}
        version = w.version
        exec(update, scope)
        assert scope["w"] is same
        assert w.data is data
        assert w.version == version + 1
        assert w.numpy().tolist() == expected
    assert w.requires_grad
    assert w.node is None


def test_adding_up_losses_keeps_the_gradient():
    w = Tensor(2.0, requires_grad=True)
    loss = Tensor(0.0)
    for k in range(3):
        loss += k * w
    loss *= w
    loss.backward()
    assert w.grad.item() == 12  # d(3w²)/dw


def test_adding_up_starting_from_a_number():
    w = Tensor(2.0, requires_grad=True)
    loss = 0
    for _ in range(3):
        loss += w * w
    loss.backward()
    assert w.grad.item() == 12


def test_without_recording_everything_is_in_place():
    w, g = Tensor([1.0], requires_grad=True), Tensor([0.5], requires_grad=True)
    same = w
    with no_grad():
        w -= g * 0.5
    assert w is same
    assert w.numpy().tolist() == [0.75]


def test_writing_elements():
    t = Tensor(np.zeros(3))
    t[1] = 5.0
    t[2:] = Tensor([7.0])
    assert t.numpy().tolist() == [0, 5, 7]
    assert t.version == 2
    t.data = [1.0]
    assert type(t.data) is np.ndarray
    assert t.version == 3


def test_writing_a_recorded_tensor_would_lose_its_gradient():
    t = Tensor(np.zeros(3))
    with pytest.raises(TypeError, match="lose its gradient"):
        t[0] = Tensor(1.0, requires_grad=True) * 2
    with no_grad():
        t[0] = Tensor(1.0, requires_grad=True)
    assert t.numpy().tolist() == [1, 0, 0]


CHANGES = {
    "w -= 1": lambda w: operator.isub(w, 1.0),
    "w[...] =": lambda w: operator.setitem(w, ..., 0.0),
    "w[0] =": lambda w: operator.setitem(w, 0, 0.0),
    ".data =": lambda w: setattr(w, "data", np.zeros(2)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_of_an_input_is_noticed_and_names_the_op(change):
    w = Tensor([1.0, 2.0], requires_grad=True)
    loss = ops.square(w).sum()
    change(w)
    with pytest.raises(RuntimeError, match="square was changed in place"):
        loss.backward()


@pytest.mark.parametrize("change", [operator.setitem, lambda y, _, v: setattr(y, "data", np.full(2, v))])
def test_a_change_of_an_output_is_noticed(change):
    y = Tensor([1.0, 2.0], requires_grad=True).exp()
    loss = y.sum()
    change(y, ..., 0.0)
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()


def test_a_change_of_the_result_itself_is_noticed():
    """Nothing uses y, so no input tells: the rule of exp, which reads y, would."""
    y = Tensor([1.0], requires_grad=True).exp()
    y[...] = 0.0
    with pytest.raises(RuntimeError, match="exp was changed in place"):
        y.backward()


def test_a_change_before_the_use_or_after_the_gradient_harms_nothing():
    w = Tensor([1.0], requires_grad=True)
    for _ in range(3):
        w.zero_grad()
        (w * w).sum().backward()
        w -= 0.25 * w.grad
    assert w.item() == 0.125


# ---------------------------------------------------------------- learners' own ops


def test_unknown_names_are_pythons_errors():
    with pytest.raises(AttributeError):
        Tensor(1.0).no_such_thing  # noqa: B018
    with pytest.raises(AttributeError):
        Tensor(1.0).no_such_thing = 1


# ---------------------------------------------------------------- calls that do not fit, and copies


def test_positional_metadata_is_explained():
    with pytest.raises(TypeError, match=r"everything else is a keyword: sum\(x, \*, axis=None, keepdims=False\)"):
        minidl.ops.sum(np.ones(3), 0)
    with pytest.raises(TypeError, match=r"keyword: reshape\(x, \*, shape\)"):
        minidl.ops.reshape(np.ones(4))


@pytest.mark.parametrize("kernels", [True, False])
def test_a_call_that_does_not_fit_is_explained(kernels):
    with switch(kernels_on, kernels):
        with pytest.raises(TypeError, match=r"^tanh takes 1 array, got 2: tanh\(x\)$"):
            ops.tanh(np.ones(3), np.ones(3))
        with pytest.raises(TypeError, match=r"^max_pool2d takes 1 array, got 2; everything else is a keyword: max_pool2d\(x, "):
            ops.max_pool2d(np.ones((1, 4, 4, 1)), 2)
        with pytest.raises(TypeError, match=r"^matmul takes 2 arrays, got 1: matmul\(a, b\)$"):
            ops.matmul(np.ones(3))
        with pytest.raises(TypeError, match=r"^transpose has no argument 'axis': transpose\(x, \*, axes=None\)$"):
            ops.transpose(np.ones((2, 2)), axis=1)


def test_a_misspelt_argument_of_what_a_kernel_replaces_is_explained():
    with pytest.raises(TypeError, match=r"^conv2d has no argument 'stride': conv2d\(x, kernel, \*, strides=1"):
        ops.conv2d(np.ones((1, 4, 4, 1)), np.ones((2, 2, 1, 1)), stride=2)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ((2, 2), (3, 2), "matmul: the shapes (2, 2) and (3, 2) do not fit; the rows of the first must be as long as the columns"),
        ((2, 2), (), "matmul: the shapes (2, 2) and () do not fit; a single number"),
        ((3, 2, 2), (4, 2, 2), "matmul: the shapes (3, 2, 2) and (4, 2, 2) do not fit; to be broadcast"),
    ],
)
def test_a_product_of_shapes_that_do_not_fit_is_explained(a, b, message):
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        Tensor(np.ones(a)) @ np.ones(b)


def test_a_sum_of_shapes_that_do_not_fit_is_explained():
    with pytest.raises(ValueError, match=r"^add: the shapes \(2, 2\) and \(3, 2\) do not fit; to be broadcast, axes"):
        Tensor(np.ones((2, 2))) + np.ones((3, 2))
    with pytest.raises(ValueError, match="cannot reshape array of size 4"):
        Tensor(np.ones((2, 2))).reshape(3)


def test_errors_of_own_ops_name_them():
    @minidl.op
    def forgot_xp(x):
        return x

    with pytest.raises(TypeError, match=r"the first argument of an op's function is xp.*def forgot_xp\(xp, …\)"):
        forgot_xp(np.ones(2), np.ones(2))

    @minidl.op
    def twice(xp, x):
        return x * 2

    @twice.vjp
    def _(g, y):
        return 2 * g

    with pytest.raises(TypeError, match=r"twice\.vjp"):
        twice(Tensor(1.0, requires_grad=True)).backward()


def test_in_place_loses_nothing():
    t = Tensor([1, 2, 3])
    with pytest.raises(TypeError, match="does not fit in place into int"):
        t += 0.5
    with pytest.raises(TypeError, match=r"of shape \(2, 3\), does not fit in place"):
        t += np.ones((2, 3), int)
    t += 1
    assert t.numpy().tolist() == [2, 3, 4]


def test_rows_and_formats():
    assert [row.numpy().tolist() for row in Tensor([[1.0, 2.0], [3.0, 4.0]])] == [[1, 2], [3, 4]]
    with pytest.raises(TypeError):
        list(Tensor(3.0))
    assert f"{Tensor(2.0):.3f} {Tensor(2.0)}" == "2.000 Tensor(2., float64)"


def test_gradients_own_their_arrays():
    a, b, seed = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, 4.0], requires_grad=True), np.ones(2)
    (a + b).backward(seed)
    a.grad *= 0.5
    assert (b.grad.numpy().tolist(), seed.tolist()) == ([1, 1], [1, 1])
    c = Tensor([1.0, 2.0], requires_grad=True)
    c.sum().backward()
    c.grad[0] = 5.0
    assert c.grad.numpy().tolist() == [5, 1]
    first, second = minidl.grad(a + b, [a, b], seed=seed)
    first *= 0.0
    assert (second.numpy().tolist(), seed.tolist()) == ([1, 1], [1, 1])


def test_data_of_a_parameter_stays_a_float():
    w = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(TypeError, match="only a float Tensor"):
        w.data = np.arange(2)
    with pytest.raises(TypeError, match=r"take its \.data"):
        w.data = Tensor([1.0, 2.0])


def test_ops_are_the_same_in_copies_and_pickles():
    import copy
    import pickle

    assert copy.deepcopy(minidl.ops.relu) is minidl.ops.relu
    assert pickle.loads(pickle.dumps(minidl.ops.relu)) is minidl.ops.relu
    model = minidl.Sequential([minidl.layers.Input((3,)), minidl.layers.Dense(2, activation="relu")])
    again = pickle.loads(pickle.dumps(model))
    x = np.ones((1, 3), "float32")
    np.testing.assert_array_equal(again(x).numpy(), model(x).numpy())
    assert again.layers[0].activation is minidl.ops.relu
