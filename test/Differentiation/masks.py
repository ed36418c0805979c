# What a select does not take has derivative 0, however singular it is there:
# densities outside of their support, x log x at 0, masked members; scalars,
# tensors, branches behind branches. And the subgradients at kinks.
#
# REQUIRES: numpy
# RUN: %python %s vi-opt %clang
import sys

import numpy as np
from gradients import compile_module

FUNCTIONS = {
    # x log x with its limit at 0: the logarithm is not taken there.
    "entropy": ("%x: f64, %a: f64", """
  %zero = arith.constant 0.0 : f64
  %is_zero = arith.cmpf oeq, %x, %zero : f64
  %log = math.log %x : f64
  %scaled = arith.mulf %a, %log : f64
  %product = arith.mulf %x, %scaled : f64
  %r = arith.select %is_zero, %zero, %product : f64
  return %r : f64"""),
    # A density that is -inf out of its support, where its formula is NaN.
    "density": ("%x: f64, %a: f64", """
  %zero = arith.constant 0.0 : f64
  %outside = arith.constant -1.0e3 : f64
  %supported = arith.cmpf ogt, %x, %zero : f64
  %log = math.log %x : f64
  %power = arith.mulf %a, %log : f64
  %root = math.sqrt %x : f64
  %ratio = arith.divf %a, %root : f64
  %sum = arith.addf %power, %ratio : f64
  %r = arith.select %supported, %sum, %outside : f64
  %s = arith.addf %r, %a : f64
  return %s : f64"""),
    # Conditions behind conditions; a value that both branches use.
    "nested": ("%x: f64, %a: f64", """
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %positive = arith.cmpf ogt, %x, %zero : f64
  %above = arith.cmpf ogt, %x, %one : f64
  %log = math.log %x : f64
  %double_log = math.log %log : f64
  %inner = arith.mulf %a, %double_log : f64
  %shared = arith.mulf %a, %x : f64
  %second = arith.select %above, %inner, %shared : f64
  %sum = arith.addf %second, %log : f64
  %r = arith.select %positive, %sum, %shared : f64
  return %r : f64"""),
    "relu": ("%x: f64, %a: f64", """
  %zero = arith.constant 0.0 : f64
  %m = arith.maximumf %x, %zero : f64
  %b = math.absf %x : f64
  %c = arith.mulf %a, %b : f64
  %r = arith.addf %m, %c : f64
  return %r : f64"""),
    "power": ("%x: f64, %a: f64", """
  %r = math.powf %x, %a : f64
  return %r : f64"""),
    # A masked member of a plate.
    "masked": ("%x: f64, %a: f64", """
  %zero = arith.constant 0.0 : f64
  %c3 = arith.constant 3 : index
  %y = tensor.from_elements %x, %a, %zero : tensor<3xf64>
  %r = vi.plate "obs" %i in %c3 (%y_i = %y : tensor<3xf64>) sums(%s = %zero : f64) {
    %seen = arith.cmpf ogt, %y_i, %zero : f64
    %log = math.log %y_i : f64
    %ratio = arith.divf %a, %y_i : f64
    %term = arith.addf %log, %ratio : f64
    %counted = arith.select %seen, %term, %zero : f64
    %next = arith.addf %s, %counted : f64
    vi.yield sums(%next : f64)
  }
  return %r : f64"""),
    # On tensors.
    "tensors": ("%x: f64, %a: f64", """
  %zero = arith.constant 0.0 : f64
  %zeros = arith.constant dense<0.0> : tensor<3xf64>
  %c0 = arith.constant 0 : index
  %y = tensor.from_elements %x, %a, %zero : tensor<3xf64>
  %seen = arith.cmpf ogt, %y, %zeros : tensor<3xf64>
  %log = math.log %y : tensor<3xf64>
  %product = arith.mulf %y, %log : tensor<3xf64>
  %counted = arith.select %seen, %product, %zeros : tensor<3xi1>, tensor<3xf64>
  %init = tensor.from_elements %zero : tensor<f64>
  %total = linalg.reduce ins(%counted : tensor<3xf64>) outs(%init : tensor<f64>) dimensions = [0]
    (%in: f64, %out: f64) { %s = arith.addf %out, %in : f64 linalg.yield %s : f64 }
  %r = tensor.extract %total[] : tensor<f64>
  return %r : f64"""),
    # Equal greatest elements share.
    "greatest": ("%x: f64, %a: f64", """
  %least = arith.constant 0xFFF0000000000000 : f64
  %y = tensor.from_elements %x, %a, %x : tensor<3xf64>
  %init = tensor.from_elements %least : tensor<f64>
  %total = linalg.reduce ins(%y : tensor<3xf64>) outs(%init : tensor<f64>) dimensions = [0]
    (%in: f64, %out: f64) { %s = arith.maximumf %out, %in : f64 linalg.yield %s : f64 }
  %r = tensor.extract %total[] : tensor<f64>
  return %r : f64"""),
}

