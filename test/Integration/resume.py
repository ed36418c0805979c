# A training that is killed, again and again, and resumed, ends in the same bytes
# as one that is not. A checkpoint is whole or the last one stays: with a full
# disk, and cut short.
#
# REQUIRES: vi-fit, numpy, scipy
# RUN: rm -rf %t && mkdir %t && %python %s %S/Inputs/training %t

import pathlib
import random
import resource
import subprocess
import sys
import time

import numpy as np

import fits

inputs, output = map(pathlib.Path, sys.argv[1:])
generator = np.random.RandomState(8)
classes = np.array([[0.9, 0.8, 0.2, 0.1], [0.2, 0.1, 0.7, 0.9]])
x = generator.uniform(size=(3000, 4)) < classes[generator.choice(2, 3000)]
np.save(output / "x.npy", x)
command = [str(fits.BUILD / "bin" / "vi-fit"), str(inputs / "autoencoder.mlir"),
           "--data", f"x={output}/x.npy", "--epochs", "150", "--batch-size",
           "50", "--validation", "0.1", "--optimizer", "adamw", "--schedule",
           "cosine", "--kl-warmup", "5", "--checkpoint", "1", "--resume",
           "--quiet"]
files = ["parameters.json", "training.csv", "checkpoint.safetensors",
         "training.svg"]


def run(name, *more, limit=None, timeout=None):
    def prepare():
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    process = subprocess.Popen(command + ["--output", str(output / name), *more],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, preexec_fn=prepare)
    try:
        out, error = process.communicate(timeout=timeout)
        return process.returncode, out + error
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return None, ""


def read(name):
    return [(output / name / file).read_bytes() for file in files]


begin = time.monotonic()
status, text = run("whole")
duration = time.monotonic() - begin
fits.check(status == 0, "an undisturbed training ends well " + text)
whole = read("whole")

# Moments at random between the start and the end, then no more.
moments = random.Random(9)
kills = checkpoints = 0
for _ in range(8):
    status, text = run("killed", timeout=moments.uniform(0.2, 1) * duration)
    kills += status is None
    checkpoints += (output / "killed" / "checkpoint.safetensors").exists()
status, text = run("killed")
fits.check(status == 0, f"killed {kills} times, {checkpoints} of them with a "
           "checkpoint, the training ends " + text)
fits.check(read("killed") == whole, "in the same bytes")

# Longer than it was: not with a schedule that depends on the length.
status, text = run("whole", "--epochs", "151")
fits.check(status == 1 and "is of a training with epochs 150, not 151" in text,
           "another length is refused: " + text.strip())

# The disk is full: the last checkpoint stays.
good = (output / "killed" / "checkpoint.safetensors").read_bytes()
(output / "full").mkdir()
status, text = run("full", limit=600)
fits.check(status == 1 and "checkpoint.safetensors" in text,
           "a checkpoint that cannot be written ends the training: "
           + text.strip())
fits.check(list((output / "full").iterdir()) == [], "and leaves nothing")
(output / "full" / "checkpoint.safetensors").write_bytes(good)
status, text = run("full", limit=600)
fits.check(status == 1 and (output / "full" / "checkpoint.safetensors")
           .read_bytes() == good, "the last good one stays")

(output / "full" / "checkpoint.safetensors").write_bytes(good[:-100])
status, text = run("full")
fits.check(status == 1 and "cut short" in text, "cut short: " + text.strip())
fits.finish()
