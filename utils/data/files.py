#===- files.py - how data files of the examples are written ---------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""Writes data files byte for byte the same on every machine."""

import json
import pathlib

import numpy as np

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"


def write_json(path, entries):
    """One line for each entry, in the order given."""
    lines = [f"  {json.dumps(name)}: {json.dumps(value)}"
             for name, value in entries.items()]
    path = pathlib.Path(path)
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(path)


def write_csv(path, columns):
    """A header and one line for each member; numbers as short as they read
    back."""
    lines = [",".join(columns)]
    for row in zip(*columns.values()):
        lines.append(",".join(str(value) for value in row))
    path = pathlib.Path(path)
    path.write_text("\n".join(lines) + "\n")
    print(path)


def write_npy(path, array):
    """Format 1.0, row-major."""
    np.save(path, np.ascontiguousarray(array))
    print(path)
