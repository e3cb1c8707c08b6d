"""Pictures and labels: data sets, pictures of your own, and what turns them into batches.

    (x_train, y_train), (x_test, y_test) = minidl.data.shapes10.load_data()

    cifar10        60 000 small photographs, ten classes; downloaded once
    mnist          70 000 handwritten digits; downloaded once
    fashion_mnist  70 000 pictures of clothes; downloaded once
    shapes10       12 000 small drawings, ten classes; drawn by minidl, needs no network
    chests2        600 schematic chest X-rays, two classes; drawn by minidl
    folder         your own pictures, one folder per class, as arrays
    house_prices   rooms and prices of 40 houses, for lines and for gradient descent

Pictures that are read while a model trains, under the names that Keras and TensorFlow have: `image_dataset_from_directory`,
`ImageDataGenerator`, `Dataset`; single ones: `load_img`, `img_to_array`, `array_to_img`, `save_img`, `resize`; files: `get_file`.

Importing this needs NumPy alone; Pillow and pooch are loaded when pictures are read or downloaded.
"""

from . import chests2, cifar10, experimental, fashion_mnist, folder, house_prices, mnist, shapes10
from .datasets import AUTOTUNE, INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, Dataset
from .directories import image_dataset_from_directory
from .encoding import normalize, to_categorical
from .files import get_file
from .generators import ImageDataGenerator
from .images import array_to_img, img_to_array, load_img, resize, save_img
from .splits import Batches, batches, k_fold, one_hot, train_test_split, train_validation_test_split

__all__ = [
    "AUTOTUNE",
    "INFINITE_CARDINALITY",
    "UNKNOWN_CARDINALITY",
    "Batches",
    "Dataset",
    "ImageDataGenerator",
    "array_to_img",
    "batches",
    "chests2",
    "cifar10",
    "experimental",
    "fashion_mnist",
    "folder",
    "get_file",
    "house_prices",
    "image_dataset_from_directory",
    "img_to_array",
    "k_fold",
    "load_img",
    "mnist",
    "normalize",
    "one_hot",
    "resize",
    "save_img",
    "shapes10",
    "to_categorical",
    "train_test_split",
    "train_validation_test_split",
]
