"""The nets of the courses."""
import numpy as np
import pytest

from minidl import layers, nets


@pytest.mark.parametrize(
    ("net", "count", "shape", "output"),
    [("intro", 79530, (32, 32, 3), 10), ("dropout", 156074, (32, 32, 3), 10), ("xray", 54627, (256, 256, 1), 1)],
)
def test_shapes_and_counts(net, count, shape, output):
    model = nets.NETS[net]()
    assert model.count_params() == count
    assert model.inputs[0].shape == (None, *shape)
    assert model.outputs[0].shape == (None, output)


def test_other_sizes_and_classes():
    for net, size in ((nets.intro, 12), (nets.dropout, 20)):
        model = net((size, size, 1), 3)
        y = model.predict(np.random.default_rng(0).random((2, size, size, 1)), verbose=0)
        assert y.shape == (2, 3)
        np.testing.assert_allclose(y.sum(1), 1, rtol=1e-5)
    model = nets.xray((64, 64, 1))
    y = model.predict(np.zeros((1, 64, 64, 1)), verbose=0)
    assert y.shape == (1, 1)
    assert 0 < y[0, 0] < 1
    with pytest.raises(ValueError, match="two classes"):
        nets.xray(classes=3)


def test_what_the_nets_are_made_of():
    kinds = {name: [type(layer).__name__ for layer in net().layers[1:]] for name, net in nets.NETS.items()}
    conv, pool = "Conv2D", "MaxPooling2D"
    assert kinds == {
        "intro": [conv, pool, conv, pool, "Flatten", "Dense", "Dense"],
        "dropout": [conv, pool, conv, pool, conv, "Dropout", "Flatten", "Dense", "Dense"],
        "xray": [conv, pool] * 6 + [conv, "GlobalAveragePooling2D", "Dense", "Dropout", "Dense", "Dense"],
    }
    assert [layer.rate for net in nets.NETS.values() for layer in net().layers if isinstance(layer, layers.Dropout)] == [0.6, 0.6]
