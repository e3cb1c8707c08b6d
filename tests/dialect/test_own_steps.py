"""Steps, metrics and losses of one's own, as Keras' guides write them."""
import numpy as np
import pytest

import minidl as tf
from minidl import keras

X = np.arange(24, dtype="float32").reshape(8, 3) / 24
Y = X.sum(1, keepdims=True)


class Step(keras.Model):
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


def compiled(kind, **arguments):
    tf.random.set_seed(1)
    inputs = keras.Input(shape=(3,))
    model = kind(inputs, keras.layers.Dense(1)(inputs))
    model.compile(**{"optimizer": "sgd", "loss": "mse", "metrics": ["mae"], **arguments})
    return model


def test_a_step_of_ones_own_trains_as_fit_does():
    histories = [compiled(kind).fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0).history for kind in (Step, keras.Model)]
    assert histories[0].keys() == {"loss", "mae"}
    assert all(histories[0][name] == pytest.approx(histories[1][name]) for name in histories[0])


def test_metrics_of_a_model_start_anew_in_each_epoch():
    tracker = keras.metrics.Mean(name="loss")

    class Own(Step):
        @property
        def metrics(self):
            return [tracker]

    history = compiled(Own, metrics=None).fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0).history
    assert history["loss"] == pytest.approx(compiled(Step).fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0).history["loss"])


class Positives(keras.metrics.Metric):
    def __init__(self, name="positives"):
        super().__init__(name=name)
        self.total = self.add_weight(name="total", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign_add(tf.reduce_sum(tf.cast(tf.constant(y_true) > 0.5, "float32")))

    def result(self):
        return self.total

    def reset_state(self):
        self.total.assign(0.0)


def test_a_metric_counts_in_a_variable():
    history = compiled(keras.Model, metrics=[Positives()]).fit(X, Y, batch_size=4, epochs=2, verbose=0).history
    assert history["positives"] == [float((Y > 0.5).sum())] * 2


@pytest.mark.parametrize(
    ("name", "hint"), [("fit_generator", "take generators"), ("predict_classes", "argmax"), ("compiled_loss", "compute_loss")]
)
def test_what_models_had_in_keras_2_is_told_with_what_to_write(name, hint):
    with pytest.raises(AttributeError, match=rf"^'Model' object has no attribute '{name}': .*{hint}"):
        getattr(compiled(keras.Model), name)
