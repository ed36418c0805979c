#===- generated.py - files that a script writes -----------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-------------------------------------------------------------------------===#
"""Writes a generated file, or checks that it is up to date."""

import os
import sys


def write_or_check(path, text, options):
    """Writes `text` to `path`; with the options ["--check"], ends the script
    with a message if the file has another text."""
    if options == ["--check"]:
        with open(path) as file:
            if file.read() != text:
                sys.exit(f"{os.path.normpath(path)} is not up to date")
        return
    with open(path, "w") as file:
        file.write(text)
