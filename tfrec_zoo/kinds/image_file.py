"""Encoded pictures to arrays."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from tfrec_zoo._errors import DataError


def decode_image(value: bytes | str | Path | None, height: int, width: int) -> npt.NDArray[Any]:
    """One picture as RGB.

    Args:
        value: the bytes of an image file, the path of one, or None for a black picture.
        height: rows of the result.
        width: columns of the result.

    Returns:
        uint8 [height, width, 3].

    Raises:
        DataError: an address on the web (fetch it first), or bytes that are not a picture.
    """
    if value is None or value == b"" or value == "":
        return np.zeros((height, width, 3), dtype=np.uint8)
    if isinstance(value, str) and "://" in value:
        raise DataError(f"An image must be bytes or a local path; fetch addresses first. Received: {value!r}")
    try:
        source = io.BytesIO(value) if isinstance(value, bytes) else Path(value)
        with Image.open(source) as picture:
            return np.asarray(picture.convert("RGB").resize((width, height)))
    except (UnidentifiedImageError, OSError) as error:
        shown = value if not isinstance(value, bytes) else value[:16]
        raise DataError(
            f"An image must be a picture file that Pillow reads. Received: {shown!r} ({error})"
        ) from error
