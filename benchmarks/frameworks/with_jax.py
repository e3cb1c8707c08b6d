"""JAX: one jitted function for the whole step, with weights and Adam's state donated. Images are (n, h, w, c), as in minidl.

Pools are a maximum over a reshaped array: on a CPU its gradient is quicker than that of ``reduce_window``."""
import os
import platform
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax import lax
from jax import numpy as jnp

from benchmarks.frameworks.base import EPSILON, LEARNING_RATE, Framework
from benchmarks.nets import Conv, Dense, Dropout, Flatten, GlobalAverage, Net, Pool

ADAM = (0.9, 0.999)


class Jax(Framework):
    def __init__(self, settings: dict[str, Any]):
        super().__init__(settings)
        os.environ["NPROC"] = str(self.threads)  # the size of its pool of threads, read when it first computes
        os.environ["XLA_FLAGS"] = "" if self.threads > 1 else "--xla_cpu_multi_thread_eigen=false"

    def versions(self) -> dict[str, str]:
        return {"jax": jax.__version__, "numpy": np.__version__, "python": platform.python_version()}

    def threads_in_use(self) -> int | str:
        return int(os.environ["NPROC"])  # it has no question for this

    def build(self, net: Net, weights: list[np.ndarray]) -> None:
        self.sigmoid = net.sigmoid
        self.state = [[jnp.array(w) for w in weights], *([jnp.zeros_like(w) for w in weights] for _ in range(2)), jnp.zeros((), "int32")]
        self.train = jax.jit(lambda state, x, y: _step(net, state, x, y), donate_argnums=0)
        self.predict = jax.jit(lambda weights, x: _outputs(net, weights, x, None))

    def load(self, x: np.ndarray, y: np.ndarray) -> None:
        self.x, self.y = jnp.array(x), jnp.array(y.astype("int32"))

    def step(self) -> float:
        self.state, loss = self.train(self.state, self.x, self.y)
        jax.block_until_ready(self.state)
        return float(loss)

    def forward(self, x: np.ndarray) -> np.ndarray:
        y = self.predict(self.state[0], jnp.array(x))
        return np.asarray(jax.nn.sigmoid(y) if self.sigmoid else jax.nn.softmax(y))

    def recorded_addition(self) -> Callable[[], Any]:
        raise NotImplementedError("JAX records functions, not single operations")


def _step(net: Net, state: list[Any], x: Any, y: Any) -> tuple[list[Any], Any]:
    weights, first, second, t = state
    key = jax.random.fold_in(jax.random.key(0), t)
    loss, gradients = jax.value_and_grad(lambda weights: _loss(net, _outputs(net, weights, x, key), y))(weights)
    b1, b2 = ADAM
    t = t + 1
    first = [b1 * m + (1 - b1) * g for m, g in zip(first, gradients)]
    second = [b2 * v + (1 - b2) * g * g for v, g in zip(second, gradients)]
    rate = LEARNING_RATE * jnp.sqrt(1 - b2**t) / (1 - b1**t)
    weights = [w - rate * m / (jnp.sqrt(v) + EPSILON) for w, m, v in zip(weights, first, second)]
    return [weights, first, second, t], loss


def _loss(net: Net, outputs: Any, y: Any) -> Any:
    if net.sigmoid:
        z = outputs[:, 0]
        return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(outputs), y[:, None], axis=1))


def _outputs(net: Net, weights: list[Any], x: Any, key: Any) -> Any:
    """Before softmax or sigmoid; without a key there is no dropout."""
    rest = iter(weights)
    for layer in net.layers:
        match layer:
            case Conv(_, _, padding):
                x = lax.conv_general_dilated(x, next(rest), (1, 1), padding.upper(), dimension_numbers=("NHWC", "HWIO", "NHWC"))
                x = jax.nn.relu(x + next(rest))
            case Pool():
                n, h, w, c = x.shape
                x = x[:, : h // 2 * 2, : w // 2 * 2].reshape(n, h // 2, 2, w // 2, 2, c).max(axis=(2, 4))
            case Flatten():
                x = x.reshape(len(x), -1)
            case GlobalAverage():
                x = x.mean(axis=(1, 2))
            case Dropout(rate):
                if key is not None and rate:
                    key, mine = jax.random.split(key)
                    x = jnp.where(jax.random.bernoulli(mine, 1 - rate, x.shape), x / (1 - rate), 0)
            case Dense(_, activation):
                x = x @ next(rest) + next(rest)
                x = jax.nn.relu(x) if activation == "relu" else x
    return x
