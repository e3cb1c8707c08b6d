"""Step through backpropagation: a recording of the engine's own steps, in the terminal, the notebook and the browser."""
from minidl.stepper.recording import record
from minidl.stepper.steps import Backward, Forward, Update, Value
from minidl.stepper.tape import Tape

__all__ = ["Backward", "Forward", "Tape", "Update", "Value", "record"]
