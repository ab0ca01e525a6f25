"""A peer of bench/decode.js: read + decode + bilinear stretch, RGB uint8, in a pool of threads.

decode.py PEER LIST SIZE THREADS: LIST is a file of paths, one a line. Prints {"version"} when it is ready; then, for
each line of input, does all photos and prints {"photos"}.
PEER: simplejpeg+cv2 (fast DCT as ours, fast chroma upsampling; `pip install simplejpeg opencv-python-headless`).
"""
import json
import sys
from concurrent.futures import ThreadPoolExecutor

import cv2
import simplejpeg

_, path, size, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
with open(path) as lines:
    photos = lines.read().splitlines()
cv2.setNumThreads(0)
CHUNK = 16
starts = range(0, len(photos), CHUNK)


def chunk(start):
    for photo in photos[start : start + CHUNK]:
        with open(photo, "rb") as file:
            pixels = simplejpeg.decode_jpeg(file.read(), fastdct=True, fastupsample=True)
        cv2.resize(pixels, (size, size), interpolation=cv2.INTER_LINEAR)


pool = ThreadPoolExecutor(threads)
print(json.dumps({"version": f"{simplejpeg.__version__}, {cv2.__version__}"}), flush=True)
for _ in sys.stdin:
    list(pool.map(chunk, starts))
    print(json.dumps({"photos": len(photos)}), flush=True)
