"""A peer of bench/augment.js: the V2 augmentation on one core, uint8 -> float32 in 0..1, in batches of 32.

augment.py PEER PHOTOS SIZE: PHOTOS is a file of raw RGB photos. Prints {"version"} when it is ready; then, for each
line of input, augments all photos and prints {"photos"}.
PEERs: cv2 (all as one warpAffine; `pip install opencv-python-headless`), keras (its layers in tf.data;
`pip install tensorflow-cpu keras`).
"""
import json
import math
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
import numpy as np  # noqa: E402

BATCH = 32
peer, path, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
photos = np.fromfile(path, np.uint8).reshape(-1, size, size, 3)


def cv2_warp():
    import cv2

    cv2.setNumThreads(0)
    draws = np.random.default_rng(1).random((len(photos), 5))
    out = np.empty((BATCH, size, size, 3), np.float32)
    centre = (size - 1) / 2

    def work():
        for index, photo in enumerate(photos):
            turn, x, y, zoom, flip = draws[index]
            degrees = math.degrees((turn * 2 - 1) * 0.2 * 2 * math.pi)
            matrix = cv2.getRotationMatrix2D((centre, centre), degrees, 1 / (1.2 + 0.1 * zoom))
            if flip < 0.5:
                matrix = matrix @ np.array([[-1, 0, size - 1], [0, 1, 0], [0, 0, 1.0]])
            matrix[:, 2] += ((x * 2 - 1) * 0.2 * size, (y * 2 - 1) * 0.2 * size)
            warped = cv2.warpAffine(photo, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
            np.multiply(warped, np.float32(1 / 255), out=out[index % BATCH], dtype=np.float32)

    return cv2.__version__, work


def keras_layers():
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    layers = keras.Sequential(
        [
            keras.layers.RandomRotation(0.2, fill_mode="reflect"),
            keras.layers.RandomTranslation(0.2, 0.2, fill_mode="reflect"),
            keras.layers.RandomZoom((0.2, 0.3), fill_mode="reflect"),
            keras.layers.RandomFlip("horizontal"),
        ]
    )
    options = tf.data.Options()
    options.threading.private_threadpool_size = 1
    dataset = (
        tf.data.Dataset.from_tensor_slices(photos)
        .batch(BATCH)
        .map(lambda x: layers(tf.cast(x, tf.float32) / 255, training=True), num_parallel_calls=1)
        .with_options(options)
    )

    def work():
        for _ in dataset:
            pass

    return f"{keras.__version__}, TensorFlow {tf.__version__}", work


version, work = {"cv2": cv2_warp, "keras": keras_layers}[peer]()
print(json.dumps({"version": version}), flush=True)
for _ in sys.stdin:
    work()
    print(json.dumps({"photos": len(photos)}), flush=True)
