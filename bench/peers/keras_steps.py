"""The peer of bench/backend-steps.js: the same steps in Keras, graph mode, on random photos.

Takes one JSON argument {"work", "batch", "steps"} and prints {"milliseconds": [...], "peakBytes", "version"}.
Needs `pip install tensorflow-cpu==2.21.0 keras==3.15.1`.
"""
import json
import os
import resource
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

SIZE = 224
CLASSES = 10
asked = json.loads(sys.argv[1])
work, batch, steps = asked["work"], asked["batch"], asked["steps"]

if work.startswith("vgg16"):
    base = keras.applications.VGG16(include_top=False, weights=None, input_shape=(SIZE, SIZE, 3))
    for layer in base.layers:
        layer.trainable = layer.name.startswith("block5")
else:
    base = keras.applications.MobileNet(alpha=0.75, include_top=False, weights=None, input_shape=(SIZE, SIZE, 3))
pooled = keras.layers.GlobalAveragePooling2D()(base.output)
x = tf.constant(np.random.rand(batch, SIZE, SIZE, 3).astype("float32"))
y = tf.constant(np.arange(batch) % CLASSES)

if work.endswith("forward"):
    model = keras.Model(base.input, pooled)
    forward = tf.function(lambda photos: model(photos, training=False))
    step = lambda: forward(x).numpy()
else:
    model = keras.Model(base.input, keras.layers.Dense(CLASSES)(pooled))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.SGD(0.001, momentum=0.9), loss=loss, jit_compile=False)
    step = lambda: model.train_on_batch(x, y)

step()
milliseconds = []
for _ in range(steps):
    started = time.perf_counter()
    step()
    milliseconds.append(1000 * (time.perf_counter() - started))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"milliseconds": milliseconds, "peakBytes": peak, "version": tf.__version__}))
