"""minidl and PyTorch on one GPU: the same nets, batches, starts and updates.

    python benchmarks/gpu.py --out FOLDER

From a checkout, with NumPy, CuPy and PyTorch: nothing has to be installed. Writes FOLDER/gpu.json and FOLDER/gpu.txt after every line, so
a run that is cut short still tells. Parts: gradients (against minidl on NumPy), curves (training on the GPU and on NumPy), steps (times
against PyTorch), profile (each kernel of a step), fit (ten epochs of pictures of CIFAR-10's shape, in a process of its own, start-up
included).

How steps are timed: the batch lies on the GPU; a step is forward, backward and Adam; no result is read in between. Each round is timed
with CUDA events around many steps, rounds of all rivals take turns, and the median round counts. TF32 is on or off on both sides alike,
and said; PyTorch has its fused Adam, and its "best" is its fastest of eager, channels_last and torch.compile in the default mode (its
CUDA graphs, mode="reduce-overhead", are not tried).
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # in the place of this folder, whose modules have names of the standard library

import argparse  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import subprocess  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
import traceback  # noqa: E402
from itertools import pairwise  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402

import minidl  # noqa: E402
from minidl import losses, nets  # noqa: E402
from minidl.autograd import grad  # noqa: E402
from minidl.callbacks import Callback  # noqa: E402
from minidl.gpu import load_cupy  # noqa: E402
from minidl.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D  # noqa: E402
from minidl.models import Model  # noqa: E402
from minidl.tensor import Tensor  # noqa: E402


def vgg(input_shape: tuple[int, int, int] = (32, 32, 3), classes: int = 10) -> Model:
    """Six convolutions of 32, 32, 64, 64, 128, 128 filters, a pool after every two, Dense 128."""
    inputs = x = Input(input_shape)
    for filters in (32, 64, 128):
        x = Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = MaxPooling2D()(x)
    x = Dense(128, activation="relu")(Flatten()(x))
    return Model(inputs, Dense(classes, activation="softmax")(x), name="vgg_like")


NETS = {"intro": nets.intro, "dropout": nets.dropout, "vgg": vgg, "xray": nets.xray}
SHAPES = {"xray": (256, 256, 1)}


class Report:
    """What was found, in two files that are written anew after every line."""

    def __init__(self, folder: Path):
        self.folder, self.lines, self.values = folder, list[str](), dict[str, Any]()
        folder.mkdir(parents=True, exist_ok=True)

    def line(self, text: str) -> None:
        print(text, flush=True)
        self.lines.append(text)
        (self.folder / "gpu.txt").write_text("\n".join(self.lines) + "\n", encoding="utf-8")

    def value(self, name: str, value: Any) -> None:
        self.values[name] = value
        (self.folder / "gpu.json").write_text(json.dumps(self.values, indent=1) + "\n", encoding="utf-8")


def batch_for(name: str, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    shape = SHAPES.get(name, (32, 32, 3))
    classes = 2 if name == "xray" else 10
    return rng.random((n, *shape), "float32"), rng.integers(0, classes, n)


def loss_name(name: str) -> str:
    return "binary_crossentropy" if name == "xray" else "sparse_categorical_crossentropy"


def made(name: str, backend: str) -> Model:
    with minidl.use_backend(backend):
        minidl.set_seed(1)
        return NETS[name](SHAPES.get(name, (32, 32, 3)), 2 if name == "xray" else 10)


# ---------------------------------------------------------------- right


def gradients(report: Report) -> None:
    """Gradients of the nets' losses on the GPU against those on NumPy: the largest difference over the largest number, over all weights."""
    for name, n in (("intro", 32), ("vgg", 16), ("xray", 2)):
        x, y = batch_for(name, n)
        y = y[:, None] if name == "xray" else y
        for dtype, tf32, limit in (("float64", False, 1e-10), ("float32", False, 1e-4), ("float32", True, None)):
            found = {}
            for backend in ("numpy", "cupy"):
                model = made(name, backend)
                with minidl.use_tf32(tf32):
                    for weight in model.weights:
                        weight.data = weight.data.astype("float64" if backend == "numpy" else dtype)
                    move = minidl.backend.named(backend).module.asarray
                    inside = x.astype("float64" if backend == "numpy" else dtype)
                    loss = losses.get(loss_name(name))(move(y), model(Tensor(move(inside)), training=False))
                    found[backend] = [g.numpy() for g in grad(loss, model.trainable_variables)]
            worst = max(np.abs(a - b).max() / np.abs(a).max() for a, b in zip(found["numpy"], found["cupy"]))
            verdict = "" if limit is None else "ok" if worst <= limit else f"FAILS, limit {limit:g}"
            report.line(f"gradients {name:8} {dtype}{' TF32' if tf32 else ''}: {worst:.1e} {verdict}")
            report.value(f"gradients {name} {dtype}{' tf32' if tf32 else ''}", float(worst))


