# RUN: %python %s %t %examples
"""The gradient of each example, compiled one member of a plate at a time and for
each kind of vectors, is the same up to rounding: to 1e-12 of the sum of the
magnitudes of its summands (1e-5 for models in f32), which are taken from parts
of the data. AArch64 runs under qemu, where there is one."""

import csv
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "Inputs"))
import exported

PROCESSORS = ["x86-64", "x86-64-v3", "x86-64-v4"]
FLAGS = {"x86-64": [], "x86-64-v3": ["avx2", "fma"],
         "x86-64-v4": ["avx512f", "avx512bw", "avx512dq", "avx512vl"]}
SYSROOT = "/usr/aarch64-linux-gnu"
PARTS = 16
rng = np.random.default_rng(3)


def read_data(folder, model):
    """The example's data by the model's arguments."""
    text = model.read_text()
    if (folder / "data.json").exists():
        data = json.loads((folder / "data.json").read_text())
    elif (folder / "data.npy").exists():
        data = {"x": np.load(folder / "data.npy")}
    else:
        with open(folder / "data.csv") as file:
            rows = list(csv.DictReader(file))
        data = {name: [row[name] for row in rows] for name in rows[0]}
    for name, value in list(data.items()):
        if not np.ndim(value):
            continue
        try:
            data[name] = np.asarray(value, float)
        except ValueError:
            # Names are numbered; their number is the size that is indexed.
            names, codes = np.unique(value, return_inverse=True)
            index = re.search(rf"%{name}:.*?base = (\d+), size = \"(\w+)\"",
                              text, re.S)
            data[name] = codes + int(index[1])
            data[index[2]] = len(names)
    return data


def arguments_of(library, data):
    """What the gradient is called with, and where results go."""
    gradient = library.find("_elbo_gradient")
    values = dict(data)
    shapes = library.call(gradient.replace("_elbo_gradient", "_shapes"), values)
    count, sizes = shapes
    values |= library.prepare(values)
    values["parameters"] = library.call(
        gradient.replace("_elbo_gradient", "_initial"), values,
        {"parameters": (count,)})
    values["parameters"] = values["parameters"] + 0.1 * rng.normal(size=count)
    values["noise"] = rng.normal(size=(2, int(sizes.get("noise_count", 0))))
    plates = {}
    for name in library.names(gradient):
        if plate := re.fullmatch(r"(.*)_begin", name):
            plates[plate[1]] = int(sizes[plate[1] + "_count"])
            values |= {name: 0, plate[1] + "_end": plates[plate[1]],
                       plate[1] + "_scale": 1.0}
    return gradient, values, {"gradient": (count,)}, plates


def magnitudes(library, gradient, values, outputs, plates):
    """The ELBO and its gradient, and sums of the magnitudes of their parts: the
    members of each plate in turn, and what is left when there are none."""
    def call(**changes):
        value, slope = library.call(gradient, values | changes, outputs)
        return np.concatenate([[value], slope])

    whole = call()
    none = call(**{f"{p}_end": 0 for p in plates})
    total = np.abs(none)
    for plate, count in plates.items():
        others = {f"{p}_end": 0 for p in plates if p != plate}
        edges = np.unique(np.linspace(0, count, PARTS + 1).astype(int))
        for begin, end in zip(edges, edges[1:]):
            part = call(**others, **{f"{plate}_begin": int(begin),
                                     f"{plate}_end": int(end)})
            total += np.abs(part - none)
    return whole, np.maximum(total, np.abs(whole))


def call_elsewhere(library, model, folder, gradient, values, outputs):
    """The ELBO and its gradient for AArch64, by a program that reads what they
    are called with."""
    count = outputs["gradient"][0]
    lines = ['#include "model.h"', "#include <stdio.h>", "#include <stdlib.h>",
             "static void get(void *to, size_t size) {",
             "  if (fread(to, 1, size, stdin) != size) exit(2);", "}",
             "int main(void) {"]
    data, passed, last = b"", [], None
    for const, kind, pointer, name in library.prototypes[gradient][1]:
        size = re.fullmatch(r"(.*)_size(\d+)", name)
        if pointer and const:
            last = np.ascontiguousarray(values[name], exported.ELEMENTS[kind])
            lines += [f"  {kind} *{name} = malloc({max(last.nbytes, 1)});",
                      f"  get({name}, {last.nbytes});"]
            data += last.tobytes()
        elif pointer:
            lines.append(f"  {kind} *{name} = malloc({8 * count + 8});")
        else:
            value = (last.shape[int(size[2])]
                     if size and size[1] == before else values[name])
            value = np.array(value, exported.ELEMENTS[kind])
            lines += [f"  {kind} {name};", f"  get(&{name}, sizeof {name});"]
            data += value.tobytes()
        if pointer:
            before = name
        passed.append(name)
    lines += [f"  double value = {gradient}({', '.join(passed)});",
              "  fwrite(&value, 8, 1, stdout);",
              f"  fwrite(gradient, 8, {count}, stdout);", "  return 0;", "}"]
    (folder / "main.c").write_text("\n".join(lines))
    subprocess.run([exported.VI_OPT, model, "--emit=obj", "--hessian=false",
                    "--mtriple=aarch64-linux-gnu", "-o", folder / "neon.o"],
                   check=True)
    subprocess.run(["aarch64-linux-gnu-gcc", "-std=c99", "main.c", "neon.o",
                    "-lm", "-o", "neon"], cwd=folder, check=True)
    done = subprocess.run(["qemu-aarch64", "-L", SYSROOT, folder / "neon"],
                          input=data, stdout=subprocess.PIPE, check=True)
    return np.frombuffer(done.stdout)


def main(prefix, examples):
    with open("/proc/cpuinfo") as file:
        flags = set(file.read().split())
    targets = []
    if platform.machine() == "x86_64":
        targets = [p for p in PROCESSORS if flags.issuperset(FLAGS[p])]
    neon = shutil.which("qemu-aarch64") and os.path.exists(SYSROOT)
    if not neon:
        print("skipped: AArch64, for there is no qemu-aarch64")
    folders = sorted(f for f in pathlib.Path(examples).iterdir()
                     if (f / "model.mlir").exists())
    assert len(folders) > 10
    failed = False
    for folder in folders:
        model = folder / "model.mlir"
        tolerance = 1e-5 if "xf32" in model.read_text() else 1e-12
        work = pathlib.Path(prefix) / folder.name
        plain = exported.Library(model, work / "plain", "--plain-loops",
                                 "--hessian=false")
        gradient, values, outputs, plates = arguments_of(
            plain, read_data(folder, model))
        expected, scale = magnitudes(plain, gradient, values, outputs, plates)
        assert np.isfinite(expected).all(), folder
        results = {}
        for cpu in targets:
            library = exported.Library(model, work / cpu, f"--mcpu={cpu}",
                                       "--hessian=false")
            value, slope = library.call(gradient, values, outputs)
            results[cpu] = np.concatenate([[value], slope])
        if neon:
            results["aarch64"] = call_elsewhere(plain, model, work / "plain",
                                                gradient, values, outputs)
        for name, result in results.items():
            error = np.max(np.abs(result - expected)
                           / np.maximum(scale, 1e-300))
            print(f"{folder.name} {name}: {error:.1e}", flush=True)
            failed |= not error <= tolerance
    assert not failed


main(*sys.argv[1:])
