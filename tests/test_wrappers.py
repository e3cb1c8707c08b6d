"""Nets as scikit-learn's estimators."""
import warnings
from functools import partial

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from minidl import Input, Sequential, losses, optimizers
from minidl.layers import Dense, Flatten
from minidl.wrappers import KerasClassifier, KerasRegressor

X, Y = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]


def net(units=8, last="softmax"):
    return Sequential([Input((4,)), Dense(units, "tanh"), Dense(3, last)])


def compiled(units=8, optimizer="adam", loss="sparse_categorical_crossentropy"):
    model = net(units)
    model.compile(optimizer, loss, metrics=["accuracy"])
    return model


def classifier(builder=net, **options):
    return KerasClassifier(builder, **{"optimizer": optimizers.Adam(0.05), "epochs": 20, "verbose": 0, "random_state": 0, **options})


# ---------------------------------------------------------------- the protocol

EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": "shuffled batches differ where an example comes twice in the place of a weight of 2",
    "check_do_not_raise_errors_in_init_or_set_params": "the check takes the name of **routed for an argument, and set_params explains it",
}


def any_classifier(meta):
    return Sequential([Input((meta["n_features_in_"],)), Dense(16, "relu"), Dense(meta["n_classes_"], "softmax")])


def any_regressor(meta):
    return Sequential([Input((meta["n_features_in_"],)), Dense(16, "relu"), Dense(meta["n_outputs_"])])


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "builder"), [(KerasClassifier, any_classifier), (KerasRegressor, any_regressor)])
def test_the_checks_of_scikit_learn(kind, builder):
    estimator = kind(builder, optimizer=optimizers.Adam(0.1), epochs=12, verbose=0, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(estimator, on_fail=None, expected_failed_checks=EXPECTED)
    assert [r["check_name"] for r in results if r["status"] == "failed"] == []
    assert {r["check_name"] for r in results if r["status"] == "xfail"} == set(EXPECTED)
    assert sum(r["status"] == "passed" for r in results) > 50


# ---------------------------------------------------------------- learning


@pytest.mark.parametrize("y", [Y, NAMES, np.eye(3)[Y], np.eye(3, dtype="int64")[Y]], ids=["numbers", "names", "one-hot", "ints"])
@pytest.mark.parametrize("loss", [None, "sparse_categorical_crossentropy", losses.CategoricalCrossentropy(), "categorical_crossentropy"])
def test_every_form_of_labels_with_every_loss(y, loss):
    fitted = classifier(loss=loss, metrics=["accuracy"]).fit(X, y)
    predicted = fitted.predict(X)
    assert predicted.shape == y.shape and predicted.dtype == y.dtype
    assert fitted.score(X, y) == accuracy_score(y, predicted) > 0.9
    assert fitted.predict_proba(X).shape == (150, 3)
    assert set(fitted.history_) == {"loss", "accuracy"} and len(fitted.history_["loss"]) == 20
    assert fitted.classes_.tolist() == ([*dict.fromkeys(NAMES)] if y is NAMES else [0, 1, 2])


def test_scores_become_probabilities():
    fitted = classifier(partial(net, last=None), loss="sparse_categorical_crossentropy", loss__from_logits=True).fit(X, Y)
    assert np.allclose(fitted.predict_proba(X).sum(axis=1), 1, atol=1e-6)
    assert fitted.score(X, Y) > 0.9


def test_two_classes_with_one_output():
    def single():
        return Sequential([Input((4,)), Dense(1, "sigmoid")])

    y = np.where(Y == 0, "yes", "no")
    fitted = classifier(single).fit(X, y)
    assert fitted.predict_proba(X).shape == (150, 2)
    assert fitted.score(X, y) == 1


def test_pictures():
    pictures = np.random.default_rng(0).random((12, 5, 5, 1))

    def flat():
        return Sequential([Input((5, 5, 1)), Flatten(), Dense(2, "softmax")])

    assert classifier(flat).fit(pictures, [0, 1] * 6).predict(pictures).shape == (12,)


def test_regression():
    def line():
        return Sequential([Input((1,)), Dense(1)])

    x = np.linspace(-1, 1, 50)[:, None]
    fitted = KerasRegressor(line, optimizer=optimizers.Adam(0.1), epochs=60, verbose=0, random_state=1).fit(x, 3 * x[:, 0] + 1)
    assert fitted.score(x, 3 * x[:, 0] + 1) > 0.99
    assert fitted.predict(x).shape == (50,)
    assert fitted.fit(x, 3 * x + 1).predict(x).shape == (50, 1)


def test_weights():
    assert set(classifier(class_weight={0: 1.0, 1: 1.0, 2: 0.0}).fit(X, Y).predict(X)) == {0, 1}
    assert set(classifier().fit(X, Y, sample_weight=(Y != 2).astype(float)).predict(X)) == {0, 1}
    assert classifier(class_weight="balanced").fit(X[:120], Y[:120]).score(X, Y) > 0.8
    with pytest.raises(ValueError, match="Sample weights must contain at least one non-zero number"):
        classifier().fit(X, Y, sample_weight=np.zeros(150))


def test_the_same_seed_gives_the_same_net():
    first, second = (classifier(epochs=2).fit(X, Y).predict_proba(X) for _ in range(2))
    assert (first == second).all()
    assert (first != classifier(epochs=2, random_state=1).fit(X, Y).predict_proba(X)).any()


def test_a_warm_start_goes_on():
    warm = classifier(epochs=2, warm_start=True).fit(X, Y)
    model = warm.model_
    warm.fit(X, Y)
    assert warm.model_ is model and len(warm.history_["loss"]) == 4
    assert classifier(epochs=2).fit(X, Y).fit(X, Y).history_["loss"][1:] == [pytest.approx(warm.history_["loss"][1])]
    with pytest.raises(ValueError, match="with warm_start, the classes stay"):
        warm.fit(X[:100], Y[:100])


# ---------------------------------------------------------------- where arguments go


def test_arguments_by_their_beginning():
    made = classifier(optimizer="sgd", optimizer__learning_rate=0.25, optimizer__momentum=0.5, model__units=5, fit__epochs=3)
    fitted = made.fit(X, Y)
    assert (fitted.model_.optimizer.learning_rate, fitted.model_.optimizer.momentum) == (0.25, 0.5)
    assert fitted.model_.layers[0].units == 5 and len(fitted.history_["loss"]) == 3
    assert fitted.predict(X, batch_size=7).shape == (150,)
    assert len(fitted.fit(X, Y, epochs=1).history_["loss"]) == 1


def test_arguments_of_the_function():
    fitted = KerasClassifier(build_fn=compiled, units=6, optimizer="sgd", epochs=1, verbose=0).fit(X, Y)
    assert fitted.model_.layers[0].units == 6
    assert type(fitted.model_.optimizer).__name__ == "SGD"
    assert KerasClassifier(build_fn=compiled, epochs=1, verbose=0).fit(X, Y).model_.optimizer.name == "Adam", "its own default"


def test_the_optimizer_given_is_not_used_up():
    given = optimizers.Adam(0.05)
    fitted = classifier(optimizer=given, epochs=1).fit(X, Y)
    assert given.iterations == 0 and fitted.model_.optimizer.learning_rate == 0.05


def test_a_model_is_copied_for_each_fit():
    model = compiled()
    before = model.get_weights()
    fitted = KerasClassifier(model, epochs=1, verbose=0).fit(X, Y)
    assert all((a == b).all() for a, b in zip(before, model.get_weights()))
    assert any((a != b).any() for a, b in zip(before, fitted.model_.get_weights()))


def test_unknown_arguments_are_explained():
    for wrong in (lambda: classifier(unts=3).fit(X, Y), lambda: classifier().set_params(unts=3)):
        with pytest.raises(TypeError, match="KerasClassifier has no argument 'unts': did you mean 'units'"):
            wrong()
    with pytest.raises(TypeError, match="has no argument 'modl__units'"):
        classifier(modl__units=3).fit(X, Y)
    with pytest.raises(TypeError, match="Adam has no argument 'rate'"):
        classifier(optimizer="adam", optimizer__rate=3).fit(X, Y)


def test_what_is_refused():
    with pytest.raises(ValueError, match="needs a function that builds a model"):
        KerasClassifier().fit(X, Y)
    with pytest.raises(ValueError, match="needs a function that builds a model"):
        KerasClassifier(net, build_fn=net).fit(X, Y)
    with pytest.raises(TypeError, match="must return a Model; it returned NoneType"):
        KerasClassifier(lambda: None).fit(X, Y)
    with pytest.raises(ValueError, match="one-hot rows"):
        classifier().fit(X, np.ones((150, 3)))
    with pytest.raises(ValueError, match=r"a number for each of 2 classes; it gave \(3,\)"):
        classifier(epochs=1).fit(X[:100], Y[:100]).predict(X)


def test_parameters_can_be_read_and_cloned():
    made = classifier(optimizer__learning_rate=0.1, units=3)
    again = clone(made)
    assert {"units": 3, "optimizer__learning_rate": 0.1, "epochs": 20}.items() <= again.get_params().items()
    assert again.set_params(units=4, model__last="softmax").get_params()["units"] == 4
    assert made.get_params()["units"] == 3


# ---------------------------------------------------------------- in scikit-learn's hands


@pytest.mark.parametrize("labels", [Y, np.eye(3)[Y]], ids=["numbers", "one-hot"])
def test_grid_search(labels):
    grid = {"optimizer": ["SGD", "Adam"], "optimizer__learning_rate": [1e-6, 0.05], "model__units": [4]}
    search = GridSearchCV(KerasClassifier(net, epochs=15, verbose=0, random_state=0), grid, cv=KFold(2, shuffle=True, random_state=0))
    search.fit(X, labels)
    assert search.best_params_ == {"optimizer": "Adam", "optimizer__learning_rate": 0.05, "model__units": 4}
    assert search.best_score_ > 0.8
    assert search.best_estimator_.model_.layers[0].units == 4


def test_cross_validation_and_pipelines():
    raw = load_iris().data
    made = make_pipeline(StandardScaler(), classifier(epochs=10))
    assert cross_val_score(made, raw, NAMES, cv=3).mean() > 0.8
    assert made.set_params(kerasclassifier__model__units=3).fit(raw, NAMES)[-1].model_.layers[0].units == 3


def test_a_search_over_an_optimizer_that_has_no_effect_is_noted_once():
    def builder():
        model = net()
        model.compile("adam", "sparse_categorical_crossentropy")
        return model

    search = GridSearchCV(KerasClassifier(builder, epochs=1, verbose=0), {"optimizer": ["sgd", "adam"]}, cv=2)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        search.fit(X, Y)
    assert [w.category for w in caught] == [UserWarning]
    assert "compiles it with an optimizer of its own" in str(caught[0].message)
