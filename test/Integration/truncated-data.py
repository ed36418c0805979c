# A file of data that is cut short while a training reads it ends the training
# with a message that names it, whether whole pages are gone, which is a bus
# error, or a part of the last one, which would read as zeros. The last
# checkpoint stays whole.
#
# REQUIRES: vi-fit, numpy
# RUN: rm -rf %t && mkdir %t && %python %s %S/Inputs/training/autoencoder.mlir %t

import json
import os
import pathlib
import subprocess
import sys
import time

import numpy as np

import fits

model, output = map(pathlib.Path, sys.argv[1:3])
x = np.random.RandomState(8).uniform(size=(100000, 4)) < 0.5


def cut(name, size):
    """Trains until the first checkpoint, cuts the file to `size` bytes, and
    waits for the end."""
    data = output / f"{name}.npy"
    np.save(data, x)
    process = subprocess.Popen(
        [str(fits.BUILD / "bin" / "vi-fit"), str(model), "--data", f"x={data}",
         "--epochs", "1000000", "--batch-size", "1000", "--checkpoint", "1",
         "--quiet", "--output", str(output / name)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    checkpoint = output / name / "checkpoint.safetensors"
    while not checkpoint.exists() and process.poll() is None:
        time.sleep(0.01)
    os.truncate(data, data.stat().st_size + size if size < 0 else size)
    error = process.communicate()[1]
    fits.check(process.returncode == 1 and
               f"vi-fit: error: {data}: the file was cut short" in error,
               f"{name}: status {process.returncode}, {error.strip()}")
    contents = checkpoint.read_bytes()
    length = int.from_bytes(contents[:8], "little")
    header = json.loads(contents[8:8 + length])
    end = max(entry["data_offsets"][1] for key, entry in header.items()
              if key != "__metadata__")
    fits.check(len(contents) == 8 + length + end, "the checkpoint is whole")


cut("pages", 4 * os.sysconf("SC_PAGESIZE"))
cut("end", -10)
fits.finish()
