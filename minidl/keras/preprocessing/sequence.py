"""Left out: importing it says so."""
from minidl.keras.naming import WHOLE_MODULES

raise ImportError(f"minidl leaves keras.preprocessing.sequence out: {WHOLE_MODULES['sequence']}")
