"""Calls the peers' own scripts, which lie in ABO_SHARED/peers and are no part of this repository.

shared.py SCRIPT PEER OPTIONS: SCRIPT and PEER are the script's and its peer's name there, OPTIONS is JSON:
  decode  {"list", "cores"}                             photos (a file of paths, one a line) -> pixels at 224
  write   {"list", "cores", "out", "sync"?}             photos -> a store of pixels at 224 at OUT…, with an fsync of its files
  read    {"raw", "photos", "batch", "cores", "order", "folder"}  batches from a store, made in FOLDER of the raw pixels
          where it is absent; order: sequential, random, or for ffcv quasi-random; for ffcv "most" photos of them a turn
  listings {"dump", "cores", "out"}                  a dump of ABO's full shape -> one row an image in OUT
Prints {"version"} when it is ready; then, for each line of input, does all photos and prints {"photos"}.
"""
import glob
import json
import os
import sys

sys.dont_write_bytecode = True
# Libraries print what they like.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
here = os.path.dirname(os.path.abspath(__file__))
shared = os.environ.get("ABO_SHARED") or os.path.join(here, "..", "..", "..", "shared")
sys.path[0] = os.path.abspath(os.path.join(shared, "peers"))

script, peer, options = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
cores = options["cores"]


def answer(**values):
    print(json.dumps(values), file=answers, flush=True)


def lines(path):
    with open(path) as file:
        return file.read().splitlines()


def decode():
    import decode

    return decode.PEERS[peer](cores, lines(options["list"])), decode.version(peer)


def write():
    import write
    import write_work

    photos, out = lines(options["list"]), options["out"]
    write_work.tick = lambda out: None
    # Its imports, unmeasured.
    write_work.decode(out, photos[0])

    def work():
        write_work.WRITERS[peer](out, photos, cores)
        if options.get("sync"):
            for path in glob.glob(out + "*") + glob.glob(out + "*/**", recursive=True):
                file = os.open(path, os.O_RDONLY)
                os.fsync(file)
                os.close(file)
        return len(photos)

    return work, write.version(peer)


def read():
    import numpy as np
    import read

    read.N, read.AT, read.BATCH = options["photos"], options["folder"], options["batch"]
    shape = (read.N, read.SIZE, read.SIZE, 3)
    read.build = lambda: np.memmap(options["raw"], np.uint8, "r", shape=shape)
    os.makedirs(read.AT, exist_ok=True)
    if peer == "ffcv":
        import ffcv.loader

        loader, changed = ffcv.loader.Loader, {}
        if options["order"] == "quasi-random":
            # Its own recommendation for what does not fit into memory.
            changed = {"order": ffcv.loader.OrderOption.QUASI_RANDOM, "os_cache": False}
        if "most" in options:
            changed["indices"] = np.random.default_rng(5).choice(read.N, options["most"], replace=False)
        ffcv.loader.Loader = lambda *args, **more: loader(*args, **{**more, **changed})
    work, package = read.PEERS[peer](options["order"], cores)
    from importlib.metadata import version

    return work, f"{package} {version(package)}"


def listings():
    import importlib.metadata
    import listings

    importlib.import_module(peer)

    def work():
        listings.PEERS[peer](options["dump"], cores, options["out"])
        return 147702

    return work, f"{peer} {importlib.metadata.version(peer)}"


if __name__ == "__main__":
    import common

    # Threads are limited as there; which cores they run on is inherited, so that `taskset` holds for all sides.
    inherited = os.sched_getaffinity(0)
    common.pin(cores)
    os.sched_setaffinity(0, inherited)
    work, version = {"decode": decode, "write": write, "read": read, "listings": listings}[script]()
    answer(version=version)
    for _ in sys.stdin:
        answer(photos=work())
    # Some leave threads that never end.
    os._exit(0)
