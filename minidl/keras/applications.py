"""Left out: importing it says so."""
from minidl.keras import LEFT_OUT

raise ImportError(f"minidl leaves keras.applications out: {LEFT_OUT['applications']}")
