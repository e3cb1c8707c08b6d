"""``tf.image``: pictures as Tensors, under TensorFlow's names."""
from typing import Any

from minidl.keras.naming import found, homes

NAMES = homes(
    "minidl.data.images",
    "resize",
) | homes(
    "minidl.keras.tensorflow_nn",
    "flip_left_right", "flip_up_down", "rot90", "grayscale_to_rgb", "rgb_to_grayscale",
)  # fmt: skip
LEFT_OUT: dict[str, str] = {
    **dict.fromkeys((
        "decode_image", "decode_jpeg", "decode_png", "encode_jpeg", "encode_png",
    ), "tf.keras.utils.load_img reads a picture, save_img writes one"),
    **dict.fromkeys((
        "adjust_brightness", "adjust_contrast", "adjust_hue", "adjust_saturation", "central_crop", "crop_and_resize",
        "pad_to_bounding_box", "per_image_standardization", "random_brightness", "random_contrast", "random_crop",
        "random_flip_left_right", "random_flip_up_down", "random_hue", "random_saturation", "resize_with_crop_or_pad",
        "resize_with_pad",
    ), "use layers such as RandomFlip, RandomContrast and Rescaling, or NumPy"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    return found(__name__, name, NAMES, LEFT_OUT)


def __dir__() -> list[str]:
    return sorted(NAMES)
