"""The line that tells how far a training is, as Keras 2 and Keras 3 write it. Each function makes the line after ``done`` of ``steps``
(None where nobody knows) in so many ``seconds``, with ``logs``; ``last``: the work is done; ``verbose``: 1 with a bar, 2 without."""


def keras3(done: int, steps: int | None, seconds: float, logs: dict[str, float], verbose: int, last: bool) -> str:
    """``1250/1250 ━━━━━━━━━━━━━━━━━━━━ 15s 12ms/step - accuracy: 0.4738 - loss: 1.4651``: metrics in the order of the alphabet; with
    ``verbose`` 2 ``1250/1250 - 15s - 12ms/step - accuracy: 0.4738 - loss: 1.4651``."""
    width = 20
    full = width * done // steps if steps else width
    bar = "━" * full + "╺" * (full < width) + " " * (width - full - 1)
    if verbose == 2:
        bar = "-"
    parts = [f"{done}/{steps or (done if last else '?')}", bar, duration(seconds), *(["-"] if verbose == 2 else [])]
    if not last and steps and done:
        parts.append(f"{duration(seconds / done * (steps - done))} left")
    line = " ".join(part for part in [*parts, each(seconds / max(1, done), "step")] if part)
    return line + "".join(f" - {name}: {value(number)}" for name, number in ordered(logs).items())


def keras2(done: int, steps: int | None, seconds: float, logs: dict[str, float], verbose: int, last: bool) -> str:
    """``1250/1250 [==============================] - 15s 12ms/step - loss: 1.4651 - accuracy: 0.4738``, and with ``verbose`` 2
    ``1250/1250 - 15s - loss: 1.4651 - accuracy: 0.4738 - 15s/epoch - 12ms/step``."""
    total, width = steps or (done if last else None), 30
    time = each(seconds / max(1, done), "step")
    numbers = "".join(f" - {name}: {number:{'.4f' if abs(number) > 1e-3 else '.4e'}}" for name, number in logs.items())
    if verbose == 2:
        return f"{done}/{total or '?'} - {seconds:.0f}s{numbers} - {each(seconds, 'epoch')} - {time}"
    if total is None:
        return f"{done:7d}/Unknown - {seconds:.0f}s {time}{numbers}"
    full = width * done // total if total else width
    bar = "=" * (full - 1) + ("=" if done == total else ">") if full else ""
    left = seconds / max(1, done) * (total - done)
    told = f"{seconds:.0f}s {time}" if last else f"ETA: {eta(left)}"
    return f"{done:{len(str(total))}d}/{total} [{bar:.<{width}}] - {told}{numbers}"


def ordered(logs: dict[str, float]) -> dict[str, float]:
    """Metrics first, in alphabetical order, then the same for validation."""
    return dict(sorted(logs.items(), key=lambda item: (item[0].startswith("val_"), item[0])))


def value(number: float) -> str:
    return f"{number:.4f}" if abs(number) > 1e-3 or number == 0 else f"{number:.4e}"


def duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02.0f}" if hours else f"{minutes}:{seconds:02.0f}" if minutes else f"{seconds:.0f}s"


def eta(seconds: float) -> str:
    """Keras 2's: 12s, 1:05, 1:02:05."""
    whole = int(seconds)
    return f"{whole}s" if seconds <= 60 else f"{whole // 60}:{whole % 60:02d}" if seconds <= 3600 else (
        f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    )  # fmt: skip


def each(seconds: float, what: str) -> str:
    """Seconds for a step (or an epoch) in a fitting unit."""
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s/{what}"
    return f"{seconds * 1e3:.0f}ms/{what}" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us/{what}"
