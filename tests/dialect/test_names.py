"""Every name of the dialect is one of the engine's; what is left out says so in one sentence, when it is used."""
import importlib
import pkgutil
import subprocess
import sys

import pytest

import minidl
import minidl as tf
from minidl import callbacks, keras, layers, losses, metrics, models, ops, optimizers
from minidl.keras.naming import WHOLE_MODULES

WALKED = [module.name for module in pkgutil.walk_packages(keras.__path__, "minidl.keras.")]
MODULES = [
    "minidl.keras", *(name for name in WALKED if name.rpartition(".")[2] not in WHOLE_MODULES),
    "minidl.image", "minidl.math", "minidl.nn", "minidl.random",
]  # fmt: skip


def table(module, name):
    return getattr(importlib.import_module(module), name, {})


NAMES = [(module, name) for module in MODULES for name in table(module, "NAMES")]
LEFT_OUT = [(module, name) for module in MODULES for name in table(module, "LEFT_OUT")]


def owner(module):
    """Where a learner finds the names of that table: the functions of TensorFlow are minidl's own attributes."""
    return minidl if module == "minidl.keras.tensorflow" else importlib.import_module(module)


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_every_name_is_there(module, name):
    value = getattr(owner(module), name)
    assert value is getattr(owner(module), name)
    assert (getattr(value, "__module__", None) or "minidl").split(".")[0] in ("minidl", "numpy", "builtins")


@pytest.mark.parametrize(("module", "name"), LEFT_OUT)
def test_what_is_left_out_can_be_imported_and_says_so_when_it_is_used(module, name):
    value = getattr(owner(module), name)
    for use in (lambda: value(1, a=2), lambda: value.something, lambda: type("Own", (value,), {})):
        with pytest.raises(NotImplementedError, match=rf"^minidl leaves \S*\b{name} out: \S") as raised:
            use()
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("module", ["applications", "applications.vgg16", "preprocessing.text", "preprocessing.sequence"])
def test_modules_that_are_left_out_say_so_when_they_are_imported(module):
    with pytest.raises(ImportError, match=r"^minidl leaves keras\.\S+ out: "):
        importlib.import_module(f"minidl.keras.{module}")


def test_no_module_of_the_dialect_defines_a_class_of_its_own():
    """But two: the constants of Reduction, and what stands for what is left out."""
    own = {
        f"{module}.{name}"
        for module in MODULES
        for name, value in vars(importlib.import_module(module)).items()
        if isinstance(value, type) and value.__module__ == module
    }
    assert own == {"minidl.keras.adapters.Reduction", "minidl.keras.naming._LeftOut"}


def test_they_are_the_engines_own():
    assert keras.layers.Conv2D is layers.Conv2D and keras.Model is models.Model and keras.Sequential is minidl.Sequential
    assert keras.layers.MaxPool2D is keras.layers.MaxPooling2D is layers.MaxPooling2D
    assert keras.optimizers.Adam is keras.optimizers.legacy.Adam is optimizers.Adam
    assert keras.optimizers.schedules.CosineDecay is optimizers.schedules.CosineDecay
    assert keras.losses.MSE is keras.metrics.mean_squared_error is losses.mean_squared_error
    assert keras.metrics.CategoricalAccuracy is metrics.CategoricalAccuracy and keras.callbacks.History is callbacks.History
    assert tf.nn.relu is keras.activations.relu is ops.relu
    assert tf.keras is keras and tf.data is minidl.data and tf.random.set_seed is minidl.set_seed
    assert keras.utils.set_random_seed is minidl.set_seed
    assert tf.__version__ == keras.__version__ == minidl.__version__
    assert keras.datasets.cifar10.load_data is minidl.data.cifar10.load_data
    assert keras.preprocessing.image_dataset_from_directory is keras.utils.image_dataset_from_directory


@pytest.mark.parametrize(
    ("owner", "name", "sentence"),
    [
        (keras.layers, "Densee", r"module 'minidl\.keras\.layers' has no 'Densee': did you mean 'Dense'"),
        (keras, "layer", r"module 'minidl\.keras' has no 'layer': did you mean .*'layers'"),
        (minidl, "plot", r"module 'minidl' has no 'plot': did you mean 'plots'"),
        (minidl, "argmx", r"module 'minidl' has no 'argmx': did you mean 'argmax' or 'argmin'"),
        (tf.random, "seed", r"module 'minidl\.random' has no 'seed'"),
    ],
)
def test_misspelt_names_are_answered_with_the_nearest(owner, name, sentence):
    with pytest.raises(AttributeError, match=sentence):
        getattr(owner, name)
    assert not hasattr(owner, name)


def test_all_forms_of_import():
    names = {}
    exec(
        """
import minidl as tf
import minidl.keras as K
from minidl import keras
from minidl.random import set_seed
from minidl.nn import softmax
from minidl.keras import backend, layers, models, optimizers, Input, Sequential
from minidl.keras.backend import clear_session
from minidl.keras.callbacks import EarlyStopping, ModelCheckpoint, TensorBoard
from minidl.keras.datasets import cifar10, fashion_mnist, mnist
from minidl.keras.datasets.mnist import load_data
from minidl.keras.initializers import HeNormal, he_normal
from minidl.keras.layers import Dense, Dropout, Conv2D, MaxPool2D, Input, add, GlobalAveragePooling2D, LSTM
from minidl.keras.losses import SparseCategoricalCrossentropy
from minidl.keras.metrics import CategoricalAccuracy
from minidl.keras.models import Model, Sequential, load_model
from minidl.keras.optimizers import SGD, Adam, RMSprop
from minidl.keras.optimizers.schedules import ExponentialDecay
from minidl.keras.preprocessing import image
from minidl.keras.preprocessing.image import ImageDataGenerator, img_to_array, load_img
from minidl.keras.regularizers import l1, l2, L1L2
from minidl.keras.utils import get_file, image_dataset_from_directory, to_categorical
from minidl.keras.wrappers.scikit_learn import KerasClassifier
from minidl.keras import applications
""",
        names,
    )
    assert names["he_normal"] is names["HeNormal"] and names["K"] is keras


def test_importing_the_dialect_loads_what_is_asked_for_and_no_more():
    code = "import sys, minidl.keras; minidl.keras.layers.Dense; print('minidl.data.generators' in sys.modules, 'sklearn' in sys.modules)"
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False False\n"


def test_every_module_lists_its_names():
    for module in MODULES:
        if names := table(module, "NAMES"):
            assert module == "minidl.keras.tensorflow" or dir(importlib.import_module(module)) == sorted(names)


def test_everything_of_a_module_can_be_imported_with_a_star():
    names = {}
    exec("from minidl.keras.layers import *\nfrom minidl.keras.optimizers import *", names)
    assert names["Dense"] is layers.Dense and names["Adam"] is optimizers.Adam
    with pytest.raises(NotImplementedError, match=r"^minidl leaves keras\.layers\.LSTM out: "):
        names["LSTM"](64)


def test_modules_of_older_versions_are_found_as_attributes():
    assert tf.keras.optimizers.legacy.Adam is optimizers.Adam
    assert tf.keras.optimizers.schedules.ExponentialDecay is optimizers.schedules.ExponentialDecay
    assert tf.keras.layers.experimental.preprocessing.RandomFlip is layers.RandomFlip
    assert tf.keras.utils.np_utils.to_categorical is tf.keras.utils.to_categorical
