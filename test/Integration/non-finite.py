# Where a density is not finite, messages name the site, the element, the
# operation and the line of the first term that is not.
#
# REQUIRES: vi-fit, numpy, scipy
# RUN: rm -rf %t && mkdir %t && %python %s %t

import json
import pathlib
import sys

import fits

INPUTS = pathlib.Path(__file__).parent / "Inputs" / "verdict"
OUTPUT = pathlib.Path(sys.argv[1])


def run(name, data, *options, status):
    path = OUTPUT / f"{name}.json"
    path.write_text(json.dumps(data))
    text = fits.vi_fit(INPUTS / f"{name}.mlir", "--data", path, *options,
                       status=status)
    print(text)
    return text


def line_of(name, text):
    lines = (INPUTS / f"{name}.mlir").read_text().splitlines()
    return 1 + next(i for i, line in enumerate(lines) if text in line)


# A datum, at the start.
text = run("logarithm", {"x": [1.5, 2, -3, 4], "y": [2, 3, 1, 4]}, status=1)
line = line_of("logarithm", "vi.observe")
fits.check(f"the log density of y[3] is not a number (vi.poisson_log at "
           f"logarithm.mlir:{line})" in text, "names the datum")
text = run("logarithm", {"x": [1.5, 2, 3, 4], "y": [2, 3, 1, 4]}, status=0)
fits.check("not finite" not in text, "nothing to say")

# The prior of a latent, on the way or at the start.
text = run("root", {"y": [1.0, -2.0, 0.5]}, status=(0, 1, 3))
line = line_of("root", '"mu"')
fits.check(f"the log density of mu is not a number (vi.normal at "
           f"root.mlir:{line})" in text, "names the latent")
fits.finish()
