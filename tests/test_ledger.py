import csv
import math
import re

import numpy as np
import pytest

import minidl
from minidl import optimizers
from minidl.data import house_prices

X, Y = house_prices.load_data()
OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.01),
    "momentum": lambda: optimizers.SGD(0.001, momentum=0.9),
    "nesterov": lambda: optimizers.SGD(0.001, momentum=0.9, nesterov=True),
    "adagrad": lambda: optimizers.Adagrad(0.5),
    "rmsprop": lambda: optimizers.RMSprop(0.0078125),
    "rmsprop, all": lambda: optimizers.RMSprop(0.0625, centered=True, momentum=0.5),
    "adam": lambda: optimizers.Adam(0.1),
    "amsgrad": lambda: optimizers.Adam(0.1, amsgrad=True),
    "adamw": lambda: optimizers.AdamW(0.1),
    "decay": lambda: optimizers.SGD(0.01, weight_decay=0.1),
    "schedule": lambda: optimizers.SGD(lambda step: 0.01 / (1 + step)),
}


def loss(w, b):
    return ((w * X + b - Y) ** 2).mean()


def walk(name, steps=30):
    return minidl.descend(loss, {"w": 8.0, "b": 3.0}, OPTIMIZERS[name](), steps)


def gradients(w, b):
    error = w * X + b - Y
    return {"w": np.mean(2 * error * X), "b": np.mean(2 * error)}


def by_hand(name, steps):
    """The walk in plain numbers, rows as in the ledger."""
    p = {"w": 8.0, "b": 3.0}
    s = {k: {"m": 0.0, "v": 0.1 if name == "adagrad" else 0.0, "a": 0.0, "u": 0.0, "top": 0.0} for k in p}
    rows = {}
    for t in range(1, steps + 1):
        row = {"step": t, "loss": np.mean((p["w"] * X + p["b"] - Y) ** 2)}
        for k, g in gradients(**p).items():
            w, c = p[k], s[k]
            row |= {k: w, f"{k}.grad": g}
            if name in ("sgd", "decay", "schedule"):
                w = w * (1 - 0.01 * 0.1) if name == "decay" else w
                w -= (0.01 / t if name == "schedule" else 0.01) * g
            elif name in ("momentum", "nesterov"):
                c["v"] = 0.9 * c["v"] - 0.001 * g
                w += 0.9 * c["v"] - 0.001 * g if name == "nesterov" else c["v"]
                row[f"{k}.v"] = c["v"]
            elif name == "adagrad":
                c["v"] += g**2
                w -= 0.5 * g / math.sqrt(c["v"] + 1e-7)
                row[f"{k}.a"] = c["v"]
            elif name.startswith("rmsprop"):
                c["v"] = 0.9 * c["v"] + 0.1 * g**2
                row[f"{k}.v"], step = c["v"], (0.0078125 if name == "rmsprop" else 0.0625) * g / math.sqrt(c["v"] + 1e-7)
                if name == "rmsprop, all":
                    c["a"] = 0.9 * c["a"] + 0.1 * g
                    c["u"] = step = 0.5 * c["u"] + 0.0625 * g / math.sqrt(c["v"] - c["a"] ** 2 + 1e-7)
                    row |= {f"{k}.a": c["a"], f"{k}.u": c["u"]}
                w -= step
            else:
                w *= 1 - 0.1 * 0.004 * (name == "adamw")
                c["m"], c["v"] = 0.9 * c["m"] + 0.1 * g, 0.999 * c["v"] + 0.001 * g**2
                c["top"] = max(c["top"], c["v"])
                used = c["top"] if name == "amsgrad" else c["v"]
                row |= {f"{k}.m": c["m"], f"{k}.v": c["v"], f"{k}.m_hat": c["m"] / (1 - 0.9**t), f"{k}.v_hat": used / (1 - 0.999**t)}
                row |= {f"{k}.v_max": c["top"]} if name == "amsgrad" else {}
                w -= 0.1 * math.sqrt(1 - 0.999**t) / (1 - 0.9**t) * c["m"] / (math.sqrt(used) + 1e-7)
            row[f"{k}.update"] = w - p[k]
            s[k] = c
            row[f"{k} after"] = w
        p = {k: row.pop(f"{k} after") for k in p}
        for column, value in row.items():
            rows.setdefault(column, []).append(value)
    return rows, p


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_number_equals_a_computation_by_hand(name):
    ledger, (rows, end) = walk(name), by_hand(name, 30)
    assert set(ledger) == set(rows)
    for column, values in rows.items():
        assert ledger[column].dtype == np.float64
        np.testing.assert_allclose(ledger[column], values, rtol=1e-12, atol=1e-12 * np.abs(values).max(), err_msg=column)
    np.testing.assert_allclose([ledger.end["w"], ledger.end["b"]], [end["w"], end["b"]], rtol=1e-12)
    np.testing.assert_allclose(ledger.end["loss"], np.mean((end["w"] * X + end["b"] - Y) ** 2), rtol=1e-12)
    assert ledger.path("w").shape == (31,) and ledger.path("w")[-1] == ledger.end["w"]


