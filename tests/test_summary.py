"""The table of a model's layers. What Keras 2.12.0, 2.14.0 and 3.15.0 print for the models below lies in ``summaries/``; "xray" is the
text in the X-ray course's notebook."""
import re
from pathlib import Path

import numpy as np
import pytest

import minidl
from minidl import Input, Model, Sequential, layers, nets
from minidl.layers import Add, BatchNormalization, Concatenate, Conv2D, Dense, Dropout, Flatten, GlobalAveragePooling2D, MaxPooling2D
from minidl.styles import STYLES
from minidl.summary import summary_text


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)


def printed_by(keras):
    """The texts that this version prints, by the name of the case."""
    parts = re.split(r"(?m)^=== (\w+)\n", (Path(__file__).parent / "summaries" / f"{keras}.txt").read_text(encoding="utf-8"))
    return dict(zip(parts[1::2], parts[2::2]))


def intro():
    i = Input((32, 32, 3), name="input_1")
    x = MaxPooling2D(name="max_pooling2d")(Conv2D(16, 3, name="conv2d")(i))
    x = MaxPooling2D(name="max_pooling2d_1")(Conv2D(32, 3, name="conv2d_1")(x))
    x = Dense(64, name="dense")(Flatten(name="flatten")(x))
    return Model(i, Dense(10, "softmax", name="dense_1")(x), name="cifar_model_intro")


def fitted():
    model = intro()
    model.compile("adam", "categorical_crossentropy")
    model.train_on_batch(np.zeros((4, 32, 32, 3)), np.eye(10)[:4])
    return model


def nested():
    inner = Sequential([Input((8, 8, 3)), Conv2D(4, 3, name="c")], name="inner_with_quite_a_long_name")
    pooling = GlobalAveragePooling2D(name="a_global_average_pooling2d_8")
    model = Sequential([Input((8, 8, 3)), inner, BatchNormalization(name="bn"), pooling, Dense(2, name="d")], name="nested")
    inner.trainable = False
    return model


def shared():
    i, layer = Input((4,), name="start"), Dense(4, name="shared")
    return Model(i, Add(name="plus")([i, layer(layer(i))]), name="shared_model")


def branches():
    a, b = Input((4,), name="left_input"), Input((6,), name="right_input")
    y = Concatenate(name="together")([Dense(3, name="dense_left")(a), Dense(5, name="dense_right_with_long_name")(b)])
    return Model([a, b], [Dense(1, name="p")(y), Dense(2, name="q")(y)], name="two")


def xray():
    """The notebook's model, with the names that its counters gave."""
    x = inputs = Input((256, 256, 1), name="input_9")
    for i, (filters, size) in enumerate([(8, 3), (8, 3), (12, 3), (12, 3), (20, 5), (20, 5), (50, 5)]):
        x = Conv2D(filters, size, padding="same", activation="relu", name=f"conv2d_{59 + i}")(x)
        x = MaxPooling2D(name=f"max_pooling2d_{50 + i}")(x) if i < 6 else GlobalAveragePooling2D(name="global_average_pooling2d_8")(x)
    x = Dropout(0.6, name="dropout_8")(Dense(128, activation="relu", name="dense_26")(x))
    return Model(inputs, Dense(1, "sigmoid", name="dense_28")(Dense(32, "relu", name="dense_27")(x)), name="model_39")


CASES = {
    "intro": (intro, {}), "intro_80": (intro, {"line_length": 80}), "intro_40": (intro, {"line_length": 40}), "fitted": (fitted, {}),
    "nested": (nested, {}), "nested_expand": (nested, {"expand_nested": True}), "nested_trainable": (nested, {"show_trainable": True}),
    "shared": (shared, {}), "branches": (branches, {}), "xray": (xray, {}),
    "unbuilt": (lambda: Sequential([Dense(3, name="d1"), Dense(1, name="d2")], name="unbuilt"), {}),
}  # fmt: skip


