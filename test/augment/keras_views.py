"""Makes views of a photo with TensorFlow's projective transform and Keras's colour layers, by given draws.

Reads {"shape", "photo", "views": [{"matrix", "brightness", "contrast", "hue"}]}, prints the views' levels.
"""
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

asked = json.load(sys.stdin)
photo = np.array(asked["photo"], np.float32).reshape(asked["shape"])
brightness = keras.layers.RandomBrightness(1.0)
contrast = keras.layers.RandomContrast(1.0, value_range=(0, 255))
hue = keras.layers.RandomHue(1.0, value_range=(0, 255))

answers = []
for view in asked["views"]:
    warped = tf.raw_ops.ImageProjectiveTransformV3(
        images=photo[None],
        transforms=np.array([[*view["matrix"], 0, 0]], np.float32),
        output_shape=asked["shape"][:2],
        interpolation="BILINEAR",
        fill_mode="REFLECT",
        fill_value=0.0,
    )
    warped = brightness.transform_images(warped, {"rgb_delta": view["brightness"]})
    warped = contrast.transform_images(warped, {"contrast_factor": view["contrast"]})
    warped = hue.transform_images(warped, {"factor": np.array([view["hue"]], np.float32)})
    answers.append([round(float(level), 3) for level in np.array(warped).ravel()])
print(json.dumps(answers))
