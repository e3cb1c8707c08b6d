"""The update rules, from the simplest to the richest. All follow Keras' definitions; where textbooks differ, the docstring says how.

In the formulas: w a parameter, g its gradient dL/dw, η the learning rate, t the number of this update (1, 2, …); what has a subscript
t − 1 is what the update before left. Squares, roots and quotients are taken number by number.
"""
import math
from typing import Any

from minidl.backend import Array
from minidl.checks import number, true_or_false
from minidl.optimizers.base import LearningRate, Optimizer


class SGD(Optimizer):
    """Gradient descent (Cauchy 1847; on random batches Robbins & Monro 1951):

        w ← w − η g

    with momentum β (Polyak 1964), as a ball that rolls downhill with friction 1 − β:

        v ← β v − η g                 v starts at 0
        w ← w + v                     nesterov:  w ← w + β v − η g        Sutskever et al. 2013

    Nesterov's variant looks ahead: it goes on to where v will carry w next, and takes the gradient there.
    Textbooks (and PyTorch) often write v ← β v + g, w ← w − η v. It is the same while η is constant; here, a new η changes only the
    part of v that is still to come."""

    def __init__(
        self, learning_rate: LearningRate = 0.01, momentum: float = 0.0, nesterov: bool = False, weight_decay: float | None = None,
        clipnorm: float | None = None, clipvalue: float | None = None, global_clipnorm: float | None = None, name: str = "SGD",
    ):  # fmt: skip
        super().__init__(learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, name)
        self.momentum, self.nesterov = number("momentum", momentum, at_least=0, at_most=1), true_or_false("nesterov", nesterov)
        self.slots = {"momentum": 0.0} if momentum else {}

    def update(self, xp: Any, w: Array, g: Array, state: dict[str, Array], learning_rate: float, t: int) -> None:
        step = learning_rate * g
        if not self.momentum:
            w -= step
            return
        v = state["momentum"]
        v *= self.momentum
        v -= step
        w += self.momentum * v - step if self.nesterov else v


class Momentum(SGD):
    """`SGD` with a momentum of 0.9 unless another is given."""

    def __init__(
        self, learning_rate: LearningRate = 0.01, momentum: float = 0.9, nesterov: bool = False, weight_decay: float | None = None,
        clipnorm: float | None = None, clipvalue: float | None = None, global_clipnorm: float | None = None, name: str = "Momentum",
    ):  # fmt: skip
        super().__init__(learning_rate, momentum, nesterov, weight_decay, clipnorm, clipvalue, global_clipnorm, name)


class Adagrad(Optimizer):
    """Every number of w has its own learning rate, smaller the more it has moved (Duchi et al. 2011, fig. 1):

        a ← a + g²                    a starts at initial_accumulator_value
        w ← w − η g / √(a + ε)

    In the paper a starts at 0 and ε is outside the root, √a + ε. Starting at 0.1 keeps the first steps small where gradients are."""

    def __init__(
        self, learning_rate: LearningRate = 0.001, initial_accumulator_value: float = 0.1, epsilon: float = 1e-7,
        weight_decay: float | None = None, clipnorm: float | None = None, clipvalue: float | None = None,
        global_clipnorm: float | None = None, name: str = "Adagrad",
    ):  # fmt: skip
        super().__init__(learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, name)
        self.epsilon = number("epsilon", epsilon, at_least=0)
        self.slots = {"accumulator": number("initial_accumulator_value", initial_accumulator_value, at_least=0)}

    def update(self, xp: Any, w: Array, g: Array, state: dict[str, Array], learning_rate: float, t: int) -> None:
        a = state["accumulator"]
        a += g * g
        w -= learning_rate * g / xp.sqrt(a + self.epsilon)


