//===- JITModel.h - a model compiled in process -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_TOOLS_VI_FIT_JITMODEL_H
#define VI_TOOLS_VI_FIT_JITMODEL_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "vi/Data/Binding.h"
#include "vi/Data/Results.h"
#include "vi/Fit/CompiledModel.h"
#include "vi/Pipelines/Pipelines.h"
#include "vi/Target/JIT.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vi {

/// How many numbers (f64) the machine's memory holds.
int64_t getNumbersInMemory();

/// A function that uses a learned model.
enum class ModelUse { None, Sample, Reconstruct, LogWeights };

/// What to compile.
struct JITModelOptions {
  /// If any, that function and those of sizes are all that is compiled.
  ModelUse use = ModelUse::None;
  /// Members of data that are not given, of which only the sizes count
  /// (`ModelUse::Sample`); 0 if all are.
  int64_t placeholders = 0;
  /// The model's symbol; empty if the module has one model only.
  std::string model;
  /// A family (meanfield, fullrank, lowrank, delta), the symbol of a guide of
  /// the module, or empty: the model's guide, or a mean-field one if it has
  /// none.
  std::string guide;
  /// Of the family lowrank.
  int64_t rank = 4;
  Estimator estimator = Estimator::Pathwise;
  /// Of the parameters that start at random (`#vi.init`).
  uint64_t seed = 1;
  /// Whether the ELBO with noise from a counter is compiled, too, if a draw
  /// takes more than `fit::maxHeldNoise` numbers.
  bool withCounter = false;
  /// Whether that ELBO is all that is wanted, whatever a draw takes: other
  /// functions than those of sizes, the start and it are not compiled.
  bool forTraining = false;
  /// Whether the importance-weighted bound takes the place of that ELBO.
  bool importanceWeighted = false;
  /// Whether that ELBO has a weight of its divergences (`setKLWeight`).
  bool withKLWeight = false;
  /// Whether log p(x, u) is.
  bool withLogJoint = false;
  /// Whether the log-density of each observation is.
  bool withLogLik = false;
  /// `JIT::Options::threads`.
  unsigned threads = 1;
};

/// How far an ELBO may be off where it is neither in closed form nor sampled.
struct ELBOError {
  /// Bounds, and estimates of the errors of quadrature.
  double certified = 0, estimated = 0;
};

/// A model with its guide and its data: the functions that `vi-opt` exports,
/// compiled in process.
class JITModel : public fit::CompiledModel {
public:
  /// Compiles, binds the data, and asks for all sizes. Errors of the compiler
  /// go to the context's diagnostics; the error returned is then empty.
  static llvm::Expected<std::unique_ptr<JITModel>>
  create(mlir::ModuleOp module, const data::DataSet &data,
         const JITModelOptions &options);

  /// The model's symbol.
  const std::string &getName() const { return name; }
  /// How the model and its guide are called in a line.
  const std::string &getTitle() const { return title; }
  /// The ELBO is known up to a constant: a prior is improper, or a factor is
  /// not normalized.
  bool isUpToConstant() const { return upToConstant; }
  /// The observed sites whose log-densities are asked for, and cannot be given:
  /// how often they are observed depends on more than the data.
  llvm::ArrayRef<std::string> getOmittedObservations() const {
    return omittedObservations;
  }
  /// The learned parameters on the unconstrained scale, in the order of phi:
  /// names and shapes.
  const std::vector<data::NamedArray> &getParameters() const {
    return parameters;
  }
  /// Where the fit starts.
  const std::vector<double> &getInitial() const { return initial; }
  /// Parameters of rank two and more whose text does not say where they start,
  /// and that are zero everywhere.
  std::vector<std::pair<int64_t, const data::NamedArray *>>
  getZeroMatrices() const;
  const std::vector<data::LevelNames> &getLevels() const { return levels; }
  /// For each dimension of a site, the argument whose levels its elements
  /// stand for, or an empty string; empty if there are none.
  std::vector<std::string> getLevelsOf(llvm::StringRef site) const {
    return levelsOf.lookup(site);
  }
  const JIT::Timing &getTiming() const { return timing; }
  double getPassSeconds() const { return passSeconds; }

