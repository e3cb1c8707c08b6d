"""Nets as scikit-learn's estimators: `KerasClassifier` and `KerasRegressor`, for ``GridSearchCV``, ``cross_val_score`` and pipelines.

    def net(units=16):
        model = Sequential([Input((4,)), Dense(units, "relu"), Dense(3, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy")
        return model

    GridSearchCV(KerasClassifier(net, epochs=20, verbose=0), {"model__units": [8, 16], "batch_size": [16, 32]}).fit(x, y)

The arguments are those of scikeras' and of the wrapper that Keras had before. scikit-learn is needed as soon as this module is imported."""
import inspect
import weakref
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, Self

import numpy as np

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.class_weight import compute_sample_weight
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import _check_sample_weight, check_is_fitted, column_or_1d, validate_data
except ImportError as error:
    raise ImportError("minidl.wrappers needs scikit-learn 1.6 or newer: pip install 'minidl[sklearn]'") from error

from minidl import losses, optimizers
from minidl.data.splits import one_hot
from minidl.models import Model
from minidl.notes import note
from minidl.ops import sigmoid, softmax
from minidl.random_numbers import set_seed
from minidl.registry import nearest

ROUTES = ("model", "optimizer", "loss", "compile", "fit", "predict")  # model__units goes to the function that builds the model
_told: "weakref.WeakSet[Callable[..., Any]]" = weakref.WeakSet()  # builders whose own optimiser was noted


