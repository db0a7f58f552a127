"""Draw with a trained model. This needs keras with a backend (such as tensorflow), numpy and pillow, and nothing else.

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
from pathlib import Path

import keras
import numpy as np
from PIL import Image

MODEL = "model.keras"
SCALE = 2


def main() -> None:
    """Do as the arguments say."""
    parser = argparse.ArgumentParser(description="Draw random codes, each as every label.")
    parser.add_argument("model", nargs="?", default=str(Path(__file__).with_name(MODEL)), help="a .keras file")
    parser.add_argument("-o", "--output", default="digits.png", help="the picture to write")
    parser.add_argument("--rows", type=int, default=10, help="how many codes")
    parser.add_argument("--seed", type=int, default=0, help="the same seed, the same codes")
    chosen = parser.parse_args()
    model = keras.saving.load_model(chosen.model)
    rows = draw(model, chosen.rows, np.random.default_rng(chosen.seed))
    if len(model.inputs) == 3:
        rows = np.concatenate([rows, in_the_hand_of(model, rows[0, 0])[None]])
    tiled(rows).save(chosen.output)
    print(f"{chosen.output}: {rows.shape[0]} rows of {rows.shape[1]}")


def draw(model: keras.Model, count: int, random: np.random.Generator) -> np.ndarray:
    """Images (count, labels, height, width, channels): a code from N(0, I) in each row, decoded as every label."""
    decoder = model.get_layer("decoder")
    conditional = len(decoder.inputs) == 2
    labels = decoder.inputs[1].shape[-1] if conditional else 10
    dimensions = decoder.inputs[0].shape[-1]
    if not conditional:  # without labels, every image has a code of its own
        z = random.standard_normal((count * labels, dimensions)).astype(np.float32)
        return decoder.predict(z, verbose=0).reshape(count, labels, *decoder.output_shape[1:])
    z = np.repeat(random.standard_normal((count, dimensions)).astype(np.float32), labels, axis=0)
    one_hot = np.tile(np.eye(labels, dtype=np.float32), (count, 1))
    return decoder.predict([z, one_hot], verbose=0).reshape(count, labels, *decoder.output_shape[1:])


def in_the_hand_of(model: keras.Model, image: np.ndarray) -> np.ndarray:
    """Style transfer: an image of the first label, redrawn as every label."""
    labels = model.inputs[1].shape[-1]
    own = np.tile(np.eye(labels, dtype=np.float32)[:1], (labels, 1))
    return model.predict([np.repeat(image[None], labels, axis=0), own, np.eye(labels, dtype=np.float32)], verbose=0)


def tiled(rows: np.ndarray) -> Image.Image:
    """All images side by side."""
    count, columns, height, width, channels = rows.shape
    flat = rows.transpose(0, 2, 1, 3, 4).reshape(count * height, columns * width, channels)
    pixels = np.rint(255 * flat).astype(np.uint8).repeat(SCALE, axis=0).repeat(SCALE, axis=1)
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)


if __name__ == "__main__":
    main()