log = np.log
CASES = [
    ("entropy", (0.0, 2.0), (0.0, 0.0)),
    ("entropy", (0.5, 2.0), (2 * (log(0.5) + 1), 0.5 * log(0.5))),
    ("density", (-1.0, 2.0), (0.0, 1.0)),
    ("density", (0.0, 2.0), (0.0, 1.0)),
    ("density", (4.0, 2.0), (2 / 4 - 2 / 16, log(4) + 0.5 + 1)),
    ("nested", (-1.0, 2.0), (2.0, -1.0)),
    ("nested", (0.0, 2.0), (2.0, 0.0)),
    ("nested", (0.5, 2.0), (2.0 + 2.0, 0.5)),
    ("nested", (1.0, 2.0), (2.0 + 1.0, 1.0)),
    ("nested", (4.0, 2.0), (2 / (4 * log(4)) + 1 / 4, log(log(4)))),
    ("relu", (0.0, 2.0), (0.0, 0.0)),
    ("relu", (3.0, 2.0), (3.0, 3.0)),
    ("relu", (-3.0, 2.0), (-2.0, 3.0)),
    ("power", (0.0, 2.0), (0.0, 0.0)),
    ("power", (0.0, 0.0), (0.0, 0.0)),
    ("power", (2.0, 0.0), (0.0, log(2))),
    ("masked", (-3.0, 2.0), (0.0, 0.5)),
    ("masked", (0.0, 2.0), (0.0, 0.5)),
    ("masked", (4.0, 2.0), (1 / 4 - 2 / 16, 0.5 + 1 / 4)),
    ("tensors", (0.0, 2.0), (0.0, log(2) + 1)),
    ("tensors", (-1.0, 2.0), (0.0, log(2) + 1)),
    ("tensors", (3.0, 2.0), (log(3) + 1, log(2) + 1)),
    ("greatest", (3.0, 3.0), (2 / 3, 1 / 3)),
    ("greatest", (4.0, 3.0), (1.0, 0.0)),
    ("greatest", (1.0, 3.0), (0.0, 1.0)),
]


def main():
    vi_opt, clang = sys.argv[1:3]
    text = "".join(
        f"func.func @{name}({arguments}) -> f64 attributes "
        f'{{vi.differentiate = "{name}_gradient", '
        f'vi.jacobian_vector_product = "{name}_tangent", vi.export}} '
        f'{{{body}\n}}\n'
        for name, (arguments, body) in FUNCTIONS.items())
    library = compile_module(vi_opt, clang, text)
    failures = 0
    for name, point, expected in CASES:
        gradient = library.call(name + "_gradient", *point, results=[(), ()])
        actual = [float(g) for g in gradient[1:]]
        if not np.allclose(actual, expected, rtol=1e-12, atol=1e-300):
            print(f"{name}{point}: {actual}, expected {expected}")
            failures += 1
        # What is not chosen does not move, whatever its derivative is.
        tangents = [library.call(name + "_tangent", *point, *direction)
                    for direction in np.eye(2)]
        # Of equal greatest elements one is the greatest here.
        if name == "greatest" and point == (3.0, 3.0):
            expected = (1.0, 0.0)
        if not np.allclose(tangents, expected, rtol=1e-12, atol=1e-300):
            print(f"{name}{point}, forward: {tangents}, expected {expected}")
            failures += 1
    sys.exit(failures > 0)


main()
