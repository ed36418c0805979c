# Where a line separates the outcomes and the prior is flat, the ELBO has no
# maximum: the status is 3, and the message says what runs away. With outcomes
# that overlap the same model is fitted, up to a constant.
#
# REQUIRES: vi-fit, numpy, scipy
# RUN: rm -rf %t && %python %s %t

import json
import pathlib
import re
import sys

import fits

inputs = pathlib.Path(__file__).parent / "Inputs" / "limits"
output = pathlib.Path(sys.argv[1])

text = fits.vi_fit(inputs / "separable.mlir", "--data",
                   inputs / "separable.json", "--output", output, status=3)
print(text)
summary = json.loads((output / "summary.json").read_text())
fits.check(not summary["converged"], "not reported as converged")
warnings = " ".join(summary["warnings"])
fits.check(re.search(r"\bbeta\b", warnings), f"names beta: {warnings}")
fits.check("infinity" in warnings, "says where it runs")

text = fits.vi_fit(inputs / "separable.mlir", "--data",
                   inputs / "overlapping.json", "--output", output)
summary = json.loads((output / "summary.json").read_text())
fits.check(summary["converged"], "overlapping outcomes converge")
fits.check("up to a constant" in text, "the table says: up to a constant")
fits.check(summary.get("elbo_up_to_constant") is True,
           "summary.json says: up to a constant")

# A proper model does not say so.
example = fits.EXAMPLES / "eight_schools_noncentered"
text = fits.vi_fit(example / "model.mlir", "--data", example / "data.json",
                   "--output", output)
fits.check("constant" not in text, "a proper model says nothing of constants")
fits.finish()
