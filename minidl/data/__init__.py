"""Pictures and labels: data sets, pictures of your own, and what turns them into batches.

    (x_train, y_train), (x_test, y_test) = minidl.data.shapes10.load_data()

    cifar10        60 000 small photographs, ten classes; downloaded once
    mnist          70 000 handwritten digits; downloaded once
    fashion_mnist  70 000 pictures of clothes; downloaded once
    shapes10       12 000 small drawings, ten classes; drawn by minidl, needs no network
    chests2        600 schematic chest X-rays, two classes; drawn by minidl
    folder         your own pictures, one folder per class

Importing this needs NumPy alone; Pillow and pooch are loaded when pictures are read or downloaded.
"""

from . import chests2, cifar10, fashion_mnist, folder, mnist, shapes10
from .files import get_file
from .splits import Batches, batches, k_fold, one_hot, train_test_split, train_validation_test_split

__all__ = [
    "Batches",
    "batches",
    "chests2",
    "cifar10",
    "fashion_mnist",
    "folder",
    "get_file",
    "k_fold",
    "mnist",
    "one_hot",
    "shapes10",
    "train_test_split",
    "train_validation_test_split",
]
