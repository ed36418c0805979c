# Gradients of whole functions against differences of the compiled functions.
#
# REQUIRES: numpy
# RUN: %python %s vi-opt %clang
import sys

import numpy as np
from gradients import check_gradient, check_product, compile_module

rng = np.random.default_rng(20)
CASES = []


def case(name, text, *arguments, index=-1):
    """`text` is the function's arguments, then its body."""
    index %= len(arguments)
    signature, body = text.split("{", 1)
    function = (f"func.func @{name}({signature.strip()}) -> f64 attributes "
                f'{{vi.differentiate = "{name}_gradient", vi.export, '
                f'vi.hessian_vector_product = "{name}_product", '
                f"vi.wrt = [{index}]}} {{\n{body.rstrip()}\n}}\n")
    CASES.append((name, function, arguments, index))


def normal(*shape):
    return rng.normal(size=shape)


CONSTANTS = """
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %half = arith.constant 0.5 : f64
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
"""

# A plate whose terms depend on a scale, on shared values and on slices.
case("plate", """%y: tensor<?xf64>, %phi: tensor<?xf64> {""" + CONSTANTS + """
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %mu = tensor.extract %phi[%c0] : tensor<?xf64>
  %log_sigma = tensor.extract %phi[%c1] : tensor<?xf64>
  %sigma = math.exp %log_sigma : f64
  %local = tensor.extract_slice %phi[2] [%n] [1] : tensor<?xf64> to tensor<?xf64>
  %total = vi.plate "obs" %i in %n (%y_i = %y : tensor<?xf64>, %l_i = %local : tensor<?xf64>)
      sums(%s = %zero : f64) {
    %m = arith.addf %mu, %l_i : f64
    %r = arith.subf %y_i, %m : f64
    %u = arith.divf %r, %sigma : f64
    %square = arith.mulf %u, %u : f64
    %term = arith.addf %square, %log_sigma : f64
    %next = arith.addf %s, %term : f64
    vi.yield sums(%next : f64)
  }
  %prior = arith.mulf %mu, %mu : f64
  %all = arith.addf %total, %prior : f64
  return %all : f64
""", normal(7), normal(9))

# The result is no linear function of the plate's sum: two plates.
case("nonlinear", """%y: tensor<?xf64>, %phi: tensor<?xf64> {""" + CONSTANTS + """
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %mu = tensor.extract %phi[%c0] : tensor<?xf64>
  %total = vi.plate "obs" %i in %n (%y_i = %y : tensor<?xf64>)
      sums(%s = %zero : f64) {
    %r = arith.subf %y_i, %mu : f64
    %square = math.absf %r : f64
    %next = arith.addf %s, %square : f64
    vi.yield sums(%next : f64)
  }
  %sine = math.sin %total : f64
  return %sine : f64
""", normal(6), normal(1))

# Plates in plates, a gather with repeated indices, a range, stacks that a
# later plate slices.
case("nested", """%y: tensor<?x?xf64>, %g: tensor<?xi64>, %begin: index, %end: index, %phi: tensor<?xf64> {""" + CONSTANTS + """
  %n = tensor.dim %y, %c0 : tensor<?x?xf64>
  %m = tensor.dim %y, %c1 : tensor<?x?xf64>
  %p = tensor.dim %phi, %c0 : tensor<?xf64>
  %sums, %stack = vi.plate "group" %j in %p (%phi_j = %phi : tensor<?xf64>)
      sums(%s = %zero : f64) -> tensor<?xf64> {
    %e = math.exp %phi_j : f64
    %next = arith.addf %s, %e : f64
    vi.yield sums(%next : f64) %e : f64
  }
  %total = vi.plate "obs" %i in %n from %begin to %end (%y_i = %y : tensor<?x?xf64>, %g_i = %g : tensor<?xi64>)
      sums(%s = %zero : f64) {
    %index = arith.index_cast %g_i : i64 to index
    %scale = tensor.extract %stack[%index] : tensor<?xf64>
    %inner = vi.plate "repeat" %k in %m (%y_ik = %y_i : tensor<?xf64>) sums(%t = %zero : f64) {
      %product = arith.mulf %y_ik, %scale : f64
      %sine = math.sin %product : f64
      %next = arith.addf %t, %sine : f64
      vi.yield sums(%next : f64)
    }
    %square = arith.mulf %inner, %inner : f64
    %next = arith.addf %s, %square : f64
    vi.yield sums(%next : f64)
  }
  %all = arith.addf %total, %sums : f64
  return %all : f64
""", normal(6, 3), np.array([0, 1, 1, 2, 0, 1]), 1, 5, 0.3 * normal(4))

