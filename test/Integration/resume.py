# A training that is killed, again and again, and resumed, ends in the same bytes
# as one that is not. A checkpoint is whole or the last one stays: with a full
# disk, and cut short.
#
# REQUIRES: vi-fit, numpy, scipy
# RUN: rm -rf %t && mkdir %t && %python %s %S/Inputs/training %t

import json
import pathlib
import random
import resource
import subprocess
import sys
import time

import numpy as np

import fits

inputs, output = map(pathlib.Path, sys.argv[1:3])
# A last argument is how often the training is killed.
kill_count = int(sys.argv[3]) if len(sys.argv) > 3 else 6
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


def run(name, *more, limit=None, data="x.npy", model=None):
    def prepare():
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    arguments = [argument.replace("x.npy", data) for argument in command]
    if model:
        arguments[1] = str(model)
    process = subprocess.Popen(arguments + ["--output", str(output / name),
                                            *more],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, preexec_fn=prepare)
    out, error = process.communicate()
    return process.returncode, out + error


def read(name):
    return [(output / name / file).read_bytes() for file in files]


def kill(name, delay, wait):
    """Starts a training and kills it `delay` seconds after its start, or, with
    `wait`, after its first checkpoint. Whether it was still running."""
    file = output / name / "checkpoint.safetensors"
    before = file.stat().st_mtime_ns if file.exists() else None
    process = subprocess.Popen(command + ["--output", str(output / name)],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while wait and process.poll() is None and (
            not file.exists() or file.stat().st_mtime_ns == before):
        time.sleep(0.002)
    time.sleep(delay)
    process.kill()
    process.communicate()
    return process.returncode != 0


begin = time.monotonic()
status, text = run("whole")
duration = time.monotonic() - begin
training = json.loads((output / "whole" / "summary.json").read_text())[
    "seconds"]["train"]
fits.check(status == 0, "an undisturbed training ends well " + text)
whole = read("whole")

# Moments at random between the start and the end, then no more.
moments = random.Random(9)
kills = checkpoints = 0
for number in range(kill_count):
    # Some before the first checkpoint, the others as the training goes on.
    wait = number % 4 != 0
    delay = moments.uniform(0, training / kill_count if wait else duration / 2)
    kills += kill("killed", delay, wait)
    checkpoints += (output / "killed" / "checkpoint.safetensors").exists()
fits.check(kills > 0, f"{kills} of {kill_count} times it was still running")
status, text = run("killed")
fits.check(status == 0, f"killed {kills} times, {checkpoints} of them with a "
           "checkpoint, the training ends " + text)
fits.check(read("killed") == whole, "in the same bytes")

# Longer than it was: not with a schedule that depends on the length.
status, text = run("whole", "--epochs", "151")
fits.check(status == 1 and "is of a training with epochs 150, not 151" in text,
           "another length is refused: " + text.strip())

# So are other options, other data, another model; not the same data in
# several files, or the same model in other words.
for option, value, message in [
        ("--batch-size", "60", "batch-size 50, not 60"),
        ("--seed", "2", "seed 1, not 2"),
        ("--optimizer", "adam", "optimizer adamw, not adam"),
        ("--estimator", "sticking-the-landing",
         "estimator pathwise, not sticking-the-landing")]:
    place = command.index(option) if option in command else None
    kept = command[:]
    if place is not None:
        del command[place:place + 2]
    status, text = run("whole", option, value)
    command[:] = kept
    fits.check(status == 1 and message in text, text.strip())
other = x.copy()
other[2999, 3] ^= True
np.save(output / "other.npy", other)
status, text = run("whole", data="other.npy")
fits.check(status == 1 and "is of a training on other data" in text,
           "a bit of the data is another: " + text.strip())
np.save(output / "part-1.npy", x[:1234])
np.save(output / "part-2.npy", x[1234:])
source = (inputs / "autoencoder.mlir").read_text()
(output / "same.mlir").write_text("// Comment.\n" + source)
status, text = run("whole", data="part-*.npy", model=output / "same.mlir")
fits.check(status == 0 and read("whole") == whole,
           "the same data in two files: the same bytes " + text)
assert "%one = arith.constant 1.0" in source
(output / "other.mlir").write_text(source.replace(
    "%one = arith.constant 1.0", "%one = arith.constant 1.5"))
status, text = run("whole", model=output / "other.mlir")
fits.check(status == 1 and "the model or its guide has been changed" in text,
           text.strip())

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