class _Wrapper(BaseEstimator):  # type: ignore[misc]
    """``model`` (or ``build_fn``, its older name): a function that builds a model, compiled or not, or a `Model`.

    If the model is not compiled, ``optimizer`` (a name, class or object; "rmsprop" if None), ``loss`` (by the targets if None) and
    ``metrics`` compile it. ``epochs``, ``batch_size``, ``verbose``, ``callbacks``, ``validation_split``, ``shuffle``: as
    `Model.fit` takes them. ``random_state``: a seed for weights, shuffling and dropout. ``warm_start``: fit goes on where it was.

    Other arguments are for the function (``units=8``, if it has such an argument, or ``model__units=8``) or for what their beginning says:
    ``optimizer__learning_rate``, ``loss__from_logits``, ``compile__…``, ``fit__…``, ``predict__…``. Unknown ones raise TypeError.

    After `fit`: ``model_``, and ``history_``, a dictionary of lists."""

    def __init__(
        self, model: Any = None, *, build_fn: Any = None, optimizer: Any = None, loss: Any = None, metrics: Any = None,
        epochs: int = 1, batch_size: int | None = None, verbose: Any = 1, callbacks: Any = None, validation_split: float = 0.0,
        shuffle: bool = True, random_state: Any = None, warm_start: bool = False, **routed: Any,
    ):  # fmt: skip
        self.model = model
        self.build_fn = build_fn
        self.optimizer = optimizer
        self.loss = loss
        self.metrics = metrics
        self.epochs = epochs
        self.batch_size = batch_size
        self.verbose = verbose
        self.callbacks = callbacks
        self.validation_split = validation_split
        self.shuffle = shuffle
        self.random_state = random_state
        self.warm_start = warm_start
        self.__dict__.update(routed)  # scikit-learn asks for them by name; `fit` checks them

    # ---------------------------------------------------------------- parameters

    def _routed(self) -> dict[str, Any]:
        """The arguments that are for somebody else, by their names."""
        own = {*self._get_param_names(), *vars(type(self))}
        return {name: value for name, value in vars(self).items() if name not in own and name[0] != "_" and name[-1] != "_"}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The arguments that it was made with."""
        return {**super().get_params(deep), **self._routed()}

    def set_params(self, **params: Any) -> Self:
        """Change arguments; those for others too (``optimizer__learning_rate=0.1``)."""
        for name, value in params.items():
            self._check_known(name)
            setattr(self, name, value)
        return self

    def _check_known(self, name: str) -> None:
        known = {*self._get_param_names(), *_arguments(self._builder(required=False)), *_arguments(Model.fit)} - {"self", "x", "y"}
        route, _, rest = name.partition("__")
        if name not in known and not (rest and route in ROUTES):
            raise TypeError(f"{type(self).__name__} has no argument {name!r}: {nearest(name, [*known, *(f'{r}__…' for r in ROUTES)])}")

    def _for(self, route: str) -> dict[str, Any]:
        """The arguments that begin with ``route__``, without that."""
        return {name.removeprefix(f"{route}__"): value for name, value in self._routed().items() if name.startswith(f"{route}__")}

    # ---------------------------------------------------------------- the model

    def _builder(self, required: bool = True) -> Any:
        if required and (self.model is None) == (self.build_fn is None):
            raise ValueError(f"{type(self).__name__} needs a function that builds a model, as model=… (or build_fn=…, its older name)")
        return self.build_fn if self.model is None else self.model

    def _make_model(self) -> Model:
        for name in self._routed():
            self._check_known(name)
        builder = self._builder()
        if isinstance(builder, Model):
            model = deepcopy(builder)  # so that each fit starts from it
        else:
            given = {name: value for name, value in self.get_params(deep=False).items() if value is not None}
            if "meta" in _arguments(builder):
                given["meta"] = {name: value for name, value in vars(self).items() if name.endswith("_")}
            chosen = {name: given[name] for name in _arguments(builder) if name in given and name not in ("model", "build_fn")}
            model = builder(**chosen | self._for("model"))
        if not isinstance(model, Model):
            raise TypeError(f"the function that builds the model must return a Model; it returned {type(model).__name__}")
        if model.optimizer is None:
            options = self._for("compile")
            model.compile(self._optimizer(), self._loss(model), metrics=self.metrics, **options)
        elif (self.optimizer is not None and "optimizer" not in _arguments(builder)) or self._for("optimizer"):
            self._note_own_optimizer(builder)
        return model

    def _note_own_optimizer(self, builder: Any) -> None:
        if builder not in _told:
            _told.add(builder)
            note(
                "the function that builds the model compiles it with an optimizer of its own: the one given here (by a search?) has no "
                "effect; give the function an argument optimizer, or leave compile to the wrapper"
            )

    def _optimizer(self) -> Any:
        options = self._for("optimizer")
        given = "rmsprop" if self.optimizer is None else self.optimizer
        made = optimizers.get(given)
        return type(made).from_config({**made.get_config(), **options}) if options or made is given else made  # one of its own

    def _loss(self, model: Model) -> Any:
        options = self._for("loss")
        made = losses.get(self._default_loss(model) if self.loss is None else self.loss)
        return type(made).from_config({**made.get_config(), **options}) if options else made

    def _default_loss(self, model: Model) -> str:
        raise NotImplementedError

    # ---------------------------------------------------------------- training and predicting

    def _train(self, X: Any, target: Callable[[Model], Any], sample_weight: Any, options: Mapping[str, Any]) -> None:
        if self.random_state is not None:
            set_seed(int(check_random_state(self.random_state).randint(2**31)))
        if not (self.warm_start and hasattr(self, "model_")):
            self.model_ = self._make_model()
            self.history_: dict[str, list[float]] = {}
        self.X_shape_ = X.shape
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, allow_all_zero_weights=False)
        names = "epochs", "batch_size", "verbose", "callbacks", "validation_split", "shuffle"
        arguments = {name: getattr(self, name) for name in names}
        arguments |= {name: value for name, value in self._routed().items() if name in _arguments(Model.fit) and name != "class_weight"}
        arguments |= {**self._for("fit"), **options}
        history = self.model_.fit(X, target(self.model_), sample_weight=sample_weight, **arguments)
        for name, values in history.history.items():
            self.history_.setdefault(name, []).extend(values)

    def _outputs(self, X: Any, options: Mapping[str, Any]) -> np.ndarray:
        check_is_fitted(self, "model_")
        X = validate_data(self, X, reset=False, allow_nd=True)
        arguments = {"batch_size": self.batch_size, "verbose": self.verbose, **self._for("predict"), **options}
        outputs = self.model_.predict(X, **arguments)
        if not isinstance(outputs, np.ndarray):
            raise ValueError("a model with several outputs is no estimator")
        return outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = self.random_state is None
        return tags


class KerasClassifier(ClassifierMixin, _Wrapper):  # type: ignore[misc]
    __doc__ = f"""A net that tells classes apart, as scikit-learn's estimator.

    {_Wrapper.__doc__}, and ``classes_``.

    ``class_weight``: a dictionary by class, or "balanced". The targets are numbers or names (n,), or one-hot rows (n, K); predictions have
    the same form. The function may have an argument ``meta``: a dictionary of what is known of the data, ``n_classes_``,
    ``classes_``, ``n_features_in_`` and ``X_shape_``."""

    def __init__(
        self, model: Any = None, *, build_fn: Any = None, optimizer: Any = None, loss: Any = None, metrics: Any = None,
        epochs: int = 1, batch_size: int | None = None, verbose: Any = 1, callbacks: Any = None, validation_split: float = 0.0,
        shuffle: bool = True, random_state: Any = None, warm_start: bool = False, class_weight: Any = None, **routed: Any,
    ):  # fmt: skip
        super().__init__(
            model, build_fn=build_fn, optimizer=optimizer, loss=loss, metrics=metrics, epochs=epochs, batch_size=batch_size,
            verbose=verbose, callbacks=callbacks, validation_split=validation_split, shuffle=shuffle, random_state=random_state,
            warm_start=warm_start, **routed,
        )  # fmt: skip
        self.class_weight = class_weight

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **options: Any) -> Self:
        """Build the model and train it on X (n, …) and y (n,) or (n, K); ``options`` go to `Model.fit`."""
        X, y = validate_data(self, X, y, allow_nd=True, multi_output=True)
        classes, numbers = self._understand(y)
        if not (self.warm_start and hasattr(self, "model_")):
            self.classes_, self.n_classes_, self._dtype = classes, len(classes), y.dtype
            self._one_hot = y.ndim == 2 and y.shape[1] > 1
        elif not np.array_equal(classes, self.classes_):
            raise ValueError(f"with warm_start, the classes stay: {self.classes_}; got {classes}")
        if self.class_weight is not None:
            weights = compute_sample_weight(self.class_weight, classes[numbers])
            sample_weight = weights if sample_weight is None else weights * sample_weight
        self._train(X, lambda model: self._targets(model, numbers), sample_weight, options)
        return self

    def _understand(self, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """The classes, and for each example the number of its own."""
        if y.ndim == 2 and y.shape[1] > 1:
            if not (np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all()):
                raise ValueError(f"targets are classes (n,) or one-hot rows (n, K), with one 1 in each row; got shape {y.shape}")
            return np.arange(y.shape[1]), y.argmax(axis=1)
        check_classification_targets(y)
        return np.unique(column_or_1d(y, warn=True), return_inverse=True)

    def _targets(self, model: Model, numbers: np.ndarray) -> np.ndarray:
        """The targets as the loss wants them: one-hot rows, or class numbers."""
        if isinstance(model.objective.losses[0], losses.CategoricalCrossentropy):
            return one_hot(numbers, self.n_classes_)
        return numbers

    def _default_loss(self, model: Model) -> str:
        return "binary_crossentropy" if model.outputs and model.outputs[0].shape[-1] == 1 else "sparse_categorical_crossentropy"

    def predict_proba(self, X: Any, **options: Any) -> np.ndarray:
        """The probability of each class, (n, K); ``options`` go to `Model.predict`. Scores, where the loss takes such, are made
        probabilities."""
        outputs = self._outputs(X, options)
        if getattr(self.model_.objective.losses[0], "from_logits", False):
            outputs = (sigmoid if outputs.shape[-1] == 1 else softmax)(outputs).numpy()
        if self.n_classes_ == 1:
            return np.ones((len(outputs), 1))
        if outputs.ndim != 2 or outputs.shape[1] not in (1, self.n_classes_):
            raise ValueError(f"the model must give a number for each of {self.n_classes_} classes; it gave {outputs.shape[1:]} an example")
        return np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs

    def predict(self, X: Any, **options: Any) -> np.ndarray:
        """The most probable classes, in the form of the targets."""
        numbers = self.predict_proba(X, **options).argmax(axis=1)
        classes: np.ndarray = one_hot(numbers, self.n_classes_, self._dtype) if self._one_hot else self.classes_[numbers]
        return classes


class KerasRegressor(RegressorMixin, _Wrapper):  # type: ignore[misc]
    __doc__ = f"""A net that predicts numbers, as scikit-learn's estimator.

    {_Wrapper.__doc__}. The function may have an argument ``meta``: a dictionary of what is known of the data, ``n_outputs_``,
    ``n_features_in_`` and ``X_shape_``."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **options: Any) -> Self:
        """Build the model and train it on X (n, …) and y (n,) or (n, K); ``options`` go to `Model.fit`."""
        X, y = validate_data(self, X, y, allow_nd=True, multi_output=True, y_numeric=True)
        self._flat, self.n_outputs_ = y.ndim == 1, y.shape[1] if y.ndim > 1 else 1
        self._train(X, lambda _: y, sample_weight, options)
        return self

    def _default_loss(self, model: Model) -> str:
        return "mean_squared_error"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def predict(self, X: Any, **options: Any) -> np.ndarray:
        """The numbers predicted, in the form of the targets."""
        outputs = self._outputs(X, options).astype("float64")
        return outputs.reshape(-1) if self._flat and outputs.shape[1:] == (1,) else outputs


def _arguments(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters) if callable(function) and not isinstance(function, Model) else []
