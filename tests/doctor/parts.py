"""Forward passes that the wrong rules share: plain NumPy, as students write them."""

import numpy as np


def dense(x, w, b):
    return x @ w + b


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def relu(x):
    return np.maximum(x, 0)


def batch_norm(x, gamma, beta):
    xhat, _ = normalized(x)
    return gamma * xhat + beta


def normalized(x, axis=0, epsilon=1e-5):
    std = np.sqrt(x.var(axis, keepdims=True) + epsilon)
    return (x - x.mean(axis, keepdims=True)) / std, std


def through_norm(g, xhat, std, axis=0):
    """The right gradient through x̂."""
    return (g - g.mean(axis, keepdims=True) - xhat * (g * xhat).mean(axis, keepdims=True)) / std


def windows(x, size, stride=1):
    """im2col of (N, H, W, C): (N, OH, OW, size, size, C)."""
    n, h, w, c = x.shape
    oh, ow = (h - size) // stride + 1, (w - size) // stride + 1
    out = np.zeros((n, oh, ow, size, size, c))
    for i in range(oh):
        for j in range(ow):
            out[:, i, j] = x[:, i * stride : i * stride + size, j * stride : j * stride + size]
    return out


def unwindows(cols, shape, stride=1, step=None, off=0, add=True):
    """col2im; ``step``, ``off``, ``add`` make it wrong."""
    n, oh, ow, size, _, c = cols.shape
    step = stride if step is None else step
    x = np.zeros((n, shape[1] + 8, shape[2] + 8, c))
    for i in range(oh):
        for j in range(ow):
            a, b = i * step + 4 + off, j * step + 4 + off
            if add:
                x[:, a : a + size, b : b + size] += cols[:, i, j]
            else:
                x[:, a : a + size, b : b + size] = cols[:, i, j]
    return x[:, 4 : 4 + shape[1], 4 : 4 + shape[2]]


def conv(x, k, stride=1):
    return np.einsum("nijabc,abcf->nijf", windows(x, k.shape[0], stride), k)


def conv_dk(g, x, k, stride=1):
    return np.einsum("nijabc,nijf->abcf", windows(x, k.shape[0], stride), g)


def conv_dcols(g, k):
    return np.einsum("nijf,abcf->nijabc", g, k)


def max_pool(x):
    return windows(x, 2, 2).max((3, 4))


def pool_winner(x):
    w = windows(x, 2, 2)
    return w == w.max((3, 4), keepdims=True)
