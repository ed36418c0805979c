# Data of trainings: in several files, of any kind of numbers, larger than what
# is held in memory; and what is wrong with them.
#
# REQUIRES: vi-fit, numpy, scipy
# RUN: rm -rf %t && mkdir %t && %python %s %S/Inputs/training %t

import os
import pathlib
import shutil
import subprocess
import sys
import time

import numpy as np

import fits

inputs, output = map(pathlib.Path, sys.argv[1:3])
# A last argument takes the test of memory with a file of that many MB.
megabytes = int(sys.argv[3]) if len(sys.argv) > 3 else 64
random = np.random.RandomState(5)
count = 103
# Eighths are numbers of 16 bits, too.
x = random.randint(0, 16, (count, 3)) / 8
y = np.round(8 * (x @ random.standard_normal((3, 2))
                  + random.standard_normal((count, 2)))) / 8
np.save(output / "x.npy", x)
np.save(output / "y.npy", y)


def save_parts(name, array, sizes):
    begin = 0
    for k, size in enumerate(sizes):
        np.save(output / f"{name}-{k}.npy", array[begin:begin + size])
        begin += size
    assert begin == len(array)


save_parts("x", x, [10, 0, 20, 1, 1, 1, 1, 1, 1, 1, 30, 36])
save_parts("y", y, [50, 53])


def run(x_files, y_files, name, *options, status=0):
    return fits.vi_fit(inputs / "regression.mlir", "--data", f"x={x_files}",
                       "--data", f"y={y_files}", "--output", output / name,
                       "--quiet", *options, status=status)


def read(name):
    return (output / name / "parameters.json").read_bytes()


# Shards are the array: x-2 comes before x-10.
training = ["--epochs", 3, "--batch-size", 10, "--validation", 0.1]
for kind, options in [("trained", training), ("fitted", [])]:
    run(output / "x.npy", output / "y.npy", kind, *options)
    run(output / "x-*.npy", f"{output}/y-0.npy,{output}/y-1.npy",
        kind + "-shards", *options)
    fits.check(read(kind) == read(kind + "-shards"),
               kind + ": shards give the same bytes as one file")

# The same numbers, whatever their kind.
for kind, factor in [("f2", 1), ("f4", 1), ("u1", 8), ("i2", 8), ("u2", 8),
                     ("u4", 8), ("u8", 8), ("i8", 8)]:
    np.save(output / "wide.npy", x * factor)
    np.save(output / "kind.npy", (x * factor).astype(kind))
    np.save(output / "kind-0.npy", (x * factor).astype(kind)[:40])
    np.save(output / "kind-1.npy", (x * factor).astype(kind)[40:])
    run(output / "wide.npy", output / "y.npy", "wide", *training)
    run(output / "kind.npy", output / "y.npy", "kind", *training)
    run(output / "kind-?.npy", output / "y.npy", "kinds", *training)
    fits.check(read("wide") == read("kind") == read("kinds"),
               f"{kind}: the same bytes as of f8")

# The log-densities of data in shards.
bits = (random.uniform(size=(1500, 4)) < 0.5).astype("u1")
np.save(output / "b.npy", bits)
save_parts("b", bits, [700, 800])
fits.vi_fit(inputs / "autoencoder.mlir", "--data", f"x={output}/b.npy",
            "--epochs", 1, "--batch-size", 50, "--output", output / "b",
            "--quiet")
text = [fits.vi_fit("loglik", inputs / "autoencoder.mlir", "--data",
                    f"x={output}/{files}", "--parameters",
                    output / "b" / "parameters.json", "--samples", 20)
        for files in ("b.npy", "b-*.npy")]
fits.check(text[0] == text[1], "loglik of shards")


def refuse(x_files, message, *options):
    text = run(x_files, output / "y.npy", "refused", *options, status=1)
    fits.check(message in text, text.strip())


