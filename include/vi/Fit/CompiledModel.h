//===- CompiledModel.h - the functions of a model and its guide -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_FIT_COMPILEDMODEL_H
#define VI_FIT_COMPILEDMODEL_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <string>
#include <vector>

namespace vi {
namespace fit {

/// The members `begin` to `end` (exclusive) of a data plate, and the number
/// that multiplies everything inside the plate.
struct PlateBatch {
  int64_t begin = 0;
  int64_t end = 0;
  double scale = 1;
};

/// Standard normals, row-major: a row for each draw.
struct NoiseView {
  const double *data = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;

  llvm::ArrayRef<double> getRow(int64_t row) const {
    return {data + row * columns, static_cast<size_t>(columns)};
  }
  /// Rows `begin` to `begin + count`.
  NoiseView slice(int64_t begin, int64_t count) const {
    return {data + begin * columns, count, columns};
  }
};

/// An array that a posterior draw reports: a site on its constrained scale or
/// a generated quantity.
struct ReportedArray {
  std::string name;
  std::vector<int64_t> shape;
  /// Draws of q have values of it (a latent site), and so a deviation of the
  /// guide's own.
  bool isLatent = true;

  int64_t getElementCount() const;
};

/// A data plate of the model.
struct DataPlate {
  std::string name;
  int64_t count = 0;
};

/// A model with its guide and data, as functions of the unconstrained
/// parameters phi (the guide's, then the model's theta) and of standard normal
/// noise. What optimizers, the posterior covariance and the reports stand on:
/// compiled code in the tools, closed forms in the tests.
class CompiledModel {
public:
  virtual ~CompiledModel();

  /// The length of phi.
  virtual int64_t getParameterCount() const = 0;
  /// How many parameters, at the beginning of phi, are the guide's. The others
  /// are the model's, theta.
  virtual int64_t getGuideParameterCount() const { return getParameterCount(); }
  /// The length of u, the latents on the unconstrained scale.
  virtual int64_t getLatentCount() const = 0;
  /// The standard normals that a draw takes.
  virtual int64_t getNoiseCount() const = 0;
  /// Whether every term of the ELBO has a closed form, so that noise makes no
  /// difference to it.
  virtual bool isExact() const { return false; }
  /// The sites whose gradient is the score function's: without bias over fresh
  /// draws, but not the derivative of the value over held ones.
  virtual llvm::ArrayRef<std::string> getScoreSites() const { return {}; }
  virtual llvm::ArrayRef<DataPlate> getDataPlates() const { return {}; }

  /// The numbers that an evaluation reads for each draw, about: decides how
  /// many draws are affordable.
  virtual int64_t getWork() const { return getParameterCount(); }

  /// The ELBO over the draws of `noise`. `batches` has an entry for each data
  /// plate, or is empty for whole plates.
  virtual double evaluate(llvm::ArrayRef<double> parameters, NoiseView noise,
                          llvm::ArrayRef<PlateBatch> batches) = 0;
  /// The same and its gradient, which has the layout of `parameters`.
  virtual double evaluateGradient(llvm::ArrayRef<double> parameters,
                                  NoiseView noise,
                                  llvm::ArrayRef<PlateBatch> batches,
                                  llvm::MutableArrayRef<double> gradient) = 0;

  /// Whether `evaluateHessianProduct` is there. A model may compile it when it
  /// is first asked.
  virtual bool hasHessianProduct() { return false; }
  /// Why it is not there, where that is news: compiling it has failed.
  virtual std::string getHessianProductFailure() const { return ""; }
  /// The Hessian of the ELBO over the draws of `noise` times a direction, both
  /// with the layout of `parameters`.
  virtual void evaluateHessianProduct(llvm::ArrayRef<double> parameters,
                                      NoiseView noise,
                                      llvm::ArrayRef<PlateBatch> batches,
                                      llvm::ArrayRef<double> direction,
                                      llvm::MutableArrayRef<double> product);

  /// Whether `evaluateGradientWithSeed` is there.
  virtual bool hasCounterNoise() const { return false; }
  /// The ELBO and its gradient over `samples` draws whose noise is computed
  /// where it is used: what a batch does not need is never drawn.
  virtual double
  evaluateGradientWithSeed(llvm::ArrayRef<double> parameters, int64_t samples,
                           uint64_t seed, llvm::ArrayRef<PlateBatch> batches,
                           llvm::MutableArrayRef<double> gradient);

  /// The ELBO alone, over the same draws.
  virtual double evaluateWithSeed(llvm::ArrayRef<double> parameters,
                                  int64_t samples, uint64_t seed,
                                  llvm::ArrayRef<PlateBatch> batches);
  /// The weight of the divergences of the guide from the prior in what the
  /// functions with a seed compute: the ELBO at 1. Only where it was asked for.
  virtual void setKLWeight(double weight) {}

  /// The draw of q for a row of noise.
  virtual void getLatents(llvm::ArrayRef<double> parameters,
                          llvm::ArrayRef<double> noise,
                          llvm::MutableArrayRef<double> latents) = 0;
  /// log q(u).
  virtual double getLogGuide(llvm::ArrayRef<double> parameters,
                             llvm::ArrayRef<double> latents) = 0;
  /// log p(x, u), with the log-Jacobians of the transforms.
  virtual double getLogJoint(llvm::ArrayRef<double> parameters,
                             llvm::ArrayRef<double> latents) = 0;

  /// What `report` writes, in its order.
  virtual llvm::ArrayRef<ReportedArray> getReportedArrays() const = 0;
  /// The sites on their constrained scale and the generated quantities, one
  /// array after the other. Draws of generated quantities are functions of
  /// (`seed`, `draw`).
  virtual void report(llvm::ArrayRef<double> parameters,
                      llvm::ArrayRef<double> latents, uint64_t seed,
                      int64_t draw, llvm::MutableArrayRef<double> values) = 0;

  /// How messages name an element of phi or u.
  virtual std::string getParameterName(int64_t index) const;
  virtual std::string getLatentName(int64_t index) const;

  /// Puts the members of a data plate in another order: member i becomes what
  /// member `order[i]` of the data is; an empty `order` goes back to theirs.
  /// False where the model does not allow it (local latents, members found by
  /// index), and then nothing is changed.
  virtual bool permuteMembers(size_t plate, llvm::ArrayRef<int64_t> order) {
    return false;
  }

  /// Whether some members of a data plate can stand for the data: the functions
  /// with a seed depend on a member only through its data, and no parameter is
  /// a member's own.
  virtual bool canSelectMembers(size_t plate) const { return false; }
  /// Takes these members of a data plate for the data, in this order: batches
  /// count from the first of them. An empty list goes back to all.
  virtual void selectMembers(size_t plate, llvm::ArrayRef<int64_t> members) {}
  /// Says which members will be selected next, so that their data can be read
  /// from disk meanwhile.
  virtual void prefetchMembers(size_t plate, llvm::ArrayRef<int64_t> members) {}
};

/// Whole plates, each with scale 1.
std::vector<PlateBatch> getWholePlates(const CompiledModel &model);

} // namespace fit
} // namespace vi

#endif // VI_FIT_COMPILEDMODEL_H
