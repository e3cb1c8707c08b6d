"""The numbers of each epoch in a file."""
import csv

import pytest

from minidl.callbacks import Callback, CSVLogger, LearningRateScheduler

from .helpers import X, Y, compiled


def rows(path, separator=","):
    with path.open(newline="") as file:
        return list(csv.reader(file, delimiter=separator))


def test_a_line_for_each_epoch(tmp_path):
    path = tmp_path / "logs" / "training.csv"
    history = compiled(["mae"]).fit(X, Y, epochs=3, validation_split=0.5, verbose=0, callbacks=[CSVLogger(path)])
    table = rows(path)
    assert table[0] == ["epoch", "loss", "mae", "val_loss", "val_mae"]
    assert [row[0] for row in table[1:]] == ["0", "1", "2"]
    assert [[float(n) for n in row[1:]] for row in table[1:]] == [[history.history[k][i] for k in table[0][1:]] for i in range(3)]


def test_it_is_there_as_soon_as_the_epoch_is_over(tmp_path):
    path, lengths = tmp_path / "a.csv", []

    class Look(Callback):
        def on_epoch_end(self, epoch, logs=None):
            lengths.append(len(rows(path)))
            if epoch == 1:
                raise KeyboardInterrupt

    logger = CSVLogger(path)
    with pytest.raises(KeyboardInterrupt):
        compiled().fit(X, Y, epochs=3, verbose=0, callbacks=[logger, Look()])
    assert lengths == [2, 3]
    path.rename(tmp_path / "b.csv")  # nobody holds it open


def test_anew_or_at_the_end(tmp_path):
    path, model = tmp_path / "a.csv", compiled()
    for epochs, append, expected in ((2, False, ["0", "1"]), (1, False, ["0"]), (3, True, ["0", "1", "2"])):
        start = 1 if append else 0
        model.fit(X, Y, epochs=epochs, initial_epoch=start, verbose=0, callbacks=[CSVLogger(path, append=append)])
        assert [row[0] for row in rows(path)] == ["epoch", *expected]
    with pytest.raises(ValueError, match=r"has the columns epoch, loss, and this training gives epoch, loss, val_loss"):
        model.fit(X, Y, validation_split=0.5, verbose=0, callbacks=[CSVLogger(path, append=True)])
    new = tmp_path / "new.csv"
    model.fit(X, Y, verbose=0, callbacks=[CSVLogger(new, append=True)])
    assert rows(new)[0] == ["epoch", "loss"]


def test_with_another_separator_and_what_other_callbacks_add(tmp_path):
    path = tmp_path / "a.csv"
    compiled().fit(X, Y, verbose=0, callbacks=[LearningRateScheduler(lambda epoch: 0.25), CSVLogger(path, separator=";")])
    assert rows(path, ";")[0] == ["epoch", "learning_rate", "loss"]
    assert rows(path, ";")[1][1] == "0.25"
    with pytest.raises(ValueError, match="separator must be a single character"):
        CSVLogger(path, separator="")
