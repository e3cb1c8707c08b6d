"""Step through backpropagation: a recording of the engine's own steps, in the terminal, the notebook and the browser."""
from minidl.stepper.comparing import Comparison, Difference, compare
from minidl.stepper.quiz import Answer, check_prediction
from minidl.stepper.recording import record, run_script
from minidl.stepper.steps import Backward, Forward, Group, Step, Update, Value
from minidl.stepper.tape import Tape
from minidl.stepper.windows import ConvolutionWindow, DropoutWindow, PoolingWindow

__all__ = [
    "Answer", "Backward", "Comparison", "ConvolutionWindow", "Difference", "DropoutWindow", "Forward", "Group", "PoolingWindow", "Step",
    "Tape", "Update", "Value", "check_prediction", "compare", "record", "run_script",
]  # fmt: skip