for options in (training, []):
    # A datum that is no number, in its place in its file.
    shutil.copy(output / "x-10.npy", output / "good.npy")
    bad = np.load(output / "x-10.npy")
    bad[4, 1] = np.nan
    np.save(output / "x-10.npy", bad)
    refuse(output / "x-*.npy", "x-10.npy: `x[5,2]` is NaN: expected a finite "
           "number", *options)
    # Cut short, of another kind, of another shape.
    whole = (output / "good.npy").read_bytes()
    (output / "x-10.npy").write_bytes(whole[:-5])
    refuse(output / "x-*.npy", "x-10.npy: the file is truncated: the array "
           "takes 720 bytes, the file has 715", *options)
    np.save(output / "x-10.npy", np.load(output / "good.npy").astype("f4"))
    refuse(output / "x-*.npy", "x-10.npy: real numbers (32 bits), but "
           f"{output}/x-0.npy, a shard of the same array, has real numbers "
           "(64 bits)", *options)
    np.save(output / "x-10.npy", np.load(output / "good.npy")[:, :2])
    refuse(output / "x-*.npy", "x-10.npy: an array of shape (30, 2), but "
           f"{output}/x-0.npy, a shard of the same array, is one of (10, 3): "
           "only the first size may differ", *options)
    shutil.copy(output / "good.npy", output / "x-10.npy")
    refuse(output / "z-*.npy", "z-*.npy: no file matches", *options)
    refuse(f"{output}/x-0.npy,,", "the name of a file in the list is empty",
           *options)
    refuse(output / "x-[0-3].npy", "plate 'datum' has 31 members, but 'y' in "
           "the data has 103", *options)
    np.save(output / "text.npy", np.array(["a", "b"]))
    refuse(output / "text.npy", 'elements of type "<U1"', *options)

# Bits that are none, in the second shard.
bits = np.zeros((60, 4), "u1")
bits[57, 3] = 2
save_parts("bits", bits, [40, 20])
text = fits.vi_fit(inputs / "autoencoder.mlir", "--data",
                   f"x={output}/bits-*.npy", "--epochs", 1, "--batch-size", 10,
                   status=1)
fits.check("bits-1.npy: `x[18,4]` is 2: expected 0 or 1" in text, text.strip())

# Memory does not grow with the data. The file is sparse, so that it takes no
# space; for each of its bytes the model would have four.
rows = megabytes * 1024
with open(output / "sparse.npy", "wb") as file:
    header = ("{'descr': '|u1', 'fortran_order': False, 'shape': "
              f"({rows}, 1024), }}").ljust(117) + "\n"
    file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little")
               + header.encode())
    file.truncate(128 + rows * 1024)
process = subprocess.Popen(
    [str(fits.BUILD / "bin" / "vi-fit"), str(inputs / "wide.mlir"), "--data",
     f"x={output}/sparse.npy", "--epochs", "1", "--batch-size", "1024",
     "--optimizer", "sgd", "--learning-rate", "1e-3", "--validation", "0.01",
     "--output", str(output / "sparse"), "--quiet"])
anonymous = mapped = 0
while process.poll() is None:
    try:
        status = dict(line.split(":", 1) for line in pathlib.Path(
            f"/proc/{process.pid}/status").read_text().splitlines())
        anonymous = max(anonymous, int(status["RssAnon"].split()[0]) // 1024)
        mapped = max(mapped, int(status["RssFile"].split()[0]) // 1024)
    except (KeyError, FileNotFoundError, ProcessLookupError):
        pass
    time.sleep(0.02)
fits.check(process.returncode == 0, "the large file is trained on")
print(f"{megabytes} MB: {anonymous} MB of memory, {mapped} MB of mapped files")
# Converted, the data would take four times the file.
sanitized = bool(os.environ.get("ASAN_OPTIONS"))
fits.check(sanitized or anonymous < 250,
           f"{anonymous} MB resident besides the page cache")
os.remove(output / "sparse.npy")
fits.finish()