# Draws around data: noise, an elementwise transformation, a dot product, a
# gather.
case("draws", """%y: tensor<?xf64>, %x: tensor<?x?xf64>, %g: tensor<?xi64>, %noise: tensor<?x?xf64>, %phi: tensor<?xf64> {""" + CONSTANTS + """
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %d = tensor.dim %x, %c1 : tensor<?x?xf64>
  %k = tensor.dim %noise, %c0 : tensor<?x?xf64>
  %u = tensor.dim %noise, %c1 : tensor<?x?xf64>
  %groups = arith.subi %u, %d : index
  %total = vi.plate "draws" %draw in %k (%e = %noise : tensor<?x?xf64>) sums(%s = %zero : f64) {
    %mean = tensor.extract_slice %phi[0] [%u] [1] : tensor<?xf64> to tensor<?xf64>
    %log_scale = tensor.extract_slice %phi[%u] [%u] [1] : tensor<?xf64> to tensor<?xf64>
    %scale = math.exp %log_scale : tensor<?xf64>
    %move = arith.mulf %scale, %e : tensor<?xf64>
    %z = arith.addf %mean, %move : tensor<?xf64>
    %beta = tensor.extract_slice %z[0] [%d] [1] : tensor<?xf64> to tensor<?xf64>
    %alpha = tensor.extract_slice %z[%d] [%groups] [1] : tensor<?xf64> to tensor<?xf64>
    %obs = vi.plate "obs" %i in %n (%y_i = %y : tensor<?xf64>, %x_i = %x : tensor<?x?xf64>, %g_i = %g : tensor<?xi64>)
        sums(%t = %zero : f64) {
      %init = tensor.from_elements %zero : tensor<f64>
      %dot = linalg.dot ins(%x_i, %beta : tensor<?xf64>, tensor<?xf64>) outs(%init : tensor<f64>) -> tensor<f64>
      %eta = tensor.extract %dot[] : tensor<f64>
      %index = arith.index_cast %g_i : i64 to index
      %alpha_i = tensor.extract %alpha[%index] : tensor<?xf64>
      %mu = arith.addf %eta, %alpha_i : f64
      %soft = special.softplus %mu : f64
      %hit = arith.mulf %y_i, %mu : f64
      %term = arith.subf %hit, %soft : f64
      %next = arith.addf %t, %term : f64
      vi.yield sums(%next : f64)
    }
    %prior = vi.plate "group" %j in %groups (%a = %alpha : tensor<?xf64>) sums(%t = %zero : f64) {
      %square = arith.mulf %a, %a : f64
      %next = arith.addf %t, %square : f64
      vi.yield sums(%next : f64)
    }
    %entropy = linalg.reduce ins(%log_scale : tensor<?xf64>) outs(%init0 : tensor<f64>) dimensions = [0]
      (%in: f64, %out: f64) { %a = arith.addf %out, %in : f64 linalg.yield %a : f64 }
    %h = tensor.extract %entropy[] : tensor<f64>
    %a = arith.subf %obs, %prior : f64
    %b = arith.addf %a, %h : f64
    %next = arith.addf %s, %b : f64
    vi.yield sums(%next : f64)
  }
  %count = arith.index_cast %k : index to i64
  %divisor = arith.sitofp %count : i64 to f64
  %result = arith.divf %total, %divisor : f64
  return %result : f64
""".replace("%total =", "%init0 = tensor.from_elements %zero : tensor<f64>\n  %total =", 1),
     normal(8), normal(8, 2), np.array([0, 1, 1, 2, 0, 1, 2, 2]), normal(3, 5),
     0.3 * normal(10))

