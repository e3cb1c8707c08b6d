"""The command ``minidl``."""
from minidl.cli.app import main

__all__ = ["main"]
