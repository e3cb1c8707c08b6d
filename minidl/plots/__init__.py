"""Pictures of data, training and results.

    minidl.plots.learning_curves(history)                               how training went
    minidl.plots.confusion_matrix((y_true, y_pred), class_names)        what is taken for what
    minidl.plots.predictions(images, y_true, probabilities)             right and wrong, the surest mistakes first
    minidl.plots.filters(kernel)                                        what the first layer looks for
    minidl.plots.gallery(images, labels, class_names)                   the data

    minidl.plots.errors(x, y, w, b)                                     a line, its errors and their squares
    minidl.plots.loss_curve(loss, (3, 15))                              the loss over one parameter
    minidl.plots.loss_surface(loss, (2, 14), (-30, 30), walk)           over two, with the walk downhill on it
    minidl.plots.optimizer_race({"SGD": walk, …}, loss)                 several walks on one surface
    minidl.plots.learning_rate_sweep(loss, start, rates)                too small, right, too large
    minidl.plots.activations()                                          functions and their derivatives
    minidl.plots.losses_of_a_probability()                              cross-entropy against squared loss

    minidl.plots.neurons([3, 4, 2])                                     a net as circles and lines, its parameters counted
    minidl.plots.computation_graph(y)                                   a calculation with its numbers and their derivatives

    minidl.plots.architecture(model)                                    the layers as boxes
    minidl.plots.feature_maps(model, image, layer)                      what a layer makes of a picture
    minidl.plots.grad_cam(model, images), saliency(model, images)       where the model looks
    minidl.plots.weight_histograms(model, x, y)                         weights and gradients of each layer
    minidl.plots.gradient_flow({"relu": model, …}, x, y)                what reaches the first layers
    minidl.plots.dead_units(model, x), update_ratios(ledger)            is the training healthy?
    minidl.plots.loss_landscape(model, x, y)                            the loss around a solution
    minidl.plots.decision_boundary(model, x, y)                         the border between classes, of two features

    minidl.plots.descent_animation(loss, (2, 14), (-30, 30), walk)      a walk downhill that moves; .save("walk.gif") or .html
    minidl.plots.BoundaryFrames(x, y)                                   a callback: the border while it is learned

Each takes data and returns a `matplotlib.figure.Figure`, which a notebook shows as it is and `figure.savefig("curves.png")` writes.
`alt_text(figure)` says in words what it shows. Nothing is kept: no window, no current figure, so pictures can be made in any thread.
"""

from .animations import Animation, BoundaryFrames, descent_animation
from .boxes import architecture
from .canvas import alt_text
from .confusion import confusion_matrix
from .curves import learning_curves
from .descent import errors, learning_rate_sweep, loss_curve, optimizer_race
from .diagrams import computation_graph, neurons
from .functions import activations, losses_of_a_probability
from .health import dead_units, gradient_flow, update_ratios, weight_histograms
from .insides import feature_maps, grad_cam, saliency
from .landscapes import decision_boundary, loss_landscape
from .pictures import gallery, predictions
from .surfaces import loss_surface
from .weights import filters

__all__ = [
    "Animation",
    "BoundaryFrames",
    "activations",
    "alt_text",
    "architecture",
    "computation_graph",
    "confusion_matrix",
    "dead_units",
    "decision_boundary",
    "descent_animation",
    "errors",
    "feature_maps",
    "filters",
    "gallery",
    "grad_cam",
    "gradient_flow",
    "learning_curves",
    "learning_rate_sweep",
    "loss_curve",
    "loss_landscape",
    "loss_surface",
    "losses_of_a_probability",
    "neurons",
    "optimizer_race",
    "predictions",
    "saliency",
    "update_ratios",
    "weight_histograms",
]
