"""Keras' layers."""
from typing import Any

from minidl.keras.naming import found, homes

NAMES = homes(
    "minidl.layers",
    "Activation", "Add", "Average", "AveragePooling2D", "BatchNormalization", "Concatenate", "Conv2D", "Cropping2D", "Dense",
    "Dropout", "Flatten", "GlobalAveragePooling2D", "GlobalMaxPooling2D", "InputLayer", "Layer", "LeakyReLU", "MaxPooling2D",
    "Maximum", "Minimum", "Multiply", "RandomBrightness", "RandomContrast", "RandomFlip", "RandomRotation", "RandomTranslation",
    "RandomZoom", "ReLU", "Rescaling", "Reshape", "Softmax", "Subtract", "UpSampling2D", "ZeroPadding2D", "add", "average",
    "concatenate", "maximum", "minimum", "multiply", "subtract", AvgPool2D="AveragePooling2D", AveragePool2D="AveragePooling2D",
    GlobalAvgPool2D="GlobalAveragePooling2D", GlobalMaxPool2D="GlobalMaxPooling2D", MaxPool2D="MaxPooling2D", Convolution2D="Conv2D",
) | homes(
    "minidl.keras.adapters",
    "Input",
) | {"experimental": "minidl.keras.experimental"}  # fmt: skip
LEFT_OUT: dict[str, str] = {
    **dict.fromkeys((
        "RNN", "SimpleRNN", "LSTM", "GRU", "Bidirectional", "LSTMCell", "GRUCell", "SimpleRNNCell", "StackedRNNCells",
        "ConvLSTM2D", "TimeDistributed", "Masking",
    ), "it has no networks with memory; Dense on the last few steps, as one row of numbers, is the nearest"),
    **dict.fromkeys((
        "Embedding", "TextVectorization", "StringLookup", "IntegerLookup", "Hashing", "CategoryEncoding",
    ), "make numbers of the text first, as with scikit-learn's CountVectorizer, and use Dense"),
    **dict.fromkeys((
        "Attention", "AdditiveAttention", "MultiHeadAttention",
    ), "use Conv2D and Dense"),
    **dict.fromkeys((
        "Conv2DTranspose", "Convolution2DTranspose", "Deconvolution2D",
    ), "use UpSampling2D, which enlarges, and then Conv2D"),
    **dict.fromkeys((
        "Conv1D", "Conv3D", "Convolution1D", "Convolution3D", "MaxPooling1D", "MaxPooling3D", "MaxPool1D", "MaxPool3D",
        "AveragePooling1D", "AveragePooling3D", "AvgPool1D", "AvgPool3D", "GlobalAveragePooling1D", "GlobalAveragePooling3D",
        "GlobalMaxPooling1D", "GlobalMaxPooling3D", "UpSampling1D", "UpSampling3D", "ZeroPadding1D", "ZeroPadding3D",
        "Conv1DTranspose", "Conv3DTranspose",
    ), "use the layer for two dimensions with one of size 1"),
    **dict.fromkeys((
        "DepthwiseConv2D", "SeparableConv2D", "SeparableConvolution2D",
    ), "use Conv2D, which joins all channels"),
    **dict.fromkeys((
        "LayerNormalization", "GroupNormalization", "UnitNormalization", "Normalization", "SpectralNormalization",
    ), "use BatchNormalization, or Rescaling for numbers that are known"),
    **dict.fromkeys((
        "GaussianNoise", "GaussianDropout", "AlphaDropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D",
    ), "use Dropout"),
    "Lambda": "subclass minidl.layers.Layer and write call(self, x)",
    **dict.fromkeys((
        "PReLU", "ELU", "ThresholdedReLU",
    ), "use Activation('elu'), LeakyReLU or ReLU(threshold=…)"),
    **dict.fromkeys((
        "Dot", "Permute", "RepeatVector", "Cropping1D", "Cropping3D",
    ), "subclass minidl.layers.Layer and write it in minidl.ops"),
    **dict.fromkeys((
        "Resizing", "CenterCrop", "RandomCrop", "RandomHeight", "RandomWidth",
    ), "give image_size=… to image_dataset_from_directory, or use tf.image.resize before"),
    "TFSMLayer": "minidl reads .keras files: save the model as one",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    return found(__name__, name, NAMES, LEFT_OUT)


def __dir__() -> list[str]:
    return sorted(NAMES)
