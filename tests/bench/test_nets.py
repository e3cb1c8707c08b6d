"""The nets of the benchmark are those of minidl, and their weights fit minidl's layers."""
import json

import numpy as np
import pytest

import minidl
from benchmarks.frameworks.with_minidl import Minidl, model_of
from benchmarks.nets import NETS, Conv, Dense, Net, growing, parameters, pictures, shapes, start_weights, step_operations, weight_shapes
from minidl import nets


@pytest.mark.parametrize("name", sorted(nets.NETS))
def test_they_are_the_nets_that_minidl_offers(name):
    ours, theirs = model_of(NETS[name]).layers, nets.NETS[name]().layers[1:]
    assert [type(layer) for layer in ours] == [type(layer) for layer in theirs]
    for a, b in zip(ours, theirs):
        assert {k: v for k, v in a.get_config().items() if k != "name"} == {k: v for k, v in b.get_config().items() if k != "name"}
    assert parameters(NETS[name]) == nets.NETS[name]().count_params()


@pytest.mark.parametrize("net", [*NETS.values(), growing(image=16, channels=4, depth=3)], ids=lambda net: net.name)
def test_weights_and_pictures_fit_minidl(net):
    model = model_of(net)
    assert [w.shape for w in model.get_weights()] == weight_shapes(net) == [w.shape for w in start_weights(net)]
    assert [tuple(symbol.shape[1:]) for layer in model.calls[1:] for symbol in layer.outputs] == [after for _, _, after in shapes(net)]
    x, y = pictures(net, 3)
    assert x.shape == (3, *net.image) and x.dtype == "float32" and y.shape == (3,) and y.max() < net.classes


def test_the_vgg_like_net_is_the_one_that_is_described():
    convolutions = [layer.filters for layer in NETS["vgg"].layers if isinstance(layer, Conv)]
    assert convolutions == [32, 32, 64, 64, 128, 128]
    assert parameters(NETS["vgg"]) == 896 + 9248 + 18496 + 36928 + 73856 + 147584 + (2048 * 128 + 128) + 1290


def test_operations_by_hand():
    net = Net("two", (4, 4, 2), (Conv(3, 3, "valid"), Conv(5, 1, "same"), NETS["intro"].layers[4], Dense(7, "softmax")))
    first, second, dense = 2 * 2 * 3 * 9 * 2, 2 * 2 * 5 * 3, 20 * 7
    assert step_operations(net, 10) == 2 * 10 * (2 * first + 3 * second + 3 * dense)


@pytest.mark.parametrize("net", NETS.values(), ids=lambda net: net.name)
def test_a_net_goes_to_another_process_and_back(net):
    assert Net.from_json(json.loads(json.dumps(net.as_json()))) == net


def test_the_same_weights_every_time():
    for a, b in zip(start_weights(NETS["xray"]), start_weights(NETS["xray"])):
        np.testing.assert_array_equal(a, b)


def test_dropout_can_be_left_out():
    rates = [layer.rate for layer in NETS["xray"].without_dropout().layers if hasattr(layer, "rate")]
    assert rates == [0.0]


def test_minidl_takes_part():
    net = growing(image=8, channels=3, depth=1)
    ours = Minidl({"threads": minidl.config.cores()})
    ours.build(net, start_weights(net))
    ours.load(*pictures(net, 4))
    losses = [ours.step() for _ in range(3)]
    assert losses[2] < losses[0]
    assert ours.forward(pictures(net, 1)[0]).shape == (1, 10)
    ours.fit(*pictures(net, 8), 4)
    assert "accuracy" in ours.model.history.history
    added = ours.recorded_addition()()
    assert isinstance(added, minidl.Tensor) and added.requires_grad and added.dtype == "float32"


def test_minidl_is_told_a_number_of_threads_only_if_it_is_not_the_machines():
    try:
        assert Minidl({"threads": minidl.config.cores()}).threads_in_use() == minidl.config.suggested().threads
        assert Minidl({"threads": minidl.config.cores() + 1}).threads_in_use() == minidl.config.cores() + 1
    finally:
        minidl.config.restore()