def evaluated(text):
    """A line of an explanation, worked out: (what its formula with the numbers gives, what it says)."""
    *_, numbers, said = text.split(" = ")
    numbers = re.sub(r"√\(", "S(", numbers)
    numbers = re.sub(r"√([\d.e−]+)", r"S(\1)", numbers)
    for sign, python in (("−", "-"), ("·", "*"), ("²", "**2"), ("^", "**"), ("S(", "math.sqrt(")):
        numbers = numbers.replace(sign, python)
    return eval(numbers, {"math": math, "max": max}), float(said.replace("−", "-"))


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("row", [0, 3, -1])
def test_an_explanation_is_true(name, row):
    ledger = walk(name, 9)
    text = ledger.explain(row, "b")
    head, gradient, *lines = text.split("\n")
    assert head.startswith(f"update {int(ledger['step'][row])} of b, {type(OPTIMIZERS[name]()).__name__} (η = ")
    assert gradient.strip() == f"g = {ledger['b.grad'][row]:.6g}".replace("-", "−")
    assert lines
    for line in lines:
        computed, said = evaluated(line)
        assert math.isclose(computed, said, rel_tol=2e-4, abs_tol=1e-5), line
    after = ledger.path("b")[row % 9 + 1]
    assert math.isclose(evaluated(lines[-1])[1], after, rel_tol=1e-5)


@pytest.mark.parametrize("clip", ["clipvalue", "clipnorm", "global_clipnorm"])
def test_an_explanation_knows_what_is_clipped(clip):
    optimizer = optimizers.SGD(0.01, **{clip: 2.0})
    ledger = minidl.descend(loss, {"w": 8.0, "b": 3.0}, optimizer, 3)
    for row in range(3):
        g = np.array([ledger["w.grad"][row], ledger["b.grad"][row]])
        norm = np.sqrt((g**2).sum()) if clip == "global_clipnorm" else np.abs(g)
        seen = (np.clip(g, -2, 2) if clip == "clipvalue" else g * 2 / np.maximum(norm, 2))[0]
        w = ledger["w"][row]
        text = ledger.explain(row)
        assert f"{w:.6g} − 0.01 · ({seen:.6g}) = {w - 0.01 * seen:.6g}" in text.replace("−0", "-0").replace("(−", "(-")
    assert optimizer.explain().splitlines()[:4] == ledger.explain().splitlines()
    small = minidl.descend(loss, {"w": 8.0, "b": 3.0}, optimizers.SGD(0.01, clipnorm=1e6), 1)
    assert "is within, and g stays" in small.explain()


def test_a_number_that_is_not_there_is_not_explained():
    ledger = minidl.descend(lambda w: (w * w).sum(), {"w": [[3.0, 4.0]]}, "sgd", 1)
    for index in (0, (5, 5), (0, 1, 2)):
        with pytest.raises(ValueError, match=r"the place of one number in w, of shape \(1, 2\)"):
            ledger.explain(index=index)
    assert str(minidl.Ledger()).startswith("step  loss\n") and "loss" in str(minidl.descend(loss, {"w": 1.0, "b": 0.0}, steps=0))


def test_an_explanation_of_a_rule_of_ones_own():
    class Signed(optimizers.Optimizer):
        slots = {"momentum": 0.0}  # noqa: RUF012

        def update(self, xp, w, g, state, learning_rate, t):
            state["momentum"] += 0.1 * (g - state["momentum"])
            w -= learning_rate * xp.sign(state["momentum"])

    ledger = minidl.descend(loss, {"w": 8.0, "b": 3.0}, Signed(0.5), 3)
    assert {"w.momentum", "w.update"} <= set(ledger) and "w.m_hat" not in ledger
    assert "rule of its own" in ledger.explain(1) and "momentum: −6.8555 →" in ledger.explain(1)


