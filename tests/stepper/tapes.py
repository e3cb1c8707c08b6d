"""Small tapes as the page takes them, made here from NumPy alone: what the page shows can be held against what made them."""

import base64
from typing import Any

import numpy as np

Data = dict[str, Any]


def array(values: Any) -> Data:
    """An array as a tape holds it: numbers where there are few, heat maps where there are many, statistics of what is not empty."""
    if isinstance(values, float) and np.isfinite(values):
        return _number(values)
    x = np.asarray(values)
    finite = x[np.isfinite(x)].astype(float)
    measures = {"min": np.min, "max": np.max, "mean": np.mean, "std": np.std, "norm": np.linalg.norm}
    stats = {name: float(measure(finite)) if finite.size else None for name, measure in measures.items()}
    stats |= {"nan": int(np.isnan(x).sum()), "inf": int(np.isinf(x).sum()), "zeros": float((x == 0).mean()) if x.size else 0.0}
    small = x.size <= 64
    return {
        "shape": list(x.shape), "dtype": str(x.dtype), "stats": stats if x.size else None,
        "values": [_entry(value) for value in x.ravel().tolist()] if small else None, "slices": None if small else [_heat(x)],
    }  # fmt: skip


def _number(value: float) -> Data:
    """What `array` gives for a number, without NumPy: long tapes have many of them."""
    stats = {"min": value, "max": value, "mean": value, "std": 0.0, "norm": abs(value), "nan": 0, "inf": 0, "zeros": float(value == 0)}
    return {"shape": [], "dtype": "float64", "stats": stats, "values": [value], "slices": None}


def _entry(value: Any) -> Any:
    return value if isinstance(value, (bool, int)) or np.isfinite(value) else str(value)


def _heat(x: np.ndarray) -> Data:
    plane = x.reshape(-1, x.shape[-1]).astype(float)[:32, :32]
    high = float(np.abs(plane).max()) or 1.0
    shades = np.round((plane + high) / (2 * high) * 255).astype(np.uint8)
    rows, columns = plane.shape
    return {"title": "the first rows", "index": [None, None], "rows": rows, "columns": columns, "kind": "heat",
            "low": -high, "high": high, "bytes": base64.b64encode(shades.tobytes()).decode()}  # fmt: skip


def raw(x: np.ndarray | None) -> Data | None:
    return None if x is None else {"shape": list(x.shape), "dtype": str(x.dtype), "data": base64.b64encode(x.tobytes()).decode()}


class Recorder:
    """Builds a tape step by step."""

    def __init__(self, title: str = "lesson.py") -> None:
        self.tape: Data = {"format": 1, "title": title, "rules": {}, "lines": {}}
        self.tape |= {name: [] for name in ("notes", "tensors", "groups", "steps")}

    def tensor(self, label: str, value: Any, kind: str = "parameter", made_by: int | None = None, group: int | None = None) -> int:
        name = None if kind in ("result", "number") else label
        self.tape["tensors"].append({"name": name, "label": label, "kind": kind, "made_by": made_by, "group": group})
        self.tape["tensors"][-1]["value"] = array(value)
        return len(self.tape["tensors"]) - 1

    def forward(self, op: str, inputs: list[int], label: str, value: Any, **more: Any) -> int:
        """Adds a step; returns its output."""
        at = len(self.tape["steps"])
        output = self.tensor(label, value, "result", at, more.get("group"))
        step = {"phase": "forward", "op": op, "inputs": inputs, "input_names": list("abc"[: len(inputs)]), "output": output}
        step |= {"metadata": "", "group": None, "line": None, "kernel": False, "says": f"y = {op}", "numbers": None, "body": None}
        self.tape["steps"].append({**step, **more})
        return output

    def backward(
        self, forward: int, g: Any, grads: list[Any], totals: list[Any] | None = None, complete: list[bool] | None = None, **more: Any
    ) -> None:
        of = self.tape["steps"][forward]
        kept = [None if grad is None else array(grad) for grad in grads]
        sums = kept if totals is None else [None if total is None else array(total) for total in totals]
        step = {name: of[name] for name in ("op", "output", "inputs", "group", "line", "kernel")}
        step |= {"phase": "backward", "forward": forward}
        step |= {"g": array(g), "grads": kept, "totals": sums, "complete": complete or [True] * len(grads), "chain": [], "window": None}
        self.tape["steps"].append({**step, **more})

    def update(self, parameter: int, before: Any, g: Any, rate: float) -> None:
        after = before - rate * np.asarray(g)
        self.tape["steps"].append({"phase": "update", "op": "SGD", "parameter": parameter, "before": array(before), "g": array(g),
                                   "after": array(after), "change": array(after - before), "says": "w ← w − η g",
                                   "numbers": None, "line": None, "group": None, "state": {}})  # fmt: skip


