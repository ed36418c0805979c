#===- exported.py - calls the C functions of a compiled model -------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""Compiles a model with vi-opt to a shared library, and reads from the emitted
header how its functions are called."""

import ctypes
import os
import pathlib
import re
import subprocess

import numpy as np

VI_OPT = pathlib.Path(os.environ["VI_BUILD_DIR"]) / "bin" / "vi-opt"
# Stands between a model and the C library's allocation.
COUNTER = """
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
void *__real_malloc(size_t);
void *__real_aligned_alloc(size_t, size_t);
void __real_free(void *);
int64_t live_bytes, peak_bytes;
static void *count(void *memory) {
  live_bytes += malloc_usable_size(memory);
  if (live_bytes > peak_bytes)
    peak_bytes = live_bytes;
  return memory;
}
void *__wrap_malloc(size_t size) { return count(__real_malloc(size)); }
void *__wrap_aligned_alloc(size_t alignment, size_t size) {
  return count(__real_aligned_alloc(alignment, size));
}
void __wrap_free(void *memory) {
  live_bytes -= malloc_usable_size(memory);
  __real_free(memory);
}
"""
ELEMENTS = {"double": np.float64, "float": np.float32, "int64_t": np.int64,
            "int32_t": np.int32, "uint8_t": np.uint8, "bool": np.uint8}
SCALARS = {"double": ctypes.c_double, "float": ctypes.c_float,
           "int64_t": ctypes.c_int64, "int32_t": ctypes.c_int32,
           "bool": ctypes.c_bool, "uint8_t": ctypes.c_uint8, "void": None}


class Library:
    """The functions of a model. Arguments are given by the header's names;
    array sizes are filled in."""

    def __init__(self, model, folder, *options):
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        if not any(str(o).startswith("--mcpu=") for o in options):
            options = ("--mcpu=native", *options)
        for kind, name in (("obj", "model.o"), ("header", "model.h")):
            subprocess.run([VI_OPT, f"--emit={kind}", *options, model, "-o",
                            folder / name], check=True)
        (folder / "counter.c").write_text(COUNTER)
        subprocess.run([os.environ.get("CC", "clang"), "-shared", "-fPIC",
                        folder / "counter.c", folder / "model.o", "-o",
                        folder / "model.so", "-Wl,--wrap=malloc",
                        "-Wl,--wrap=aligned_alloc", "-Wl,--wrap=free", "-lm"], check=True)
        self.library = ctypes.CDLL(str((folder / "model.so").resolve()))
        self.text = (folder / "model.h").read_text()
        text = re.sub(r"/\*.*?\*/", "", self.text, flags=re.S)
        self.prototypes = {}
        for result, name, parameters in re.findall(
                r"^(\w+) (\w+)\(([^)]*)\);", text, re.M):
            self.prototypes[name] = result, [
                re.fullmatch(r"(const )?(\w+) (\*?)(\w+)", p.strip()).groups()
                for p in parameters.split(",") if p.strip() != "void"]

    def count_bytes(self, function, *arguments):
        """How many bytes a call has allocated at once, at the most."""
        live, peak = (ctypes.c_int64.in_dll(self.library, name)
                      for name in ("live_bytes", "peak_bytes"))
        peak.value = live.value
        before = live.value
        self.call(function, *arguments)
        return peak.value - before

    def find(self, suffix):
        """The name of the function that ends with `suffix`."""
        return min((name for name in self.prototypes
                    if name.endswith(suffix)), key=len)

    def prepare(self, data):
        """What the model computes of the data once, as the argument
        `prepared` of functions that take it; nothing where there is none."""
        functions = [f for f in self.prototypes if f.endswith("_prepare")]
        if not functions:
            return {}
        size = int(re.search(r"@param prepared_size0 must be (\d+)",
                             self.text)[1])
        return {"prepared": self.call(functions[0], data,
                                      {"prepared": (size,)})}

    def names(self, function):
        return [name for *_, name in self.prototypes[function][1]]

    def call(self, function, values, shapes=None):
        """The result, or a tuple of it and the arrays of `shapes`, out
        parameters by name; out parameters that are not in `shapes` are
        numbers, and come as a dictionary at the end."""
        result, parameters = self.prototypes[function]
        callee = getattr(self.library, function)
        callee.restype = SCALARS[result]
        types, arguments, keep, outputs, numbers = [], [], [], [], {}
        for const, kind, pointer, name in parameters:
            if pointer and const:
                array = np.ascontiguousarray(values[name], ELEMENTS[kind])
                keep.append((name, array))
                arguments.append(array.ctypes.data_as(ctypes.c_void_p))
                types.append(ctypes.c_void_p)
            elif pointer:
                shape = (shapes or {}).get(name)
                array = np.zeros(1 if shape is None else shape, ELEMENTS[kind])
                if shape is None:
                    numbers[name] = array
                else:
                    outputs.append(array)
                arguments.append(array.ctypes.data_as(ctypes.c_void_p))
                types.append(ctypes.c_void_p)
            else:
                size = re.fullmatch(r"(.*)_size(\d+)", name)
                if size and keep and keep[-1][0] == size[1]:
                    value = keep[-1][1].shape[int(size[2])]
                else:
                    value = values[name]
                arguments.append(SCALARS[kind](value))
                types.append(SCALARS[kind])
        callee.argtypes = types
        returned = callee(*arguments)
        parts = ([] if result == "void" else [returned]) + outputs
        if numbers:
            parts.append({name: v[0] for name, v in numbers.items()})
        return parts[0] if len(parts) == 1 else tuple(parts)