def test_tensors_are_changed_in_place_and_arrays_keep_their_shape():
    w = minidl.Tensor(np.ones((2, 3), np.float32), requires_grad=True, name="w")
    target = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    ledger = minidl.descend(lambda w: ((w - target) ** 2).sum(), w, optimizers.Adam(0.1), 7)
    assert ledger["w"].shape == ledger["w.m_hat"].shape == (7, 2, 3) and ledger["w"].dtype == np.float64
    np.testing.assert_array_equal(w.numpy(), ledger.end["w"])
    assert (ledger["w"][0] == 1).all() and ledger["loss"][-1] < ledger["loss"][0]
    assert ledger.explain(2, index=(1, 2)).startswith("update 3 of w[1, 2], Adam") and "‖w.grad‖" in str(ledger)


def test_a_walk_that_diverges_is_written_down():
    ledger = minidl.descend(loss, {"w": 8.0, "b": 3.0}, optimizers.SGD(10.0), 200)
    assert len(ledger["loss"]) == 200 and not np.isfinite(ledger["loss"][-1]) and "nan" in str(ledger)


def test_no_steps():
    ledger = minidl.descend(loss, {"w": 8.0, "b": 3.0}, steps=0)
    assert len(ledger["loss"]) == 0 and math.isclose(ledger.end["loss"], 599.41, abs_tol=0.005) and list(ledger) == ["step", "loss"]
    with pytest.raises(ValueError, match="nothing was written"):
        ledger.explain()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"loss": lambda w, b: w * X + b - Y}, ValueError, r"one number as a Tensor, got Tensor of shape \(40,\)"),
        ({"loss": lambda w, b: 3.0}, ValueError, "one number as a Tensor, got float"),
        ({"loss": lambda w, b: (w * w).sum()}, ValueError, "does not depend on b"),
        ({"params": {}}, ValueError, "params must be"),
        ({"params": {"loss": 1.0, "b": 2.0}}, ValueError, "none of them 'step' or 'loss'"),
        ({"params": [3.0, 4.0]}, TypeError, "requires a gradient"),
        ({"params": [minidl.Tensor(3.0), minidl.Tensor(1.0)]}, TypeError, "requires a gradient"),
        ({"steps": -1}, ValueError, "steps must be a whole number"),
        ({"optimizer": "adm"}, ValueError, "did you mean"),
    ],
)
def test_mistakes_are_explained(change, error, message):
    arguments = {"loss": loss, "params": {"w": 8.0, "b": 3.0}, "optimizer": "sgd", "steps": 2} | change
    with pytest.raises(error, match=message):
        minidl.descend(**arguments)


def test_unknown_columns_and_rows():
    ledger = walk("adam", 3)
    with pytest.raises(KeyError, match=r"w\.mm.*there are step, loss, w"):
        ledger["w.mm"]
    with pytest.raises(ValueError, match="row 3 was asked for; there are 3 rows, counted from 0"):
        ledger.explain(3)


