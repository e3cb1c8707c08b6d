"""What the lessons are made with: exercises that check themselves, predictions to make before the answer, pages inside a page.

    exercise = Exercise("step", "What one update does.", hints=["…", "…", "…"])
    exercise.check("down a slope", lambda: step(w=2.0, g=4.0, rate=0.5), 0.0)
    exercise.done()
"""
from .exercises import Exercise, Prediction, embed

__all__ = ["Exercise", "Prediction", "embed"]
