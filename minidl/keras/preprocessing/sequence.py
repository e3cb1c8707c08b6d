"""Left out: importing it says so."""
from minidl.keras.preprocessing import LEFT_OUT

raise ImportError(f"minidl leaves keras.preprocessing.sequence out: {LEFT_OUT['sequence']}")