def test_csv(tmp_path):
    v = {"v": np.array([[1.0, 2.0]]), "b": 3.0}
    ledger = minidl.descend(lambda v, b: (v * v).sum() + b * b, v, "adam", 4)
    ledger.to_csv(tmp_path / "new" / "walk.csv")
    with open(tmp_path / "new" / "walk.csv", newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    assert head[:4] == ["step", "loss", "v[0,0]", "v[0,1]"] and len(rows) == 4
    assert [float(row[head.index("v.grad[0,1]")]) for row in rows] == ledger["v.grad"][:, 0, 1].tolist()


def test_the_table():
    lines = str(walk("sgd", 100)).split("\n")
    assert lines[0].split() == ["step", "loss", "w", "w.grad", "w.update", "b", "b.grad", "b.update"]
    assert lines[2].split()[:3] == ["1", "599.409", "8"] and lines[-1].split()[0] == "100" and len(lines) == 2 + 12 + 1 + 6
    assert len({len(line) for line in lines}) == 1


def model(dropout=False):
    minidl.set_seed(0)
    made = minidl.Sequential([minidl.Input((3,)), minidl.layers.Dense(4, "relu", name="hidden"), minidl.layers.Dense(1, name="out")])
    made.compile(optimizers.Adam(0.01), "mse")
    return made


DATA = np.random.default_rng(0).normal(size=(64, 3)).astype("float32"), np.ones((64, 1), "float32")


def test_as_a_callback():
    plain = model()
    plain.fit(*DATA, epochs=2, verbose=0, batch_size=16, validation_data=DATA)
    watched, ledger = model(), minidl.Ledger()
    watched.fit(*DATA, epochs=2, verbose=0, batch_size=16, validation_data=DATA, callbacks=[ledger])
    for a, b in zip(plain.get_weights(), watched.get_weights()):
        np.testing.assert_array_equal(a, b)
    assert ledger["hidden/kernel"].shape == (8, 3, 4) and ledger["loss"].shape == (8,)
    assert ledger.names == ["hidden/kernel", "hidden/bias", "out/kernel", "out/bias"]
    np.testing.assert_array_equal(ledger["hidden/kernel"][1:], (ledger["hidden/kernel"] + ledger["hidden/kernel.update"])[:-1])
    np.testing.assert_array_equal(ledger.end["out/bias"], watched.get_weights()[3])
    assert "apply" not in vars(watched.optimizer) and "loss" not in vars(watched.objective) and watched.captured.failed is False


def test_the_callback_notes_the_loss_of_each_batch():
    m, ledger = model(), minidl.Ledger(params=["out/bias"])
    m.fit(*DATA, epochs=1, verbose=0, batch_size=64, callbacks=[ledger])
    assert math.isclose(ledger["loss"][0], model().test_on_batch(*DATA), rel_tol=1e-6)
    assert ledger.names == ["hidden/kernel", "hidden/bias", "out/kernel", "out/bias"] and "hidden/bias" not in ledger


def test_a_layer_that_is_frozen_for_a_while(tmp_path):
    m, ledger = model(), minidl.Ledger()
    for trainable in (True, False, True):
        m.get_layer("hidden").trainable = trainable
        m.fit(*DATA, epochs=1, verbose=0, batch_size=64, callbacks=[ledger])
    assert all(len(ledger[name]) == 3 for name in ledger)
    holes = [np.isnan(ledger[name]).any(axis=(1, 2)).tolist() for name in ("hidden/kernel.grad", "out/kernel")]
    assert holes == [[False, True, False], [False] * 3]
    assert "nan" in str(ledger) and ledger.explain(1).startswith("update 2 of out/kernel[0, 0]")
    ledger.to_csv(tmp_path / "rows.csv")
    assert len((tmp_path / "rows.csv").read_text().splitlines()) == 4
    with pytest.raises(ValueError, match="hidden/kernel was not updated in row 1"):
        ledger.explain(1, "hidden/kernel")


def test_a_parameter_is_explained_though_it_is_not_the_first():
    m, ledger = model(), minidl.Ledger(params=["out/bias"])
    m.fit(*DATA, epochs=1, verbose=0, callbacks=[ledger])
    assert " of out/bias[0]" in ledger.explain()


def test_every_so_many_updates_and_no_more_than_fits():
    ledger = minidl.Ledger(every=3)
    model().fit(*DATA, epochs=2, verbose=0, batch_size=16, callbacks=[ledger])
    assert ledger["step"].tolist() == [1, 4, 7]
    full = minidl.Ledger(max_bytes=1000)
    with pytest.warns(UserWarning, match="the ledger is full after 1 rows"):
        model().fit(*DATA, epochs=1, verbose=0, batch_size=16, callbacks=[full])
    assert len(full["loss"]) == 1


def test_a_name_that_is_not_there():
    with pytest.raises(ValueError, match="was to write out/bais; the parameters are hidden/kernel"):
        model().fit(*DATA, verbose=0, callbacks=[minidl.Ledger(params=["out/bais"])])


def test_training_that_fails_leaves_nothing_behind():
    class Stop(minidl.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    m, ledger = model(), minidl.Ledger()
    with pytest.raises(KeyboardInterrupt):
        m.fit(*DATA, verbose=0, callbacks=[ledger, Stop()])
    assert "apply" not in vars(m.optimizer) and len(ledger["loss"]) == 1


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimiser_explains_its_last_update(name):
    optimizer, ledger = OPTIMIZERS[name](), walk(name, 3)
    with pytest.raises(RuntimeError, match="no update was made yet"):
        optimizer.explain()
    w, b = (minidl.Tensor(start, requires_grad=True, name=key) for key, start in (("w", 8.0), ("b", 3.0)))
    for _ in range(3):
        optimizer.apply(minidl.grad(loss(w, b), [w, b]), [w, b])
    assert optimizer.explain() == ledger.explain(2, "w") + "\n" + ledger.explain(2, "b")


def test_an_update_of_many_numbers_is_not_noted():
    optimizer, w = optimizers.Adam(), minidl.Tensor(np.ones((5, 13)), requires_grad=True)
    optimizer.apply([np.ones((5, 13))], [w])
    with pytest.raises(RuntimeError, match=r"one of 65 numbers: write a minidl\.Ledger"):
        optimizer.explain()
