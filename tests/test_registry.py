"""Building blocks by name, their configurations, and what a misspelt name is told."""

import copy

import pytest

from minidl.registry import Configured, look_up, nearest

KNOWN = {"relu": 1, "leaky_relu": 2, "LeakyThing": 3, "categorical_crossentropy": 4}


@pytest.mark.parametrize(
    ("name", "value"), [("relu", 1), ("ReLU", 1), ("LeakyReLU", 2), ("leaky_relu", 2), ("leakything", 3), ("CategoricalCrossentropy", 4)]
)
def test_any_spelling_of_case_and_underscores(name, value):
    assert look_up(name, KNOWN, "activation") == value


def test_a_short_list_is_given_whole():
    with pytest.raises(ValueError, match=r"no activation is called 'rleu'.*LeakyThing, categorical_crossentropy, leaky_relu, relu"):
        look_up("rleu", KNOWN, "activation")


def test_of_many_the_nearest_is_named():
    many = {f"name{i}{'x' * i}": i for i in range(20)} | {"adam": 0, "rmsprop": 1}
    with pytest.raises(ValueError, match="did you mean 'adam'"):
        look_up("adma", many, "optimizer")
    assert "rmsprop" in nearest("RMSpropp", many)
    assert nearest("sgdd", ["SGD", "Adam"]).startswith("did you mean 'SGD'?")


@pytest.mark.parametrize("name", [None, 3, ["relu"]])
def test_not_a_name(name):
    with pytest.raises(TypeError, match=f"activation.*{type(name).__name__}"):
        look_up(name, KNOWN, "activation")


class Block(Configured):
    def __init__(self, units, *, rate=0.5, name=None):
        self.units, self.rate, self.name = units, rate, name


class Open(Configured):
    def __init__(self, units, **more):
        self.units, self.more = units, more


def test_a_block_remembers_its_arguments():
    assert Block(3, rate=0.1).get_config() == {"units": 3, "rate": 0.1, "name": None}
    assert {"units": 3, "color": "red"}.items() <= Open(3, color="red").get_config().items()


def test_a_configuration_knows_what_was_changed_since():
    block = Block(3, rate=0.1)
    block.rate = 0.2
    assert block.get_config()["rate"] == 0.2


def test_a_block_can_be_made_again():
    again = Block.from_config(Block(3, name="b").get_config())
    assert (again.units, again.rate, again.name) == (3, 0.5, "b")
    assert Open.from_config(Open(2, color="red").get_config()).more == {"color": "red"}


def test_a_configuration_is_nobodys_to_change():
    block = Block(3)
    block.get_config()["units"] = 4
    assert block.get_config() == {"units": 3, "rate": 0.5, "name": None}


def test_a_misspelt_argument_is_answered_with_the_nearest():
    with pytest.raises(TypeError, match=r"Block has no argument 'ratte': .*rate"):
        Block(3, ratte=0.1)


def test_a_missing_argument_is_pythons_error():
    with pytest.raises(TypeError, match="units"):
        Block()


def test_blocks_can_be_copied():
    again = copy.deepcopy(Block(3, rate=0.25))
    assert (again.units, again.rate, again.get_config()) == (3, 0.25, {"units": 3, "rate": 0.25, "name": None})
