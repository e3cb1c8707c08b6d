"""Tests marked ``mangled`` run only when they are asked for."""
import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "mangled" not in config.getoption("-m"):
        late = [item for item in items if item.get_closest_marker("mangled")]
        config.hook.pytest_deselected(items=late)
        items[:] = [item for item in items if item not in set(late)]
