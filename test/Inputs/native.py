"""Compiles MLIR to a shared library and loads it, for tests of numbers."""
import ctypes
import os
import subprocess
import tempfile

# From what the passes of the special and rng dialects leave to LLVM's dialect.
# The C library's functions come first: convert-math-to-llvm would turn
# expm1(1e-20) and log1p(1e-20) into 0.
TO_LLVM = [
    "--convert-scf-to-cf",
    "--convert-math-to-libm",
    "--convert-math-to-llvm=approximate-log1p=false",
    "--convert-arith-to-llvm",
    "--convert-vector-to-llvm",
    "--convert-func-to-llvm",
    "--convert-cf-to-llvm",
    "--reconcile-unrealized-casts",
]

# Removed at exit.
_directories = []


def load(text, passes=("--vi-lower-rng", "--vi-lower-special"),
         to_llvm=TO_LLVM):
    """The library of the module `text` after `passes`, by way of LLVM IR."""
    _directories.append(tempfile.TemporaryDirectory())
    directory = _directories[-1].name
    lowered = subprocess.run(["vi-opt", *passes, *to_llvm], input=text,
                             stdout=subprocess.PIPE, text=True, check=True)
    translated = subprocess.run(["mlir-translate", "--mlir-to-llvmir"],
                                input=lowered.stdout, stdout=subprocess.PIPE,
                                text=True, check=True)
    source = os.path.join(directory, "module.ll")
    with open(source, "w") as file:
        file.write(translated.stdout)
    library = os.path.join(directory, "module.so")
    subprocess.run([os.environ.get("CC", "clang"), "-O2", "-shared", "-fPIC",
                    "-Wno-override-module", source, "-o", library, "-lm"],
                   check=True)
    return ctypes.CDLL(library)


C_TYPES = {"f64": ctypes.c_double, "f32": ctypes.c_float,
           "i64": ctypes.c_int64}


def function(library, name, arguments, result):
    """The function `name` of MLIR types such as "f64"."""
    callee = getattr(library, name)
    callee.argtypes = [C_TYPES[argument] for argument in arguments]
    callee.restype = C_TYPES[result]
    return callee


def load_measures(text):
    """The library of a module of measures: exported functions of scalars and
    tensors."""
    return load(text, ("--vi-lower-distributions",), ("--vi-to-llvm",))
