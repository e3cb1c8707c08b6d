"""Several inputs become one."""
import numpy as np
import pytest

from minidl import Input, Model, Tensor, grad, gradcheck, layers
from minidl.layers import Average, Maximum, Minimum, Multiply, Subtract

RNG = np.random.default_rng(4)
A, B, C = RNG.standard_normal((3, 2, 3, 4))

CASES = [
    ("Add", "add", lambda a, b, c: a + b + c), ("Multiply", "multiply", lambda a, b, c: a * b * c),
    ("Average", "average", lambda a, b, c: (a + b + c) / 3), ("Maximum", "maximum", lambda a, b, c: np.maximum(np.maximum(a, b), c)),
    ("Minimum", "minimum", lambda a, b, c: np.minimum(np.minimum(a, b), c)),
    ("Concatenate", "concatenate", lambda a, b, c: np.concatenate([a, b, c], -1)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "function", "expected"), CASES)
def test_layers_and_functions(kind, function, expected):
    arrays = [a.astype("float32") for a in (A, B, C)]
    np.testing.assert_allclose(getattr(layers, kind)()(arrays).numpy(), expected(*arrays), rtol=1e-6)
    np.testing.assert_array_equal(getattr(layers, function)(arrays).numpy(), getattr(layers, kind)()(arrays).numpy())
    symbols = [Input((3, 4)) for _ in range(3)]
    joined = getattr(layers, function)(symbols, name="it")
    assert joined.name == "it"
    model = Model(symbols, joined)
    assert type(model.get_layer("it")).__name__ == kind
    np.testing.assert_allclose(model.predict(arrays, verbose=0), expected(*arrays), rtol=1e-6)


def test_difference_of_two():
    np.testing.assert_array_equal(layers.subtract([A, B]).numpy(), (A.astype("float32") - B.astype("float32")))
    with pytest.raises(ValueError, match="expected a list of two inputs, got 3"):
        Subtract()([A, B, C])
    assert layers.concatenate([A, B], axis=1).shape == (2, 6, 4)


@pytest.mark.parametrize("make", [Multiply, Average, Maximum, Minimum, Subtract])
def test_gradients(make):
    assert (report := gradcheck(lambda a, b: make()([a, b]), A, B)), str(report)


@pytest.mark.parametrize(("make", "share"), [(Maximum, [1, 0]), (Minimum, [1, 0])])
def test_in_a_tie_the_first_gets_the_gradient(make, share):
    a, b = (Tensor(np.ones((1, 2)), requires_grad=True) for _ in range(2))
    for g, expected in zip(grad(make()([a, b]).sum(), [a, b]), share):
        np.testing.assert_array_equal(g.data, np.full((1, 2), expected))


@pytest.mark.parametrize("make", [layers.Add, Multiply, Average, Maximum, Minimum, Subtract])
def test_sizes_of_one_are_repeated_and_others_must_agree(make):
    assert make()([A, A[:, :1]]).shape == make()([A[..., :1], A]).shape == A.shape
    symbols = Input((3, 4)), Input((1, 4))
    assert make()(list(symbols)).shape == (None, 3, 4)
    for other in (A[:, :2], A[0], A[:, :, :3]):
        with pytest.raises(ValueError, match="expected inputs of one shape"):
            make()([A, other])
    for wrong in (A, [A], []):
        with pytest.raises(ValueError, match="list of two or more"):
            make()(wrong)
