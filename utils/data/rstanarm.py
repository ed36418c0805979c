#!/usr/bin/env python3
#===- rstanarm.py - data of the kidiq, wells and radon examples -----------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""Writes the data files that come from Debian's package r-cran-rstanarm.

    python3 -m venv venv && venv/bin/pip install rdata
    venv/bin/python utils/data/rstanarm.py [PACKAGE.deb]

Without an argument the package is fetched with `apt-get download` into a
temporary directory. R is not needed: the data sets lie in R's lazy-load
format, an index (`Rdata.rdx`) and a file of zlib streams (`Rdata.rdb`).
"""

import gzip
import pathlib
import subprocess
import sys
import tempfile
import warnings
import zlib

import rdata

from files import EXAMPLES, write_csv, write_json

PACKAGE = "r-cran-rstanarm"
DATA = "usr/lib/R/site-library/rstanarm/data"


def read_r(data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a stream without a file's header
        return rdata.conversion.convert(rdata.parser.parse_data(data))


def load(package, names):
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        if package is None:
            subprocess.run(["apt-get", "download", "-qq", PACKAGE],
                           cwd=directory, check=True)
            package = next(directory.glob("*.deb"))
        subprocess.run(["dpkg-deb", "-x", package, directory / "root"],
                       check=True)
        folder = directory / "root" / DATA
        index = read_r(gzip.decompress((folder / "Rdata.rdx").read_bytes()))
        database = (folder / "Rdata.rdb").read_bytes()
    frames = []
    for name in names:
        offset, length = (int(v) for v in index["variables"][name])
        # Four bytes hold the size of the uncompressed stream.
        frames.append(read_r(zlib.decompress(
            database[offset + 4:offset + length])))
    return frames


def main():
    package = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None
    kidiq, wells, radon = load(package, ["kidiq", "wells", "radon"])

    kid_score = [int(v) for v in kidiq["kid_score"]]
    mom_hs = [int(v) for v in kidiq["mom_hs"]]
    mom_iq = [float(v) for v in kidiq["mom_iq"]]
    write_csv(EXAMPLES / "kidiq_momiq" / "data.csv",
              {"kid_score": kid_score, "mom_iq": mom_iq})
    write_csv(EXAMPLES / "kidiq_interaction" / "data.csv",
              {"kid_score": kid_score, "mom_hs": mom_hs, "mom_iq": mom_iq})

    write_csv(EXAMPLES / "wells" / "data.csv", {
        "switched": [int(v) for v in wells["switch"]],
        "dist": [float(v) for v in wells["dist"]],
        "arsenic": [float(v) for v in wells["arsenic"]],
        "educ": [int(v) for v in wells["educ"]]})

    county = [str(v) for v in radon["county"]]
    houses = {
        "county_idx": county,
        "log_uppm": [float(v) for v in radon["log_uranium"]],
        "floor_measure": [int(v) for v in radon["floor"]],
        "log_radon": [float(v) for v in radon["log_radon"]]}
    # The same houses twice: with the counties' names, and with numbers.
    write_csv(EXAMPLES / "radon_hierarchical_centered" / "data.csv", houses)
    names = sorted(set(county))
    houses["county_idx"] = [names.index(v) + 1 for v in county]
    write_json(EXAMPLES / "radon_hierarchical_noncentered" / "data.json",
               {"J": len(names), "N": len(county), **houses})


if __name__ == "__main__":
    main()
