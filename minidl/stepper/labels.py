"""What values are called: by their own name, by the learner's variable, by their op and a number."""
from collections import Counter

from minidl.stepper.steps import Value


class Labels:
    """One label for each value, the same every time: "w", "w (1 update)", "tanh 3"."""

    def __init__(self) -> None:
        self._known: dict[Value, str] = {}
        self._count: Counter[str] = Counter()

    def of(self, value: Value) -> str:
        if value not in self._known:
            self._known[value] = self._new(value)
        return self._known[value]

    def _new(self, value: Value) -> str:
        if value.kind == "number":
            return str(value.owner)
        if value.name:
            base = value.name
        elif value.maker is not None:
            base = value.maker.op.name
        else:
            base = value.kind
        if value.updates:
            return f"{base} ({value.updates} update{'s' if value.updates > 1 else ''})"
        self._count[base] += 1
        return base if value.name and self._count[base] == 1 else f"{base} {self._count[base]}"
