"""The table of a model's layers."""
import pytest

from minidl import Input, Model, Sequential, layers, nets
from minidl.layers import Add, BatchNormalization, Dense
from minidl.summary import summary_text


@pytest.mark.parametrize(("net", "count"), [("intro", "79,530"), ("dropout", "156,074"), ("xray", "54,627")])
def test_the_nets_have_the_parameters_they_say(net, count, capsys):
    layers.reset_names()
    model = nets.NETS[net]()
    model.summary()
    text = capsys.readouterr().out
    assert f" Total params: {count} (" in text
    assert f" Trainable params: {count} (" in text
    assert " Non-trainable params: 0 (0.00 B)" in text
    assert f"{model.count_params():,}" == count
    assert f'Model: "{model.name}"' in text
    assert max(map(len, text.splitlines())) == 80


def test_rows_of_the_intro_net():
    layers.reset_names()
    lines = [[cell.strip() for cell in line.strip("│").split("│")] for line in summary_text(nets.intro()).splitlines() if "│" in line]
    assert lines == [
        ["input_layer (InputLayer)", "(None, 32, 32, 3)", "0"], ["conv2d (Conv2D)", "(None, 30, 30, 16)", "448"],
        ["max_pooling2d (MaxPooling2D)", "(None, 15, 15, 16)", "0"], ["conv2d_1 (Conv2D)", "(None, 13, 13, 32)", "4,640"],
        ["max_pooling2d_1 (MaxPooling2D)", "(None, 6, 6, 32)", "0"], ["flatten (Flatten)", "(None, 1152)", "0"],
        ["dense (Dense)", "(None, 64)", "73,792"], ["dense_1 (Dense)", "(None, 10)", "650"],
    ]  # fmt: skip


def test_frozen_weights_and_sizes_are_counted():
    model = Sequential([Input((4,)), Dense(300), BatchNormalization()])
    model.layers[0].trainable = False
    text = summary_text(model)
    assert " Total params: 2,700 (10.55 KB)" in text
    assert " Trainable params: 600 (2.34 KB)" in text
    assert " Non-trainable params: 2,100 (8.20 KB)" in text


def test_branches_show_what_they_are_connected_to():
    i = Input((4,), name="start")
    shared = Dense(4, name="shared")
    text = summary_text(Model(i, Add(name="plus")([i, shared(shared(i))])), 120)
    rows = {line.split()[1]: line for line in text.splitlines() if line.startswith("│")}
    assert "Connected to" in text
    assert "start, shared" in rows["plus"]
    assert rows["shared"].count("(None, 4)") == 1
    assert " 20 " in rows["shared"]


def test_a_model_that_is_not_built_says_so():
    text = summary_text(Sequential([Dense(3)]))
    assert "? (not built)" in text
    assert " Total params: 0 (0.00 B)" in text


def test_the_text_can_go_elsewhere_and_be_wider(capsys):
    given = []
    Sequential([Input((2,)), Dense(3, name="[red]x[/red]")], name="[bold]").summary(line_length=100, print_fn=given.append)
    assert capsys.readouterr().out == ""
    assert len(given) == 1
    assert max(map(len, given[0].splitlines())) == 100
    assert "[red]x[/red] (Dense)" in given[0]
    assert 'Model: "[bold]"' in given[0]
