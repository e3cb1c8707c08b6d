"""``python -m minidl``: the command ``minidl``."""
from minidl.cli import main

if __name__ == "__main__":
    main()
