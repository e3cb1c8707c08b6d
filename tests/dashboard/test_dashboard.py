import json
import math
import socket
import sys
import threading
import time
import types
import urllib.error
import urllib.request

import numpy as np
import pytest

import minidl
from minidl import layers
from minidl.dashboard import Dashboard

RNG = np.random.default_rng(4)
X, Y = RNG.random((64, 10, 10, 3)).astype("float32"), RNG.integers(0, 3, 64)


def net():
    minidl.set_seed(3)
    model = minidl.Sequential([
        minidl.Input((10, 10, 3)), layers.Conv2D(4, 3, activation="relu", name="conv"), layers.Flatten(),
        layers.Dense(6, "relu", name="hidden"), layers.Dense(3, "softmax", name="out"),
    ])  # fmt: skip
    model.compile(minidl.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def watched(model=None, **options):
    model = model or net()
    dashboard = Dashboard(panel=(X[:5], Y[:5]), class_names="abc", serve=False, every=0, **options)
    model.fit(X, Y, epochs=3, batch_size=16, verbose=0, validation_data=(X, Y), callbacks=[dashboard])
    return model, dashboard


def test_watching_changes_nothing():
    plain = net()
    plain.fit(X, Y, epochs=3, batch_size=16, verbose=0, validation_data=(X, Y))
    model, _ = watched()
    for a, b in zip(plain.get_weights(), model.get_weights()):
        np.testing.assert_array_equal(a, b)
    assert "apply" not in vars(model.optimizer)


def test_what_it_knows():
    model, dashboard = watched()
    data = dashboard.data()
    json.dumps(data, allow_nan=False)
    history = model.history.history
    assert data["history"] == history and data["finished"] and data["status"].startswith("finished after 3 of 3 epochs and ")
    assert [layer["name"] for layer in data["layers"]] == [w.name for w in model.weights]
    assert [layer["kernel"] for layer in data["layers"]] == [True, False] * 3
    assert data["at"][0] == 0 and data["at"] == sorted(data["at"]) and data["at"][-1] < 3
    assert all(len(layer["gradient"]) == len(layer["ratio"]) == len(data["at"]) for layer in data["layers"])
    answers = model.predict(X[:5], verbose=0)
    for shown, p, true in zip(data["panel"], answers, Y[:5]):
        assert shown["name"] == "abc"[p.argmax()] and math.isclose(shown["p"], p.max(), rel_tol=1e-6)
        assert shown["truth"] == "abc"[true] and shown["right"] == (p.argmax() == true)
        assert shown["picture"].startswith("data:image/png;base64,")
    assert data["filters"]["name"] == "conv/kernel" and len(data["filters"]["pictures"]) == 4
    assert ["parameters", "1,675"] in data["facts"] and ["optimiser", "Adam, η = 0.01"] in data["facts"]


def test_the_norms_are_those_of_the_updates():
    model, ledger = net(), minidl.Ledger()
    dashboard = Dashboard(serve=False, every=0)
    model.fit(X, Y, epochs=1, batch_size=64, verbose=0, callbacks=[ledger, dashboard])
    for layer in dashboard.data()["layers"]:
        name = layer["name"]
        np.testing.assert_allclose(layer["gradient"], [np.linalg.norm(ledger[f"{name}.grad"][0])], rtol=1e-5)
        size = np.linalg.norm(ledger[name][0])
        np.testing.assert_allclose(layer["ratio"], [np.linalg.norm(ledger[f"{name}.update"][0]) / size if size else 0], rtol=1e-4)


def test_the_report(tmp_path):
    _, dashboard = watched(report=tmp_path / "new" / "report.html")
    text = (tmp_path / "new" / "report.html").read_text(encoding="utf-8")
    assert text == dashboard.page() and '"live":false' in text and "http" not in text.replace("http-equiv", "").split("<script")[0]


def test_it_is_served_to_this_machine_alone_while_the_training_runs(capsys):
    seen = {}

    class Look(minidl.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen["page"] = urllib.request.urlopen(dashboard.url, timeout=5).read().decode()
            seen["data"] = json.load(urllib.request.urlopen(dashboard.url + "data.json", timeout=5))
            for path, host in (("nothing", None), ("data.json", "example.org")):
                request = urllib.request.Request(dashboard.url + path, headers={"Host": host} if host else {})
                with pytest.raises(urllib.error.HTTPError):
                    urllib.request.urlopen(request, timeout=5)

    dashboard = Dashboard(panel=(X[:2], Y[:2]))
    net().fit(X, Y, epochs=1, verbose=0, callbacks=[dashboard, Look()])
    assert dashboard.url.startswith("http://127.0.0.1:") and dashboard.url in capsys.readouterr().out
    assert '"live":true' in seen["page"] and seen["data"]["status"].startswith("epoch 1 of 1, step ")
    with pytest.raises(OSError, match=r"refused|reset"):
        urllib.request.urlopen(dashboard.url, timeout=5)
    assert not any(thread.name == "minidl dashboard" for thread in threading.enumerate())


def test_it_ends_with_a_training_that_fails():
    class Stop(minidl.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    model, dashboard = net(), Dashboard(serve=False)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, verbose=0, callbacks=[dashboard, Stop()])
    assert "apply" not in vars(model.optimizer) and dashboard.data()["finished"]


def test_a_port_that_is_taken_and_no_training_yet():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        model, dashboard = net(), Dashboard(port=taken.getsockname()[1])
        assert "has seen no training yet" in dashboard._repr_html_()
        with pytest.raises(RuntimeError, match="has seen no training yet"):
            dashboard.data()
        with pytest.raises(OSError, match=r"port \d+ cannot be had .*port=0 takes any"):
            model.fit(X, Y, verbose=0, callbacks=[dashboard])
    assert "apply" not in vars(model.optimizer)


@pytest.mark.parametrize("first", [0, 1, 2])
def test_watchers_side_by_side_leave_nothing_behind(first):
    model, watchers = net(), [Dashboard(serve=False, every=0), Dashboard(serve=False, every=0), minidl.Ledger()]
    model.fit(X, Y, epochs=1, batch_size=16, verbose=0, callbacks=watchers[first:] + watchers[:first])
    assert "apply" not in vars(model.optimizer) and "loss" not in vars(model.objective)
    assert all(len(one.data()["at"]) >= 1 for one in watchers[:2]) and len(watchers[2]["loss"]) == 4


def test_a_layer_that_is_frozen_on_the_way_keeps_its_own_numbers(monkeypatch):
    class Freeze(minidl.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.get_layer("conv").trainable = False

    monkeypatch.setattr("minidl.dashboard.SHARE", 1e9)
    model, dashboard = net(), Dashboard(serve=False, every=0)
    model.fit(X, Y, epochs=2, batch_size=64, verbose=0, callbacks=[dashboard, Freeze()])
    data = dashboard.data()
    assert len(data["at"]) == 2
    for layer in data["layers"]:
        assert [v is None for v in layer["gradient"]] == [v is None for v in layer["ratio"]] == [False, layer["name"].startswith("conv/")]


def test_several_outputs_scores_pictures_and_a_step_of_ones_own():
    class Own(minidl.Model):
        def train_step(self, data):
            return {"mine": super().train_step(data)["loss"]}

    x = minidl.Input((10, 10, 3))
    features = layers.Flatten()(x)
    scores, number = layers.Dense(3, name="scores")(features), layers.Dense(1, name="number")(features)
    model = Own(x, [layers.Conv2D(1, 3, padding="same")(x), scores, number])
    model.compile("sgd", "mse")
    dashboard = Dashboard(panel=(X[:4] * 99, [0, 1, 2, 7]), class_names="ab", serve=False)
    model.fit(X, [X[..., :1], np.zeros((64, 3)), np.zeros((64, 1))], verbose=0, callbacks=[dashboard])
    _, given, _ = model.predict(X[:4] * 99, verbose=0)
    e = np.exp(given.astype(float) - given.max(axis=1, keepdims=True))
    shown = dashboard.data()["panel"]
    np.testing.assert_allclose([one["p"] for one in shown], (e / e.sum(axis=1, keepdims=True)).max(axis=1), rtol=1e-5)
    assert [one["truth"] for one in shown] == ["a", "b", "2", "7"]
    filters = minidl.Sequential([minidl.Input((10, 10, 3)), layers.Conv2D(1, 3)])
    filters.compile("sgd", "mse")
    dashboard = Dashboard(panel=(X[:4], Y[:4]), serve=False)
    filters.fit(X, np.zeros((64, 8, 8, 1)), verbose=0, callbacks=[dashboard])
    assert dashboard.data()["panel"] == [] and dashboard.data()["filters"]["pictures"]


def test_a_model_that_the_first_batch_builds():
    model = minidl.Sequential([layers.Flatten(), layers.Dense(2)])
    model.compile("sgd", "mse")
    dashboard = Dashboard(serve=False)
    model.fit(X, np.zeros((64, 2)), verbose=0, callbacks=[dashboard])
    assert dict(dashboard.data()["facts"])["parameters"] == "602"


def test_looking_takes_little_of_the_time(monkeypatch):
    dashboard, model = Dashboard(serve=False, every=0), net()
    model.fit(X, Y, epochs=1, verbose=0, batch_size=16, callbacks=[dashboard])
    looks = len(dashboard.data()["at"])
    dashboard._finished, dashboard._cost = False, 1000.0  # as if a look had taken so long
    for _ in range(3):
        dashboard._watched(model.optimizer.apply, [np.zeros(w.shape, "float32") for w in model.weights], model.weights)
    assert len(dashboard.data()["at"]) == looks


def test_a_net_without_pictures_and_one_with_a_single_output():
    minidl.set_seed(0)
    model = minidl.Sequential([minidl.Input((4,)), layers.Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy")
    dashboard = Dashboard(serve=False)
    model.fit(RNG.random((20, 4)), RNG.integers(0, 2, (20, 1)), verbose=0, callbacks=[dashboard])
    assert dashboard.data()["panel"] == [] and dashboard.data()["filters"]["pictures"] == []
    minidl.set_seed(0)
    grey = minidl.Sequential([minidl.Input((6, 6, 1)), layers.Flatten(), layers.Dense(1, "sigmoid")])
    grey.compile("sgd", "binary_crossentropy")
    pictures = RNG.random((3, 6, 6, 1))
    dashboard = Dashboard(panel=(pictures, [[0], [1], [1]]), serve=False)
    grey.fit(pictures, [[0], [1], [1]], verbose=0, callbacks=[dashboard])
    assert [shown["truth"] for shown in dashboard.data()["panel"]] == ["0", "1", "1"]


def test_in_a_notebook_it_is_an_iframe():
    _, dashboard = watched()
    cell = dashboard._repr_html_()
    assert cell.startswith('<iframe srcdoc="&lt;!DOCTYPE html&gt;') and cell.count("<") == 2


def test_a_notebook_shows_the_dashboard_itself_and_renews_it(monkeypatch):
    shown = []
    cell = types.SimpleNamespace(update=shown.append)

    class ZMQInteractiveShell:
        """What a notebook's IPython calls its shell."""

    def display(what, display_id):
        shown.append(what)
        return cell

    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=ZMQInteractiveShell))
    monkeypatch.setitem(sys.modules, "IPython.display", types.SimpleNamespace(display=display))
    dashboard = Dashboard(every=0)
    net().fit(X, Y, epochs=2, batch_size=16, verbose=0, callbacks=[dashboard])
    assert len(shown) > 1 and all(what is dashboard for what in shown) and not dashboard.url


def test_names_from_outside_cannot_leave_the_data():
    model = net()
    dashboard = Dashboard(panel=(X[:3], Y[:3]), class_names=["</script><script>alert(1)</script>", "&lt;", "/*js*/"], serve=False)
    model.fit(X, Y, verbose=0, callbacks=[dashboard])
    page = dashboard.page()
    assert "</script><script>alert" not in page and page.count("</script>") == 2


@pytest.mark.parametrize("panel", [(X[0], Y[:1]), (X[:3], Y[:2]), (X[:25], Y[:25]), (X[:0], Y[:0])])
def test_a_panel_that_does_not_fit(panel):
    with pytest.raises(ValueError, match="1 to 24 pictures"):
        Dashboard(panel=panel)


def test_time_is_told():
    _, dashboard = watched()
    before = dashboard.data()["status"]
    time.sleep(0.01)
    assert dashboard.data()["status"] == before, "the clock stands when the training has ended"