# An autoregressive model: a loop that carries a state.
case("autoregressive", """%y: tensor<?xf64>, %phi: tensor<?xf64> {""" + CONSTANTS + """
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %alpha = tensor.extract %phi[%c0] : tensor<?xf64>
  %beta = tensor.extract %phi[%c1] : tensor<?xf64>
  %log_sigma = tensor.extract %phi[%c2] : tensor<?xf64>
  %start = tensor.extract %phi[%c3] : tensor<?xf64>
  %sigma = math.exp %log_sigma : f64
  %total, %last = scf.for %t = %c0 to %n step %c1 iter_args(%s = %zero, %h = %start) -> (f64, f64) {
    %y_t = tensor.extract %y[%t] : tensor<?xf64>
    %b = arith.mulf %beta, %h : f64
    %sine = math.sin %b : f64
    %mu = arith.addf %alpha, %sine : f64
    %r = arith.subf %y_t, %mu : f64
    %u = arith.divf %r, %sigma : f64
    %square = arith.mulf %u, %u : f64
    %next = arith.addf %s, %square : f64
    %state = arith.addf %mu, %r : f64
    %new = arith.mulf %state, %mu : f64
    scf.yield %next, %new : f64, f64
  }
  %all = arith.mulf %total, %last : f64
  return %all : f64
""", 0.5 * normal(9), np.array([0.3, 0.8, -0.2, 0.7]))

# Strides and bounds; a tensor carried and updated in place; loops in loops.
case("loops", """%a: tensor<?xf64>, %phi: tensor<?xf64> {""" + CONSTANTS + """
  %n = tensor.dim %phi, %c0 : tensor<?xf64>
  %empty = tensor.empty(%n) : tensor<?xf64>
  %zeros = linalg.fill ins(%one : f64) outs(%empty : tensor<?xf64>) -> tensor<?xf64>
  %state = scf.for %t = %c1 to %n step %c2 iter_args(%x = %zeros) -> tensor<?xf64> {
    %p = tensor.extract %phi[%t] : tensor<?xf64>
    %inner = scf.for %k = %c0 to %c3 step %c1 iter_args(%v = %x) -> tensor<?xf64> {
      %old = tensor.extract %v[%k] : tensor<?xf64>
      %q = tensor.extract %phi[%k] : tensor<?xf64>
      %m = arith.mulf %old, %p : f64
      %sum = arith.addf %m, %q : f64
      %sine = math.sin %sum : f64
      %w = tensor.insert %sine into %v[%k] : tensor<?xf64>
      scf.yield %w : tensor<?xf64>
    }
    scf.yield %inner : tensor<?xf64>
  }
  %total = scf.for %k = %c0 to %n step %c1 iter_args(%s = %zero) -> f64 {
    %v = tensor.extract %state[%k] : tensor<?xf64>
    %w = tensor.extract %a[%k] : tensor<?xf64>
    %product = arith.mulf %v, %w : f64
    %next = arith.addf %s, %product : f64
    scf.yield %next : f64
  }
  return %total : f64
""", normal(7), normal(7))

# A loop behind a plate that does not depend on it: the plate's gradient comes
# behind the loop's, whose states it must not outrun. A call.
case("loop_after_plate", """%y: tensor<?xf64>, %phi: tensor<?xf64> {""" + CONSTANTS + """
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %a = tensor.extract %phi[%c0] : tensor<?xf64>
  %total = vi.plate "obs" %i in %n (%y_i = %y : tensor<?xf64>) sums(%s = %zero : f64) {
    %m = func.call @tanh_product(%a, %y_i) : (f64, f64) -> f64
    %next = arith.addf %s, %m : f64
    vi.yield sums(%next : f64)
  }
  %last = scf.for %k = %c0 to %c3 step %c1 iter_args(%v = %a) -> f64 {
    %m = arith.mulf %v, %v : f64
    %w = math.sin %m : f64
    scf.yield %w : f64
  }
  %all = arith.addf %total, %last : f64
  return %all : f64
""", normal(8), np.array([1.2]))

