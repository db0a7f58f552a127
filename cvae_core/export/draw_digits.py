"""Draw with a trained model. This needs keras 3.5 or newer with a backend (such as tensorflow), numpy and pillow.

    python draw_digits.py                        draws digits.png: ten random codes, each as every label
    python draw_digits.py other.keras -o more.png --rows 4 --seed 7

The file holds one Keras model of standard layers:

    model = keras.saving.load_model("model.keras")
    encoder = model.get_layer("encoder")         # [image, label] -> z_mean and z_log_var
    decoder = model.get_layer("decoder")         # [z, label] -> image
    model([image, label, another_label])         # style transfer: the image as another label, in its own hand

Images are float32, (n, height, width, channels), 0 to 1; labels are one-hot, (n, labels). A model that was trained
without labels takes none anywhere, and as a whole reconstructs its image.
"""

import argparse
import sys
from pathlib import Path

try:
    import keras
    import numpy as np
    from PIL import Image
except ImportError as error:
    sys.exit(
        f"{error}. This script needs keras, its backend, numpy and pillow: pip install keras tensorflow numpy pillow. "
        "The environment variable KERAS_BACKEND, or keras.json, says which backend Keras uses."
    )

MODEL = "model.keras"
SCALE = 2
MOST_ROWS = 100


def main() -> None:
    """Do as the arguments say."""
    parser = argparse.ArgumentParser(description="Draw random codes, each as every label.")
    parser.add_argument("model", nargs="?", default=str(Path(__file__).with_name(MODEL)), help="a .keras file")
    parser.add_argument("-o", "--output", default="digits.png", help="the picture to write")
    parser.add_argument("--rows", type=int, default=10, help=f"how many codes, 1 to {MOST_ROWS}")
    parser.add_argument("--seed", type=int, default=0, help="the same seed, the same codes; at least 0")
    chosen = parser.parse_args()
    if not 1 <= chosen.rows <= MOST_ROWS:
        parser.error(f"--rows expects a whole number from 1 to {MOST_ROWS}; it is {chosen.rows}")
    if chosen.seed < 0:
        parser.error(f"--seed expects a whole number of at least 0; it is {chosen.seed}")
    if Path(chosen.output).suffix.lower() not in Image.registered_extensions():
        parser.error(f"the name of the picture should end as pictures do, such as .png; it is {chosen.output!r}")
    if not Path(chosen.output).parent.is_dir():
        parser.error(f"the folder {Path(chosen.output).parent} does not exist")
    keras.config.set_floatx("float32")
    try:
        model = keras.saving.load_model(chosen.model)
        model.get_layer("decoder")
    except (OSError, ValueError) as error:
        parser.error(f"{chosen.model} is no model that this script can draw with: {error}")
    rows = draw(model, chosen.rows, np.random.default_rng(chosen.seed))
    if len(model.inputs) == 3:
        rows = np.concatenate([rows, in_the_hand_of(model, rows[0, 0])[None]])
    try:
        tiled(rows).save(chosen.output)
    except (OSError, ValueError, KeyError) as error:
        parser.error(f"{chosen.output} could not be written: {error}")
    print(f"{chosen.output}: {rows.shape[0]} rows of {rows.shape[1]}")


def draw(model: keras.Model, count: int, random: np.random.Generator) -> np.ndarray:
    """Images (count, labels, height, width, channels): a code from N(0, I) in each row, decoded as every label."""
    decoder = model.get_layer("decoder")
    conditional = len(decoder.inputs) == 2
    labels = decoder.inputs[1].shape[-1] if conditional else 10
    # Without labels, every image has a code of its own.
    codes = random.standard_normal((count if conditional else count * labels, decoder.inputs[0].shape[-1]))
    inputs = [codes.astype(np.float32)]
    if conditional:
        one_hot = np.tile(np.eye(labels, dtype=np.float32), (count, 1))
        inputs = [np.repeat(inputs[0], labels, axis=0), one_hot]
    images: np.ndarray = decoder.predict(inputs if conditional else inputs[0], verbose=0)
    return images.reshape(count, labels, *images.shape[1:])


def in_the_hand_of(model: keras.Model, image: np.ndarray) -> np.ndarray:
    """Style transfer: an image of the first label, redrawn as every label."""
    every = np.eye(model.inputs[1].shape[-1], dtype=np.float32)
    own = np.tile(every[:1], (len(every), 1))
    images: np.ndarray = model.predict([np.repeat(image[None], len(every), axis=0), own, every], verbose=0)
    return images


def tiled(rows: np.ndarray) -> Image.Image:
    """All images side by side."""
    count, columns, height, width, channels = rows.shape
    flat = rows.transpose(0, 2, 1, 3, 4).reshape(count * height, columns * width, channels)
    pixels = np.rint(255 * flat).astype(np.uint8).repeat(SCALE, axis=0).repeat(SCALE, axis=1)
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)


if __name__ == "__main__":
    main()
