# A model written in three ways (in another order of operations, with a square as
# a product or a power, with data centered outside of the plate or inside) gets the
# same remarks: how a term is taken does not depend on how it is written.
#
# REQUIRES: vi-opt
# RUN: %python %s
import collections
import os
import re
import subprocess
import sys

VI_OPT = os.path.join(os.environ["VI_BUILD_DIR"], "bin", "vi-opt")

HEAD = """
vi.model @m(%N: index, %x: tensor<?xf64>, %y: tensor<?xTYPE>) {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %two = arith.constant 2.0 : f64
  %half = arith.constant 0.5 : f64
  %init = arith.constant dense<0.0> : tensor<f64>
  %total = linalg.reduce { arith.addf } ins(%x : tensor<?xf64>)
      outs(%init : tensor<f64>) dimensions = [0]
  %sum = tensor.extract %total[] : tensor<f64>
  %Ni = arith.index_cast %N : index to i64
  %Nf = arith.sitofp %Ni : i64 to f64
  %center = arith.divf %sum, %Nf : f64
  %prior = vi.normal %zero, %two : f64, f64
  %a = vi.sample "a" from %prior : f64
  %b = vi.sample "b" from %prior : f64
  %c = vi.sample "c" from %prior : f64
  %scale = vi.half_cauchy %two : f64
  %sigma = vi.sample "sigma" from %scale : f64
"""
PLATE = """
  vi.plate "n" %i in %N (%x_i = %x : tensor<?xf64>, %y_i = %y : tensor<?xTYPE>) {
"""
TAIL = """
    vi.yield
  }
}
"""
# The linear predictor a + b x + c x^2 of centered data.
PREDICTORS = [
    # Horner's scheme.
    ("", """
    %d = arith.subf %x_i, %center : f64
    %cd = arith.mulf %c, %d : f64
    %s = arith.addf %b, %cd : f64
    %sd = arith.mulf %s, %d : f64
    %eta = arith.addf %a, %sd : f64
"""),
    # Powers, the other way around.
    ("", """
    %d = arith.subf %x_i, %center : f64
    %d2 = math.powf %d, %two : f64
    %q = arith.mulf %d2, %c : f64
    %l = arith.mulf %d, %b : f64
    %ql = arith.addf %q, %l : f64
    %eta = arith.addf %ql, %a : f64
"""),
    # The center times the coefficients is taken outside.
    ("""
    %bc = arith.mulf %b, %center : f64
    %a0 = arith.subf %a, %bc : f64
    %c1 = arith.mulf %c, %center : f64
    %c2 = arith.mulf %c1, %center : f64
    %a1 = arith.addf %a0, %c2 : f64
    %c3 = arith.mulf %c1, %two : f64
    %b1 = arith.subf %b, %c3 : f64
""", """
    %x2 = arith.mulf %x_i, %x_i : f64
    %q = arith.mulf %c, %x2 : f64
    %l = arith.mulf %b1, %x_i : f64
    %al = arith.addf %a1, %l : f64
    %eta = arith.addf %al, %q : f64
"""),
]
OBSERVE = {
    "normal": ("f64", """
    %p = vi.normal %eta, %sigma : f64, f64
    vi.observe "y" from %p, %y_i : f64, f64
"""),
    "logistic": ("i1", """
    %p = vi.bernoulli_logits %eta : f64
    vi.observe "y" from %p, %y_i : i1, i1
"""),
    "poisson": ("i64", """
    %p = vi.poisson_log %eta : f64
    vi.observe "y" from %p, %y_i : i64, i64
"""),
    "student": ("f64", """
    %p = vi.student_t %two, %eta, %one : f64, f64, f64
    vi.observe "y" from %p, %y_i : f64, f64
"""),
}
# The density of a normal residual as a factor: u^2 as a product, a power, and
# divided afterwards.
SQUARES = ["""
    %u = arith.divf %r, %sigma : f64
    %u2 = arith.mulf %u, %u : f64
    %h = arith.mulf %half, %u2 : f64
""", """
    %u = arith.divf %r, %sigma : f64
    %u2 = math.powf %u, %two : f64
    %h = arith.divf %u2, %two : f64
""", """
    %k = arith.mulf %half, %r : f64
    %r2 = arith.mulf %k, %r : f64
    %s2 = arith.mulf %sigma, %sigma : f64
    %h = arith.divf %r2, %s2 : f64
"""]


def remarks(text):
    process = subprocess.run(
        [VI_OPT, "--vi-objective", "--remarks-filter=vi-expectations",
         "--remark-policy=all", "-o", os.devnull], input=text,
        capture_output=True, text=True)
    if process.returncode:
        sys.exit(process.stderr)
    found = re.findall(r"remark: (.*)", process.stderr)
    return collections.Counter(found)


failures = 0
for name, (kind, observe) in OBSERVE.items():
    ways = [remarks((HEAD + before + PLATE + predictor + observe +
                     TAIL).replace("TYPE", kind))
            for before, predictor in PREDICTORS]
    same = all(way == ways[0] for way in ways)
    sampled = any("sampled" in remark for remark in ways[0])
    print(f"{name}: {sum(ways[0].values())} remarks, "
          f"{'the same' if same else ways}, "
          f"{'sampled' if sampled else 'nothing sampled'}")
    failures += not same or sampled
ways = [remarks((HEAD + PLATE + PREDICTORS[0][1] + """
    %r = arith.subf %y_i, %eta : f64
""" + square + """
    %l = math.log %sigma : f64
    %hl = arith.addf %h, %l : f64
    %f = arith.negf %hl : f64
    vi.factor "y" %f : f64
""" + TAIL).replace("TYPE", "f64")) for square in SQUARES]
same = all(way == ways[0] for way in ways)
sampled = any("sampled" in remark for remark in ways[0])
print(f"factor: {'the same' if same else ways}, "
      f"{'sampled' if sampled else 'nothing sampled'}")
failures += not same or sampled
sys.exit(failures > 0)