# Branches in a plate; the loop's trip count depends on the member.
case("branches", """%y: tensor<?xf64>, %phi: tensor<?xf64> {""" + CONSTANTS + """
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %a = tensor.extract %phi[%c0] : tensor<?xf64>
  %b = tensor.extract %phi[%c1] : tensor<?xf64>
  %total = vi.plate "obs" %i in %n (%y_i = %y : tensor<?xf64>) sums(%s = %zero : f64) {
    %positive = arith.cmpf ogt, %y_i, %zero : f64
    %term = scf.if %positive -> f64 {
      %m = arith.mulf %a, %y_i : f64
      %e = math.exp %m : f64
      scf.yield %e : f64
    } else {
      %r = scf.for %k = %c0 to %i step %c1 iter_args(%v = %b) -> f64 {
        %m = arith.mulf %v, %v : f64
        %w = arith.mulf %m, %a : f64
        %t = math.tanh %w : f64
        scf.yield %t : f64
      }
      scf.yield %r : f64
    }
    %next = arith.addf %s, %term : f64
    vi.yield sums(%next : f64)
  }
  return %total : f64
""", normal(8), np.array([0.7, 1.4]))

# The density of a multivariate normal distribution by Cholesky factors.
case("multivariate_normal", """%y: tensor<?x?xf64>, %base: tensor<?x?xf64>, %phi: tensor<?xf64> {""" + CONSTANTS + """
  %n = tensor.dim %y, %c0 : tensor<?x?xf64>
  %d = tensor.dim %y, %c1 : tensor<?x?xf64>
  %tau = tensor.extract %phi[%c0] : tensor<?xf64>
  %mean = tensor.extract_slice %phi[1] [%d] [1] : tensor<?xf64> to tensor<?xf64>
  %empty = tensor.empty(%d, %d) : tensor<?x?xf64>
  %covariance = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> ()>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%base, %tau, %mean, %mean : tensor<?x?xf64>, f64, tensor<?xf64>, tensor<?xf64>) outs(%empty : tensor<?x?xf64>) {
  ^bb0(%b: f64, %t: f64, %u: f64, %v: f64, %out: f64):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %diagonal = arith.cmpi eq, %i, %j : index
    %uv = arith.mulf %u, %v : f64
    %scaled = arith.mulf %b, %t : f64
    %first = arith.addf %scaled, %uv : f64
    %more = arith.addf %first, %one : f64
    %e = arith.select %diagonal, %more, %first : f64
    linalg.yield %e : f64
  } -> tensor<?x?xf64>
  %l = vi.cholesky %covariance : tensor<?x?xf64>
  %total = vi.plate "obs" %i in %n (%y_i = %y : tensor<?x?xf64>) sums(%s = %zero : f64) {
    %r = arith.subf %y_i, %mean : tensor<?xf64>
    %z = vi.triangular_solve %l, %r : tensor<?x?xf64>, tensor<?xf64>
    %w = vi.triangular_solve %l, %z transpose : tensor<?x?xf64>, tensor<?xf64>
    %init = tensor.from_elements %zero : tensor<f64>
    %q = linalg.dot ins(%r, %w : tensor<?xf64>, tensor<?xf64>) outs(%init : tensor<f64>) -> tensor<f64>
    %e = tensor.extract %q[] : tensor<f64>
    %next = arith.addf %s, %e : f64
    vi.yield sums(%next : f64)
  }
  %log_det = scf.for %k = %c0 to %d step %c1 iter_args(%s = %zero) -> f64 {
    %e = tensor.extract %l[%k, %k] : tensor<?x?xf64>
    %log = math.log %e : f64
    %next = arith.addf %s, %log : f64
    scf.yield %next : f64
  }
  %matrix = vi.triangular_solve %l, %base : tensor<?x?xf64>, tensor<?x?xf64>
  %back = vi.triangular_solve %l, %matrix transpose : tensor<?x?xf64>, tensor<?x?xf64>
  %corner = tensor.extract %back[%c1, %c0] : tensor<?x?xf64>
  %a = arith.addf %total, %log_det : f64
  %all = arith.addf %a, %corner : f64
  return %all : f64
""", normal(4, 3), (lambda a: a @ a.T + np.eye(3))(normal(3, 3)),
     np.array([0.4, 0.3, -0.2, 0.5]))

