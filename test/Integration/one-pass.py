# One pass over the data computes value and gradient: when the plates of each
# example become loops, its ELBO and the gradient have one plate of each name that
# the data have. (That nothing as long as the data is allocated is in densities.py.)
#
# REQUIRES: vi-opt
# RUN: %python %s

import re
import subprocess

import exported
import fits

# What happens to plates before they are loops (lib/Target/Pipelines.cpp).
PASSES = ["--vi-compile-model", "--vi-decompose-aggregates",
          "--vi-interchange-plates", "--vi-fuse-plates"]

for model in sorted(fits.EXAMPLES.glob("*/model.mlir")):
    text = subprocess.run([exported.VI_OPT, model, *PASSES], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    name = model.parent.name
    plates = re.findall(r'"([^"]*)"',
                        re.search(r"vi\.plates = \[([^\]]*)\]", text)[1])
    functions = dict(re.findall(r"^  func\.func @(\w+)(.*?)^  }$", text,
                                re.M | re.S))
    for suffix in "elbo", "elbo_gradient":
        body = functions[f"{name}_{suffix}"]
        for plate in plates:
            count = len(re.findall(rf'vi\.plate "{plate}"', body))
            fits.check(count == 1, f"{name}_{suffix}: {count} passes over "
                       f"'{plate}'")
fits.finish()
