#===- vi_mlir.py - the compiled model behind C calls --------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""The model as vi-opt compiles it. The emitted header says how the ELBO's
gradient is called; a few lines of C made from its prototype keep the arguments
and repeat the call, so that no Python is in what is timed."""

import ctypes
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time

import numpy as np

NAMES = ["vi-mlir"]
CLANG = os.environ.get("VI_CLANG", "clang-22")
ELEMENTS = {"double": np.float64, "float": np.float32, "int64_t": np.int64,
            "int32_t": np.int32, "uint8_t": np.uint8, "bool": np.uint8}
SCALARS = {"double": ctypes.c_double, "float": ctypes.c_float,
           "int64_t": ctypes.c_int64, "int32_t": ctypes.c_int32,
           "bool": ctypes.c_bool, "uint8_t": ctypes.c_uint8}


def vi_opt():
    return os.environ.get("VI_OPT") or str(pathlib.Path(
        os.environ["VI_BUILD_DIR"]) / "bin" / "vi-opt")


def emit_options():
    """What vi-opt's help says of --emit's options."""
    text = subprocess.run([vi_opt(), "--help"], capture_output=True, text=True,
                          check=True).stdout
    return text.partition("Options of --emit:")[2]


class Program:
    def __init__(self, workload, configuration, data, name, threads):
        self.data = {k: np.ascontiguousarray(
            v, np.uint8 if v.dtype == bool else v.dtype)
            if isinstance(v, np.ndarray) else v for k, v in data.items()}
        options = []
        if workload.guide == "fullrank":
            options.append("family=fullrank")
        # The estimator of the others: see guides.py.
        options.append("divergences-only=true")
        self.command = [vi_opt(), str(workload.folder / "model.mlir"),
                        "--vi-compile-model=" + " ".join(options),
                        # The others compile no products with the Hessian.
                        "--hessian=false"]
        if threads > 1:
            if "--threads" not in emit_options():
                raise RuntimeError("this build of vi-opt has no --threads")
            self.command.append(f"--threads={threads}")

    def bind(self, phi, noise):
        self.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(self.folder.name)
        begin = time.perf_counter()
        subprocess.run([*self.command, "--emit=shared", "-o",
                        folder / "libmodel.so"], check=True)
        ctypes.CDLL(str(folder / "libmodel.so"))
        self.compile_s = time.perf_counter() - begin
        subprocess.run([*self.command, "--emit=header", "-o",
                        folder / "model.h"], check=True)
        text = (folder / "model.h").read_text()
        plain = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        self.prototypes = {
            name: [re.fullmatch(r"(const |)(\w+) (\*?)(\w+)", p.strip()).groups()
                   for p in parameters.split(",") if p.strip() != "void"]
            for name, parameters in re.findall(
                r"^\w+ (\w+)\(([^)]*)\);", plain, re.M)}
        self.gradient_name = min(
            (n for n in self.prototypes if n.endswith("_elbo_gradient")),
            key=len)
        self.load(folder)

        sizes = self.call(self.stem() + "_shapes")
        self.values = dict(self.data, parameters=phi, noise=noise)
        prepared = re.search(r"@param prepared_size0 must be (\d+)", text)
        if prepared:
            self.values["prepared"] = np.empty(int(prepared[1]))
            self.call(self.stem() + "_prepare")
        for name in self.names(self.gradient_name):
            plate = re.fullmatch(r"(.*)_(begin|end|scale)", name)
            if plate and f"{plate[1]}_count" in sizes:
                count = int(sizes[f"{plate[1]}_count"][0])
                self.values[name] = {"begin": 0, "end": count,
                                     "scale": 1.0}[plate[2]]
        self.gradient = np.empty_like(phi)
        self.values["gradient"] = self.gradient
        self.call(self.gradient_name, "bind")
        self.repeat = self.library.repeat
        self.repeat.restype = ctypes.c_double

    def stem(self):
        return self.gradient_name.removesuffix("_elbo_gradient")

    def names(self, function):
        return [name for *_, name in self.prototypes[function]]

    def load(self, folder):
        """Builds and loads the lines of C beside the model."""
        parameters = self.prototypes[self.gradient_name]
        declared = [f"{const}{kind} {star}{name}"
                    for const, kind, star, name in parameters]
        lines = ['#include "model.h"']
        lines += [f"static {const}{kind} {star}kept_{name};"
                  for const, kind, star, name in parameters]
        lines += [f"void bind({', '.join(declared)}) {{"]
        lines += [f"  kept_{name} = {name};" for *_, name in parameters]
        lines += ["}", "double repeat(int64_t count) {", "  double value = 0;",
                  "  for (int64_t i = 0; i < count; ++i)",
                  f"    value = {self.gradient_name}(" + ", ".join(
                      f"kept_{name}" for *_, name in parameters) + ");",
                  "  return value;", "}"]
        (folder / "repeat.c").write_text("\n".join(lines) + "\n")
        subprocess.run([CLANG, "-O2", "-shared", "-fPIC", "repeat.c",
                        "libmodel.so", "-Wl,-rpath," + str(folder), "-o",
                        "librepeat.so"], cwd=folder, check=True)
        self.model = ctypes.CDLL(str(folder / "libmodel.so"))
        self.library = ctypes.CDLL(str(folder / "librepeat.so"))

    def call(self, function, alias=None):
        """Calls `function` with the values by their names; numbers that it
        returns through pointers come back by name."""
        arguments, numbers, last = [], {}, None
        values = getattr(self, "values", self.data)
        for const, kind, star, name in self.prototypes[function]:
            size = re.fullmatch(r"(.*)_size(\d+)", name)
            if star and name in values:
                last = values[name]
                if last.dtype != ELEMENTS[kind]:
                    last = values[name] = last.astype(ELEMENTS[kind])
                arguments.append(last.ctypes.data_as(ctypes.c_void_p))
            elif star:
                numbers[name] = np.zeros(1, ELEMENTS[kind])
                arguments.append(numbers[name].ctypes.data_as(ctypes.c_void_p))
            elif size and size[1] in values:
                arguments.append(ctypes.c_int64(
                    values[size[1]].shape[int(size[2])]))
            else:
                arguments.append(SCALARS[kind](values[name]))
        library = self.library if alias else self.model
        callee = getattr(library, alias or function)
        callee(*arguments)
        return numbers

    def evaluate(self):
        value = self.repeat(ctypes.c_int64(1))
        return value, self.gradient.copy()

    def run(self, count):
        self.repeat(ctypes.c_int64(count))


def fit(workload, configuration, data, quick):
    """Time from the model's file to the posterior's, by vi-fit."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        command = [str(pathlib.Path(os.environ["VI_BUILD_DIR"]) / "bin"
                       / "vi-fit"), str(workload.folder / "model.mlir"),
                   "--quiet", "--output", str(folder / "fit"),
                   "--guide", workload.guide]
        numbers = {k: v for k, v in data.items() if np.ndim(v) == 0}
        (folder / "numbers.json").write_text(json.dumps(numbers))
        command += ["--data", str(folder / "numbers.json")]
        for name, array in data.items():
            if np.ndim(array):
                np.save(folder / f"{name}.npy", array)
                command += ["--data", f"{name}={folder / name}.npy"]
        begin = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True)
        seconds = time.perf_counter() - begin
        if done.returncode not in (0, 3):
            raise RuntimeError(f"vi-fit: {done.stderr.strip()[-200:]}")
        summary = json.loads((folder / "fit" / "summary.json").read_text())
        return {"fit_s": seconds, "fit_elbo": summary["elbo"],
                "converged": summary["converged"]}
