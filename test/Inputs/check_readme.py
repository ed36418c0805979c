#===- check_readme.py - runs the command of an example's README -----------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""check_readme.py README.md [--update]

Runs each command of the page (a `console` block, whose first line is `$ `
and the command, in the page's directory) and compares what it prints with the
lines that follow: words alike, numbers within 1 % and the last digits shown,
Monte Carlo errors within a factor of two (they are estimates of a small
difference, in which the rounding of the fit shows).
Lines and numbers of seconds are not compared. With --update, the blocks are
rewritten with what is printed now.
"""

import os
import pathlib
import re
import subprocess
import sys

page = pathlib.Path(sys.argv[1]).resolve()
build = pathlib.Path(os.environ["VI_BUILD_DIR"]) / "bin"
environment = dict(os.environ, PATH=f"{build}:{os.environ['PATH']}")
BLOCK = re.compile(r"```console\n\$ (.*?[^\\])\n(.*?)```", re.S)
NUMBER = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?")
MONTE_CARLO = re.compile(r"Monte Carlo error ([^ ),;]+)")
SECONDS = re.compile(r"\b(?:seconds|s|ms)\b")


def run(command):
    result = subprocess.run(command, shell=True, text=True, cwd=page.parent,
                            env=environment, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)
    if result.returncode:
        sys.exit(f"$ {command}\nstatus {result.returncode}\n"
                 f"{result.stdout}{result.stderr}")
    return "".join(line.rstrip() + "\n"
                   for line in result.stdout.splitlines())


def unit(number):
    """One in the last digit shown."""
    digits = number.lower().split("e")
    places = len(digits[0].split(".")[1]) if "." in digits[0] else 0
    return 10.0 ** (-places + (int(digits[1]) if len(digits) > 1 else 0))


def differs(old, new):
    if SECONDS.search(old) and SECONDS.search(new):
        return False
    # Iterations and evaluations depend on the machine's rounding.
    if "iterations" in old or "evaluations" in old:
        return False
    errors = [MONTE_CARLO.search(line) for line in (old, new)]
    if all(errors):
        a, b = (float(error[1]) for error in errors)
        if max(a, b) > 2 * min(a, b):
            return True
    if NUMBER.sub("#", old).split() != NUMBER.sub("#", new).split():
        return True
    old, new = MONTE_CARLO.sub("", old), MONTE_CARLO.sub("", new)
    for a, b in zip(NUMBER.findall(old), NUMBER.findall(new)):
        if abs(float(a) - float(b)) > (2 * unit(a) + 0.01 * abs(float(a))):
            return True
    return False


text = page.read_text()
blocks = list(BLOCK.finditer(text))
if not blocks:
    sys.exit(f"{page}: no console block")
if "--update" in sys.argv:
    page.write_text(BLOCK.sub(
        lambda block: f"```console\n$ {block[1]}\n{run(block[1])}```", text))
    sys.exit()
status = 0
for block in blocks:
    old, new = block[2].splitlines(), run(block[1]).splitlines()
    print("$", block[1])
    for a, b in zip(old, new):
        if differs(a, b):
            print(f"README: {a}\nnow:    {b}")
            status = 1
    if len(old) != len(new):
        print(f"{len(old)} lines in the README, {len(new)} now")
        status = 1
sys.exit(status)