class RMSprop(Optimizer):
    """Adagrad that forgets: g is divided by its root mean square over the last 1 / (1 − ρ) updates or so (Hinton 2012, lecture 6e):

        v ← ρ v + (1 − ρ) g²          v starts at 0
        w ← w − η g / √(v + ε)

    centered (Graves 2013, eqs. 38–41) divides by the standard deviation, √(v − a² + ε), where

        a ← ρ a + (1 − ρ) g           a starts at 0

    with momentum β, the step is collected:

        u ← β u + η g / √(v + ε)      u starts at 0
        w ← w − u

    Hinton has no ε, PyTorch puts it outside the root: √v + ε. Inside, 1e-7 counts as much as a gradient of 3e-4."""

    def __init__(
        self, learning_rate: LearningRate = 0.001, rho: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-7, centered: bool = False,
        weight_decay: float | None = None, clipnorm: float | None = None, clipvalue: float | None = None,
        global_clipnorm: float | None = None, name: str = "RMSprop",
    ):  # fmt: skip
        super().__init__(learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, name)
        self.rho, self.momentum = number("rho", rho, at_least=0, below=1), number("momentum", momentum, at_least=0, at_most=1)
        self.epsilon, self.centered = number("epsilon", epsilon, at_least=0), true_or_false("centered", centered)
        self.slots = {"velocity": 0.0} | ({"momentum": 0.0} if momentum else {}) | ({"average_gradient": 0.0} if centered else {})

    def update(self, xp: Any, w: Array, g: Array, state: dict[str, Array], learning_rate: float, t: int) -> None:
        v = state["velocity"]
        v += (1 - self.rho) * (g * g - v)
        if self.centered:
            a = state["average_gradient"]
            a += (1 - self.rho) * (g - a)
            v = xp.maximum(v - a * a, 0)  # where g hardly changes, rounding makes the difference negative
        step = learning_rate * g / xp.sqrt(v + self.epsilon)
        if self.momentum:
            u = state["momentum"]
            u *= self.momentum
            u += step
            step = u
        w -= step


class Adam(Optimizer):
    """RMSprop with momentum, both averages freed of their start at 0 (Kingma & Ba 2015):

        m ← β₁ m + (1 − β₁) g         m starts at 0
        v ← β₂ v + (1 − β₂) g²        v starts at 0
        w ← w − η √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε)

    amsgrad (Reddi et al. 2018) takes the largest v so far in place of v: what divides m never shrinks.
    Algorithm 1 of the paper divides first: m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ), w ← w − η m̂ / (√v̂ + ε). The form here is the faster
    one at the end of its section 2. An ε here is worth ε / √(1 − β₂ᵗ) there: 32 times as much in update 1, the same in the end."""

    def __init__(
        self, learning_rate: LearningRate = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7, amsgrad: bool = False,
        weight_decay: float | None = None, clipnorm: float | None = None, clipvalue: float | None = None,
        global_clipnorm: float | None = None, name: str = "Adam",
    ):  # fmt: skip
        super().__init__(learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, name)
        self.beta_1, self.beta_2 = number("beta_1", beta_1, at_least=0, below=1), number("beta_2", beta_2, at_least=0, below=1)
        self.epsilon, self.amsgrad = number("epsilon", epsilon, at_least=0), true_or_false("amsgrad", amsgrad)
        self.slots = {"momentum": 0.0, "velocity": 0.0} | ({"velocity_hat": 0.0} if amsgrad else {})

    def update(self, xp: Any, w: Array, g: Array, state: dict[str, Array], learning_rate: float, t: int) -> None:
        m, v = state["momentum"], state["velocity"]
        m += (1 - self.beta_1) * (g - m)
        v += (1 - self.beta_2) * (g * g - v)
        if self.amsgrad:
            largest = state["velocity_hat"]
            largest[...] = xp.maximum(largest, v)
            v = largest
        rate = learning_rate * math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        w -= rate * m / (xp.sqrt(v) + self.epsilon)


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019): first w ← w − η λ w, λ = weight_decay, then Adam's rule.

    Adding λ w to g instead (L2 regularization) would divide it by √v like g: parameters with large gradients would hardly decay.
    In the paper the decay follows the schedule but not the learning rate; here, as in PyTorch, the learning rate scales it too."""

    def __init__(
        self, learning_rate: LearningRate = 0.001, weight_decay: float = 0.004, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-7, amsgrad: bool = False, clipnorm: float | None = None, clipvalue: float | None = None,
        global_clipnorm: float | None = None, name: str = "AdamW",
    ):  # fmt: skip
        weight_decay = number("weight_decay", weight_decay, at_least=0)
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay, clipnorm, clipvalue, global_clipnorm, name)