  int64_t getParameterCount() const override { return parameterCount; }
  int64_t getGuideParameterCount() const override {
    return guideParameterCount;
  }
  int64_t getLatentCount() const override { return latentCount; }
  int64_t getNoiseCount() const override { return noiseCount; }
  bool isExact() const override { return exact; }
  /// How far the ELBO of these parameters may be off where its terms are
  /// neither in closed form nor sampled; 0 where there is no such term.
  /// Compiled when it is first asked.
  llvm::Expected<ELBOError> getELBOError(llvm::ArrayRef<double> parameters);
  /// Compiles the ELBO again with four times as many nodes of quadrature; false
  /// where it has none, or as many as there may be.
  llvm::Expected<bool> refineQuadrature();
  int64_t getQuadratureNodes() const { return pipeline.quadratureNodes; }
  llvm::ArrayRef<std::string> getScoreSites() const override {
    return scoreSites;
  }
  llvm::ArrayRef<fit::DataPlate> getDataPlates() const override {
    return plates;
  }
  int64_t getWork() const override { return work; }
  /// Compiles the product when it is first asked.
  bool hasHessianProduct() override;
  std::string getHessianProductFailure() const override {
    return hessianProductFailure;
  }
  void evaluateHessianProduct(llvm::ArrayRef<double> parameters,
                              fit::NoiseView noise,
                              llvm::ArrayRef<fit::PlateBatch> batches,
                              llvm::ArrayRef<double> direction,
                              llvm::MutableArrayRef<double> product) override;
  double evaluate(llvm::ArrayRef<double> parameters, fit::NoiseView noise,
                  llvm::ArrayRef<fit::PlateBatch> batches) override;
  double evaluateGradient(llvm::ArrayRef<double> parameters,
                          fit::NoiseView noise,
                          llvm::ArrayRef<fit::PlateBatch> batches,
                          llvm::MutableArrayRef<double> gradient) override;
  bool hasCounterNoise() const override { return counterGradient != nullptr; }
  double
  evaluateGradientWithSeed(llvm::ArrayRef<double> parameters, int64_t samples,
                           uint64_t seed,
                           llvm::ArrayRef<fit::PlateBatch> batches,
                           llvm::MutableArrayRef<double> gradient) override;
  double evaluateWithSeed(llvm::ArrayRef<double> parameters, int64_t samples,
                          uint64_t seed,
                          llvm::ArrayRef<fit::PlateBatch> batches) override;
  void setKLWeight(double weight) override { klWeight = weight; }
  void getLatents(llvm::ArrayRef<double> parameters,
                  llvm::ArrayRef<double> noise,
                  llvm::MutableArrayRef<double> latents) override;
  double getLogGuide(llvm::ArrayRef<double> parameters,
                     llvm::ArrayRef<double> latents) override;
  /// Must have been asked for.
  double getLogJoint(llvm::ArrayRef<double> parameters,
                     llvm::ArrayRef<double> latents) override;
  llvm::ArrayRef<fit::ReportedArray> getReportedArrays() const override {
    return reported;
  }
  void report(llvm::ArrayRef<double> parameters, llvm::ArrayRef<double> latents,
              uint64_t seed, int64_t draw,
              llvm::MutableArrayRef<double> values) override;
  /// The observations, if they were asked for: their sites and the shapes of
  /// these.
  llvm::ArrayRef<fit::ReportedArray> getObservations() const {
    return observations;
  }
  /// The log-density of each observation given the parameters and latents, one
  /// array after the other; 0 where a mask leaves an observation out.
  void getLogLik(llvm::ArrayRef<double> parameters,
                 llvm::ArrayRef<double> latents,
                 llvm::MutableArrayRef<double> values);
  /// What the function of `ModelUse` writes: observed sites or log-weights,
  /// with their shapes.
  llvm::ArrayRef<fit::ReportedArray> getUsedArrays() const { return used; }
  data::ElementKind getUsedKind(size_t index) const {
    return usedResults[index].kind;
  }
  /// Calls the functions of the uses; `values` gets all arrays, one after the
  /// other.
  void sample(llvm::ArrayRef<double> parameters, uint64_t seed, int64_t draw,
              llvm::MutableArrayRef<double> values);
  /// Of means or log-weights, at the guide's draw for `noise`.
  void use(llvm::ArrayRef<double> parameters, llvm::ArrayRef<double> noise,
           llvm::MutableArrayRef<double> values);
  /// The plate that log-weights are of.
  const std::string &getWeightedPlate() const { return weightedPlate; }
  /// The data of an observed site, if they are an argument; empty otherwise.
  std::vector<double> getObservedData(llvm::StringRef site) const;
  bool permuteMembers(size_t plate, llvm::ArrayRef<int64_t> order) override;
  bool canSelectMembers(size_t plate) const override {
    return selectable.contains(plates[plate].name);
  }
  void selectMembers(size_t plate, llvm::ArrayRef<int64_t> members) override;
  void prefetchMembers(size_t plate, llvm::ArrayRef<int64_t> members) override;
  /// Hashes of the data, whatever files they are in, and of the model and its
  /// guides as the compiler reads them: comments and names of values do not
  /// count.
  uint64_t hashData() const;
  uint64_t getModelHash() const { return modelHash; }
  std::string getParameterName(int64_t index) const override;
  std::string getLatentName(int64_t index) const override;

private:
  /// The pointers of a packed call: the data first.
  class Call;

