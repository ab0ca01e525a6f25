"""Reads a run's tensor cache: as a PyTorch Dataset where torch is installed, else by NumPy alone.

    python examples/python/read_cache.py runs/demo product_type train

It needs `lmdb` built as docs/cache-format.md says, and `numpy`. Read so only while nothing writes to the cache.
"""

import glob
import json
import sys

import lmdb
import numpy as np

try:
    from torch.utils.data import DataLoader, Dataset
except ImportError:
    DataLoader, Dataset = None, object


class CachedPhotos(Dataset):
    """A side's photos (uint8, height x width x 3) and the numbers of their classes, in the order of the samples."""

    def __init__(self, run, task, side):
        caches = sorted(glob.glob(f"{glob.escape(run)}/cache-*"))
        if len(caches) != 1:
            sys.exit(f"expected one cache in {run} but found {len(caches)}: {', '.join(caches)}")
        self.path = caches[0]
        with open(f"{run}/samples-{task}.jsonl", encoding="utf-8") as lines:
            samples = [json.loads(line) for line in lines]
        self.classes = sorted({sample["label"] for sample in samples})
        self.environment = None
        # Photos that could not be decoded are in no cache.
        entries = [(self._entry(sample), sample) for sample in samples if sample["split"] == side]
        self.samples = [(entry["key"], sample["label"]) for entry, sample in entries if entry is not None]
        if len(self.samples) < len(entries):
            print(f"{len(entries) - len(self.samples)} photos are not cached", file=sys.stderr)
        self.close()

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        key, label = self.samples[index]
        with self._open().begin() as transaction:
            value = transaction.get(key.to_bytes(4, "little"), db=self.values)
        # A copy: the map's own memory is gone with the transaction.
        photo = np.frombuffer(value, np.uint8).reshape(self.shape).copy()
        return photo, self.classes.index(label)

    def _entry(self, sample):
        with self._open().begin() as transaction:
            entry = transaction.get(f"photo/{sample['sha256']}".encode(), db=self.metadata)
        return None if entry is None else json.loads(entry)

    def close(self):
        if self.environment is not None:
            self.environment.close()
        self.environment = None

    def _open(self):
        # Here, and not in __init__: each of a DataLoader's processes needs an environment of its own.
        if self.environment is None:
            self.environment = lmdb.open(self.path, readonly=True, lock=False, max_dbs=1024)
            self.values = self.environment.open_db(b"values", create=False)
            self.metadata = self.environment.open_db(b"metadata", create=False)
            with self.environment.begin() as transaction:
                identity = json.loads(transaction.get(b"identity", db=self.metadata))
            if identity.get("storage") == "jpeg":
                sys.exit(f"{self.path} holds JPEGs: open them with Pillow, or export the cache as numpy")
            self.shape = (identity["height"], identity["width"], identity["channels"])
        return self.environment


def batches(photos, size):
    """Batches of photos and labels: PyTorch's tensors, or arrays."""
    if DataLoader is not None:
        yield from DataLoader(photos, batch_size=size, num_workers=2)
        return
    for start in range(0, len(photos), size):
        some = [photos[index] for index in range(start, min(start + size, len(photos)))]
        yield np.stack([photo for photo, _ in some]), np.array([label for _, label in some])


def main(run, task="product_type", side="train"):
    photos = CachedPhotos(run, task, side)
    total = count = 0
    for pixels, labels in batches(photos, 32):
        total += int(pixels.sum())
        count += len(labels)
    print(json.dumps({"photos": count, "classes": len(photos.classes), "shape": list(photos[0][0].shape), "sum": total}))


if __name__ == "__main__":
    main(*sys.argv[1:])
