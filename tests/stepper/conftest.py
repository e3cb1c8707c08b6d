import pytest
from browser import Open

from minidl.stepper.assemble import page as assembled


@pytest.fixture
def show(open_page: Open) -> Open:
    """show(tape, …): the page of a tape, opened from disk."""
    return lambda tape, *size, **options: open_page(assembled(tape), *size, **options)