# One solve with a Cholesky factor, outside of a plate: the adjoint of the factor
# adds to a matrix that the adjoint of the factorization reads many times.
SOLVE = """%base: tensor<?x?xf64>, %y: tensor<?xf64>, %phi: tensor<?xf64> {""" + CONSTANTS + """
  %d = tensor.dim %y, %c0 : tensor<?xf64>
  %tau = tensor.extract %phi[%c0] : tensor<?xf64>
  %empty = tensor.empty(%d, %d) : tensor<?x?xf64>
  %covariance = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> ()>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%base, %tau : tensor<?x?xf64>, f64) outs(%empty : tensor<?x?xf64>) {
  ^bb0(%b: f64, %t: f64, %out: f64):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %diagonal = arith.cmpi eq, %i, %j : index
    %more = arith.addf %b, %t : f64
    %e = arith.select %diagonal, %more, %b : f64
    linalg.yield %e : f64
  } -> tensor<?x?xf64>
  %l = vi.cholesky %covariance : tensor<?x?xf64>
  %z = vi.triangular_solve %l, %y : tensor<?x?xf64>, tensor<?xf64>
  %init = tensor.from_elements %zero : tensor<f64>
  %q = linalg.dot ins(%z, %z : tensor<?xf64>, tensor<?xf64>) outs(%init : tensor<f64>) -> tensor<f64>
  %e = tensor.extract %q[] : tensor<f64>
  return %e : f64
"""
case("factor_of_one_solve", SOLVE, (lambda a: a @ a.T)(normal(4, 4)), normal(4),
     np.array([0.7]))
# The same by blocks, of which the last is a part.
case("factor_of_blocks", SOLVE, (lambda a: a @ a.T / 70)(normal(70, 70)),
     normal(70), np.array([0.7]))

# linalg: named operations, a broadcast, a softmax by hand, transposes.
case("network", """%x: tensor<?x?xf64>, %phi: tensor<?xf64> {""" + CONSTANTS + """
  %n = tensor.dim %x, %c0 : tensor<?x?xf64>
  %w1 = tensor.extract_slice %phi[0] [12] [1] : tensor<?xf64> to tensor<12xf64>
  %w = tensor.expand_shape %w1 [[0, 1]] output_shape [3, 4] : tensor<12xf64> into tensor<3x4xf64>
  %b = tensor.extract_slice %phi[12] [4] [1] : tensor<?xf64> to tensor<4xf64>
  %empty = tensor.empty(%n) : tensor<?x4xf64>
  %bias = linalg.broadcast ins(%b : tensor<4xf64>) outs(%empty : tensor<?x4xf64>) dimensions = [0]
  %xs = tensor.cast %x : tensor<?x?xf64> to tensor<?x3xf64>
  %hidden = linalg.matmul ins(%xs, %w : tensor<?x3xf64>, tensor<3x4xf64>) outs(%bias : tensor<?x4xf64>) -> tensor<?x4xf64>
  %tanh = math.tanh %hidden : tensor<?x4xf64>
  %zero_n = tensor.empty(%n) : tensor<?xf64>
  %least = arith.constant 0xFFF0000000000000 : f64
  %low = linalg.fill ins(%least : f64) outs(%zero_n : tensor<?xf64>) -> tensor<?xf64>
  %max = linalg.reduce ins(%tanh : tensor<?x4xf64>) outs(%low : tensor<?xf64>) dimensions = [1]
    (%in: f64, %out: f64) { %m = arith.maximumf %out, %in : f64 linalg.yield %m : f64 }
  %zeros = linalg.fill ins(%zero : f64) outs(%zero_n : tensor<?xf64>) -> tensor<?xf64>
  %sums = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%tanh, %max : tensor<?x4xf64>, tensor<?xf64>) outs(%zeros : tensor<?xf64>) {
  ^bb0(%t: f64, %m: f64, %out: f64):
    %r = arith.subf %t, %m : f64
    %e = math.exp %r : f64
    %f = arith.mulf %e, %t : f64
    %s = arith.addf %out, %f : f64
    linalg.yield %s : f64
  } -> tensor<?xf64>
  %square = arith.mulf %sums, %max : tensor<?xf64>
  %v = tensor.extract_slice %phi[4] [4] [2] : tensor<?xf64> to tensor<4xf64>
  %out_n = linalg.matvec ins(%tanh, %v : tensor<?x4xf64>, tensor<4xf64>) outs(%square : tensor<?xf64>) -> tensor<?xf64>
  %turned_init = tensor.empty(%n) : tensor<4x?xf64>
  %turned = linalg.transpose ins(%tanh : tensor<?x4xf64>) outs(%turned_init : tensor<4x?xf64>) permutation = [1, 0]
  %column = tensor.extract_slice %turned[1, 0] [1, %n] [1, 1] : tensor<4x?xf64> to tensor<?xf64>
  %init = tensor.from_elements %zero : tensor<f64>
  %dot = linalg.dot ins(%out_n, %column : tensor<?xf64>, tensor<?xf64>) outs(%init : tensor<f64>) -> tensor<f64>
  %e = tensor.extract %dot[] : tensor<f64>
  return %e : f64
""", normal(5, 3), normal(16))