@pytest.mark.parametrize(("keras", "case"), [(keras, case) for keras in STYLES for case in printed_by(keras)])
def test_byte_for_byte_what_keras_prints(keras, case, capsys):
    make, options = CASES[case]
    make().summary(style=keras, **options)
    assert capsys.readouterr().out == printed_by(keras)[case]


def test_a_style_for_all_summaries(capsys):
    model = intro()
    try:
        minidl.use_style("keras2.14")
        model.summary()
        assert capsys.readouterr().out == printed_by("keras2.14")["intro"]
        model.summary(style="keras3")
        assert capsys.readouterr().out == printed_by("keras3")["intro"]
    finally:
        minidl.use_style("keras3")
    for wrong in (lambda: minidl.use_style("keras2"), lambda: model.summary(style="keras2")):
        with pytest.raises(ValueError, match=r"no style is called 'keras2': did you mean .* \(there are keras2.12, keras2.14, keras3\)"):
            wrong()


def test_who_is_called_with_the_text():
    """Keras 2 gives ``print_fn`` one line after the other, Keras 3 the whole text."""
    lines, texts = [], []
    intro().summary(print_fn=lines.append, style="keras2.12")
    intro().summary(print_fn=texts.append)
    assert lines == printed_by("keras2.12")["intro"].splitlines()
    assert texts == [printed_by("keras3")["intro"]]


@pytest.mark.parametrize("style", ["keras2.12", "keras2.14"])
def test_keras_2_wants_a_built_model(style):
    with pytest.raises(ValueError, match=r"'s' is not built yet: call build"):
        Sequential([Dense(3)], name="s").summary(style=style)


def test_columns_where_one_wants_them():
    row = next(line for line in summary_text(intro(), 80, [0.5, 0.75, 1], style="keras2.12").splitlines() if "flatten" in line)
    assert row.index("(None") == 40 and row.index(" 0 ") == 59
    assert summary_text(intro(), 80, [40, 60, 80], style="keras2.12") == summary_text(intro(), 80, [0.5, 0.75, 1], style="keras2.12")
    assert summary_text(intro(), 80, [0.5, 0.75, 1]).splitlines()[1].index("┳") == 40
    with pytest.raises(ValueError, match="line_length=10 is too little"):
        summary_text(intro(), 10)


def test_a_model_written_as_a_class():
    class Own(Model):
        def __init__(self):
            super().__init__(name="own")
            self.first, self.second = Dense(3, name="first"), Dense(2, name="second")

        def call(self, x):
            return self.second(self.first(x))

    model = Own()
    model(np.zeros((5, 4)))
    text = summary_text(model)
    assert "│ first (Dense)                   │ (None, 3)              │            15 │" in text
    assert " Total params: 23 (92.00 B)" in text


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
    assert max(map(len, text.splitlines())) == 76, "as Keras: four less than the terminal, 80 without one"


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
    assert "start[0][0], shared[1][0]" in rows["plus"]
    assert rows["shared"].count("(None, 4)") == 1
    assert " 20 " in rows["shared"]


def test_a_model_that_is_not_built_says_so():
    text = summary_text(Sequential([Dense(3)]))
    assert "│ ?  " in text and "0 (unbuilt)" in text
    assert " Total params: 0 (0.00 B)" in text


def test_the_text_can_go_elsewhere_and_be_wider(capsys):
    given = []
    Sequential([Input((2,)), Dense(3, name="[red]x[/red]")], name="[bold]").summary(line_length=100, print_fn=given.append)
    assert capsys.readouterr().out == ""
    assert len(given) == 1
    assert max(map(len, given[0].splitlines())) == 100
    assert "[red]x[/red] (Dense)" in given[0]
    assert 'Model: "[bold]"' in given[0]


@pytest.mark.parametrize("style", ["keras2.12", "keras2.14", "keras3"])
def test_a_model_in_a_model_is_called_functional(style, capsys):
    i = Input((4,))
    base = Model(i, Dense(2)(i), name="base")
    Model(i, base(i)).summary(style=style)
    assert " base (Functional) " in capsys.readouterr().out
