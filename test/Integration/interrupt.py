# Ctrl-C ends a fit with what it has: status 3, a summary, whole files. On a
# terminal progress is a line that is written over, otherwise plain lines.
#
# REQUIRES: vi-fit
# RUN: rm -rf %t && %python %s %t
import csv
import json
import os
import pathlib
import pty
import signal
import subprocess
import sys

import fits

ROOT = pathlib.Path(sys.argv[1])
ROOT.mkdir()
# A fit that takes longer than the test waits for its first line.
COMMAND = [str(fits.BUILD / "bin" / "vi-fit"),
           *map(str, fits.example_arguments("wells")), "--batch-size=100",
           "--iterations=1000000000", "--step-size=1e-5", "--draws=20"]


def interrupt(name, stderr, read):
    """Runs a fit and interrupts it when it reports progress."""
    process = subprocess.Popen([*COMMAND, "--output", str(ROOT / name)],
                               stdout=subprocess.PIPE, stderr=stderr, text=True)
    reported = ""
    while not any(character.isdigit() for character in reported):
        reported += read(process)
    process.send_signal(signal.SIGINT)
    while (text := read(process)):
        reported += text
    table = process.stdout.read()
    status = process.wait()
    fits.check(status == 3, f"{name}: status {status}")
    summary = json.loads((ROOT / name / "summary.json").read_text())
    warning = summary["warnings"][0]
    fits.check(not summary["converged"] and summary["iterations"] > 0 and
               warning == f"interrupted after {summary['iterations']} iterations"
               and warning in table and "beta[1]" in table,
               f"{name}: {warning}")
    rows = [row for row in csv.reader(
        line for line in (ROOT / name / "draws.csv").open()
        if not line.startswith("#"))]
    fits.check(len(rows) == 21 and {len(row) for row in rows} == {10},
               f"{name}: draws.csv is whole")
    files = {path.name for path in (ROOT / name).iterdir()}
    fits.check(files == {"draws.csv", "elbo.csv", "parameters.json",
                         "summary.json"}, f"{name}: {sorted(files)}")
    return reported


text = interrupt("pipe", subprocess.PIPE,
                 lambda process: process.stderr.readline())
fits.check("\r" not in text and text.count("\n") >= 2,
           "plain lines where there is no terminal")

leader, follower = pty.openpty()


def read(process):
    global follower
    if follower is not None:
        # From here on the fit alone has it, and its end can be seen.
        os.close(follower)
        follower = None
    try:
        return os.read(leader, 1000).decode()
    except OSError:
        return ""


text = interrupt("terminal", follower, read)
fits.check("\r" in text.replace("\r\n", "\n"),
           "one line, written over, on a terminal")
fits.finish()