# Gathers in a generic, tensor.generate, captured scalars.
case("gathers", """%g: tensor<?xi64>, %phi: tensor<?xf64> {""" + CONSTANTS + """
  %n = tensor.dim %g, %c0 : tensor<?xi64>
  %s = tensor.extract %phi[%c0] : tensor<?xf64>
  %empty = tensor.empty(%n) : tensor<?xf64>
  %gathered = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%g : tensor<?xi64>) outs(%empty : tensor<?xf64>) {
  ^bb0(%i: i64, %out: f64):
    %index = arith.index_cast %i : i64 to index
    %e = tensor.extract %phi[%index] : tensor<?xf64>
    %m = arith.mulf %e, %s : f64
    %x = math.exp %m : f64
    linalg.yield %x : f64
  } -> tensor<?xf64>
  %generated = tensor.generate %n {
  ^bb0(%i: index):
    %r = arith.remui %i, %c2 : index
    %e = tensor.extract %phi[%r] : tensor<?xf64>
    %x = tensor.extract %gathered[%i] : tensor<?xf64>
    %p = arith.mulf %e, %x : f64
    tensor.yield %p : f64
  } : tensor<?xf64>
  %scaled = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%generated : tensor<?xf64>) outs(%empty : tensor<?xf64>) {
  ^bb0(%i: f64, %out: f64):
    %p = arith.mulf %i, %s : f64
    linalg.yield %p : f64
  } -> tensor<?xf64>
  %init = tensor.from_elements %zero : tensor<f64>
  %dot = linalg.dot ins(%scaled, %gathered : tensor<?xf64>, tensor<?xf64>) outs(%init : tensor<f64>) -> tensor<f64>
  %e = tensor.extract %dot[] : tensor<f64>
  return %e : f64
""", np.array([2, 0, 1, 1, 3]), 0.5 * normal(4))

