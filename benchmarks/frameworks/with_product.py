"""Not a framework: NumPy's product of two 1024×1024 matrices, the most that a processor can do, measured in the same rounds."""
import platform
from typing import Any

import numpy as np

from benchmarks.frameworks.base import Framework

SIZE = 1024
OPERATIONS = 2 * SIZE**3


class Product(Framework):
    def versions(self) -> dict[str, str]:
        return {"numpy": np.__version__, "python": platform.python_version()}

    def threads_in_use(self) -> int | str:
        return self.threads

    def build(self, net: Any, weights: Any) -> None:
        rng = np.random.default_rng(0)
        self.a, self.b = rng.random((2, SIZE, SIZE), dtype="float32")
        self.c = np.empty_like(self.a)

    def load(self, x: np.ndarray, y: np.ndarray) -> None:
        pass

    def step(self) -> float:
        np.matmul(self.a, self.b, out=self.c)
        return float(self.c[0, 0])