def scalar() -> Data:
    """loss = (tanh(w · x) · w − 1)²: w is used twice, so its gradient comes in two parts."""
    tape = Recorder()
    w, x = 0.5, 3.0
    wx, h = w * x, np.tanh(w * x)
    p = h * w
    d = p - 1.0
    tape.tape["lines"] = {"lesson.py": {"1": "w = Tensor(0.5)", "2": "loss = (tanh(w * 3) * w - 1) ** 2", "3": "loss.backward()"}}
    source = {"forward": "@op\ndef tanh(xp, x):\n    return xp.tanh(x)", "rule": "@tanh.vjp\ndef _(g, y, x):\n    return g * (1 - y * y)"}
    tape.tape["rules"] = {"tanh": {"doc": "y = tanh(x)", **source, "file": "minidl/ops/elementwise.py", "line": 31}}
    line = ["lesson.py", 2]
    tw, tx = tape.tensor("w", w), tape.tensor("3", x, "number")
    t1 = tape.forward("multiply", [tw, tx], "multiply 1", wx, line=line)
    t2 = tape.forward("tanh", [t1], "h", h, line=line, numbers=f"{h:.4f} = tanh({wx})")
    t3 = tape.forward("multiply", [t2, tw], "multiply 2", p, line=line)
    t4 = tape.forward("subtract", [t3, tape.tensor("1", 1.0, "number")], "subtract 1", d, line=line)
    tape.forward("square", [t4], "loss", d * d, line=line)
    gd = 2 * d
    gh, gw = gd * w, gd * h
    gwx = gh * (1 - h * h)
    tape.backward(4, 1.0, [gd])
    tape.backward(3, gd, [gd, None])
    tape.backward(2, gd, [gh, gw], complete=[True, False])
    text = f"{gwx:.4f} = {gh:.4f} × {1 - h * h:.4f}".replace("-", "−")
    chain = [{"input": 0, "upstream": "dL/dy", "local": "dy/dx = 1 − y²", "text": text}]
    tape.backward(1, gh, [gwx], chain=chain)
    tape.backward(0, gwx, [gwx * x, None], totals=[gw + gwx * x, None])
    tape.update(tw, w, gw + gwx * x, 0.1)
    return tape.tape


def dense(n: int = 4) -> Data:
    """Two dense layers, in groups that fold, with matrices of few numbers."""
    rng = np.random.default_rng(0)
    tape = Recorder("dense.py")
    tape.tape["groups"] = [{"name": "dense", "kind": "Dense", "parent": None}, {"name": "dense_1", "kind": "Dense", "parent": None}]
    x, w1, w2 = rng.normal(size=(n, 3)), rng.normal(size=(3, 2)), rng.normal(size=(2, 2))
    tx, t1, t2 = tape.tensor("x", x, "input"), tape.tensor("dense/kernel", w1, group=0), tape.tensor("dense_1/kernel", w2, group=1)
    z = x @ w1
    h = np.maximum(z, 0)
    y = h @ w2
    tz = tape.forward("matmul", [tx, t1], "matmul 1", z, group=0)
    th = tape.forward("relu", [tz], "relu 1", h, group=0)
    ty = tape.forward("matmul", [th, t2], "matmul 2", y, group=1)
    tape.forward("mean", [ty], "loss", y.mean())
    gy = np.full_like(y, 1 / y.size)
    gh = gy @ w2.T
    gz = gh * (z > 0)
    tape.backward(3, 1.0, [gy])
    tape.backward(2, gy, [gh, h.T @ gy])
    tape.backward(1, gh, [gz])
    tape.backward(0, gz, [None, x.T @ gz])
    tape.update(t1, w1, x.T @ gz, 0.1)
    tape.update(t2, w2, h.T @ gy, 0.1)
    return tape.tape


def chain(n: int) -> Data:
    """n additions of one parameter to another, and back."""
    tape = Recorder("chain.py")
    x, c = tape.tensor("x", 1.0), tape.tensor("c", 0.5)
    for i in range(n):
        x = tape.forward("add", [x, c], f"add {i + 1}", 1 + 0.5 * (i + 1))
    for i in reversed(range(n)):
        tape.backward(i, 1.0, [1.0, 1.0], totals=[1.0, float(n - i)], complete=[True, i == 0])
    return tape.tape