def curves(report: Report) -> None:
    """Losses of 60 steps from one start, on NumPy, on the GPU step by step, and on the GPU recorded."""
    x, y = batch_for("intro", 640)
    found = {}
    for label, backend, capture in (("numpy", "numpy", False), ("steps", "cupy", False), ("recorded", "cupy", "auto")):
        model = made("intro", backend)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], capture=capture)
        found[label] = [model.train_on_batch(x[i : i + 32], y[i : i + 32])[0] for i in [*range(0, 640, 32)] * 3]
        if label == "recorded":
            report.line(f"the step was {'recorded' if model.captured.recordings else 'NOT recorded: ' + model.captured.refused}")
    for label in ("steps", "recorded"):
        worst = max(abs(a - b) / abs(a) for a, b in zip(found["numpy"], found[label]))
        report.line(f"curves {label}: largest relative difference from NumPy's losses {worst:.1e}, last losses "
                    f"{found['numpy'][-1]:.5f} {found[label][-1]:.5f}")  # fmt: skip
        report.value(f"curves {label}", worst)


# ---------------------------------------------------------------- fast


def torch_net(name: str) -> Any:
    """The same net in PyTorch, with the dense layers' inputs in PyTorch's own order."""
    import torch
    from torch import nn

    same = name in ("vgg", "xray")

    def conv(a: int, b: int, size: int = 3) -> list[Any]:
        return [nn.Conv2d(a, b, size, padding=size // 2 if same else 0), nn.ReLU()]

    pool = nn.MaxPool2d(2)
    if name == "intro":
        parts = [*conv(3, 16), pool, *conv(16, 32), pool, nn.Flatten(), nn.Linear(1152, 64), nn.ReLU(), nn.Linear(64, 10)]
    elif name == "dropout":
        parts = [*conv(3, 16), pool, *conv(16, 32), pool, *conv(32, 64), nn.Dropout(0.6), nn.Flatten(), nn.Linear(1024, 128), nn.ReLU()]
        parts += [nn.Linear(128, 10)]
    elif name == "vgg":
        sizes = (3, 32, 32, 64, 64, 128, 128)
        parts = []
        for i, (a, b) in enumerate(pairwise(sizes)):
            parts += conv(a, b) + ([pool] if i % 2 else [])
        parts += [nn.Flatten(), nn.Linear(2048, 128), nn.ReLU(), nn.Linear(128, 10)]
    else:
        sizes = ((1, 8, 3), (8, 8, 3), (8, 12, 3), (12, 12, 3), (12, 20, 5), (20, 20, 5))
        parts = []
        for a, b, size in sizes:
            parts += [*conv(a, b, size), pool]
        parts += [*conv(20, 50, 5), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(50, 128), nn.ReLU(), nn.Dropout(0.6)]
        parts += [nn.Linear(128, 32), nn.ReLU(), nn.Linear(32, 1)]
    return nn.Sequential(*parts).cuda().to(torch.float32)


def copy_weights(model: Model, net: Any) -> None:
    """minidl's start as PyTorch's; the first dense layer's rows are reordered, (H, W, C) to (C, H, W)."""
    import torch

    arrays = model.get_weights()
    with torch.no_grad():
        channels = None
        for part in net:
            if not hasattr(part, "weight"):
                continue
            kernel, bias = arrays.pop(0), arrays.pop(0)
            if kernel.ndim == 4:
                channels, kernel = kernel.shape[3], kernel.transpose(3, 2, 0, 1)
            else:
                if channels and kernel.shape[0] != channels:
                    side = int((kernel.shape[0] // channels) ** 0.5)
                    kernel = kernel.reshape(side, side, channels, -1).transpose(2, 0, 1, 3).reshape(kernel.shape)
                channels, kernel = None, kernel.T
            part.weight.copy_(torch.from_numpy(np.ascontiguousarray(kernel)))
            part.bias.copy_(torch.from_numpy(bias))


def torch_step(name: str, kind: str, x: np.ndarray, y: np.ndarray, model: Model) -> Any:
    """A function that makes one step, and returns the loss on the GPU."""
    import torch

    net = torch_net(name)
    copy_weights(model, net)
    images = torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2))).cuda()
    if kind == "channels_last":
        net, images = net.to(memory_format=torch.channels_last), images.contiguous(memory_format=torch.channels_last)
    labels = torch.from_numpy(y).cuda()
    if name == "xray":
        loss_of, labels = torch.nn.BCEWithLogitsLoss(), labels[:, None].float()
    else:
        loss_of = torch.nn.CrossEntropyLoss()
    adam = torch.optim.Adam(net.parameters(), eps=1e-7, fused=True)
    forward = torch.compile(net) if kind == "compile" else net

    def step() -> Any:
        adam.zero_grad(set_to_none=True)
        loss = loss_of(forward(images), labels)
        loss.backward()
        adam.step()
        return loss.detach()

    return step


def our_step(name: str, x: np.ndarray, y: np.ndarray, capture: Any) -> tuple[Any, Model, Any]:
    """A function that makes one step; the model; and a function that says what the last step's loss was."""
    import cupy

    model = made(name, "cupy")
    model.compile("adam", loss_name(name), capture=capture)
    data = (Tensor(cupy.asarray(x)), cupy.asarray(y[:, None].astype("float32") if name == "xray" else y))
    first = float(model.captured(data)["loss"])
    for _ in range(3):
        model.objective.reset()
        model.captured(data)
    if capture and not model.captured.recordings:
        raise RuntimeError(f"not recorded: {model.captured.refused}")
    if capture:
        (recording,) = model.captured.recordings.values()
        return lambda: recording.run(data), model, first
    return lambda: model.train_step(data), model, first


def timed(rivals: dict[str, Any], seconds: float) -> dict[str, float]:
    """Milliseconds of a step of each rival: the median of rounds that take turns."""
    import cupy
    import torch

    def both() -> None:
        cupy.cuda.Device().synchronize()
        torch.cuda.synchronize()

    def round_of(step: Any, steps: int) -> float:
        both()
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin = time.perf_counter()
        start.record()
        for _ in range(steps):
            step()
        cupy.cuda.get_current_stream().synchronize()  # cupy's steps end on its stream
        end.record()
        both()
        host = (time.perf_counter() - begin) * 1000 / steps
        return max(start.elapsed_time(end) / steps, 0) or host

    steps = {}
    for label, step in rivals.items():
        for _ in range(5):
            step()
        steps[label] = max(3, int(seconds / 5 / max(round_of(step, 5) / 1000, 1e-5)))
    rounds: dict[str, list[float]] = {label: [] for label in rivals}
    for _ in range(5):
        for label, step in rivals.items():
            rounds[label].append(round_of(step, steps[label]))
    return {label: float(np.median(times)) for label, times in rounds.items()}


CASES = [  # one of each net first: the time may not be enough for all
    ("intro", 32, True), ("intro", 512, True), ("vgg", 512, True), ("dropout", 32, True), ("xray", 32, True),
    ("vgg", 32, True), ("dropout", 512, True), ("intro", 128, True), ("vgg", 1024, True), ("xray", 128, True), ("vgg", 128, True),
    ("intro", 1024, True), ("intro", 32, False), ("intro", 512, False), ("vgg", 512, False), ("dropout", 128, True),
    ("dropout", 1024, True),
]  # fmt: skip


def steps(report: Report, names: list[str], batches: list[int], seconds: float, compile_seconds: float, deadline: float) -> None:
    import torch

    compiled_spent = 0.0
    for name, n, tf32 in CASES:
        if name not in names or n not in batches:
            continue
        if time.perf_counter() > deadline:
            report.line(f"steps {name} {n} TF32 {'on' if tf32 else 'off'}: left out, the time is used up")
            continue
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
        x, y = batch_for(name, n)
        try:
            with minidl.use_tf32(tf32):
                ours, model, first = our_step(name, x, y, "auto")
                rivals: dict[str, Any] = {"minidl": ours}
                start = made(name, "numpy")
                theirs = None
                for kind in ("eager", "channels_last", "compile"):
                    if kind == "compile" and (compiled_spent > compile_seconds or not tf32 or name not in ("intro", "vgg")):
                        continue
                    begin = time.perf_counter()
                    try:
                        rivals[kind] = torch_step(name, kind, x, y, start)
                        loss = float(rivals[kind]())
                        theirs = loss if theirs is None else theirs
                    except Exception as error:
                        rivals.pop(kind, None)
                        report.line(f"PyTorch {kind}: {type(error).__name__}: {str(error).splitlines()[0][:200]}")
                    if kind == "compile":
                        compiled_spent += time.perf_counter() - begin
                if (name, n) == ("intro", 32):
                    rivals["minidl, not recorded"] = our_step(name, x, y, False)[0]
                times = timed(rivals, seconds)
        except Exception:
            report.line(f"steps {name} {n} FAILED\n{traceback.format_exc(limit=-6)}")
            continue
        best = min(t for label, t in times.items() if not label.startswith("minidl"))
        agree = "dropout: losses differ" if name in ("dropout", "xray") else f"first losses {first:.6f} {theirs:.6f}"
        report.line(
            f"{name:8} {n:5} TF32 {'on ' if tf32 else 'off'} "
            + "  ".join(f"{label} {t:.3f} ms" for label, t in times.items())
            + f"   to eager {times['minidl'] / times.get('eager', float('nan')):.2f}, to best {times['minidl'] / best:.2f}; {agree}"
        )
        report.value(f"step {name} {n} {'tf32' if tf32 else 'float32'}", times | {"first_losses": [first, theirs]})
        del rivals, ours, model
        _tidy()


def _tidy() -> None:
    import gc

    import cupy
    import torch

    gc.collect()
    cupy.get_default_memory_pool().free_all_blocks()
    torch.cuda.empty_cache()


# ---------------------------------------------------------------- where the time goes


def profiles(report: Report) -> None:
    """Every kernel of one step, in order, with its grid and its microseconds: FOLDER/profile.txt."""
    import torch
    from torch.profiler import ProfilerActivity, profile

    lines = []
    for name, n, rival in (("vgg", 512, False), ("intro", 32, False), ("intro", 512, False), ("vgg", 512, True), ("intro", 32, True)):
        x, y = batch_for(name, n)
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
        with minidl.use_tf32():
            step = torch_step(name, "eager", x, y, made(name, "numpy")) if rival else our_step(name, x, y, "auto")[0]
        for _ in range(5):
            step()
        torch.cuda.synchronize()
        with profile(activities=[ProfilerActivity.CUDA]) as found:
            for _ in range(4):
                step()
            torch.cuda.synchronize()
        trace = report.folder / "trace.json"
        found.export_chrome_trace(str(trace))
        events = [e for e in json.loads(trace.read_text())["traceEvents"] if e.get("cat") in ("kernel", "gpu_memcpy", "gpu_memset")]
        trace.unlink()
        events.sort(key=lambda e: e["ts"])
        events = events[-(len(events) // 4) :]
        if not events:
            report.line(f"profile {name} {n}: no events")
            continue
        busy, span = sum(e["dur"] for e in events), events[-1]["ts"] + events[-1]["dur"] - events[0]["ts"]
        title = f"{name} {n} {'PyTorch' if rival else 'minidl'}: {len(events)} kernels, busy {busy:.0f} µs of {span:.0f} µs"
        report.line(f"profile {title}")
        lines += [title, *(f"  {e['dur']:9.2f} {e.get('args', {}).get('grid', '')!s:18} {e['name'][:90]}" for e in events)]
        (report.folder / "profile.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        _tidy()


# ---------------------------------------------------------------- ten epochs


class Epochs(Callback):
    """When each epoch ended."""

    def on_train_begin(self, logs: Any = None) -> None:
        self.ends: list[float] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.ends.append(time.time())


def fit_once(pictures: str | None, batch_size: int, began: float) -> None:
    """In a process of its own: 40 000 pictures, ten epochs of the intro net; prints one line of JSON."""
    started = time.time()
    if pictures:
        import io

        from PIL import Image

        archive = np.load(pictures, allow_pickle=False)
        key = max(archive.files, key=lambda k: archive[k].nbytes)
        x, y = _decoded(archive, key, Image, io)
    else:
        rng = np.random.default_rng(0)
        y = rng.integers(0, 10, 40_000)
        x = rng.integers(0, 256, (10, 32, 32, 3)).astype("float32")[y] / 255 * 0.3 + rng.random((40_000, 32, 32, 3), "float32") * 0.7
    pictures_there = time.time()
    minidl.use_backend("cupy")
    minidl.use_tf32()
    minidl.set_seed(1)
    model = nets.intro()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    ready, epochs = time.time(), Epochs()
    history = model.fit(x, y, batch_size=batch_size, epochs=10, verbose=0, callbacks=[epochs]).history
    done = time.time()
    result = {
        "python_s": started - began, "pictures_s": pictures_there - started, "cupy_s": ready - pictures_there, "training_s": done - ready,
        "first_epoch_s": epochs.ends[0] - ready, "other_epochs_s": (epochs.ends[-1] - epochs.ends[0]) / 9,
        "all_s": done - began, "losses": history["loss"],
        "accuracy": history["accuracy"][-1], "recorded": bool(model.captured.recordings), "why_not": model.captured.refused,
    }  # fmt: skip
    print(json.dumps(result), flush=True)


def _decoded(archive: Any, key: str, image: Any, io: Any) -> tuple[np.ndarray, np.ndarray]:
    labels = next(archive[k] for k in archive.files if "label" in k)[:40_000].astype("int64").ravel()
    blob = archive[key].tobytes()
    offsets = next((archive[k] for k in archive.files if "offset" in k), None)
    if offsets is None:
        return archive[key][:40_000].astype("float32") / 255, labels
    ends = offsets[1:] if len(offsets) > len(labels) else [*offsets[1:], len(blob)]
    decoded = [np.asarray(image.open(io.BytesIO(blob[a:b])).convert("RGB")) for a, b in zip(offsets[:40_000], ends[:40_000])]
    return np.stack(decoded).astype("float32") / 255, labels[: len(decoded)]


def fits(report: Report, pictures: str | None, batches: list[int]) -> None:
    """Twice each: with an empty cache of compiled kernels, as on a new machine, and again."""
    for batch_size in batches:
        with tempfile.TemporaryDirectory() as cache:
            for label in ("first", "again"):
                command = [sys.executable, __file__, "--fit-once", str(batch_size), "--began", str(time.time())]
                command += ["--pictures", pictures] if pictures else []
                surroundings = os.environ | {"CUPY_CACHE_DIR": cache}
                run = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT, check=False, env=surroundings)
                if run.returncode:
                    report.line(f"fit, batch {batch_size}, {label}: FAILED\n{run.stderr[-1500:]}")
                    return
                result = json.loads(run.stdout.splitlines()[-1])
                report.line(
                    f"fit, batch {batch_size}, {label}: 10 epochs of 40 000 in {result['all_s']:.1f} s with start-up "
                    f"(Python {result['python_s']:.1f}, pictures {result['pictures_s']:.1f}, CuPy {result['cupy_s']:.1f}, "
                    f"first epoch {result['first_epoch_s']:.1f}, each other {result['other_epochs_s']:.2f}), "
                    f"loss {result['losses'][0]:.3f} to {result['losses'][-1]:.3f}, recorded: {result['recorded']} {result['why_not']}"
                )
                report.value(f"fit {batch_size} {label}", result)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("gpu-benchmark"), help="the folder for gpu.json and gpu.txt")
    parser.add_argument("--parts", default="gradients,curves,steps,profile,fit", help="which parts, in which order")
    parser.add_argument("--nets", default="intro,vgg,dropout,xray")
    parser.add_argument("--batches", default="32,512,128,1024")
    parser.add_argument("--seconds", type=float, default=0.25, help="of timing for each rival and case")
    parser.add_argument("--compile-seconds", type=float, default=45, help="no further torch.compile after so many")
    parser.add_argument("--limit", type=float, default=200, help="no new case of the steps after so many seconds")
    parser.add_argument("--pictures", help="a .npz with JPEG files and labels, in the place of generated pictures")
    parser.add_argument("--fit-once", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--began", type=float, default=time.time(), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fit_once:
        return fit_once(options.pictures, options.fit_once, options.began)
    try:
        load_cupy()
    except RuntimeError as error:
        sys.exit(f"benchmarks/gpu.py: {error}")
    report, began = Report(options.out), time.perf_counter()
    try:
        import cupy
        import torch

        report.line(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}, CuPy {cupy.__version__}, NumPy {np.__version__}, "
                    f"Python {sys.version.split()[0]}, {os.cpu_count()} cores")  # fmt: skip
    except Exception:
        report.line(traceback.format_exc(limit=-3))
    batches = [int(n) for n in options.batches.split(",")]
    parts = {
        "gradients": lambda: gradients(report),
        "curves": lambda: curves(report),
        "steps": lambda: steps(report, options.nets.split(","), batches, options.seconds, options.compile_seconds, began + options.limit),
        "profile": lambda: profiles(report),
        "fit": lambda: fits(report, options.pictures, [32, 128]),
    }
    for part in options.parts.split(","):
        try:
            parts[part]()
        except Exception:
            report.line(f"{part} FAILED\n{traceback.format_exc(limit=-8)}")
        report.line(f"-- {part}: {time.perf_counter() - began:.0f} s so far")
    return None


if __name__ == "__main__":
    main()
