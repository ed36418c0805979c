//===- Passes.td - passes on the vi dialect -*- tablegen -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_TRANSFORMS_PASSES_TD
#define VI_DIALECT_VI_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def DecomposeAggregates : Pass<"vi-decompose-aggregates"> {
  let summary = "write operations that stand for several out";
  let description = [{
    Replaces each operation with an `AggregatedOpInterface`, such as
    `linalg.softmax`, by the simpler operations that it stands for: those have
    members that can be followed into a plate, derivatives and loops.

    Example:

    ```mlir
    func.func @f(%x: tensor<3xf64>) -> tensor<3xf64> {
      %empty = tensor.empty() : tensor<3xf64>
      %y = linalg.softmax dimension(0) ins(%x : tensor<3xf64>)
          outs(%empty : tensor<3xf64>) -> tensor<3xf64>
      return %y : tensor<3xf64>
    }
    ```

    becomes

    ```mlir
    #vector = affine_map<(d0) -> (d0)>
    #scalar = affine_map<(d0) -> ()>
    func.func @f(%x: tensor<3xf64>) -> tensor<3xf64> {
      %zero = arith.constant 0.0 : f64
      %nan = arith.constant 0xFFF8000000000000 : f64
      %empty = tensor.empty() : tensor<3xf64>
      %number = tensor.empty() : tensor<f64>
      %start = linalg.fill ins(%nan : f64) outs(%number : tensor<f64>)
          -> tensor<f64>
      %greatest = linalg.generic {
          indexing_maps = [#vector, #scalar], iterator_types = ["reduction"]}
          ins(%x : tensor<3xf64>) outs(%start : tensor<f64>) {
      ^bb0(%in: f64, %out: f64):
        %max = arith.maxnumf %in, %out : f64
        linalg.yield %max : f64
      } -> tensor<f64>
      %powers = linalg.generic {
          indexing_maps = [#vector, #scalar, #vector],
          iterator_types = ["parallel"]}
          ins(%x, %greatest : tensor<3xf64>, tensor<f64>)
          outs(%empty : tensor<3xf64>) {
      ^bb0(%in: f64, %max: f64, %out: f64):
        %difference = arith.subf %in, %max : f64
        %power = math.exp %difference : f64
        linalg.yield %power : f64
      } -> tensor<3xf64>
      %none = linalg.fill ins(%zero : f64) outs(%number : tensor<f64>)
          -> tensor<f64>
      %sum = linalg.generic {
          indexing_maps = [#vector, #scalar], iterator_types = ["reduction"]}
          ins(%powers : tensor<3xf64>) outs(%none : tensor<f64>) {
      ^bb0(%in: f64, %out: f64):
        %next = arith.addf %in, %out : f64
        linalg.yield %next : f64
      } -> tensor<f64>
      %y = linalg.generic {
          indexing_maps = [#vector, #scalar, #vector],
          iterator_types = ["parallel"]}
          ins(%powers, %sum : tensor<3xf64>, tensor<f64>)
          outs(%empty : tensor<3xf64>) {
      ^bb0(%in: f64, %total: f64, %out: f64):
        %share = arith.divf %in, %total : f64
        linalg.yield %share : f64
      } -> tensor<3xf64>
      return %y : tensor<3xf64>
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"
  ];
}

def RaiseToPlates : Pass<"vi-raise-to-plates"> {
  let summary = "turn whole-tensor sites into plates";
  let description = [{
    A site over a tensor whose members are independent becomes a plate over its
    leading dimension with a site for one member in it, until members are
    events of their family. The plate is named like the site (inner ones
    SITE_1, SITE_2, ...).

    Elementwise operations and `linalg` operations that produce the
    distribution's parameters move into the plate as the computation of one
    member, so that no array of the plate's length is left: the matrix-vector
    product of a regression becomes the dot product of one row. So do tensors
    that are made of columns (`tensor.insert_slice`) or element by element
    (`tensor.generate`): a design matrix is never there as a whole.

    Example:

    ```mlir
    %likelihood = vi.normal %x, %sigma : tensor<?xf64>, f64
    vi.observe "y" from %likelihood, %y : tensor<?xf64>, tensor<?xf64>
    ```

    becomes

    ```mlir
    %n = tensor.dim %y, %c0 : tensor<?xf64>
    vi.plate "y" %i in %n (%x_i = %x : tensor<?xf64>, %y_i = %y : tensor<?xf64>) {
      %likelihood = vi.normal %x_i, %sigma : f64, f64
      vi.observe "y" from %likelihood, %y_i : f64, f64
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect", "::vi::VIDialect"
  ];
}

def FusePlates : Pass<"vi-fuse-plates"> {
  let summary = "make one plate of plates over the same members";
  let description = [{
    Plates of one name in one block become one plate where the later one needs
    nothing of the earlier but its stacks, member by member: these are then the
    member's values, and a stack that nothing else uses is gone. Sums of a plate
    of data (one with a range) that only begin with what the earlier plate
    computes begin with zero instead, and are added to it. Then moves out of each
    plate what does not depend on the member, unless that might read a
    tensor outside of its bounds where the plate has no members.

    Example:

    ```mlir
    %z = vi.plate "obs" %i in %n (%x_i = %x : tensor<?xf64>) -> tensor<?xf64> {
      %z_i = math.exp %x_i : f64
      vi.yield %z_i : f64
    }
    %s = vi.plate "obs" %i in %n (%z_i = %z : tensor<?xf64>) sums(%a = %zero : f64) {
      %b = arith.addf %a, %z_i : f64
      vi.yield sums(%b : f64)
    }
    ```

    becomes, after canonicalization,

    ```mlir
    %s = vi.plate "obs" %i in %n (%x_i = %x : tensor<?xf64>) sums(%a = %zero : f64) {
      %z_i = math.exp %x_i : f64
      %b = arith.addf %a, %z_i : f64
      vi.yield sums(%b : f64)
    }
    ```
  }];
}

def FlattenPlates : Pass<"vi-flatten-plates"> {
  let summary = "turn plates over the rows of a shared matrix into products";
  let description = [{
    A plate inside a plate of data whose members read the rows of a large matrix
    (1024 elements or more) that the members of the outer plate share is replaced
    by what it does for all of its members at once: a scalar becomes a vector, a
    product with a row a product with the matrix, a sum a reduction. Once the
    members of the outer plate are worked on in tiles, these are products of
    matrices, whose elements are used many times when they have been loaded.

    A plate stays where one of its operations has no such form.

    Example:

    ```mlir
    func.func @hidden(%w: tensor<40x50xf64>, %b: tensor<40xf64>,
                      %x: tensor<?x50xf64>, %n: index, %begin: index,
                      %end: index) -> tensor<?x40xf64> {
      %c40 = arith.constant 40 : index
      %all = vi.plate "datum" %k in %n from %begin to %end
          (%x_k = %x : tensor<?x50xf64>) -> tensor<?x40xf64> {
        %hidden = vi.plate "unit" %i in %c40
            (%w_i = %w : tensor<40x50xf64>, %b_i = %b : tensor<40xf64>)
            -> tensor<40xf64> {
          %start = tensor.from_elements %b_i : tensor<f64>
          %dot = linalg.generic {
              indexing_maps = [affine_map<(d0) -> (d0)>,
                               affine_map<(d0) -> (d0)>,
                               affine_map<(d0) -> ()>],
              iterator_types = ["reduction"]}
              ins(%w_i, %x_k : tensor<50xf64>, tensor<50xf64>)
              outs(%start : tensor<f64>) {
          ^bb0(%p: f64, %q: f64, %sum: f64):
            %pq = arith.mulf %p, %q : f64
            %next = arith.addf %sum, %pq : f64
            linalg.yield %next : f64
          } -> tensor<f64>
          %activation = tensor.extract %dot[] : tensor<f64>
          %unit = math.tanh %activation : f64
          vi.yield %unit : f64
        }
        vi.yield %hidden : tensor<40xf64>
      }
      return %all : tensor<?x40xf64>
    }
    ```

    becomes

    ```mlir
    func.func @hidden(%w: tensor<40x50xf64>, %b: tensor<40xf64>,
                      %x: tensor<?x50xf64>, %n: index, %begin: index,
                      %end: index) -> tensor<?x40xf64> {
      %all = vi.plate "datum" %k in %n from %begin to %end
          (%x_k = %x : tensor<?x50xf64>) -> tensor<?x40xf64> {
        %activation = linalg.generic {
            indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>,
                             affine_map<(d0, d1) -> (d1)>,
                             affine_map<(d0, d1) -> (d0)>],
            iterator_types = ["parallel", "reduction"]}
            ins(%w, %x_k : tensor<40x50xf64>, tensor<50xf64>)
            outs(%b : tensor<40xf64>) {
        ^bb0(%p: f64, %q: f64, %sum: f64):
          %pq = arith.mulf %p, %q : f64
          %next = arith.addf %sum, %pq : f64
          linalg.yield %next : f64
        } -> tensor<40xf64>
        %empty = tensor.empty() : tensor<40xf64>
        %hidden = linalg.generic {
            indexing_maps = [affine_map<(d0) -> (d0)>,
                             affine_map<(d0) -> (d0)>],
            iterator_types = ["parallel"]}
            ins(%activation : tensor<40xf64>) outs(%empty : tensor<40xf64>) {
        ^bb0(%in: f64, %out: f64):
          %unit = math.tanh %in : f64
          linalg.yield %unit : f64
        } -> tensor<40xf64>
        vi.yield %hidden : tensor<40xf64>
      }
      return %all : tensor<?x40xf64>
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

def Marginalize : Pass<"vi-marginalize", "::mlir::ModuleOp"> {
  let summary = "sum finite discrete latents out of the model";
  let description = [{
    A latent site z of a model with finitely many values, which no guide samples,
    leaves the model: the terms of the log-density that depend on z become

        log sum_k p(z = k) prod_t p(term t given z = k),

    a `vi.factor` in the block of z, so inside its plate: one sum for each member.
    It is named like the observation among the terms, if there is one, and
    otherwise like z, and is `normalized` where all terms are densities of data.
    What does not depend on z stays as it was. The guide is then one for the
    other latents, and the bound that of the marginal likelihood.

    Sites go one at a time, the last of the text first, so that z's terms contain
    the sums over what depends on z: the cost is that of the sums nested in each
    other, not of all combinations of all members.

    A site in a loop (`scf.for`) whose value is carried to the next iteration is
    a chain, and is summed out by the forward algorithm. The loop carries
    alpha[i] = log p(terms so far, state i) in place of the state,

        alpha'[j] = log sum_i exp(alpha[i] + log p(j given i) + ...) + ...,

    where terms of the new state alone are computed once for each j: with S states
    and T iterations, S^2 T terms, not S^T. The state may also be a function of the
    site, or of several sites of one iteration; it may start with the value of
    a discrete site before the loop, or of any other.

    `vi.deterministic "z.probs"` reports, with each draw of the other latents, the
    posterior probabilities of z given them; a `vi.predict` or `vi.deterministic`
    that depends on z uses a draw `vi.predict "z"` from these. Sites of chains
    are not reported.

    Up to 4 states that are known from the text are written out, more are a
    plate named SITE.states.

    A latent that is not summed out and whose prior depends on z gets a flat
    prior on its support (`vi.flat`), and its density as a term.

    An error where terms depend on sites of several members, or on all iterations
    (a count of how often a state was met): the sum would be over all their
    combinations.

    Example:

    ```mlir
    vi.model @coins(%y: f64, %p: tensor<2xf64>, %mu: tensor<2xf64>) {
      %one = arith.constant 1.0 : f64
      %prior = vi.categorical %p : tensor<2xf64>
      %z = vi.sample "z" from %prior : i64
      %k = arith.index_cast %z : i64 to index
      %loc = tensor.extract %mu[%k] : tensor<2xf64>
      %likelihood = vi.normal %loc, %one : f64, f64
      vi.observe "y" from %likelihood, %y : f64, f64
    }
    ```

    becomes, with log p(z = k) + log p(y given z = k) for k = 0 and 1 as %4 and %8,

    ```mlir
    #map = affine_map<(d0) -> (d0)>
    vi.model @coins(%y: f64, %p: tensor<2xf64>, %mu: tensor<2xf64>) {
      %c1 = arith.constant 1 : index
      %c0 = arith.constant 0 : index
      %cst = arith.constant -3.4028234663852886E+38 : f64
      %c1_i64 = arith.constant 1 : i64
      %c0_i64 = arith.constant 0 : i64
      %cst_0 = arith.constant 1.000000e+00 : f64
      %0 = vi.categorical %p : tensor<2xf64>
      %1 = vi.log_prob %0, %c0_i64 : i64, i64 -> f64
      %extracted = tensor.extract %mu[%c0] : tensor<2xf64>
      %2 = vi.normal %extracted, %cst_0 : f64, f64
      %3 = vi.log_prob %2, %y : f64, f64 -> f64
      %4 = arith.addf %1, %3 : f64
      %5 = vi.log_prob %0, %c1_i64 : i64, i64 -> f64
      %extracted_1 = tensor.extract %mu[%c1] : tensor<2xf64>
      %6 = vi.normal %extracted_1, %cst_0 : f64, f64
      %7 = vi.log_prob %6, %y : f64, f64 -> f64
      %8 = arith.addf %5, %7 : f64
      %9 = arith.maximumf %4, %8 : f64
      %10 = arith.maximumf %9, %cst : f64
      %11 = vi.stop_gradient %10 : f64
      %12 = arith.subf %4, %11 : f64
      %13 = math.exp %12 : f64
      %14 = arith.subf %8, %11 : f64
      %15 = math.exp %14 : f64
      %16 = arith.addf %13, %15 : f64
      %17 = math.log %16 : f64
      %18 = arith.addf %11, %17 : f64
      vi.factor "y" normalized %18 : f64
      %from_elements = tensor.from_elements %4, %8 : tensor<2xf64>
      %19 = tensor.empty() : tensor<2xf64>
      %20 = linalg.generic {
          indexing_maps = [#map, #map],
          iterator_types = ["parallel"]}
          ins(%from_elements : tensor<2xf64>)
          outs(%19 : tensor<2xf64>) {
      ^bb0(%in: f64, %out: f64):
        %21 = arith.subf %in, %18 : f64
        %22 = math.exp %21 : f64
        linalg.yield %22 : f64
      } -> tensor<2xf64>
      vi.deterministic "z.probs" %20 {vi.summed_out = "z"} : tensor<2xf64>
    }
    ```
  }];
  let options = [
    Option<"guide", "guide", "std::string", "\"\"",
           "the guide that counts, where there are several">,
    Option<"replaceGuides", "replace-guides", "bool", "false",
           "guides written by hand do not count: they will be replaced">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect", "::vi::VIDialect"
  ];
}

def Unconstrain : Pass<"vi-unconstrain", "::mlir::ModuleOp"> {
  let summary = "move latent sites to the real line";
  let description = [{
    Each latent site of a model whose prior is on a set other than the real
    line becomes a site on the unconstrained scale (its name with
    `.unconstrained` appended), distributed as the prior pulled back by the
    bijector of the support: the log-Jacobian is part of its density. The value
    on the site's own scale is the bijector's image, and is reported under the
    site's name. Guides written by hand follow. Discrete sites stay.

    Runs before `vi-auto-guide`, so that families on the unconstrained scale
    need not know of bijectors, even where bounds depend on other latents.

    Example:

    ```mlir
    vi.model @scale() {
      %five = arith.constant 5.0 : f64
      %prior = vi.half_cauchy %five : f64
      %tau = vi.sample "tau" from %prior : f64
    }
    ```

    becomes

    ```mlir
    vi.model @scale() {
      %five = arith.constant 5.0 : f64
      %prior = vi.half_cauchy %five : f64
      %p = vi.pullback positive %prior : f64 -> f64
      %u = vi.sample "tau.unconstrained" from %p : f64
      %tau = vi.constrain positive %u : f64 -> f64
      vi.deterministic "tau" latent %tau : f64
    }
    ```
  }];
  let dependentDialects = ["::vi::VIDialect"];
}

def AutoGuide : Pass<"vi-auto-guide", "::mlir::ModuleOp"> {
  let summary = "make a guide for every model that has none";
  let description = [{
    Adds a `vi.guide @MODEL_guide` with a family on the unconstrained scale:

    - `meanfield`: an independent normal for each element of each site, with
      parameters `SITE.loc` and `SITE.scale`;
    - `fullrank`: one multivariate normal of all sites, with parameters
      `joint.loc`, `joint.scale` (the diagonal of the Cholesky factor) and
      `joint.lower` (its part below the diagonal, row by row);
    - `lowrank`: the same with covariance diag(s^2) + B B^T, with parameters
      `joint.loc`, `joint.scale` (s) and `joint.factor` (B, row by row). B has
      `rank` columns. As B R with an orthogonal R gives the same covariance, B is
      lower trapezoidal: its row i has min(i, `rank`) numbers, and only the signs
      of its columns are free. The covariance's Cholesky factor is formed, at a
      cost of the cube of the number of latents;
    - `delta`: a point, with parameters `SITE.loc`; the maximum of the ELBO is
      then the mode of the joint density on the unconstrained scale.

    Every latent site must be on the real line (see `vi-unconstrain`), and of a
    size that is a function of the data. A site in a loop is a vector of the
    loop's number of iterations, with a plate named `SITE.t`.

    Example: with `vi-auto-guide{family=meanfield}`,

    ```mlir
    vi.model @mean(%y: f64) {
      %zero = arith.constant 0.0 : f64
      %ten = arith.constant 10.0 : f64
      %prior = vi.normal %zero, %ten : f64, f64
      %mu = vi.sample "mu" from %prior : f64
      %likelihood = vi.normal %mu, %ten : f64, f64
      vi.observe "y" from %likelihood, %y : f64, f64
    }
    ```

    becomes

    ```mlir
    vi.model @mean(%y: f64) {
      %zero = arith.constant 0.0 : f64
      %ten = arith.constant 10.0 : f64
      %prior = vi.normal %zero, %ten : f64, f64
      %mu = vi.sample "mu" from %prior : f64
      %likelihood = vi.normal %mu, %ten : f64, f64
      vi.observe "y" from %likelihood, %y : f64, f64
    }
    vi.guide @mean_guide for @mean(%y: f64) {
      %loc = vi.param "mu.loc" real initial(0.0 : f64) : f64
      %scale = vi.param "mu.scale" positive initial(0.1 : f64) : f64
      %q = vi.normal %loc, %scale : f64, f64
      %mu = vi.sample "mu" from %q : f64
    }
    ```
  }];
  let options = [
    Option<"family", "family", "::vi::GuideFamily",
           "::vi::GuideFamily::MeanField", "family of the guide",
           [{::llvm::cl::values(
             clEnumValN(::vi::GuideFamily::MeanField, "meanfield",
                        "independent normals"),
             clEnumValN(::vi::GuideFamily::FullRank, "fullrank",
                        "one multivariate normal"),
             clEnumValN(::vi::GuideFamily::LowRank, "lowrank",
                        "one whose covariance is of low rank plus diagonal"),
             clEnumValN(::vi::GuideFamily::Delta, "delta", "a point"))}]>,
    Option<"replace", "replace", "bool", "false",
           "take the place of guides written by hand">,
    Option<"rank", "rank", "int64_t", "4", "columns of B of lowrank">,
    Option<"scale", "scale", "double", "0.1",
           "standard deviation where the fit starts">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect", "::vi::VIDialect"
  ];
}

def EntryPoints : Pass<"vi-entry-points", "::mlir::ModuleOp"> {
  let summary = "declare the functions that a compiled model consists of";
  let description = [{
    For each model and its guide, adds exported functions (`vi.export`) of the
    data D, of the flat unconstrained parameters phi (the guide's, then the
    model's), and of a range (begin, end, scale) B for each data plate:

    | function | computes |
    |---|---|
    | `NAME_shapes(D)` | the number of parameters, of latents and of standard normals of a draw, and all sizes |
    | `NAME_check(D)` | whether the sizes of the data fit together |
    | `NAME_initial(D)` | phi where the fit starts |
    | `NAME_elbo(D, phi, B, noise)` | the ELBO |
    | `NAME_elbo_gradient(D, phi, B, noise)` | the ELBO and its gradient in phi (made by `vi-differentiate`) |
    | `NAME_elbo_error(D, phi, B, noise)` | how far the ELBO may be off where its terms are neither in closed form nor sampled (made by `vi-bound-errors` where there are such terms) |
    | `NAME_elbo_hessian_vector_product(D, phi, B, noise, direction)` | the ELBO's Hessian in phi times a direction (made by `vi-differentiate`), with the option `hessian` |
    | `NAME_latents(D, phi, noise_row)` | a draw of all latents u from the guide, on the unconstrained scale |
    | `NAME_log_guide(D, phi, u)` | log q(u) |
    | `NAME_log_joint(D, phi, u)` | log p(x, u), with log-Jacobians |
    | `NAME_log_lik(D, phi, u)` | log p of each observation |
    | `NAME_report(D, phi, u, seed, draw)` | every site on its own scale, learned parameters, generated quantities |

    `noise` holds a row of standard normals for each draw; with the option
    `counter`, there is a number of draws and a seed instead. With `kl-weight`,
    a further argument multiplies log p(z) - log q(z) (`vi.elbo`). `NAME_initial`
    has a seed as argument where a parameter starts at random (`#vi.init`).

    With the option `generative`, where a draw and its densities are known:

    | function | computes |
    |---|---|
    | `NAME_encode(D, phi, noise_row)` | the parameters of the guide's distributions, q(z; D), given the draws of the sites before |
    | `NAME_decode(D, phi, u)` | the parameters of the observed sites' distributions given the latents, p(x given z) |
    | `NAME_reconstruct(D, phi, noise_row)` | the means of the observed sites given a draw of the guide's |
    | `NAME_sample(D, phi, seed, draw)` | observed sites, drawn from the model with its latents; of D only sizes and covariates count |
    | `NAME_log_weights(D, phi, noise_row)` | for each member of the data plate with latents log p(x, z) - log q(z), at a draw of the guide's: its mean over draws is the member's ELBO, the logarithm of the mean of its exponentials an importance-sampled log p(x) |
    | `NAME_iwae(D, phi, K, seed)` | the importance-weighted bound of K draws for each member: the sum of the logarithms of their mean weights; and its gradient |

    The attributes `vi.parameters`, `vi.latents`, `vi.sites` and `vi.plates` of
    `NAME_shapes` tell the names, supports and kinds in order, `vi.log_lik` the
    observations. `NAME_log_lik` has a dimension for each plate and loop around
    an observation; where their numbers of members differ (groups of different
    sizes) a vector of all of them, in their order.

    Example:

    ```mlir
    vi.model @mean(%y: f64) {
      %zero = arith.constant 0.0 : f64
      %ten = arith.constant 10.0 : f64
      %prior = vi.normal %zero, %ten : f64, f64
      %mu = vi.sample "mu" from %prior : f64
      %likelihood = vi.normal %mu, %ten : f64, f64
      vi.observe "y" from %likelihood, %y : f64, f64
    }
    vi.guide @mean_guide for @mean(%y: f64) {
      %loc = vi.param "mu.loc" real initial(0.0 : f64) : f64
      %scale = vi.param "mu.scale" positive initial(0.1 : f64) : f64
      %q = vi.normal %loc, %scale : f64, f64
      %mu = vi.sample "mu" from %q : f64
    }
    ```

    becomes, among others,

    ```mlir
    func.func @mean_elbo(
        %y: f64 {vi.doc = "data", vi.name = "y"},
        %phi: tensor<?xf64> {
          vi.doc = "unconstrained parameters: the guide's, then the model's",
          vi.name = "parameters"},
        %noise: tensor<?x?xf64> {
          vi.doc = "standard normals, a row of noise_count for each draw",
          vi.name = "noise", vi.noise})
        -> (f64 {vi.doc = "nats", vi.name = "elbo"})
        attributes {
          vi.differentiate = "mean_elbo_gradient",
          vi.doc = "The evidence lower bound, in nats.", vi.export,
          vi.model = "mean", vi.wrt = [1]} {
      %e = vi.elbo @mean, @mean_guide data(%y : f64)
          parameters(%phi) : tensor<?xf64> -> f64
      return %e : f64
    }
    ```
  }];
  let options = [
    Option<"guide", "guide", "std::string", "\"\"",
           "the guide to use where a model has several">,
    Option<"counter", "counter", "bool", "false",
           "take noise from a counter (seed) instead of an array">,
    Option<"generative", "generative", "bool", "false",
           "also the functions that use a learned model">,
    Option<"doublyReparameterized", "doubly-reparameterized", "bool", "false",
           "the gradient of NAME_iwae by the guide's parameters is the doubly "
           "reparameterized one">,
    Option<"klWeight", "kl-weight", "bool", "false",
           "give the ELBO a weight of the divergences as an argument">,
    Option<"hessian", "hessian", "bool", "false",
           "declare the Hessian-vector product, too">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
    "::vi::VIDialect", "::vi::rng::RNGDialect",
    "::vi::special::SpecialDialect"
  ];
}

def InlineCalls : Pass<"vi-inline-calls", "::mlir::ModuleOp"> {
  let summary = "put the bodies of called functions into models and guides";
  let description = [{
    Replaces each `vi.call`, and each `func.call` in a model or guide, by the body
    of the function, calls in it included. The function's values take the sizes
    that the call has: casts to and from its types are moved through operations
    until they meet. Where a `vi.call` has f32 for all the f64 of a function that
    is written in f64 alone, so has the body, constants rounded. Functions that only calls have used, and that are private,
    are removed.

    Example:

    ```mlir
    func.func private @twice(%x: tensor<?xf64>) -> tensor<?xf64> {
      %y = arith.addf %x, %x : tensor<?xf64>
      return %y : tensor<?xf64>
    }
    func.func @four_times(%x: tensor<8xf64>) -> tensor<8xf64> {
      %y = vi.call @twice(%x) : (tensor<8xf64>) -> tensor<8xf64>
      %z = vi.call @twice(%y) : (tensor<8xf64>) -> tensor<8xf64>
      return %z : tensor<8xf64>
    }
    ```

    becomes

    ```mlir
    func.func @four_times(%x: tensor<8xf64>) -> tensor<8xf64> {
      %y = arith.addf %x, %x : tensor<8xf64>
      %z = arith.addf %y, %y : tensor<8xf64>
      return %z : tensor<8xf64>
    }
    ```
  }];
  let dependentDialects = ["::mlir::tensor::TensorDialect"];
}

def ExpandELBO : Pass<"vi-expand-elbo", "::mlir::ModuleOp"> {
  let summary = "write the evidence lower bound out as an expectation";
  let description = [{
    Replaces each `vi.elbo` by a `vi.expect` whose region is the guide's body
    (each site a `vi.draw`), the model's body (each site the draw of that name),
    and the sum of log-densities: E_q[log p(x, z) - log q(z)].

    Draws of a plate are stacked by the guide's plate and sliced by the model's;
    `vi-fuse-plates` makes one plate of the two. A loop (`scf.for`) stacks and
    slices by the number of the iteration, and carries its terms; a branch
    (`scf.if`) returns them. Everything inside a data plate
    is multiplied by the scale of its range.

    Example:

    ```mlir
    vi.model @mean(%y: f64) {
      %zero = arith.constant 0.0 : f64
      %ten = arith.constant 10.0 : f64
      %prior = vi.normal %zero, %ten : f64, f64
      %mu = vi.sample "mu" from %prior : f64
      %likelihood = vi.normal %mu, %ten : f64, f64
      vi.observe "y" from %likelihood, %y : f64, f64
    }
    vi.guide @mean_guide for @mean(%y: f64) {
      %loc = vi.param "mu.loc" real initial(0.0 : f64) : f64
      %scale = vi.param "mu.scale" positive initial(0.1 : f64) : f64
      %q = vi.normal %loc, %scale : f64, f64
      %mu = vi.sample "mu" from %q : f64
    }
    func.func @f(%y: f64, %phi: tensor<?xf64>) -> f64 {
      %e = vi.elbo @mean, @mean_guide data(%y : f64)
          parameters(%phi) : tensor<?xf64> -> f64
      return %e : f64
    }
    ```

    becomes, besides the model and the guide,

    ```mlir
    func.func @f(%y: f64, %phi: tensor<?xf64>) -> f64 {
      %ten = arith.constant 10.0 : f64
      %zero = arith.constant 0.0 : f64
      %c1 = arith.constant 1 : index
      %c0 = arith.constant 0 : index
      %e = vi.expect {
        %loc = tensor.extract %phi[%c0] : tensor<?xf64>
        %u = tensor.extract %phi[%c1] : tensor<?xf64>
        %scale = vi.constrain positive %u : f64 -> f64
        %q = vi.normal %loc, %scale : f64, f64
        %mu = vi.draw "mu" from %q : f64
        %log_q = vi.log_prob %q, %mu : f64, f64 -> f64
        %prior = vi.normal %zero, %ten : f64, f64
        %log_prior = vi.log_prob %prior, %mu : f64, f64 -> f64
        %likelihood = vi.normal %mu, %ten : f64, f64
        %log_likelihood = vi.log_prob %likelihood, %y : f64, f64 -> f64
        %log_joint = arith.addf %log_prior, %log_likelihood : f64
        %difference = arith.subf %log_joint, %log_q : f64
        vi.yield %difference : f64
      } : f64
      return %e : f64
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect",
    "::vi::VIDialect", "::vi::special::SpecialDialect"
  ];
}

def ErasePrograms : Pass<"vi-erase-programs", "::mlir::ModuleOp"> {
  let summary = "remove models and guides that nothing refers to";
  let description = [{
    After `vi-entry-points` and `vi-expand-elbo` the functions hold all that
    the models and guides say. A model or guide of a `vi.elbo` that is still
    there stays.

    Example:

    ```mlir
    vi.model @nothing() {
    }
    func.func @identity(%x: f64) -> f64 {
      return %x : f64
    }
    ```

    becomes

    ```mlir
    func.func @identity(%x: f64) -> f64 {
      return %x : f64
    }
    ```
  }];
}

def EnumerateDraws : Pass<"vi-enumerate-draws", "::mlir::func::FuncOp"> {
  let summary = "take expectations over finite draws by enumeration";
  let description = [{
    In a `vi.expect`, the terms f(z) that depend on a draw z with finitely many
    values (its Markov blanket: the summands of what its block yields) become
    their expectation given all other draws,

        sum_k q(z = k) f(k),

    and -log q(z) the entropy of q. It stands where the terms stood: inside the
    plate of z, so once for each member. Closed forms for what is left, given
    z = k, come after (`vi-simplify-expectations`).

    A draw is left alone where another draw depends on it or its values leave
    the plate, with a remark that says so, or where its attribute `vi.estimator`
    names another estimator. Up to 4 states that are known from the text are
    written out, more are a plate named SITE.states.

    Example:

    ```mlir
    func.func @f(%p: f64, %a: f64) -> f64 {
      %zero = arith.constant 0.0 : f64
      %q = vi.bernoulli %p : f64
      %e = vi.expect {
        %z = vi.draw "z" from %q : i1
        %f = arith.select %z, %a, %zero : f64
        vi.yield %f : f64
      } : f64
      return %e : f64
    }
    ```

    becomes

    ```mlir
    func.func @f(%p: f64, %a: f64) -> f64 {
      %true = arith.constant true
      %false = arith.constant false
      %zero = arith.constant 0.0 : f64
      %q = vi.bernoulli %p : f64
      %e = vi.expect {
        %log_q0 = vi.log_prob %q, %false : i1, i1 -> f64
        %q0 = math.exp %log_q0 : f64
        %t0 = arith.mulf %q0, %zero : f64
        %log_q1 = vi.log_prob %q, %true : i1, i1 -> f64
        %q1 = math.exp %log_q1 : f64
        %t1 = arith.mulf %q1, %a : f64
        %f = arith.addf %t0, %t1 : f64
        vi.yield %f : f64
      } : f64
      return %e : f64
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect",
    "::vi::VIDialect"
  ];
}

def ScoreFunction : Pass<"vi-score-function", "::mlir::func::FuncOp"> {
  let summary = "give terms of draws without a path the score function's gradient";
  let description = [{
    A draw z whose family has no pathwise derivative (counts that are not
    enumerated), or whose attribute `vi.estimator` is `score-function`, is
    sampled M times, and its terms f(z), the Markov blanket, become

        mean_m f(z_m) + s - stop(s),
        s = 1/M sum_m (stop(f(z_m)) - stop(b_m)) log q(z_m),

    whose value is the mean and whose derivative is the score-function estimate
    of that of E_q[f]: b_m is the mean of f over the other draws, which leaves the
    estimate without bias (a leave-one-out baseline; Kool, van Hoof and Welling
    2019, "Buy 4 REINFORCE samples, get a baseline for free!"). As the terms stand
    in the plate of z, each member has its own baseline, and the scale of a
    minibatch enters once (Ranganath, Gerrish and Blei 2014, "Black box
    variational inference").

    As the value is not a function whose derivative this is, draws must be fresh
    for each gradient: the function is marked `vi.score`.

    An error where another draw depends on z or its values leave the plate.

    Example: with `vi-score-function{draws=2}`,

    ```mlir
    func.func @f(%rate: f64) -> f64 attributes {vi.differentiate = "g"} {
      %q = vi.poisson %rate : f64
      %e = vi.expect {
        %z = vi.draw "z" from %q : i64
        %f = arith.sitofp %z : i64 to f64
        vi.yield %f : f64
      } : f64
      return %e : f64
    }
    ```

    becomes

    ```mlir
    #map = affine_map<(d0) -> (d0)>
    #map1 = affine_map<(d0) -> ()>
    func.func @f(%arg0: f64) -> f64 attributes {vi.differentiate = "g", vi.score = ["z"]} {
      %cst = arith.constant 2.000000e+00 : f64
      %cst_0 = arith.constant dense<0.000000e+00> : tensor<f64>
      %c2 = arith.constant 2 : index
      %0 = vi.poisson %arg0 : f64
      %1 = vi.expect {
        %2:2 = vi.plate "z.draws" %i in %c2 -> (tensor<2xf64>, tensor<2xf64>) {
          %16 = vi.draw "z" from %0 {vi.score} : i64
          %17 = arith.sitofp %16 : i64 to f64
          %18 = vi.log_prob %0, %16 : i64, i64 -> f64
          vi.yield %17, %18 : f64, f64
        }
        %3 = linalg.generic {
            indexing_maps = [#map, #map1],
            iterator_types = ["reduction"]}
            ins(%2#1 : tensor<2xf64>)
            outs(%cst_0 : tensor<f64>) {
        ^bb0(%in: f64, %out: f64):
          %16 = arith.addf %out, %in : f64
          linalg.yield %16 : f64
        } -> tensor<f64>
        %extracted = tensor.extract %3[] : tensor<f64>
        %4 = linalg.generic {
            indexing_maps = [#map, #map1],
            iterator_types = ["reduction"]}
            ins(%2#0 : tensor<2xf64>)
            outs(%cst_0 : tensor<f64>) {
        ^bb0(%in: f64, %out: f64):
          %16 = arith.addf %out, %in : f64
          linalg.yield %16 : f64
        } -> tensor<f64>
        %extracted_1 = tensor.extract %4[] : tensor<f64>
        %5 = vi.stop_gradient %2#0 : tensor<2xf64>
        %6 = linalg.generic {
            indexing_maps = [#map, #map, #map1],
            iterator_types = ["reduction"]}
            ins(%5, %2#1 : tensor<2xf64>, tensor<2xf64>)
            outs(%cst_0 : tensor<f64>) {
        ^bb0(%in: f64, %in_3: f64, %out: f64):
          %16 = arith.mulf %in, %in_3 : f64
          %17 = arith.addf %out, %16 : f64
          linalg.yield %17 : f64
        } -> tensor<f64>
        %extracted_2 = tensor.extract %6[] : tensor<f64>
        %7 = arith.mulf %extracted_2, %cst : f64
        %8 = vi.stop_gradient %extracted_1 : f64
        %9 = arith.mulf %8, %extracted : f64
        %10 = arith.subf %7, %9 : f64
        %11 = arith.divf %10, %cst : f64
        %12 = arith.divf %extracted_1, %cst : f64
        %13 = vi.stop_gradient %11 : f64
        %14 = arith.subf %11, %13 : f64
        %15 = arith.addf %12, %14 : f64
        vi.yield %15 : f64
      } : f64
      return %1 : f64
    }
    ```
  }];
  let options = [
    Option<"draws", "draws", "int64_t", "4", "draws of each such site, M">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect",
    "::vi::VIDialect"
  ];
}

def SimplifyExpectations
    : Pass<"vi-simplify-expectations", "::mlir::func::FuncOp"> {
  let summary = "take expectations as far as algebra goes";
  let description = [{
    In each `vi.expect`:

    1. The guide's log-density of a draw and a prior's that is the same
       distribution cancel, as KL(q || q) = 0. Else the guide's log-density
       becomes minus its entropy, where that has a closed form.
    2. A prior's log-density of a draw becomes, together with the guide's,
       minus a `vi.kl`, where the pair has a closed form; else by itself minus a
       `vi.cross_entropy`, where that has one. Only where the prior's
       parameters do not depend on the draw, which is verified through all
       operations, plates and other draws: then the replacement is the
       expectation given everything else (Rao-Blackwellization).
    3. A log-density, or a factor, whose formula is a sum of products of
       statistics (powers,
       exponentials, logarithms) of independent draws becomes its expectation,
       from the expected statistics of the guide's families: conjugate pairs,
       Gaussian likelihoods with log-normal scales, Poisson with log link. Latents
       may arrive as elements of a plate's stack (also gathered), through
       elementwise operations on tensors, in dot products with weights that
       no draw reaches, and in sums that an `scf.for` carries through the members
       of a plate. A sum of independent normal latents with such weights, a
       linear predictor, is one normal variable: its square is taken as mean
       squared plus variance, and the softplus of it (logistic and binomial
       likelihoods with logits, log-Jacobians of the unit interval, Cauchy and
       Student t densities of scales) by `special.gaussian_softplus`. Any other
       smooth function of one normal variable (a latent through its bijector, a
       linear predictor), also as a factor or in the exponent of a sum over
       several of them, is taken by the trapezoidal rule, a plate `nodes.64` where
       there are 64 nodes, the default: for standard deviations up to 3 of
       functions of the logistic function, and up to 1 of those of 1 / (1 + x^2),
       its error is below 1e-10 of the largest value. The nodes for a given error
       are as many as the standard deviation times a constant.
       The elements of a draw from a multivariate normal distribution, and sums of
       them, are correlated variables: their predictors, exponentials and powers
       are taken in the same way, with covariances.
    4. By linearity, summands and factors that depend on no draw leave the
       expectation; a plate with random and fixed contributions is split.

    A remark (category `vi-expectations`) tells for each term what was done:
    `passed` for closed forms (named `exact`, or `certified` where
    `special.gaussian_softplus` with its error bound takes part, or `quadrature`),
    `missed` with
    the reason, `analysis` for what is left to be sampled.

    With `error-bounds`, the value of `special.gaussian_softplus` is a
    `vi.approximate` within its certified error, and that of a quadrature one
    within its difference from the rule with a quarter of the step, which is an
    estimate. `vi-bound-errors` makes the error of the whole of them.

    Example:

    ```mlir
    %q = vi.normal %a, %s : f64, f64
    %p = vi.normal %b, %t : f64, f64
    %e = vi.expect {
      %z = vi.draw "z" from %q : f64
      %lp = vi.log_prob %p, %z : f64, f64 -> f64
      %lq = vi.log_prob %q, %z : f64, f64 -> f64
      %d = arith.subf %lp, %lq : f64
      vi.yield %d : f64
    } : f64
    ```

    becomes

    ```mlir
    %q = vi.normal %a, %s : f64, f64
    %p = vi.normal %b, %t : f64, f64
    %kl = vi.kl %q, %p : f64, f64 -> f64
    %e = arith.negf %kl : f64
    ```
  }];
  let options = [
    Option<"keepGuideDensity", "keep-guide-density", "bool", "false",
           "leave log q to the estimator (for sticking the landing)">,
    Option<"divergencesOnly", "divergences-only", "bool", "false",
           "leave rule 3 out: log-densities of data go to the estimator">,
    Option<"errorBounds", "error-bounds", "bool", "false",
           "mark what is no closed form by vi.approximate">,
    Option<"quadratureNodes", "quadrature-nodes", "int64_t", "64",
           "nodes of the trapezoidal rule, from 16">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect",
    "::vi::VIDialect", "::vi::special::SpecialDialect"
  ];
}

def EstimateExpectations
    : Pass<"vi-estimate-expectations", "::mlir::func::FuncOp"> {
  let summary = "estimate what has no closed form by Monte Carlo";
  let description = [{
    Replaces each `vi.expect` by the mean of its integrands over draws, a plate
    named `draws`. Each `vi.draw` becomes a differentiable function of its
    distribution's parameters and of noise (pathwise, or reparameterization,
    estimator); a distribution that has none is an error in a function that is
    to be differentiated.

    In a function with a `vi.noise` argument, a row of the array for each draw,
    the noise of draw k is row k. Otherwise noise is counter-based, a pure
    function of (seed, site, draw, member); the number of draws and the seed are
    the function's arguments marked `vi.samples` and `vi.seed`, or else the
    options.

    With `estimator=sticking-the-landing` the parameters of q in log q(z) are
    held fixed in differentiation (Roeder, Wu and Duvenaud 2017), which leaves
    the expectation of the gradient unchanged and its variance zero at q = p.

    Example:

    ```mlir
    func.func @second_moment(%loc: f64, %scale: f64,
                             %noise: tensor<?x1xf64> {vi.noise}) -> f64 {
      %q = vi.normal %loc, %scale : f64, f64
      %m = vi.expect {
        %z = vi.draw "z" from %q : f64
        %square = arith.mulf %z, %z : f64
        vi.yield %square : f64
      } : f64
      return %m : f64
    }
    ```

    becomes

    ```mlir
    func.func @second_moment(%loc: f64, %scale: f64,
                             %noise: tensor<?x1xf64> {vi.noise}) -> f64 {
      %zero = arith.constant 0.0 : f64
      %c0 = arith.constant 0 : index
      %count = tensor.dim %noise, %c0 : tensor<?x1xf64>
      %sum = vi.plate "draws" %k in %count sums(%s = %zero : f64) {
        %row = tensor.extract_slice %noise[%k, 0] [1, 1] [1, 1]
            : tensor<?x1xf64> to tensor<1xf64>
        %epsilon = tensor.extract %row[%c0] : tensor<1xf64>
        %scaled = arith.mulf %scale, %epsilon : f64
        %z = arith.addf %loc, %scaled : f64
        %square = arith.mulf %z, %z : f64
        %next = arith.addf %s, %square : f64
        vi.yield sums(%next : f64)
      }
      %integer = arith.index_cast %count : index to i64
      %number = arith.sitofp %integer : i64 to f64
      %m = arith.divf %sum, %number : f64
      return %m : f64
    }
    ```
  }];
  let options = [
    Option<"samples", "samples", "int64_t", "32",
           "number of draws, where the function has no argument for it">,
    Option<"seed", "seed", "int64_t", "0",
           "seed, where the function has no argument for it">,
    Option<"estimator", "estimator", "::vi::Estimator",
           "::vi::Estimator::Pathwise", "gradient estimator",
           [{::llvm::cl::values(
             clEnumValN(::vi::Estimator::Pathwise, "pathwise",
                        "derivative along the draws"),
             clEnumValN(::vi::Estimator::StickingTheLanding,
                        "sticking-the-landing",
                        "without the score of q"),
             clEnumValN(::vi::Estimator::DoublyReparameterized,
                        "doubly-reparameterized",
                        "the importance-weighted bound's; otherwise "
                        "pathwise"))}]>
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect",
    "::vi::VIDialect", "::vi::rng::RNGDialect",
    "::vi::special::SpecialDialect"
  ];
}

def LowerDistributions : Pass<"vi-lower-distributions"> {
  let summary = "write densities, divergences and bijectors out as formulas";
  let description = [{
    Replaces `vi.log_prob`, `vi.entropy`, `vi.kl`, `vi.cross_entropy`,
    `vi.constrain`, `vi.unconstrain` and `vi.log_det_jacobian` by arithmetic, and
    removes the distributions that nothing uses any more. What a family's
    formulas are, the family answers through its interface; divergences of
    pairs of families come from one registry.

    A measure without a closed form is an error: its expectation has to be
    written as a `vi.expect`, which `vi-estimate-expectations` samples. A
    measure of a batch becomes a plate over its members.

    Where the mask of a `vi.log_prob` is false the density is taken at a value
    inside the support, and then dropped: neither the result nor a derivative
    sees the masked value.

    Example:

    ```mlir
    %d = vi.laplace %loc, %scale : f64, f64
    %l = vi.log_prob %d, %x : f64, f64 -> f64
    ```

    becomes

    ```mlir
    %deviation = arith.subf %x, %loc : f64
    %size = math.absf %deviation : f64
    %negated = arith.negf %size : f64
    %u = arith.divf %negated, %scale : f64
    %log_scale = math.log %scale : f64
    %t = arith.subf %u, %log_scale : f64
    %log2 = arith.constant 0.69314718055994529 : f64
    %l = arith.subf %t, %log2 : f64
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect", "::vi::VIDialect",
    "::vi::special::SpecialDialect", "::vi::rng::RNGDialect"
  ];
}

def PrepareData : Pass<"vi-prepare-data", "::mlir::ModuleOp"> {
  let summary = "compute once what depends on the data alone";
  let description = [{
    In the ELBO of a model, computations on data alone (means to center by,
    sums of squares) that are as long as the data move to a function
    `NAME_prepare` of the data, which returns them in one vector; the ELBO, and
    so its gradient, takes the vector as its last argument `prepared`. The cost
    of a step on a minibatch does then not depend on the size of the data.

    Real numbers, and tensors of a size that is known in the IR, are kept; a
    computation whose result has the data's length stays where it is. A model
    without such computations has no `NAME_prepare` and no such argument.

    Example:

    ```mlir
    func.func @m_elbo(%x: tensor<?xf64>, %phi: tensor<?xf64>) -> f64
        attributes {vi.differentiate = "m_g", vi.model = "m", vi.wrt = [1]} {
      %c0 = arith.constant 0 : index
      %zero = arith.constant dense<0.0> : tensor<f64>
      %sum = linalg.reduce { arith.addf } ins(%x : tensor<?xf64>)
          outs(%zero : tensor<f64>) dimensions = [0]
      %total = tensor.extract %sum[] : tensor<f64>
      %p = tensor.extract %phi[%c0] : tensor<?xf64>
      %e = arith.mulf %p, %total : f64
      return %e : f64
    }
    ```

    becomes

    ```mlir
    func.func @m_prepare(%x: tensor<?xf64>)
        -> (tensor<1xf64> {vi.name = "prepared"})
        attributes {vi.doc = "What the model computes of the data alone: to be called once, for the functions that take `prepared`.",
                    vi.export, vi.model = "m"} {
      %c0 = arith.constant 0 : index
      %zero = arith.constant dense<0.0> : tensor<f64>
      %sum = linalg.reduce { arith.addf } ins(%x : tensor<?xf64>)
          outs(%zero : tensor<f64>) dimensions = [0]
      %total = tensor.extract %sum[] : tensor<f64>
      %empty = tensor.empty() : tensor<1xf64>
      %prepared = tensor.insert %total into %empty[%c0] : tensor<1xf64>
      return %prepared : tensor<1xf64>
    }
    func.func @m_elbo(%x: tensor<?xf64>, %phi: tensor<?xf64>,
                      %prepared: tensor<1xf64> {vi.doc = "what m_prepare computes of the data", vi.name = "prepared"}) -> f64
        attributes {vi.differentiate = "m_g", vi.model = "m", vi.wrt = [1]} {
      %c0 = arith.constant 0 : index
      %total = tensor.extract %prepared[%c0] : tensor<1xf64>
      %p = tensor.extract %phi[%c0] : tensor<?xf64>
      %e = arith.mulf %p, %total : f64
      return %e : f64
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

def InterchangePlates : Pass<"vi-interchange-plates"> {
  let summary = "read the data once for all draws";
  let description = [{
    A plate of data inside a plate of draws would be read once for each draw. This
    pass takes it out: the draws are computed first and stacked, then the plate of
    data runs with the draws inside, where a datum is read once, and last each
    draw's sums are put to use. What is stacked are the draws and what is computed
    from them before the data are looked at, one of each for each draw; nothing is
    as long as the data. What reads a slice of a tensor at the draw (a row of noise)
    is repeated where it is used. Sums of the inner plate that are those of the outer
    one, carried on, are sums over members and draws.

    It is done for a plate that has slices and a range (data), no stacks, and whose
    operands do not depend on the draw.

    Before differentiation it pays only where a member's terms are in more than one
    place: a network of the guide, say, that a divergence needs too, whose reverse
    sweep would run for each of them. `only-shared` leaves other plates as they are:
    sums over draws that live in memory cost the sweep more than they save.

    Example:

    ```mlir
    %total = vi.plate "draws" %k in %samples (%e_k = %e : tensor<?xf64>)
        sums(%t = %zero : f64) {
      %b = arith.mulf %scale, %e_k : f64
      %sum = vi.plate "obs" %i in %n from %begin to %end
          (%y_i = %y : tensor<?xf64>) sums(%s = %zero : f64) {
        %product = arith.mulf %y_i, %b : f64
        %next = arith.addf %s, %product : f64
        vi.yield sums(%next : f64)
      }
      %next = arith.addf %t, %sum : f64
      vi.yield sums(%next : f64)
    }
    ```

    becomes

    ```mlir
    %b = vi.plate "draws" %k in %samples (%e_k = %e : tensor<?xf64>)
        -> tensor<?xf64> {
      %b_k = arith.mulf %scale, %e_k : f64
      vi.yield %b_k : f64
    }
    %empty = tensor.empty(%samples) : tensor<?xf64>
    %zeros = linalg.fill ins(%zero : f64) outs(%empty : tensor<?xf64>)
        -> tensor<?xf64>
    %sums = vi.plate "obs" %i in %n from %begin to %end
        (%y_i = %y : tensor<?xf64>) sums(%s = %zeros : tensor<?xf64>) {
      %nested = vi.plate "draws" %k in %samples (%b_k = %b : tensor<?xf64>)
          sums(%s_i = %s : tensor<?xf64>) {
        %before = tensor.extract %s_i[%k] : tensor<?xf64>
        %product = arith.mulf %y_i, %b_k : f64
        %next = arith.addf %before, %product : f64
        %inserted = tensor.insert %next into %s_i[%k] : tensor<?xf64>
        vi.yield sums(%inserted : tensor<?xf64>)
      }
      vi.yield sums(%nested : tensor<?xf64>)
    }
    %total = vi.plate "draws" %k in %samples
        (%e_k = %e : tensor<?xf64>, %b_k = %b : tensor<?xf64>,
         %sum = %sums : tensor<?xf64>) sums(%t = %zero : f64) {
      %next = arith.addf %t, %sum : f64
      vi.yield sums(%next : f64)
    }
    ```
  }];
  let options = [
    Option<"onlyShared", "only-shared", "bool", /*default=*/"false",
           "only plates of data over whose members there is another plate in front "
           "of the draws or behind them">
  ];
  let dependentDialects = [
    "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"
  ];
}

def ChunkPlates : Pass<"vi-chunk-plates", "::mlir::ModuleOp"> {
  let summary = "divide plates of data into chunks";
  let description = [{
    Moves the program of each plate of data (with a range of members) that is not
    in another plate to a function of its own, which runs a chunk of the members:
    `vi.chunks` calls it. Chunks can run at the same time.

    How many members a chunk has depends on the plate and on the sizes of the
    data alone, so that the same sums come out whatever runs the chunks. With n
    members of w operations each, whose sums have s elements, it has

        max(n / 64, 2^17 / w, 256 s / w) members, in multiples of 64:

    - at most 64 chunks share the work;
    - a chunk has at least 2^17 operations, beside which the start of threads is
      cheap: small data are one chunk;
    - the sums of a chunk, which are filled with zeros and added in the end, cost
      a few percent of its work, though an element of a sum in the second-level
      cache costs as much as ten operations on vectors.

    An operation on numbers counts as one, a division as 4, a function as 16; the
    operations of loops, inner plates and tensors count as often as they run. A
    number of runs that only the member knows counts as 16. A plate that never
    has two chunks is left as it is.

    A function takes what the plate's members share as arguments, but for
    constants, sizes and parts of tensors, which it computes itself.

    Example:

    ```mlir
    func.func @f(%n: index, %y: tensor<?xf64>, %begin: index, %end: index)
        -> f64 {
      %zero = arith.constant 0.0 : f64
      %total = vi.plate "obs" %i in %n from %begin to %end
          (%y_i = %y : tensor<?xf64>) sums(%s = %zero : f64) {
        %next = arith.addf %s, %y_i : f64
        vi.yield sums(%next : f64)
      }
      return %total : f64
    }
    ```

    becomes

    ```mlir
    func.func @f(%n: index, %y: tensor<?xf64>, %begin: index, %end: index)
        -> f64 {
      %start = arith.constant dense<0.0> : tensor<f64>
      %c63 = arith.constant 63 : index
      %least = arith.constant 131072 : index
      %c1 = arith.constant 1 : index
      %c64 = arith.constant 64 : index
      %members = arith.subi %end, %begin : index
      %up = arith.addi %members, %c63 : index
      %share = arith.divui %up, %c64 : index
      %enough = arith.maxui %share, %least : index
      %some = arith.maxui %enough, %c1 : index
      %some_up = arith.addi %some, %c63 : index
      %granules = arith.divui %some_up, %c64 : index
      %length = arith.muli %granules, %c64 : index
      %sum = vi.chunks @f.obs from %begin to %end by %length
          inputs(%n, %y : index, tensor<?xf64>) sums(%start : tensor<f64>)
          -> tensor<f64>
      %total = tensor.extract %sum[] : tensor<f64>
      return %total : f64
    }
    func.func private @f.obs(%begin: index, %end: index, %n: index,
                             %y: tensor<?xf64>, %sum: tensor<f64>)
        -> tensor<f64> attributes {vi.chunk} {
      %before = tensor.extract %sum[] : tensor<f64>
      %total = vi.plate "obs" %i in %n from %begin to %end
          (%y_i = %y : tensor<?xf64>) sums(%s = %before : f64) {
        %next = arith.addf %s, %y_i : f64
        vi.yield sums(%next : f64)
      }
      %after = tensor.insert %total into %sum[] : tensor<f64>
      return %after : tensor<f64>
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"
  ];
}

def TilePlates : Pass<"vi-tile-plates"> {
  let summary = "turn plates into loops";
  let description = [{
    Replaces each `vi.plate` by an `scf.for` over its members, or over its range
    of members. Running sums and stacks are carried by the loop: a sum starts
    at its initial value, a stack as an uninitialized tensor (as zeros where the
    plate has a range), into which each member inserts its value. A stack that is
    used only for the rows of the range has only these. Member slices
    are read where they lie. All of it is in place after bufferization: the
    stacks are the only arrays.

    With `vector-bits`, the loop runs over *tiles* of members, as many as a
    register has lanes of the widest floating-point type of the plate, and a
    loop over single members follows for those that do not fill a tile. In a
    tile, a member's scalar is a lane of a vector; a member's row of data is a
    row of a small matrix, on which the member's `linalg.generic` operations get
    one more dimension; a tensor of the member's own is kept with members
    innermost. Gathers become `vector.gather`. A scalar sum is kept for each lane
    and added up behind the loop, so that its bits depend on the number of
    members and on the width of vectors alone. A tensor sum takes all members of
    a tile at once; where they go to different elements (the adjoint of a
    gather), at once where the elements are the same, as they mostly are in data
    sorted by group, one after the other if not. Plates and loops inside a member
    run for all lanes together, if their bounds are the same for all members; a
    plate with a program that has no such form (a branch, a loop of a member's
    own length) is a loop over single members. Operations on tensors should be
    `linalg.generic` by then.

    Where members share a matrix of 1024 elements or more, and add to one, a
    tile has several vectors of members, `vector-bits` / 8 in all: in a product,
    each element of the matrix is then used so many times when it has been
    loaded, and the products take longer than the loads from the second-level
    cache. What is left of the members is done in tiles of one vector, then one
    by one.

    The dimensions of a value that is stacked must not depend on the member.
    Derivatives have been taken by now: `vi.stop_gradient` is replaced by its
    operand.

    Example:

    ```mlir
    %total, %squares = vi.plate "obs" %i in %n (%y_i = %y : tensor<?xf64>)
        sums(%s = %zero : f64) -> tensor<?xf64> {
      %square = arith.mulf %y_i, %y_i : f64
      %next = arith.addf %s, %square : f64
      vi.yield sums(%next : f64) %square : f64
    }
    ```

    becomes

    ```mlir
    %empty = tensor.empty(%n) : tensor<?xf64>
    %total, %squares = scf.for %i = %c0 to %n step %c1
        iter_args(%s = %zero, %stack = %empty) -> (f64, tensor<?xf64>) {
      %y_i = tensor.extract %y[%i] : tensor<?xf64>
      %square = arith.mulf %y_i, %y_i : f64
      %next = arith.addf %s, %square : f64
      %inserted = tensor.insert %square into %stack[%i] : tensor<?xf64>
      scf.yield %next, %inserted : f64, tensor<?xf64>
    }
    ```
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "int64_t", "0",
           "width of a vector register; 0 for loops over single members">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
    "::mlir::vector::VectorDialect"
  ];
}

def LowerMatrix : Pass<"vi-lower-matrix"> {
  let summary = "turn factorizations and triangular solves into loops";
  let description = [{
    Replaces `vi.cholesky`, `vi.cholesky_adjoint` and `vi.triangular_solve` by
    loops that work in place on one matrix (row by row: rows are contiguous). A
    Cholesky factor of a matrix that is not positive definite has NaN from the
    first bad pivot on.

    With `blocked`, a matrix that is not known to be small is worked on by
    blocks of 32 rows: what the finished rows contribute to a block is one
    product of matrices, `linalg.generic`, in which nearly all of the operations
    are; inside of a block the same goes on row by row, with products of a vector
    and a matrix. A block is kept in memory of its own (32 rows) until it is
    done. The adjoint of a factorization costs twice as much as the factorization,
    a sixth of what products and solves of whole matrices would.

    Example:

    ```mlir
    %x = vi.triangular_solve %l, %b : tensor<2x2xf64>, tensor<2xf64>
    ```

    becomes

    ```mlir
    %two = arith.constant 2 : index
    %empty = tensor.empty() : tensor<2xf64>
    %copy = scf.for %i = %c0 to %two step %c1
        iter_args(%copied = %empty) -> (tensor<2xf64>) {
      %b_i = tensor.extract %b[%i] : tensor<2xf64>
      %next = tensor.insert %b_i into %copied[%i] : tensor<2xf64>
      scf.yield %next : tensor<2xf64>
    }
    %x = scf.for %i = %c0 to %two step %c1
        iter_args(%b_i = %copy) -> (tensor<2xf64>) {
      %reduced = scf.for %j = %c0 to %i step %c1
          iter_args(%b_ij = %b_i) -> (tensor<2xf64>) {
        %l_ij = tensor.extract %l[%i, %j] : tensor<2x2xf64>
        %x_j = tensor.extract %b_ij[%j] : tensor<2xf64>
        %product = arith.mulf %l_ij, %x_j : f64
        %rest = tensor.extract %b_ij[%i] : tensor<2xf64>
        %difference = arith.subf %rest, %product : f64
        %next = tensor.insert %difference into %b_ij[%i] : tensor<2xf64>
        scf.yield %next : tensor<2xf64>
      }
      %l_ii = tensor.extract %l[%i, %i] : tensor<2x2xf64>
      %numerator = tensor.extract %reduced[%i] : tensor<2xf64>
      %x_i = arith.divf %numerator, %l_ii : f64
      %next = tensor.insert %x_i into %reduced[%i] : tensor<2xf64>
      scf.yield %next : tensor<2xf64>
    }
    ```
  }];
  let options = [
    Option<"blocked", "blocked", "bool", "false",
           "work on large matrices by blocks of rows">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

#endif // VI_DIALECT_VI_TRANSFORMS_PASSES_TD
