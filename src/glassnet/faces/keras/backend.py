"""What programs ask of Keras's backend: its kind of numbers, and names counted anew."""

from __future__ import annotations

from glassnet.faces.keras.layer import clear_session

__all__ = ["backend", "clear_session", "epsilon", "floatx", "image_data_format"]


def backend() -> str:
    """Who does the work."""
    return "glassnet"


def floatx() -> str:
    """The kind of all numbers."""
    return "float32"


def epsilon() -> float:
    """A number near 0 that keeps logarithms and quotients finite."""
    return 1e-7


def image_data_format() -> str:
    """Where the channels of an image stand."""
    return "channels_last"
