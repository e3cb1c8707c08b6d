"""The nets of the courses, ready to train: `intro`, `dropout` and `xray`."""
from minidl.layers import Conv2D, Dense, Dropout, Flatten, GlobalAveragePooling2D, Input, MaxPooling2D
from minidl.models import Model


def intro(input_shape: tuple[int, int, int] = (32, 32, 3), classes: int = 10) -> Model:
    """The first CIFAR net: two convolutions, each followed by pooling, and two dense layers. 79,530 parameters."""
    inputs = Input(input_shape)
    x = Conv2D(16, (3, 3), activation="relu")(inputs)
    x = MaxPooling2D((2, 2))(x)
    x = Conv2D(32, (3, 3), activation="relu")(x)
    x = MaxPooling2D((2, 2))(x)
    x = Flatten()(x)
    x = Dense(64, activation="relu")(x)
    return Model(inputs, Dense(classes, activation="softmax")(x), name="cifar_model_intro")


def dropout(input_shape: tuple[int, int, int] = (32, 32, 3), classes: int = 10) -> Model:
    """A third convolution, and dropout against over-fitting. 156,074 parameters."""
    inputs = Input(input_shape)
    x = Conv2D(16, (3, 3), activation="relu")(inputs)
    x = MaxPooling2D((2, 2))(x)
    x = Conv2D(32, (3, 3), activation="relu")(x)
    x = MaxPooling2D((2, 2))(x)
    x = Conv2D(64, (3, 3), activation="relu")(x)
    x = Dropout(0.6)(x)
    x = Flatten()(x)
    x = Dense(128, activation="relu")(x)
    return Model(inputs, Dense(classes, activation="softmax")(x), name="cifar_model_dropout")


def xray(input_shape: tuple[int, int, int] = (256, 256, 1), classes: int = 2) -> Model:
    """Seven convolutions for large grey pictures, and one number at the end: the probability of class 1. 54,627 parameters."""
    if classes != 2:
        raise ValueError(f"the xray net tells two classes apart; got {classes}")
    inputs = x = Input(input_shape)
    for filters, size in ((8, 3), (8, 3), (12, 3), (12, 3), (20, 5), (20, 5)):
        x = Conv2D(filters, size, padding="same", activation="relu")(x)
        x = MaxPooling2D()(x)
    x = Conv2D(50, 5, padding="same", activation="relu")(x)
    x = GlobalAveragePooling2D()(x)
    x = Dense(128, activation="relu")(x)
    x = Dropout(0.6)(x)
    x = Dense(32, activation="relu")(x)
    return Model(inputs, Dense(1, activation="sigmoid")(x), name="xray_model")


NETS = {"intro": intro, "dropout": dropout, "xray": xray}
