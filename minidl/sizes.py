"""Sizes in memory as people write them."""


def bytes_in_words(n: float) -> str:
    """2048 → "2.0 KB", 3 · 2³⁰ → "3.0 GB"."""
    scale, unit = next(((s, u) for s, u in ((2**30, "GB"), (2**20, "MB")) if n >= s), (2**10, "KB"))
    return f"{n / scale:,.1f} {unit}"
