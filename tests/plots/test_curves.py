import numpy as np
import pytest

import minidl
from minidl import plots

from .conftest import check_layout, texts


def history(epochs, *, validation=True):
    t = np.arange(1, epochs + 1)
    loss = 2.2 * np.exp(-3 * t / epochs) + 0.2
    made = {"loss": loss.tolist(), "accuracy": (1 - loss / 3).tolist()}
    if validation:
        late = loss + 2 * np.maximum(0, t / epochs - 0.6) ** 2
        made |= {"val_loss": late.tolist(), "val_accuracy": (1 - late / 3).tolist()}
    return made


def line(axes, label):
    return next(line for line in axes.lines if line.get_label() == label)


@pytest.mark.parametrize("epochs", [1, 2, 7, 12, 13, 200])
def test_one_panel_for_each_quantity(epochs):
    given = history(epochs)
    figure = plots.learning_curves(given)
    check_layout(figure)
    assert [axes.get_label() for axes in figure.axes] == ["loss", "accuracy"]
    for axes in figure.axes:
        assert axes.get_xlabel() == "epoch"
        for label, key in (("training", axes.get_label()), ("validation", "val_" + axes.get_label())):
            np.testing.assert_array_equal(line(axes, label).get_xdata(), np.arange(1, epochs + 1))
            np.testing.assert_allclose(line(axes, label).get_ydata(), given[key])
            assert (line(axes, label).get_marker() == "o") == (epochs <= 12)
        ticks = axes.get_xticks()
        assert all(tick == int(tick) and 1 <= tick <= epochs for tick in ticks)
        assert 1 <= len(ticks) <= 8
    assert sorted(texts(figure, "end label")) == ["training"] * 2 + ["validation"] * 2


def test_the_best_validation_epoch_is_marked():
    given = {"loss": [3, 2, 1, 0.5], "val_loss": [3, 1.5, 2, 4], "accuracy": [0.1, 0.2, 0.3, 0.4], "val_accuracy": [0.1, 0.2, 0.35, 0.3]}
    figure = plots.learning_curves(given)
    for axes, epoch, value in zip(figure.axes, (2, 3), (1.5, 0.35), strict=True):
        mark = line(axes, "best validation epoch")
        assert (list(mark.get_xdata()), list(mark.get_ydata())) == ([epoch], [value])
    assert texts(figure, "title") == ["Validation accuracy was best in epoch 3 of 4: 0.350"]
    assert "epoch 3 of 4" in plots.alt_text(figure)


def test_nothing_is_called_best_where_the_direction_is_unknown():
    figure = plots.learning_curves({"surprise": [1, 2], "val_surprise": [2, 1]})
    assert {one.get_label() for one in figure.axes[0].lines} == {"training", "validation"}
    assert "ring" not in texts(figure, "subtitle")[0]


@pytest.mark.parametrize(("given", "panels"), [
    ({"loss": [1.0, 0.5]}, 1),
    ({"val_loss": [1.0, 0.5]}, 1),
    ({"loss": [1.0], "a_metric_of_ours": [0.0]}, 2),
    (history(9) | {"learning_rate": [1e-3] * 9}, 3),
    (history(9) | {"lr": [1e-3] * 9, "mae": range(9)}, 4),
    (history(40) | {f"metric_{i}": [-(10.0 ** i)] * 40 for i in range(3)}, 5),
])  # fmt: skip
def test_any_set_of_names(given, panels):
    figure = plots.learning_curves(given)
    check_layout(figure)
    assert len(figure.axes) == panels


def test_what_fit_returns_is_taken_too():
    class History:
        history = {"loss": [2.0, 1.0]}  # noqa: RUF012

    assert texts(plots.learning_curves(History()), "title") == ["Loss went from 2.000 to 1.000 in 2 epochs"]
    assert texts(plots.learning_curves(History(), title="Mine: $5"), "title") == ["Mine: $5"]
    plots.learning_curves({"epoch": [0, 1], "loss": [2.0, 1.0]})


def test_a_trained_model_is_taken_too():
    model = minidl.Sequential([minidl.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
    assert len(plots.learning_curves(model).axes) == 1
    with pytest.raises(TypeError, match="what fit returned"):
        plots.learning_curves(minidl.Sequential([minidl.layers.Dense(1)]))


@pytest.mark.parametrize("values", [[np.nan, 1, 2], [1, np.inf, np.nan], [np.nan] * 3, [1e30, 1e-30, 5], [0, 0, 0], [-3, -3, -3]])
def test_a_run_that_went_wrong_can_be_drawn(values):
    figure = plots.learning_curves({"loss": values, "val_loss": values[::-1]})
    check_layout(figure)


@pytest.mark.parametrize(("given", "error", "message"), [
    ([1, 2], TypeError, "dict of lists"),
    ({}, ValueError, "nothing was trained"),
    ({"loss": []}, ValueError, "one number per epoch"),
    ({"loss": [[1, 2]]}, ValueError, "one number per epoch"),
    ({"loss": [1, 2], "val_loss": [1]}, ValueError, "loss: 2, val_loss: 1"),
    ({"loss": ["a"]}, TypeError, "must be numbers"),
])  # fmt: skip
def test_what_does_not_fit_is_explained(given, error, message):
    with pytest.raises(error, match=message):
        plots.learning_curves(given)


def test_the_end_of_a_run_that_went_wrong_is_told():
    figure = plots.learning_curves({"loss": [2, 1, np.nan], "val_loss": [2, np.inf, np.inf]})
    check_layout(figure)
    assert sorted(texts(figure, "end value")) == ["1.000 → NaN", "2.000 → ∞"]


def test_values_of_many_sizes_are_drawn_on_a_logarithmic_axis():
    figure = plots.learning_curves({"loss": [1e30, 1e25, 1e10], "val_loss": [3e-8, 2e-8, 1e-8]})
    check_layout(figure)
    assert figure.axes[0].get_yscale() == "log"
    high, low = (next(t for t in figure.axes[0].texts if t.get_text() == value).get_position()[1] for value in ("1.00e+10", "1.00e−08"))
    assert low < 0.15 and 0.4 < high < 0.6, "the labels stand where the curves end"
    assert plots.learning_curves({"loss": [2, 1e-3], "val_loss": [2, 0.0]}).axes[0].get_yscale() == "linear"


def test_of_equal_values_none_is_best():
    figure = plots.learning_curves({"loss": [2.3] * 4, "val_loss": [2.3] * 4})
    assert texts(figure, "title") == ["Loss stayed at 2.300 in 4 epochs"] and "ring" not in texts(figure, "subtitle")[0]
    training, validation = (line(figure.axes[0], label) for label in ("training", "validation"))
    assert training.get_zorder() > validation.get_zorder(), "a dashed line on a solid one shows both"


def test_letters_can_be_read_where_a_page_is_narrow():
    assert plots.learning_curves(history(9) | {"learning_rate": [1e-3] * 9}).get_size_inches()[0] < 11