def not_a_number() -> Data:
    """Names that look like markup, NaN and infinity among the numbers."""
    name = "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\">"
    tape = Recorder(name)
    tape.tape["notes"] = [f"{name} & </script> <!-- "]
    tape.tape["groups"] = [{"name": name, "kind": name, "parent": None}]
    tape.tape["lines"] = {name: {"1": name, "2": "y = w * w"}}
    tape.tape["rules"] = {name: {"doc": name, "forward": name, "rule": name, "file": name, "line": 1}}
    w = tape.tensor(name, np.array([np.nan, np.inf, -np.inf, -1.5]))
    texts = {"says": name, "numbers": name, "metadata": name, "line": [name, 1]}
    tape.forward(name, [w], f"{name} 1", np.array([np.nan, np.inf, np.inf, 2.25]), group=0, **texts)
    chain = [{"input": 0, "upstream": name, "local": name, "text": name}]
    tape.backward(0, np.ones(4), [np.array([np.nan, np.inf, -np.inf, -3.0])], chain=chain)
    return tape.tape


class Convolution:
    """A convolution of one image, forward and backward, in NumPy, window by window: the numbers that the page must show."""

    def __init__(self, image: tuple[int, int] = (5, 6), window: tuple[int, int] = (3, 2), channels: int = 2, filters: int = 3,
                 strides: tuple[int, int] = (1, 1), dilation: tuple[int, int] = (1, 1), padding: tuple[int, int, int, int] = (0, 0, 0, 0),
                 activation: str | None = "tanh", dtype: str = "float64") -> None:  # fmt: skip
        rng = np.random.default_rng(1)
        self.strides, self.dilation, self.padding, self.activation, self.window = strides, dilation, padding, activation, window
        self.x = rng.normal(size=(*image, channels)).astype(dtype)
        self.kernel = rng.normal(size=(*window, channels, filters)).astype(dtype)
        self.bias = rng.normal(size=filters).astype(dtype)
        top, bottom, left, right = padding
        self.padded = np.pad(self.x, ((top, bottom), (left, right), (0, 0)))
        rows, columns = ((size - d * (k - 1) - 1) // s + 1 for size, k, s, d in zip(self.padded.shape, window, strides, dilation))
        self.patches = np.stack([[self.padded[self.where(r, c)] for c in range(columns)] for r in range(rows)])
        z = np.einsum("rcijm,ijmf->rcf", self.patches, self.kernel) + self.bias
        self.y = np.tanh(z) if activation == "tanh" else np.maximum(z, 0) if activation == "relu" else z
        self.g = rng.normal(size=self.y.shape).astype(dtype)
        slope = 1 - self.y**2 if activation == "tanh" else (z > 0) if activation == "relu" else 1
        self.delta = self.g * slope
        dx = np.zeros_like(self.padded)
        for r in range(rows):
            for c in range(columns):
                dx[self.where(r, c)] += np.einsum("f,ijmf->ijm", self.delta[r, c], self.kernel)
        self.dx = np.ascontiguousarray(dx[top : top + image[0], left : left + image[1]])
        self.dkernel = np.einsum("rcf,rcijm->ijmf", self.delta, self.patches)

    def where(self, r: int, c: int) -> tuple[slice, slice]:
        """The index of the window of output pixel (r, c) in the padded image."""
        settings = zip((r, c), self.window, self.strides, self.dilation)
        rows, columns = (slice(s * at, s * at + d * (k - 1) + 1, d) for at, k, s, d in settings)
        return rows, columns

    def tape(self) -> Data:
        arrays = {name: raw(getattr(self, name)) for name in ("x", "kernel", "bias", "y")}
        settings = {name: list(getattr(self, name)) for name in ("strides", "dilation", "padding")}
        window = {"kind": "convolution", **arrays, **settings, "activation": self.activation, "pool": None, "image": 0}
        window |= dict.fromkeys(("g", "dx", "dkernel", "mask"))
        tape = Recorder("convolution.py")
        x, kernel, bias = tape.tensor("x", self.x[None], "input"), tape.tensor("kernel", self.kernel), tape.tensor("bias", self.bias)
        tape.forward("convolution_layer", [x, kernel, bias], "y", self.y[None], window=window)
        back = {"of": 0, "g": raw(self.g), "dx": raw(self.dx), "dkernel": None}
        tape.backward(0, self.g[None], [self.dx[None], self.dkernel, self.delta.sum((0, 1))], window=back)
        return tape.tape


def max_pooling() -> tuple[Data, np.ndarray, np.ndarray, np.ndarray]:
    """A 2 × 2 max-pooling of a 4 × 6 image with a tie; the tape, x, y and dx."""
    x = np.random.default_rng(2).normal(size=(4, 6, 2)).round(1)
    x[:2, :2, 0] = 7.0
    y, g = np.zeros((2, 3, 2)), np.arange(1.0, 13.0).reshape(2, 3, 2)
    dx = np.zeros_like(x)
    for r, c, m in np.ndindex(*y.shape):
        patch = x[2 * r : 2 * r + 2, 2 * c : 2 * c + 2, m]
        i, j = np.unravel_index(patch.argmax(), (2, 2))
        y[r, c, m] = patch[i, j]
        dx[2 * r + i, 2 * c + j, m] += g[r, c, m]
    tape = Recorder("pooling.py")
    settings = {"strides": [2, 2], "dilation": [1, 1], "padding": [0, 0, 0, 0], "pool": [2, 2], "image": 0}
    window = {"kind": "max_pool", "x": raw(x), "y": raw(y), **settings}
    window |= dict.fromkeys(("kernel", "bias", "activation", "g", "dx", "mask"))
    tape.forward("max_pool2d", [tape.tensor("x", x[None])], "y", y[None], window=window)
    tape.backward(0, g[None], [dx[None]], window={"of": 0, "g": raw(g), "dx": raw(dx), "dkernel": None})
    return tape.tape, x, y, dx


def dropout() -> Data:
    x, mask = np.linspace(-1, 1, 10), np.array([0, 2, 2, 0, 2, 0, 0, 2, 2, 2.0])
    tape = Recorder("dropout.py")
    window = {"kind": "dropout", "x": raw(x), "y": raw(x * mask), "mask": raw(mask), "image": 0}
    tape.forward("dropout", [tape.tensor("x", x), tape.tensor("mask", mask, "input")], "y", x * mask, window=window)
    tape.backward(0, np.ones(10), [mask, None], window={"of": 0, "g": raw(np.ones(10)), "dx": raw(mask)})
    return tape.tape


def fused() -> tuple[Data, Convolution, np.ndarray]:
    """A convolution with relu and the max-pooling after it, as one op: 3 × 3 windows, 2 apart, padded; the tape, the convolution, y."""
    convolution = Convolution(image=(6, 7), activation="relu")
    between = convolution.y
    rows, columns, filters = between.shape
    padded = np.pad(between, ((0, 1), (1, 0), (0, 0)), constant_values=-np.inf)
    y = np.zeros(((rows + 1 - 3) // 2 + 1, (columns + 1 - 3) // 2 + 1, filters))
    g, pooled_g = np.random.default_rng(3).normal(size=y.shape), np.zeros_like(padded)
    for r, c, f in np.ndindex(*y.shape):
        patch = padded[2 * r : 2 * r + 3, 2 * c : 2 * c + 3, f]
        i, j = np.unravel_index(patch.argmax(), (3, 3))
        y[r, c, f] = patch[i, j]
        pooled_g[2 * r + i, 2 * c + j, f] += g[r, c, f]
    convolution.delta = pooled_g[:rows, 1:] * (between > 0)
    dx = np.zeros_like(convolution.x)
    for r, c in np.ndindex(rows, columns):
        dx[convolution.where(r, c)] += np.einsum("f,ijmf->ijm", convolution.delta[r, c], convolution.kernel)
    tape = convolution.tape()
    forward, backward = tape["steps"]
    forward["window"] |= {"pool": [3, 3], "pool_strides": [2, 2], "pool_padding": [0, 1, 1, 0], "y": raw(y)}
    tape["tensors"][forward["output"]]["value"] = array(y[None])
    backward["window"] |= {"g": raw(g), "dx": raw(dx)}
    return tape, convolution, y


def average_pooling() -> tuple[Data, np.ndarray]:
    """2 × 2 means, 2 apart, of a 3 × 3 image with one row and one column of padding, which is left out of the mean; the tape and y."""
    x = np.arange(9.0).reshape(3, 3, 1)
    y = np.array([[[2.0], [3.5]], [[6.5], [8.0]]])
    g = np.ones_like(y)
    dx = np.array([[0.25, 0.25, 0.5], [0.25, 0.25, 0.5], [0.5, 0.5, 1.0]]).reshape(3, 3, 1)
    settings = {"strides": [2, 2], "dilation": [1, 1], "padding": [0, 1, 0, 1], "pool": [2, 2], "image": 0}
    tape = Recorder("pooling.py")
    window = {"kind": "average_pool", "x": raw(x), "y": raw(y), **settings}
    tape.forward("average_pool2d", [tape.tensor("x", x[None])], "y", y[None], window=window)
    tape.backward(0, g[None], [dx[None]], window={"of": 0, "g": raw(g), "dx": raw(dx)})
    return tape.tape, y
