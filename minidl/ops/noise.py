"""Noise against over-fitting. The ops are pure: layers draw the random numbers."""
from minidl.tensor import op


@op
def dropout(xp, x, mask):
    """y = x · mask          dL/dx = g · mask

    ``mask`` is 0 for what is dropped and 1 / (1 − rate) for what is kept ("inverted" dropout: the expected value stays x)."""
    return x * mask


@dropout.vjp
def _(g, y, x, mask):
    return g * mask, lambda: g * x
