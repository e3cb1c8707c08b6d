"""Pictures and labels: data sets, pictures of your own, and what turns them into batches.

    (x_train, y_train), (x_test, y_test) = minidl.data.shapes10.load_data()

    cifar10    60 000 small photographs, ten classes; downloaded once
    shapes10   12 000 small drawings, ten classes; drawn by minidl, needs no network
    chests2    600 schematic chest X-rays, two classes; drawn by minidl
    folder     your own pictures, one folder per class

    house_prices   rooms and prices of 40 houses, for lines and for gradient descent

Importing this needs NumPy alone; Pillow and pooch are loaded when pictures are read or downloaded.
"""

from . import chests2, cifar10, folder, house_prices, shapes10
from .splits import Batches, batches, k_fold, one_hot, train_test_split, train_validation_test_split

__all__ = [
    "Batches",
    "batches",
    "chests2",
    "cifar10",
    "folder",
    "house_prices",
    "k_fold",
    "one_hot",
    "shapes10",
    "train_test_split",
    "train_validation_test_split",
]