  JITModel() = default;
  /// Leaves the model and its guide alone in the module.
  llvm::Error select(mlir::ModuleOp module, const JITModelOptions &options);
  llvm::Error compile(mlir::ModuleOp module, const JITModelOptions &options);
  /// Takes the function of the ELBO's error out of the module.
  void takeError(mlir::ModuleOp module);
  /// Copies the gradient, for its derivative.
  void copyGradient(mlir::ModuleOp module);
  /// The functions of the model, as functions on tensors.
  llvm::Error runPasses(mlir::ModuleOp module);
  llvm::Error compileModule(mlir::ModuleOp module, std::unique_ptr<JIT> &into,
                            bool verify = false);
  llvm::Error compileCounter(mlir::ModuleOp module,
                             const JITModelOptions &options);
  llvm::Error compileHessianProduct();
  /// `isStreamed`: members will be selected where they can be, and their
  /// arguments need not be in memory.
  llvm::Error bind(const data::DataSet &data, bool isStreamed);
  void findMembersArguments(mlir::Operation *raised);
  /// The function of a use, of which all else in the module becomes private.
  llvm::Error selectUse(mlir::ModuleOp module, ModelUse use);
  void findLevels(mlir::Operation *source);
  /// Runs the compiled checks of the data's sizes, and looks whether observed
  /// values are in the supports of their distributions.
  llvm::Error checkData();
  llvm::Error readSizes();

  std::string name, title;
  ModelPipelineOptions pipeline;
  bool upToConstant = false;
  std::vector<data::ArgumentDescription> arguments;
  std::vector<data::BoundArgument> bound;
  std::vector<data::LevelNames> levels;
  llvm::StringMap<std::vector<std::string>> levelsOf;
  /// For each data plate, the arguments that its members slice, if their order
  /// is nothing to the model.
  llvm::StringMap<std::vector<unsigned>> exchangeable;
  /// The same, if some members can stand for the data.
  llvm::StringMap<std::vector<unsigned>> selectable;
  /// The data as they came, where members are in another order or selected.
  std::vector<data::BoundArgument> original;
  /// Where selected members are gathered, for each argument.
  std::vector<std::vector<char>> gathered;
  /// Reads from disk what is selected next; none where all data are small.
  std::vector<const data::RowSource *> prefetched;
  std::unique_ptr<data::Prefetcher> prefetcher;
  bool isPrefetchDecided = false;
  uint64_t modelHash = 0;

  /// The results of `shapes`, and what its attributes list.
  std::vector<std::string> sizeNames;
  llvm::StringMap<int64_t> sizes;
  struct Description {
    std::string name, kind;
    int64_t rank = 0;
    /// A parameter whose text says where it starts.
    bool hasInitial = false;
  };
  std::vector<Description> parameterDescriptions, siteDescriptions,
      latentDescriptions;
  std::vector<std::string> plateNames;
  /// The results of the functions that write arrays, in their order.
  struct Result {
    std::string name;
    data::ElementKind kind = data::ElementKind::Float64;
    bool isScalar = false;
    int64_t count = 0;
  };
  std::vector<Result> reportResults, logLikResults, usedResults;
  std::string weightedPlate;
  /// Whether observed values are placeholders.
  bool hasPlaceholders = false;
  std::vector<std::string> observationNames;
  std::vector<std::string> omittedObservations;

  std::vector<std::string> checkMessages;
  /// How many numbers a failed check has.
  unsigned checkNumbers = 0;
  /// An observed site whose values are an argument.
  struct Observed {
    std::string site, argument, support;
  };
  std::vector<Observed> observed;
  /// Whether the values of an observed site are within a range.
  llvm::Error checkSupport(const Observed &site, double low, double high,
                           const char *values) const;

  std::unique_ptr<JIT> jit, counterJIT, hessianJIT, errorJIT, refinedJIT;
  /// Why the derivative of the gradient did not compile, if it did not.
  std::string hessianProductFailure;
  /// The gradient alone, until its derivative is asked for.
  mlir::OwningOpRef<mlir::ModuleOp> gradientModule;
  /// The ELBO's error alone, until it is asked for.
  mlir::OwningOpRef<mlir::ModuleOp> errorModule;
  /// The model as it was, where there is one.
  mlir::OwningOpRef<mlir::ModuleOp> pristine;
  bool exact = false;
  std::vector<std::string> scoreSites;
  /// What is computed of the data once (vi-prepare-data); often nothing.
  std::vector<double> prepared;
  JIT::Function prepareFunction = nullptr;
  /// `elbo` is null where the gradient serves.
  JIT::Function check = nullptr, shapes = nullptr, initialFunction = nullptr,
                elbo = nullptr, elboGradient = nullptr,
                counterGradient = nullptr, counterELBO = nullptr,
                hessianProduct = nullptr, elboError = nullptr,
                latentsFunction = nullptr, logGuide = nullptr,
                logJoint = nullptr, reportFunction = nullptr,
                logLikFunction = nullptr, usedFunction = nullptr;
  /// Whether those compute the importance-weighted bound.
  bool importanceWeighted = false;
  /// The weight of the divergences, where the counter's functions take it.
  std::optional<double> klWeight;
  JIT::Timing timing;
  unsigned threads = 1;
  double passSeconds = 0;
  /// Of the function of the start, where it takes one.
  std::optional<uint64_t> initialSeed;

  int64_t parameterCount = 0, guideParameterCount = 0, latentCount = 0,
          noiseCount = 0, work = 1;
  std::vector<fit::DataPlate> plates;
  std::vector<data::NamedArray> parameters, latentArrays;
  std::vector<double> initial;
  std::vector<fit::ReportedArray> reported, observations, used;
};

} // namespace vi

#endif // VI_TOOLS_VI_FIT_JITMODEL_H
