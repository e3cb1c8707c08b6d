"""Pictures of data, training and results.

    minidl.plots.learning_curves(history)                               how training went
    minidl.plots.confusion_matrix((y_true, y_pred), class_names)        what is taken for what
    minidl.plots.predictions(images, y_true, probabilities)             right and wrong, the surest mistakes first
    minidl.plots.filters(kernel)                                        what the first layer looks for
    minidl.plots.gallery(images, labels, class_names)                   the data
    minidl.plots.plot_model(model, "model.png")                         its layers as boxes and arrows

Each takes data and returns a `matplotlib.figure.Figure`, which a notebook shows as it is and `figure.savefig("curves.png")` writes.
`alt_text(figure)` says in words what it shows. Nothing is kept: no window, no current figure, so pictures can be made in any thread.
"""

from .canvas import alt_text
from .confusion import confusion_matrix
from .curves import learning_curves
from .layers import plot_model
from .pictures import gallery, predictions
from .weights import filters

__all__ = ["alt_text", "confusion_matrix", "filters", "gallery", "learning_curves", "plot_model", "predictions"]
