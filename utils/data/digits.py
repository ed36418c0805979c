#!/usr/bin/env python3
#===- digits.py - data of handwritten digits -----------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""Writes the data of digits_vae and ppca from PyPI's scikit-learn.

    /usr/bin/python3 utils/data/digits.py [DIGITS.CSV.GZ]

Without an argument scikit-learn's wheel is fetched with `pip download` into a
temporary directory; Debian's python3-sklearn holds the same file. A pixel is a
number of 0 .. 16; for digits_vae it is 1 where that is at least 8.
"""

import gzip
import io
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import numpy as np

from files import EXAMPLES, write_npy

FILE = "sklearn/datasets/data/digits.csv.gz"


def load(path):
    if path is not None:
        return pathlib.Path(path).read_bytes()
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(["python3", "-m", "pip", "download", "--quiet",
                        "--no-deps", "--only-binary=:all:", "-d", directory,
                        "scikit-learn"], check=True)
        wheel = next(pathlib.Path(directory).glob("*.whl"))
        return zipfile.ZipFile(wheel).read(FILE)


def main():
    text = gzip.decompress(load(sys.argv[1] if len(sys.argv) > 1 else None))
    # 64 pixels and the digit.
    table = np.loadtxt(io.BytesIO(text), delimiter=",")
    assert table.shape == (1797, 65)
    for example, pixels in [("digits_vae", table[:, :64] >= 8),
                            ("ppca", table[:, :64].astype(np.uint8))]:
        write_npy(EXAMPLES / example / "data.npy", pixels)


if __name__ == "__main__":
    main()
