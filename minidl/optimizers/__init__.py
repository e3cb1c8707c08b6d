"""Optimisers: how parameters are moved against their gradients. ``update_rules.py`` has them all, the simplest first."""
from typing import Any

from minidl.optimizers import schedules
from minidl.optimizers.base import Optimizer
from minidl.optimizers.update_rules import SGD, Adagrad, Adam, AdamW, Momentum, RMSprop
from minidl.registry import look_up

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Momentum", "Optimizer", "RMSprop", "get", "schedules"]

_by_name = {optimizer.__name__: optimizer for optimizer in (SGD, Momentum, Adagrad, RMSprop, Adam, AdamW)}


def get(identifier: Any) -> Optimizer:
    """The optimiser of that name ("adam", in any case), or of that class, with its default arguments; an Optimizer as it is."""
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        return identifier()
    if isinstance(identifier, Optimizer):
        return identifier
    made: Optimizer = look_up(identifier, _by_name, "optimizer")()
    return made
