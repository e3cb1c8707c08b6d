"""CUDA graphs: the work of one training step, recorded once and started as a whole."""
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any


class Recorder:
    """A stream and a pool of memory of their own. The graph's arrays lie in the pool, which nobody else ever takes from; a step that ran
    there before has left in it all the blocks that the recorded one needs, so that none has to be asked for while recording."""

    def __init__(self) -> None:
        import cupy

        self.cuda = cupy.cuda
        self.stream, self.pool = cupy.cuda.Stream(non_blocking=True), cupy.cuda.MemoryPool()
        self.before, self.after = (cupy.cuda.Event(disable_timing=True) for _ in range(2))

    @contextmanager
    def active(self) -> Iterator[None]:
        """What runs here runs on the stream, after all that was started before and before all that is started later."""
        outside = self.cuda.get_current_stream()
        self.before.record(outside)
        self.stream.wait_event(self.before)
        try:
            with self.stream, self.cuda.using_allocator(self.pool.malloc):
                yield
        finally:
            self.after.record(self.stream)
            outside.wait_event(self.after)

    def record(self, work: Callable[[], Any]) -> tuple[Any, Callable[[], None]]:
        """What ``work`` returns, and a function that does the same work on the GPU again. It was recorded, not done."""
        self.stream.begin_capture()
        try:
            result = work()
        except BaseException:
            with suppress(Exception):  # the first error is the one that counts
                self.stream.end_capture()
            raise
        graph = self.stream.end_capture()
        return result, lambda: graph.launch(self.stream)


def free_memory() -> int:
    """The bytes that are free on the GPU, with those that CuPy's pool holds in reserve."""
    import cupy

    return int(cupy.cuda.runtime.memGetInfo()[0]) + int(cupy.get_default_memory_pool().free_bytes())