# Rearrangements of tensors.
case("shapes", """%w: tensor<?xf64>, %phi: tensor<?xf64> {""" + CONSTANTS + """
  %a = tensor.extract_slice %phi[0] [6] [1] : tensor<?xf64> to tensor<6xf64>
  %m = tensor.expand_shape %a [[0, 1]] output_shape [2, 3] : tensor<6xf64> into tensor<2x3xf64>
  %squares = arith.mulf %m, %m : tensor<2x3xf64>
  %both = tensor.concat dim(1) %squares, %m : (tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x6xf64>
  %padded = tensor.pad %both low[1, 0] high[0, 1] {
  ^bb0(%i: index, %j: index):
    tensor.yield %one : f64
  } : tensor<2x6xf64> to tensor<3x7xf64>
  %flat = tensor.collapse_shape %padded [[0, 1]] : tensor<3x7xf64> into tensor<21xf64>
  %p0 = tensor.extract %phi[%c0] : tensor<?xf64>
  %p1 = tensor.extract %phi[%c1] : tensor<?xf64>
  %two = tensor.from_elements %p0, %p1 : tensor<2xf64>
  %inserted = tensor.insert_slice %two into %flat[8] [2] [1] : tensor<2xf64> into tensor<21xf64>
  %more = tensor.insert %p1 into %inserted[%c3] : tensor<21xf64>
  %splat = tensor.splat %p0 : tensor<21xf64>
  %sum = arith.addf %splat, %more : tensor<21xf64>
  %condition = arith.cmpf olt, %p0, %p1 : f64
  %chosen = arith.select %condition, %sum, %more : tensor<21xf64>
  %weights = tensor.cast %w : tensor<?xf64> to tensor<21xf64>
  %shape = arith.constant dense<[3, 7]> : tensor<2xindex>
  %reshaped = tensor.reshape %chosen(%shape) : (tensor<21xf64>, tensor<2xindex>) -> tensor<3x7xf64>
  %again = tensor.collapse_shape %reshaped [[0, 1]] : tensor<3x7xf64> into tensor<21xf64>
  %init = tensor.from_elements %zero : tensor<f64>
  %dot = linalg.dot ins(%again, %weights : tensor<21xf64>, tensor<21xf64>) outs(%init : tensor<f64>) -> tensor<f64>
  %e = tensor.extract %dot[] : tensor<f64>
  return %e : f64
""", normal(21), np.array([-0.4, 0.3, 0.8, -1.1, 0.2, 0.9, 0.1]))

# An element of each row of a matrix, taken by each member: its adjoint is added
# in the row. Beside it the row once more, or the matrix, which forbid that.
ROWS = """%phi: tensor<4x3xf64>, %y: tensor<?xf64> {""" + CONSTANTS + """
  %c4 = arith.constant 4 : index
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %total = vi.plate "obs" %i in %n (%y_i = %y : tensor<?xf64>)
      sums(%s = %zero : f64) {
    %at = arith.remui %i, %c3 : index
    %sum = vi.plate "draws" %k in %c4 (SLICES) sums(%t = %zero : f64) {
      %e = tensor.extract %row[%at] : tensor<3xf64>
      OTHER
      %p = arith.mulf %e, %o : f64
      %q = arith.mulf %p, %y_i : f64
      %u = arith.addf %t, %q : f64
      vi.yield sums(%u : f64)
    }
    %square = arith.mulf %sum, %sum : f64
    %next = arith.addf %s, %square : f64
    vi.yield sums(%next : f64)
  }
  return %total : f64
"""
ROW, OTHER = "%row = %phi : tensor<4x3xf64>", "%other = %phi : tensor<4x3xf64>"
for name, slices, other in (
        ("row", ROW, "%o = math.exp %e : f64"),
        ("row_twice", f"{ROW}, {OTHER}",
         "%o = tensor.extract %other[%c1] : tensor<3xf64>"),
        ("row_and_matrix", ROW,
         "%o = tensor.extract %phi[%k, %c1] : tensor<4x3xf64>")):
    case(name, ROWS.replace("SLICES", slices).replace("OTHER", other),
         normal(4, 3), normal(7), index=0)


LIBRARY = """
func.func private @tanh_product(%a: f64, %b: f64) -> f64 {
  %p = arith.mulf %a, %b : f64
  %t = math.tanh %p : f64
  return %t : f64
}
"""


def main():
    vi_opt, clang = sys.argv[1:3]
    only = sys.argv[3:]
    cases = [c for c in CASES if not only or c[0] in only]
    library = compile_module(vi_opt, clang,
                             LIBRARY + "".join(c[1] for c in cases))
    passed = [check(library, name, arguments, index)
              for name, _, arguments, index in cases
              for check in (check_gradient, check_product)]
    sys.exit(not all(passed))


main()
