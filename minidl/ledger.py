"""Every number of a walk downhill, written down: the loss, and each parameter with its gradient and its optimiser's state."""
import csv
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minidl import optimizers
from minidl.autograd import grad
from minidl.backend import to_numpy
from minidl.callbacks import Callback
from minidl.checks import number, whole
from minidl.explaining import explain_update, norm_of, rule_of, symbol_of
from minidl.hooks import Around
from minidl.sizes import bytes_in_words
from minidl.tensor import Tensor

Rows = list[np.ndarray | None]  # None: there was no update of this parameter
HEAD, TAIL = 12, 6  # rows of the table that are shown of many


class Ledger(Callback, Mapping[str, np.ndarray]):
    """A row for each update, as float64 arrays whose first axis counts the updates (nan where a parameter was left out of one):

        ledger["loss"]                    before the update
        ledger["w"], ledger["w.grad"]     the parameter before the update, and dL/dw there
        ledger["w.m"], ledger["w.v"], …   the state after the update, as the formulas of `minidl.optimizers` call it
        ledger["w.m_hat"], ["w.v_hat"]    Adam's averages, freed of their start at 0
        ledger["w.update"]                what was added to the parameter
        ledger.end["w"], ledger.path("w") where the walk ended; all its points, the end included

    `descend` returns one. It is a callback, too: ``model.fit(…, callbacks=[ledger := minidl.Ledger()])``; parameters go by their names
    ("dense/kernel"), or those in ``params`` only. ``every``: every how many updates a row is written. When ``max_bytes`` are full, a
    warning says so, and nothing more is written."""

    def __init__(self, params: Sequence[str] | None = None, every: int = 1, max_bytes: float = 1e9):
        self.only, self.every = None if params is None else list(params), whole("every", every)
        self.max_bytes = number("max_bytes", max_bytes, above=0)
        self.end: dict[str, np.ndarray] = {}
        self.optimizer: Any = None
        self._rows: dict[str, Rows] = {"step": [], "loss": []}
        self._rates: list[float] = []
        self._states: list[dict[str, dict[str, np.ndarray]]] = []  # before each update, by parameter and slot
        self._names: dict[Tensor, str] = {}
        self._bytes, self._loss = 0, np.nan
        self._around: list[Around] = []  # what is watched during `fit`

    # ---------------------------------------------------------------- reading it

    def __getitem__(self, name: str) -> np.ndarray:
        try:
            rows = self._rows[name]
        except KeyError:
            raise KeyError(f"{name!r} is not in this ledger; there are {', '.join(self)}") from None
        shape = next(np.shape(row) for row in rows if row is not None) if rows else ()
        return np.array([np.full(shape, np.nan) if row is None else row for row in rows])

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def names(self) -> list[str]:
        """The names of the parameters."""
        return list(self._names.values())

    def path(self, name: str) -> np.ndarray:
        """The values of a parameter, or of the loss, before each update, and in the end."""
        return np.concatenate([self[name], self.end[name][None]])

    def explain(self, row: int = -1, name: str | None = None, index: Any = None) -> str:
        """One update as its formula with the numbers put in: of the parameter ``name`` (default: the first in that row), and in it of the
        number at ``index`` (default: the first)."""
        if not self._rows["step"]:
            raise ValueError("nothing was written down yet")
        if not -len(self._states) <= row < len(self._states):
            raise ValueError(f"row {row} was asked for; there are {len(self._states)} rows, counted from 0")
        name = next(iter(self._states[row])) if name is None else name
        values = self[name]
        if name not in self._states[row]:
            raise ValueError(f"{name} was not updated in row {row}")
        at = (row, *((0,) * (values.ndim - 1) if index is None else np.atleast_1d(index)))
        if len(at) != values.ndim or not all(-n <= k < n for k, n in zip(at, values.shape)):
            raise ValueError(f"index must be the place of one number in {name}, of shape {values.shape[1:]}; got {index!r}")
        label = name + (str([*map(int, at[1:])]) if len(at) > 1 else "")
        before = {slot: float(old[at[1:]]) for slot, old in self._states[row][name].items()}
        after = {slot: float(self[f"{name}.{symbol_of(self.optimizer, slot)}"][at]) for slot in before}
        w, g = float(values[at]), float(self[f"{name}.grad"][at])
        end = w + float(self[f"{name}.update"][at])
        together = self.optimizer.clip == "global_clipnorm"
        written = [self[f"{known}.grad"][row] for known in (self._states[row] if together else [name])]
        norm = None if together and self.only is not None else norm_of(written)
        return explain_update(self.optimizer, label, int(self["step"][row]), self._rates[row], w, g, before, after, end, norm)

    def to_csv(self, path: Any) -> None:
        """Write all rows; an array takes a column for each of its numbers, ``w[0,1]``. Missing folders are made."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        columns = [column for name in self for column in _columns(name, self[name])]
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow([name for name, _ in columns])
            writer.writerows(zip(*(values.tolist() for _, values in columns)))

    def __str__(self) -> str:
        """The table. Of an array its norm is shown, √Σw²; of many rows the first and last."""
        columns = {}
        for name in self:
            values = self[name]
            if values.ndim == 1:
                columns[name] = values
            else:
                columns[f"‖{name}‖"] = np.linalg.norm(values.reshape(len(values), -1), axis=1)
        count = len(self._rows["step"])
        chosen = range(count) if count <= HEAD + TAIL + 1 else [*range(HEAD), None, *range(count - TAIL, count)]
        cells = [[*columns]]
        cells += [["…"] * len(columns) if i is None else [_cell(name, values[i]) for name, values in columns.items()] for i in chosen]
        widths = [max(len(row[k]) for row in cells) for k in range(len(columns))]
        lines = ["  ".join(text.rjust(width) for text, width in zip(row, widths)) for row in cells]
        return "\n".join([lines[0], "─" * len(lines[0]), *lines[1:]])

    # ---------------------------------------------------------------- writing it

    def write(self, apply: Callable[[Any, Any], None], optimizer: Any, grads: Any, params: Any) -> None:
        """Let ``apply(grads, params)`` update the parameters, and add a row if it is time for one."""
        params, grads = list(params), list(grads)
        t = optimizer.iterations + 1
        if (t - 1) % self.every or self._bytes > self.max_bytes:
            return apply(grads, params)
        self.optimizer = optimizer
        chosen = [(self._name(i, p), p, g) for i, (p, g) in enumerate(zip(params, grads)) if isinstance(p, Tensor) and g is not None]
        chosen = [entry for entry in chosen if self.only is None or entry[0] in self.only]
        rate = optimizer.learning_rate
        before = {name: _float64(p.data) for name, p, _ in chosen}
        slots = {name: {slot: _float64(array) for slot, array in optimizer.state_of(p).items()} for name, p, _ in chosen}
        apply(grads, params)
        row: dict[str, Any] = {"step": t, "loss": self._loss}
        for name, p, g in chosen:
            self.end[name] = _float64(p.data)
            row |= {name: before[name], f"{name}.grad": _float64(g.data if isinstance(g, Tensor) else g)}
            after = {symbol_of(optimizer, slot): _float64(array) for slot, array in optimizer.state_of(p).items()}
            row |= {f"{name}.{symbol}": array for symbol, array in (after | _freed(optimizer, after, t)).items()}
            row[f"{name}.update"] = self.end[name] - before[name]
        for name, value in row.items():
            self._rows.setdefault(name, [None] * len(self._rates)).append(np.asarray(value, np.float64))
        for name in self._rows.keys() - row.keys():
            self._rows[name].append(None)
        self._rates.append(rate)
        self._states.append(slots)
        self._bytes += sum(np.asarray(value).nbytes for value in row.values()) + sum(a.nbytes for s in slots.values() for a in s.values())
        if self._bytes > self.max_bytes:
            text = f"the ledger is full after {len(self._rates)} rows ({bytes_in_words(self._bytes)}): write fewer parameters (params=),"
            warnings.warn(f"{text} fewer rows (every=), or give it more room (max_bytes=)", UserWarning, stacklevel=2)

    def _name(self, i: int, param: Tensor) -> str:
        if param not in self._names:
            name = param.name or f"parameter {i}"
            self._names[param] = name if name not in self._names.values() else f"{name} ({i})"
        return self._names[param]

    # ---------------------------------------------------------------- as a callback

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        watched = (self.model.optimizer, "apply", self._written), (self.model.objective, "loss", self._noted)
        self._around = [Around(*one) for one in watched]

    def _written(self, apply: Callable[[Any, Any], None], grads: Any, params: Any) -> None:
        self.write(apply, self.model.optimizer, grads, params)

    def _noted(self, loss: Callable[..., Any], *args: Any) -> Any:
        result = loss(*args)
        self._loss = float(result[0].item())
        return result

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        for around in self._around:
            around.off()
        self.end["loss"] = np.array(np.nan)  # of no single batch
        missing = [name for name in self.only or () if name not in self._rows]
        if missing and self._rates:
            raise ValueError(f"the ledger was to write {', '.join(missing)}; the parameters are {', '.join(self._names.values())}")


def descend(loss: Callable[..., Any], params: Any, optimizer: Any = "sgd", steps: int = 100) -> Ledger:
    """Walk downhill ``steps`` times, and write down every number of the walk: see `Ledger`.

    ``loss``: a function of the parameters that returns one number, a Tensor. ``params``: a dictionary of starting values
    (``{"w": 8.0, "b": 3.0}``: float64 Tensors are made of them), or Tensors that require a gradient, which are changed in place; one, or a
    list. ``optimizer``: a name or an object. A walk that diverges goes on, and its infinities and nans are written down.

    Raises ValueError if a parameter has no part in the loss, or if the loss is not one number."""
    names, tensors = _named(params)
    optimizer, ledger = optimizers.get(optimizer), Ledger()
    ledger._names = dict(zip(tensors, names))

    def measured() -> Tensor:
        value = loss(*tensors)
        if not isinstance(value, Tensor) or value.size != 1:
            shape = getattr(value, "shape", ())
            raise ValueError(f"loss must return one number as a Tensor, got {type(value).__name__} of shape {shape}")
        return value

    with np.errstate(all="ignore"):  # of a walk that diverges
        for _ in range(whole("steps", steps, 0)):
            value = measured()
            ledger._loss = float(value.item())
            gradients = grad(value, tensors)
            for name, g in zip(names, gradients):
                if g is None:
                    raise ValueError(f"the loss does not depend on {name}")
            ledger.write(optimizer.apply, optimizer, gradients, tensors)
        ledger.end = {"loss": np.array(float(measured().item()))} | {n: _float64(p.data) for n, p in zip(names, tensors)}
    return ledger


def _named(params: Any) -> tuple[list[str], list[Tensor]]:
    if isinstance(params, Mapping):
        made = {name: p if isinstance(p, Tensor) else Tensor(np.asarray(p, np.float64), True, name) for name, p in params.items()}
        names, tensors = list(made), list(made.values())
    else:
        tensors = [params] if isinstance(params, Tensor) else list(params)
        names = [getattr(p, "name", None) or f"parameter {i}" for i, p in enumerate(tensors)]
    if not tensors or len({*names, "step", "loss"}) < len(names) + 2:
        raise ValueError(f"params must be parameters with different names, none of them 'step' or 'loss'; got {names}")
    for name, p in zip(names, tensors):
        if not isinstance(p, Tensor) or not p.requires_grad:
            raise TypeError(f"{name} must be a Tensor that requires a gradient: give a dictionary {{name: number}}, or such Tensors")
    return names, tensors


def _float64(array: Any) -> np.ndarray:
    return np.array(to_numpy(array), np.float64)


def _freed(optimizer: Any, state: Mapping[str, np.ndarray], t: int) -> dict[str, np.ndarray]:
    """Adam's m̂ and v̂."""
    if rule_of(optimizer) != "Adam":
        return {}
    v = state.get("v_max", state["v"])
    return {"m_hat": state["m"] / (1 - optimizer.beta_1**t), "v_hat": v / (1 - optimizer.beta_2**t)}


def _columns(name: str, values: np.ndarray) -> list[tuple[str, np.ndarray]]:
    if values.ndim == 1:
        return [(name, values)]
    return [(f"{name}[{','.join(map(str, index))}]", values[(slice(None), *index)]) for index in np.ndindex(*values.shape[1:])]


def _cell(name: str, value: float) -> str:
    return f"{value:.0f}" if name == "step" else f"{value:.6g}"
