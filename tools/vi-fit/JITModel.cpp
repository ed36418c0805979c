//===- JITModel.cpp - a model compiled in process -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "JITModel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Pass/PassManager.h"
#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Dialect/VI/Transforms/Passes.h"
#include "vi/Dialect/VI/Transforms/Sites.h"
#include "vi/Differentiation/JacobianProduct.h"
#include "vi/Fit/Fit.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/xxhash.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <unistd.h>

using namespace mlir;
using namespace vi;

template <typename... Arguments>
static llvm::Error makeError(const char *format, Arguments &&...arguments) {
  return llvm::createStringError(
      llvm::inconvertibleErrorCode(),
      llvm::formatv(format, std::forward<Arguments>(arguments)...).str());
}

/// The error of a compilation whose diagnostics have been printed.
static llvm::Error makeReportedError() {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), "");
}

//===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===//

static std::optional<data::ElementKind> getElementKind(Type type) {
  Type element = getElementTypeOrSelf(type);
  if (element.isF64())
    return data::ElementKind::Float64;
  if (element.isF32())
    return data::ElementKind::Float32;
  if (element.isIndex() || element.isInteger(64))
    return data::ElementKind::Int64;
  if (element.isInteger(32))
    return data::ElementKind::Int32;
  if (element.isInteger(1))
    return data::ElementKind::Bool;
  return std::nullopt;
}

static std::string describeLocation(Location location) {
  if (auto fileLocation = location->findInstanceOf<FileLineColLoc>())
    return llvm::formatv("{0}:{1}:{2}", fileLocation.getFilename().getValue(),
                         fileLocation.getLine(), fileLocation.getColumn());
  return "";
}

/// The data arguments of a model.
static llvm::Expected<std::vector<data::ArgumentDescription>>
describeArguments(ModelOp model) {
  std::vector<data::ArgumentDescription> arguments;
  for (unsigned i = 0, end = model.getNumArguments(); i < end; ++i) {
    data::ArgumentDescription argument;
    argument.name = model.getArgumentName(i).str();
    Type type = model.getArgumentTypes()[i];
    std::optional<data::ElementKind> kind = getElementKind(type);
    if (!kind) {
      std::string text;
      llvm::raw_string_ostream(text) << type;
      return makeError("argument '{0}' has the type {1}, which data files "
                       "cannot fill",
                       argument.name, text);
    }
    argument.kind = *kind;
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      for (int64_t size : tensor.getShape())
        argument.sizes.push_back(ShapedType::isDynamic(size)
                                     ? data::ArgumentDescription::kDynamic
                                     : size);
    if (auto index = model.getArgAttrOfType<IndexAttr>(i, "vi.index")) {
      data::IndexDescription description;
      description.base = index.getBase();
      if (auto size = dyn_cast<StringAttr>(index.getSize()))
        description.sizeArgument = size.getValue().str();
      else if (auto number = dyn_cast<IntegerAttr>(index.getSize()))
        description.size = number.getInt();
      argument.index = description;
    }
    argument.location =
        describeLocation(model.getBody().getArgument(i).getLoc());
    arguments.push_back(std::move(argument));
  }
  return arguments;
}

/// The model of that name, or the only one.
static llvm::Expected<ModelOp> findModel(ModuleOp module, StringRef name) {
  SmallVector<ModelOp> models(module.getOps<ModelOp>());
  if (name.starts_with("@"))
    name = name.drop_front();
  if (models.empty())
    return makeError("the file has no vi.model");
  std::string names;
  for (ModelOp model : models) {
    if (model.getSymName() == name)
      return model;
    names += (names.empty() ? "@" : ", @") + model.getSymName().str();
  }
  if (!name.empty())
    return makeError("the file has no model @{0}; it has {1}", name, names);
  if (models.size() > 1)
    return makeError("the file has several models ({0}): name one with --model",
                     names);
  return models.front();
}

/// The family of that name, if it is one.
static std::optional<GuideFamily> getFamily(StringRef name) {
  return llvm::StringSwitch<std::optional<GuideFamily>>(name)
      .Case("meanfield", GuideFamily::MeanField)
      .Case("fullrank", GuideFamily::FullRank)
      .Case("lowrank", GuideFamily::LowRank)
      .Case("delta", GuideFamily::Delta)
      .Default(std::nullopt);
}

/// Everything in the module that `model` does not need.
static void removeOtherModels(ModuleOp module, ModelOp model) {
  for (GuideOp guide : llvm::make_early_inc_range(module.getOps<GuideOp>()))
    if (guide.getModel() != model.getSymName())
      guide.erase();
  for (ModelOp other : llvm::make_early_inc_range(module.getOps<ModelOp>()))
    if (other != model)
      other.erase();
}

static double getSecondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
      .count();
}

llvm::Error JITModel::select(ModuleOp module, const JITModelOptions &options) {
  llvm::Expected<ModelOp> model = findModel(module, options.model);
  if (!model)
    return model.takeError();
  name = model->getSymName().str();
  removeOtherModels(module, *model);
  StringRef guide = options.guide;
  guide.consume_front("@");
  pipeline.estimator = options.estimator;
  pipeline.rank = options.rank;
  if (std::optional<GuideFamily> family = getFamily(guide)) {
    pipeline.family = *family;
    pipeline.replaceGuides = true;
  }
  bool isWritten = !module.getOps<GuideOp>().empty();
  if (!pipeline.replaceGuides && (isWritten || !guide.empty())) {
    if (!guide.empty() && !module.lookupSymbol<GuideOp>(guide))
      return makeError(
          "--guide={0}: no family (meanfield, fullrank, lowrank, delta) "
          "and no guide of the model",
          guide);
    FailureOr<GuideOp> found = getGuide(*model, guide);
    if (failed(found))
      return makeReportedError();
    pipeline.guide = found->getSymName().str();
  }
  title = name + ", ";
  title +=
      !pipeline.guide.empty()                    ? "guide @" + pipeline.guide
      : pipeline.family == GuideFamily::FullRank ? "full-rank normal"
      : pipeline.family == GuideFamily::LowRank
          ? "normal of rank " + std::to_string(options.rank) + " plus diagonal"
      : pipeline.family == GuideFamily::Delta ? "point estimate"
                                              : "mean-field normal";
  llvm::Expected<std::vector<data::ArgumentDescription>> descriptions =
      describeArguments(*model);
  if (!descriptions)
    return descriptions.takeError();
  arguments = std::move(*descriptions);
  return llvm::Error::success();
}

llvm::Error JITModel::runPasses(ModuleOp module) {
  auto begin = std::chrono::steady_clock::now();
  PassManager manager(module.getContext());
  buildModelPipeline(manager, pipeline);
  if (failed(manager.run(module)))
    return makeReportedError();
  passSeconds += getSecondsSince(begin);
  return llvm::Error::success();
}

llvm::Error JITModel::compileModule(ModuleOp module, std::unique_ptr<JIT> &into,
                                    bool verify) {
  JIT::Options options;
  options.threads = threads;
  options.verify = verify;
  llvm::Expected<std::unique_ptr<JIT>> compiled = JIT::compile(module, options);
  if (!compiled)
    return compiled.takeError();
  into = std::move(*compiled);
  const JIT::Timing &one = into->getTiming();
  timing.lowering += one.lowering;
  timing.translation += one.translation;
  timing.optimization += one.optimization;
  timing.generation += one.generation;
  return llvm::Error::success();
}

static const char *getSuffix(ModelUse use) {
  switch (use) {
  case ModelUse::Sample:
    return "_sample";
  case ModelUse::Reconstruct:
    return "_reconstruct";
  case ModelUse::LogWeights:
    return "_log_weights";
  case ModelUse::None:
    break;
  }
  return "";
}

llvm::Error JITModel::selectUse(ModuleOp module, ModelUse use) {
  auto func = module.lookupSymbol<func::FuncOp>(name + getSuffix(use));
  if (!func) {
    switch (use) {
    case ModelUse::Sample:
      return makeError("model @{0} cannot be drawn from: it observes nothing, "
                       "has a factor (vi.factor) or a prior that is improper",
                       name);
    case ModelUse::Reconstruct:
      return makeError("model @{0} observes nothing, or sites whose means have "
                       "no closed form",
                       name);
    default:
      return makeError("the data of model @{0} have no log-weights of their "
                       "own: not all of its latents and observations are in "
                       "one plate",
                       name);
    }
  }
  // Gradients and what else is there are for other commands.
  for (const char *suffix :
       {"_encode", "_decode", "_sample", "_reconstruct", "_log_weights"})
    if (auto other = module.lookupSymbol<func::FuncOp>(name + suffix))
      if (other != func)
        other.setPrivate();
  if (auto plate = func->getAttrOfType<StringAttr>("vi.plate"))
    weightedPlate = plate.getValue().str();
  for (unsigned i = 0, end = func.getNumResults(); i < end; ++i) {
    auto result = func.getResultAttrOfType<StringAttr>(i, "vi.name");
    Type type = func.getResultTypes()[i];
    usedResults.push_back({result.getValue().str(), *getElementKind(type),
                           !isa<RankedTensorType>(type)});
  }
  return llvm::Error::success();
}

llvm::Error JITModel::compile(ModuleOp module, const JITModelOptions &options) {
  threads = options.threads;
  pipeline.errorBounds = !options.forTraining && options.use == ModelUse::None;
  if (pipeline.errorBounds)
    pristine = module.clone();
  if (llvm::Error error = runPasses(module))
    return error;
  // What nobody asks for is not compiled.
  auto logLikOp = module.lookupSymbol<func::FuncOp>(name + "_log_lik");
  if (!options.withLogLik || logLikOp.getNumResults() == 0)
    logLikOp.setPrivate();
  if (!options.withLogJoint)
    module.lookupSymbol<func::FuncOp>(name + "_log_joint").setPrivate();
  bool isForUse = options.use != ModelUse::None;
  if (isForUse)
    if (llvm::Error error = selectUse(module, options.use))
      return error;
  if (options.forTraining || isForUse)
    for (const char *suffix :
         {"_elbo_gradient", "_latents", "_log_guide", "_report"})
      module.lookupSymbol<func::FuncOp>(name + suffix).setPrivate();
  // With little data the gradient takes less time than compiling the value
  // apart.
  constexpr int64_t littleData = 1 << 14;
  int64_t elements = 0;
  for (const data::BoundArgument &argument : bound)
    elements += argument.getElementCount();
  bool withValue = elements > littleData && !options.forTraining && !isForUse;
  if (!withValue)
    module.lookupSymbol<func::FuncOp>(name + "_elbo").setPrivate();

  // What the functions say about themselves.
  auto shapesOp = module.lookupSymbol<func::FuncOp>(name + "_shapes");
  auto reportOp = module.lookupSymbol<func::FuncOp>(name + "_report");
  auto checkOp = module.lookupSymbol<func::FuncOp>(name + "_check");
  if (!shapesOp || !reportOp || !checkOp)
    return makeError("model @{0} has no entry points", name);
  auto readDescriptions = [&](StringRef attribute,
                              std::vector<Description> &into) {
    auto array = shapesOp->getAttrOfType<ArrayAttr>(attribute);
    for (auto entry : array.getAsRange<DictionaryAttr>()) {
      Description description;
      description.name = entry.getAs<StringAttr>("name").getValue().str();
      description.kind = entry.getAs<StringAttr>("kind").getValue().str();
      if (auto type = dyn_cast<RankedTensorType>(
              entry.getAs<TypeAttr>("type").getValue()))
        description.rank = type.getRank();
      description.hasInitial = entry.contains("initial");
      into.push_back(std::move(description));
    }
  };
  readDescriptions("vi.parameters", parameterDescriptions);
  readDescriptions("vi.sites", siteDescriptions);
  readDescriptions("vi.latents", latentDescriptions);
  for (auto plate :
       shapesOp->getAttrOfType<ArrayAttr>("vi.plates").getAsRange<StringAttr>())
    plateNames.push_back(plate.getValue().str());
  if (options.withLogLik) {
    for (auto observation : shapesOp->getAttrOfType<ArrayAttr>("vi.log_lik")
                                .getAsRange<StringAttr>())
      observationNames.push_back(observation.getValue().str());
    if (auto omitted = shapesOp->getAttrOfType<ArrayAttr>("vi.no_log_lik"))
      for (auto observation : omitted.getAsRange<StringAttr>())
        omittedObservations.push_back(observation.getValue().str());
  }
  checkNumbers = checkOp.getNumResults() - 1;
  if (auto messages = checkOp->getAttrOfType<ArrayAttr>("vi.checks"))
    for (auto message : messages.getAsRange<StringAttr>())
      checkMessages.push_back(message.getValue().str());
  if (auto sites = shapesOp->getAttrOfType<ArrayAttr>("vi.observed"))
    for (auto site : sites.getAsRange<DictionaryAttr>())
      observed.push_back({site.getAs<StringAttr>("site").getValue().str(),
                          site.getAs<StringAttr>("argument").getValue().str(),
                          site.getAs<StringAttr>("support").getValue().str()});
  upToConstant = shapesOp->hasAttr("vi.unnormalized") ||
                 llvm::any_of(latentDescriptions, [](const Description &d) {
                   return d.kind == "improper";
                 });
  auto getResultName = [](func::FuncOp func, unsigned i) {
    auto attribute = func.getResultAttrOfType<StringAttr>(i, "vi.name");
    return attribute ? attribute.getValue().str() : std::string();
  };
  if (auto elboOp = module.lookupSymbol<func::FuncOp>(name + "_elbo"))
    if (auto sites = elboOp->getAttrOfType<ArrayAttr>("vi.score"))
      for (auto site : sites.getAsRange<StringAttr>())
        scoreSites.push_back(site.str());
  if (auto elboOp = module.lookupSymbol<func::FuncOp>(name + "_elbo"))
    for (BlockArgument argument : elboOp.getArguments())
      if (elboOp.getArgAttr(argument.getArgNumber(), "vi.noise"))
        exact = argument.use_empty();
  auto initialOp = module.lookupSymbol<func::FuncOp>(name + "_initial");
  if (initialOp && initialOp.getNumArguments() > arguments.size())
    initialSeed = options.seed;
  // What these functions look into has to be in memory.
  for (const char *suffix : {"_check", "_shapes", "_initial", "_prepare"})
    if (auto func = module.lookupSymbol<func::FuncOp>(name + suffix))
      for (auto [value, data] : llvm::zip(func.getArguments(), bound))
        if (!data.data && !llvm::all_of(value.getUsers(), [](Operation *user) {
              return isa<tensor::DimOp>(user);
            }))
          data.materialize();
  if (auto prepareOp = module.lookupSymbol<func::FuncOp>(name + "_prepare"))
    prepared.resize(
        cast<RankedTensorType>(prepareOp.getResultTypes()[0]).getNumElements());
  for (unsigned i = 0, end = shapesOp.getNumResults(); i < end; ++i)
    sizeNames.push_back(getResultName(shapesOp, i));
  for (unsigned i = 0, end = reportOp.getNumResults(); i < end; ++i) {
    Type type = reportOp.getResultTypes()[i];
    reportResults.push_back({getResultName(reportOp, i), *getElementKind(type),
                             !isa<RankedTensorType>(type)});
  }
  takeError(module);
  if (!errorModule)
    pristine = OwningOpRef<ModuleOp>();
  copyGradient(module);
  if (llvm::Error error = compileModule(module, jit))
    return error;
  auto find = [&](const char *suffix, JIT::Function &function) -> llvm::Error {
    llvm::Expected<JIT::Function> found = jit->lookup(name + suffix);
    if (!found)
      return found.takeError();
    function = *found;
    return llvm::Error::success();
  };
  const std::pair<const char *, JIT::Function *> functions[] = {
      {"_check", &check},
      {"_shapes", &shapes},
      {"_initial", &initialFunction},
      {"_elbo_gradient", &elboGradient},
      {"_latents", &latentsFunction},
      {"_log_guide", &logGuide},
      {"_report", &reportFunction}};
  for (auto [suffix, function] : options.forTraining || isForUse
                                     ? llvm::ArrayRef(functions).take_front(3)
                                     : llvm::ArrayRef(functions))
    if (llvm::Error error = find(suffix, *function))
      return error;
  if (isForUse)
    if (llvm::Error error = find(getSuffix(options.use), usedFunction))
      return error;
  if (withValue)
    if (llvm::Error error = find("_elbo", elbo))
      return error;
  if (options.withLogJoint)
    if (llvm::Error error = find("_log_joint", logJoint))
      return error;
  if (!prepared.empty())
    if (llvm::Error error = find("_prepare", prepareFunction))
      return error;
  if (!observationNames.empty())
    if (llvm::Error error = find("_log_lik", logLikFunction))
      return error;
  return llvm::Error::success();
}

llvm::Error JITModel::compileCounter(ModuleOp module,
                                     const JITModelOptions &options) {
  pipeline.counter = true;
  pipeline.errorBounds = false;
  pipeline.klWeight = options.withKLWeight;
  pipeline.generative = importanceWeighted = options.importanceWeighted;
  if (options.withKLWeight)
    klWeight = 1.0;
  if (llvm::Error error = runPasses(module))
    return error;
  // The gradient alone, and the value for training: all else is compiled.
  std::string value = name + (importanceWeighted ? "_iwae" : "_elbo");
  std::string gradient = value + "_gradient";
  if (!module.lookupSymbol(gradient))
    return makeError("model @{0} has no importance-weighted bound: its latents "
                     "and observations are not all in one plate, or draws of "
                     "its guide have no pathwise derivatives",
                     name);
  for (auto func : module.getOps<func::FuncOp>())
    if (func.getSymName() != gradient &&
        !(options.forTraining && func.getSymName() == value))
      func.setPrivate();
  if (llvm::Error error = compileModule(module, counterJIT))
    return error;
  llvm::Expected<JIT::Function> found = counterJIT->lookup(gradient);
  if (!found)
    return found.takeError();
  counterGradient = *found;
  if (!options.forTraining)
    return llvm::Error::success();
  found = counterJIT->lookup(value);
  if (!found)
    return found.takeError();
  counterELBO = *found;
  return llvm::Error::success();
}

void JITModel::takeError(ModuleOp module) {
  auto function = module.lookupSymbol<func::FuncOp>(name + "_elbo_error");
  if (!function)
    return;
  errorModule = ModuleOp::create(module.getLoc());
  function->remove();
  errorModule->push_back(function);
}

void JITModel::copyGradient(ModuleOp module) {
  auto function = module.lookupSymbol<func::FuncOp>(name + "_elbo_gradient");
  if (!function)
    return;
  gradientModule = ModuleOp::create(module.getLoc());
  gradientModule->push_back(function.clone());
}

llvm::Expected<bool> JITModel::refineQuadrature() {
  constexpr int64_t factor = 4, most = 1024;
  if (!pristine || factor * pipeline.quadratureNodes > most)
    return false;
  pipeline.quadratureNodes = factor * pipeline.quadratureNodes;
  OwningOpRef<ModuleOp> module(pristine->clone());
  if (llvm::Error error = runPasses(*module))
    return std::move(error);
  takeError(*module);
  copyGradient(*module);
  std::string gradient = name + "_elbo_gradient";
  for (auto func : module->getOps<func::FuncOp>())
    if (func.getSymName() != gradient)
      func.setPrivate();
  if (llvm::Error error = compileModule(*module, refinedJIT))
    return std::move(error);
  llvm::Expected<JIT::Function> found = refinedJIT->lookup(gradient);
  if (!found)
    return found.takeError();
  elboGradient = *found;
  elbo = hessianProduct = elboError = nullptr;
  return true;
}

llvm::Error JITModel::compileHessianProduct() {
  auto begin = std::chrono::steady_clock::now();
  OwningOpRef<ModuleOp> module = std::move(gradientModule);
  auto gradient = *module->getOps<func::FuncOp>().begin();
  unsigned parameterNumber = 0;
  for (unsigned i = 0, end = gradient.getNumArguments(); i < end; ++i)
    if (auto argument = gradient.getArgAttrOfType<StringAttr>(i, "vi.name"))
      if (argument == "parameters")
        parameterNumber = i;
  std::string product = name + "_elbo_hessian_vector_product";
  // A gradient without derivative is no error of the user's.
  std::string reason;
  ScopedDiagnosticHandler catcher(
      module->getContext(), [&](Diagnostic &diagnostic) {
        if (reason.empty() &&
            diagnostic.getSeverity() == DiagnosticSeverity::Error)
          reason = diagnostic.str();
        return success();
      });
  if (failed(createHessianVectorProduct(gradient, product, parameterNumber)))
    return makeError("{0}", reason);
  gradient.erase();
  passSeconds += getSecondsSince(begin);
  // Verified after each pass: what does not compile must not end the fit.
  if (llvm::Error error = compileModule(*module, hessianJIT, /*verify=*/true)) {
    if (reason.empty())
      return error;
    llvm::consumeError(std::move(error));
    return makeError("{0}", reason);
  }
  llvm::Expected<JIT::Function> found = hessianJIT->lookup(product);
  if (!found)
    return found.takeError();
  hessianProduct = *found;
  return llvm::Error::success();
}

bool JITModel::hasHessianProduct() {
  if (!hessianProduct && gradientModule)
    if (llvm::Error error = compileHessianProduct())
      hessianProductFailure = llvm::toString(std::move(error));
  return hessianProduct != nullptr;
}

//===----------------------------------------------------------------------===//
// Data and sizes
//===----------------------------------------------------------------------===//

/// The element at a place in memory as a real number.
static double readElement(const char *place, data::ElementKind kind) {
  auto read = [&](auto value) {
    std::memcpy(&value, place, sizeof(value));
    return static_cast<double>(value);
  };
  switch (kind) {
  case data::ElementKind::Float64:
    return read(double());
  case data::ElementKind::Float32:
    return read(float());
  case data::ElementKind::Int64:
    return read(int64_t());
  case data::ElementKind::Int32:
    return read(int32_t());
  default:
    return *reinterpret_cast<const unsigned char *>(place) != 0;
  }
}

/// The arguments of a call, and where their numbers are kept.
class JITModel::Call {
public:
  /// `sizesOnly`: of data that are not in memory as a whole, the function looks
  /// at the sizes alone.
  explicit Call(JITModel &model, bool sizesOnly = false) {
    // Pointers to words must last: never more than this.
    size_t capacity = 3 * model.plateNames.size() + model.sizeNames.size() +
                      model.reportResults.size() +
                      model.observationNames.size() + model.checkNumbers +
                      model.usedResults.size() + 16;
    for (const data::BoundArgument &argument : model.bound)
      capacity += 1 + argument.shape.size();
    words.reserve(capacity);
    for (data::BoundArgument &argument : model.bound) {
      if (!argument.data && !sizesOnly)
        argument.materialize();
      if (argument.shape.empty()) {
        // By value: the number itself.
        pointers.push_back(const_cast<void *>(argument.data));
        continue;
      }
      addPointer(const_cast<void *>(argument.data));
      for (int64_t size : argument.shape)
        addInteger(size);
    }
  }

  void addInteger(int64_t value) {
    Word word;
    word.integer = value;
    words.push_back(word);
    pointers.push_back(&words.back());
  }
  void addReal(double value) {
    Word word;
    word.real = value;
    words.push_back(word);
    pointers.push_back(&words.back());
  }
  void addPointer(void *value) {
    Word word;
    word.pointer = value;
    words.push_back(word);
    pointers.push_back(&words.back());
  }
  void addVector(llvm::ArrayRef<double> values) {
    addPointer(const_cast<double *>(values.data()));
    addInteger(values.size());
  }
  /// What is computed of the data once, where there is any.
  void addPrepared(llvm::ArrayRef<double> prepared) {
    if (!prepared.empty())
      addVector(prepared);
  }
  void addNoise(fit::NoiseView noise) {
    addPointer(const_cast<double *>(noise.data));
    addInteger(noise.rows);
    addInteger(noise.columns);
  }
  void addBatches(llvm::ArrayRef<fit::PlateBatch> batches) {
    for (const fit::PlateBatch &batch : batches) {
      addInteger(batch.begin);
      addInteger(batch.end);
      addReal(batch.scale);
    }
  }
  /// Where the returned number goes.
  void addReturn(void *place) { pointers.push_back(place); }

  void run(JIT::Function function) { function(pointers.data()); }
  /// Calls a function that returns a real number.
  double evaluate(JIT::Function function) {
    double value = 0;
    addReturn(&value);
    run(function);
    return value;
  }
  /// Calls a function that writes arrays, the first of which it returns if that
  /// is a number. `values` gets all their elements as real numbers.
  void evaluate(JIT::Function function, llvm::ArrayRef<Result> results,
                llvm::MutableArrayRef<double> values);

private:
  union Word {
    int64_t integer;
    double real;
    void *pointer;
  };
  llvm::SmallVector<Word, 64> words;
  llvm::SmallVector<void *, 64> pointers;
};

void JITModel::Call::evaluate(JIT::Function function,
                              llvm::ArrayRef<Result> results,
                              llvm::MutableArrayRef<double> values) {
  std::vector<std::vector<char>> storage;
  for (const Result &result : results) {
    size_t size = result.count * data::getElementSize(result.kind);
    storage.emplace_back(std::max<size_t>(size, 8));
    if (storage.size() > 1 || !result.isScalar)
      addPointer(storage.back().data());
  }
  if (results.front().isScalar)
    addReturn(storage.front().data());
  run(function);
  size_t next = 0;
  for (auto [result, bytes] : llvm::zip_equal(results, storage)) {
    unsigned step = data::getElementSize(result.kind);
    for (int64_t i = 0; i < result.count; ++i)
      values[next++] = readElement(bytes.data() + i * step, result.kind);
  }
}

llvm::Error JITModel::bind(const data::DataSet &data, bool isStreamed) {
  if (isStreamed)
    for (const auto &plate : selectable)
      for (unsigned i : plate.second)
        arguments[i].isStreamed = true;
  llvm::Expected<std::vector<data::BoundArgument>> result =
      data::bindArguments(arguments, data);
  if (!result)
    return result.takeError();
  bound = std::move(*result);
  for (const data::BoundArgument &argument : bound) {
    if (!argument.levels.empty())
      levels.push_back({argument.name, argument.levels});
    work += argument.getElementCount();
  }
  return llvm::Error::success();
}

/// The numbers of an integer argument or a dimension of one, if `value` is that
/// and no more.
static std::optional<int64_t>
getKnownSize(Value value, llvm::ArrayRef<data::BoundArgument> bound) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (!isa<ModelOp>(argument.getOwner()->getParentOp()))
      return std::nullopt;
    const data::BoundArgument &data = bound[argument.getArgNumber()];
    if (!data.shape.empty() || data.kind != data::ElementKind::Int64)
      return std::nullopt;
    return *static_cast<const int64_t *>(data.data);
  }
  if (auto cast = value.getDefiningOp<arith::IndexCastOp>())
    return getKnownSize(cast.getIn(), bound);
  if (auto dim = value.getDefiningOp<tensor::DimOp>()) {
    auto argument = dyn_cast<BlockArgument>(dim.getSource());
    std::optional<int64_t> index = dim.getConstantIndex();
    if (argument && index && isa<ModelOp>(argument.getOwner()->getParentOp()))
      return bound[argument.getArgNumber()].shape[*index];
  }
  APInt number;
  if (matchPattern(value, m_ConstantInt(&number)))
    return number.getSExtValue();
  return std::nullopt;
}

/// A dimension of a tensor, as far as it follows from the data.
static std::optional<int64_t>
getKnownDimension(Value tensor, int64_t dimension,
                  llvm::ArrayRef<data::BoundArgument> bound) {
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!type)
    return std::nullopt;
  if (!type.isDynamicDim(dimension))
    return type.getDimSize(dimension);
  if (auto argument = dyn_cast<BlockArgument>(tensor)) {
    if (isa<ModelOp>(argument.getOwner()->getParentOp()))
      return bound[argument.getArgNumber()].shape[dimension];
    return std::nullopt;
  }
  Operation *op = tensor.getDefiningOp();
  unsigned dynamic = type.getDynamicDimIndex(dimension);
  if (auto empty = dyn_cast<tensor::EmptyOp>(op))
    return getKnownSize(empty.getDynamicSizes()[dynamic], bound);
  if (auto splat = dyn_cast<tensor::SplatOp>(op))
    return getKnownSize(splat.getDynamicSizes()[dynamic], bound);
  if (auto generic = dyn_cast<linalg::LinalgOp>(op))
    return getKnownDimension(
        generic.getDpsInits()[cast<OpResult>(tensor).getResultNumber()],
        dimension, bound);
  // Elementwise operations and those on matrices, whose results have the shape
  // of an operand.
  for (Value operand : op->getOperands())
    if (operand.getType() == type)
      return getKnownDimension(operand, dimension, bound);
  return std::nullopt;
}

/// What an operation on tensors adds to the numbers that are read: an element
/// counts as one where a function of it is computed; what only multiplies and
/// adds runs in blocks, at about this many to one. A factorization counts as
/// the cube of its size, forth and back.
static double getTensorWork(Operation *op,
                            llvm::ArrayRef<data::BoundArgument> bound) {
  constexpr double multiplicationsPerNumber = 25;
  if (isa<CholeskyOp>(op)) {
    std::optional<int64_t> size =
        getKnownDimension(op->getOperand(0), 0, bound);
    double order = size ? double(*size) : 1;
    return order * order * order / multiplicationsPerNumber;
  }
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  if (!structured)
    return 0;
  std::vector<double> ranges(structured.getNumLoops(), 1.0);
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = structured.getMatchingIndexingMap(&operand);
    for (auto [dimension, expression] : llvm::enumerate(map.getResults()))
      if (auto loop = dyn_cast<AffineDimExpr>(expression))
        if (std::optional<int64_t> size =
                getKnownDimension(operand.get(), dimension, bound))
          ranges[loop.getPosition()] = double(std::max<int64_t>(*size, 1));
  }
  double domain = 1;
  for (double range : ranges)
    domain *= range;
  int64_t functions = 0;
  op->walk([&](Operation *nested) {
    functions += isa_and_nonnull<math::MathDialect>(nested->getDialect());
  });
  return functions ? domain * double(functions)
                   : domain / multiplicationsPerNumber;
}

/// What loops, operations on tensors and their functions add to the numbers
/// that an evaluation reads. The operations of a loop run forth and back, one
/// after the other: each counts as a few numbers that a plate streams through.
/// What is not known to run more often counts once.
static int64_t getComputationWork(ModelOp model,
                                  llvm::ArrayRef<data::BoundArgument> bound) {
  constexpr double numbersPerOperation = 3;
  auto getRuns = [&](Operation *op) -> double {
    std::optional<int64_t> runs;
    if (auto plate = dyn_cast<PlateOp>(op)) {
      runs = getKnownSize(plate.getCount(), bound);
    } else if (auto loop = dyn_cast<scf::ForOp>(op)) {
      std::optional<int64_t> begin = getKnownSize(loop.getLowerBound(), bound);
      std::optional<int64_t> end = getKnownSize(loop.getUpperBound(), bound);
      std::optional<int64_t> step = getKnownSize(loop.getStep(), bound);
      if (begin && end && step && *step > 0)
        runs = llvm::divideCeilSigned(*end - *begin, *step);
    }
    return double(std::max<int64_t>(runs.value_or(1), 1));
  };
  double work = 0;
  auto getAllRuns = [&](Operation *op) {
    double runs = 1;
    for (; op != model; op = op->getParentOp())
      runs *= getRuns(op);
    return runs;
  };
  model.getBody().walk([&](Operation *op) {
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      int64_t operations = 0;
      for (Operation &nested : loop.getBody()->without_terminator())
        operations += nested.getNumRegions() == 0;
      work += numbersPerOperation * getAllRuns(op) * double(operations);
    } else if (double ofTensors = getTensorWork(op, bound)) {
      work += ofTensors * getAllRuns(op);
    }
  });
  return static_cast<int64_t>(std::min(work, 1e15));
}

/// Checks that plates are as long as the data that they slice.
static llvm::Error checkPlates(ModelOp model,
                               llvm::ArrayRef<data::BoundArgument> bound) {
  std::string message;
  model.getBody().walk([&](PlateOp plate) {
    auto isOfModel = [&](Value value) {
      auto argument = dyn_cast<BlockArgument>(value);
      return !argument || argument.getOwner()->getParentOp() == model;
    };
    if (!isOfModel(plate.getCount()))
      return WalkResult::advance();
    std::optional<int64_t> count = getKnownSize(plate.getCount(), bound);
    if (!count)
      return WalkResult::advance();
    if (*count < 0) {
      message = llvm::formatv("plate '{0}' would have {1} members",
                              plate.getName(), *count);
      return WalkResult::interrupt();
    }
    for (Value slice : plate.getSlices()) {
      auto argument = dyn_cast<BlockArgument>(slice);
      if (!argument || argument.getOwner()->getParentOp() != model)
        continue;
      const data::BoundArgument &data = bound[argument.getArgNumber()];
      if (data.shape.front() == *count)
        continue;
      message = llvm::formatv(
          "plate '{0}' has {1} members, but '{2}' in the data has {3}",
          plate.getName(), *count, data.name, data.shape.front());
      std::string location = describeLocation(plate.getLoc());
      if (!location.empty())
        message += " (" + location + ")";
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return message.empty() ? llvm::Error::success() : makeError("{0}", message);
}

/// Finds the dimensions of sites that have an element for each level of a text
/// column: their size is the argument that is the size of the indices.
void JITModel::findLevels(Operation *source) {
  auto model = cast<ModelOp>(source);
  auto getArgumentName = [&](Value size) -> std::string {
    if (auto cast = size.getDefiningOp<arith::IndexCastOp>())
      size = cast.getIn();
    auto argument = dyn_cast<BlockArgument>(size);
    if (!argument || argument.getOwner()->getParentOp() != model)
      return "";
    std::string sizeName = model.getArgumentName(argument.getArgNumber()).str();
    for (auto [description, data] : llvm::zip_equal(arguments, bound))
      if (!data.levels.empty() && description.index &&
          description.index->sizeArgument == sizeName)
        return description.name;
    return "";
  };
  auto note = [&](Operation *op, StringRef site, ValueRange sizes) {
    std::vector<std::string> names;
    for (Operation *parent = op->getParentOp(); parent != model;
         parent = parent->getParentOp())
      if (auto plate = dyn_cast<PlateOp>(parent))
        names.insert(names.begin(), getArgumentName(plate.getCount()));
    for (Value size : sizes)
      names.push_back(getArgumentName(size));
    if (llvm::any_of(names, [](StringRef name) { return !name.empty(); }))
      levelsOf[site] = std::move(names);
  };
  model.walk([&](Operation *op) {
    if (auto sample = dyn_cast<SampleOp>(op))
      note(op, sample.getName(), sample.getSizes());
    else if (auto deterministic = dyn_cast<DeterministicOp>(op))
      note(op, deterministic.getName(), {});
    else if (auto predict = dyn_cast<PredictOp>(op))
      note(op, predict.getName(), predict.getSizes());
  });
}

/// The arguments that the members of a plate slice; nothing where the order of
/// members makes a difference, or may make one.
static std::optional<std::vector<unsigned>>
getExchangeableArguments(ModelOp model, PlateOp plate) {
  if (plate->getParentOp() != model.getOperation() || plate.getBegin() ||
      !plate.getIndex().use_empty() || plate->getNumResults() != 0)
    return std::nullopt;
  WalkResult walked = plate.walk([](Operation *op) {
    return isa<SampleOp, DeterministicOp, PredictOp>(op)
               ? WalkResult::interrupt()
               : WalkResult::advance();
  });
  if (walked.wasInterrupted())
    return std::nullopt;
  std::vector<unsigned> arguments;
  for (Value slice : plate.getSlices()) {
    auto argument = dyn_cast<BlockArgument>(slice);
    if (!argument)
      return std::nullopt;
    for (Operation *user : argument.getUsers())
      if (user != plate && !isa<tensor::DimOp, linalg::ReduceOp>(user))
        return std::nullopt;
    arguments.push_back(argument.getArgNumber());
  }
  return arguments;
}

bool JITModel::permuteMembers(size_t plate, llvm::ArrayRef<int64_t> order) {
  if (order.empty()) {
    if (!original.empty())
      bound = original;
    return true;
  }
  auto found = exchangeable.find(plates[plate].name);
  if (found == exchangeable.end())
    return false;
  // A copy of the data is the price: not of ones that fill the memory.
  int64_t bytes = 0;
  for (unsigned i : found->second)
    bytes += bound[i].getElementCount() * data::getElementSize(bound[i].kind);
  if (bytes > int64_t(1) << 30)
    return false;
  if (original.empty())
    original = bound;
  for (unsigned i : found->second) {
    const data::BoundArgument &from = original[i];
    int64_t members = from.shape.front();
    size_t size = members == 0 ? 0
                               : from.getElementCount() / members *
                                     data::getElementSize(from.kind);
    auto copy = std::make_shared<std::vector<char>>(
        std::max<size_t>(members * size, 8));
    for (int64_t member = 0; member < members; ++member)
      std::memcpy(copy->data() + member * size,
                  static_cast<const char *>(from.data) + order[member] * size,
                  size);
    bound[i].data = copy->data();
    bound[i].owner = copy;
  }
  return true;
}

/// The arguments that the members of the plate `name` slice, in the model and
/// in its guide, if any of its members can stand for the data: nothing else
/// depends on their number, their order, or these arguments.
static std::optional<std::vector<unsigned>>
getSelectableArguments(ModelOp model, GuideOp guide, StringRef name) {
  auto isOfPlate = [&](Operation *op, FunctionOpInterface program) {
    auto plate = dyn_cast<PlateOp>(op);
    return plate && plate.getName() == name && plate->getParentOp() == program;
  };
  std::vector<unsigned> arguments;
  auto collect = [&](FunctionOpInterface program) {
    for (PlateOp plate : program.getFunctionBody().getOps<PlateOp>()) {
      if (plate.getName() != name)
        continue;
      if (plate.getBegin() || !plate.getIndex().use_empty() ||
          plate->getNumResults() != 0 || plate.getSlices().empty())
        return false;
      for (Value slice : plate.getSlices()) {
        auto argument = dyn_cast<BlockArgument>(slice);
        if (!argument)
          return false;
        if (!llvm::is_contained(arguments, argument.getArgNumber()))
          arguments.push_back(argument.getArgNumber());
      }
    }
    return true;
  };
  auto check = [&](FunctionOpInterface program) {
    for (unsigned i : arguments)
      for (Operation *user :
           program.getFunctionBody().getArgument(i).getUsers()) {
        if (isOfPlate(user, program))
          continue;
        auto dim = dyn_cast<tensor::DimOp>(user);
        std::optional<int64_t> index;
        if (!dim || !(index = dim.getConstantIndex()))
          return false;
        for (Operation *counted : dim->getUsers())
          if (*index == 0 && !isOfPlate(counted, program))
            return false;
      }
    // Their number is that of the arguments' members, not one by itself.
    for (PlateOp plate : program.getFunctionBody().getOps<PlateOp>()) {
      if (plate.getName() != name)
        continue;
      auto dim = plate.getCount().getDefiningOp<tensor::DimOp>();
      auto argument =
          dim ? dyn_cast<BlockArgument>(dim.getSource()) : BlockArgument();
      if (!argument || dim.getConstantIndex() != 0 ||
          !llvm::is_contained(arguments, argument.getArgNumber()))
        return false;
    }
    return true;
  };
  if (!collect(model) || (guide && !collect(guide)) || !check(model) ||
      (guide && !check(guide)))
    return std::nullopt;
  // A guide that the compiler makes has parameters for each latent.
  bool hasLatents = false;
  for (PlateOp plate : model.getBody().getOps<PlateOp>())
    if (plate.getName() == name)
      plate.walk([&](SampleOp) { hasLatents = true; });
  if (hasLatents && !guide)
    return std::nullopt;
  return arguments;
}

/// Finds the arguments whose members can be put in another order, or be
/// selected.
void JITModel::findMembersArguments(Operation *raised) {
  auto modelOp = cast<ModelOp>(raised);
  auto guideOp =
      pipeline.guide.empty()
          ? GuideOp()
          : modelOp->getParentOfType<ModuleOp>().lookupSymbol<GuideOp>(
                pipeline.guide);
  llvm::StringMap<int> occurrences;
  for (PlateOp plate : modelOp.getOps<PlateOp>())
    ++occurrences[plate.getName()];
  for (PlateOp plate : modelOp.getOps<PlateOp>()) {
    if (occurrences[plate.getName()] != 1)
      continue;
    if (auto found = getExchangeableArguments(modelOp, plate))
      exchangeable[plate.getName()] = std::move(*found);
    if (auto found = getSelectableArguments(modelOp, guideOp, plate.getName()))
      selectable[plate.getName()] = std::move(*found);
  }
}

void JITModel::selectMembers(size_t plate, llvm::ArrayRef<int64_t> members) {
  if (members.empty()) {
    if (!original.empty())
      bound = original;
    return;
  }
  if (original.empty())
    original = bound;
  gathered.resize(bound.size());
  for (unsigned i : selectable.find(plates[plate].name)->second) {
    const data::BoundArgument &from = original[i];
    size_t size = from.getElementCount() /
                  std::max<int64_t>(from.shape.front(), 1) *
                  data::getElementSize(from.kind);
    gathered[i].resize(std::max<size_t>(members.size() * size, 8));
    if (from.rows) {
      from.rows->gather(members, gathered[i].data());
    } else {
      for (size_t member = 0; member < members.size(); ++member)
        std::memcpy(gathered[i].data() + member * size,
                    static_cast<const char *>(from.data) +
                        members[member] * size,
                    size);
    }
    bound[i].data = gathered[i].data();
    bound[i].shape.front() = members.size();
  }
}

void JITModel::prefetchMembers(size_t plate, llvm::ArrayRef<int64_t> members) {
  if (isPrefetchDecided && !prefetcher)
    return;
  if (!isPrefetchDecided) {
    isPrefetchDecided = true;
    // The system keeps what is small, once it has been read.
    constexpr uint64_t smallBytes = uint64_t(64) << 20;
    uint64_t bytes = 0;
    for (unsigned i : selectable.find(plates[plate].name)->second)
      if (bound[i].rows)
        bytes += bound[i].rows->getBytesInFiles();
    if (bytes < smallBytes)
      return;
    for (unsigned i : selectable.find(plates[plate].name)->second)
      if (bound[i].rows) {
        bound[i].rows->adviseRandom();
        prefetched.push_back(bound[i].rows.get());
      }
    prefetcher = std::make_unique<data::Prefetcher>();
  }
  prefetcher->request(prefetched, members);
}

uint64_t JITModel::hashData() const {
  std::vector<uint64_t> hashes;
  for (const data::BoundArgument &argument :
       original.empty() ? bound : original) {
    if (argument.rows) {
      hashes.push_back(argument.rows->hash());
      continue;
    }
    hashes.push_back(static_cast<uint64_t>(argument.kind));
    hashes.insert(hashes.end(), argument.shape.begin(), argument.shape.end());
    hashes.push_back(llvm::xxh3_64bits(llvm::ArrayRef(
        static_cast<const uint8_t *>(argument.data),
        argument.getElementCount() * data::getElementSize(argument.kind))));
  }
  return llvm::xxh3_64bits(
      llvm::ArrayRef(reinterpret_cast<const uint8_t *>(hashes.data()),
                     hashes.size() * sizeof(uint64_t)));
}

llvm::Error JITModel::checkSupport(const Observed &site, double low,
                                   double high, const char *values) const {
  auto data = llvm::find_if(bound, [&](const data::BoundArgument &argument) {
    return argument.name == site.argument;
  });
  if (data == bound.end())
    return llvm::Error::success();
  unsigned step = data::getElementSize(data->kind);
  auto check = [&](const void *begin, int64_t first,
                   int64_t count) -> llvm::Error {
    const char *place = static_cast<const char *>(begin);
    for (int64_t i = 0; i < count; ++i) {
      double value = readElement(place + i * step, data->kind);
      if (value >= low && value <= high)
        continue;
      return makeError("{0} is {1}, but the values of site '{2}' are {3}",
                       data->describeElement(first + i),
                       data::formatCSVNumber(value), site.site, values);
    }
    return llvm::Error::success();
  };
  int64_t count = data->getElementCount();
  if (data->data)
    return check(data->data, 0, count);
  // Some rows at a time.
  int64_t rowCount = data->rows->getRowCount();
  int64_t rowElements = count / rowCount;
  int64_t blockRows = 1 + 65536 / rowElements;
  std::vector<uint64_t> block(blockRows * data->rows->getRowSize() / 8 + 1);
  for (int64_t begin = 0; begin < rowCount; begin += blockRows) {
    int64_t rows = std::min(blockRows, rowCount - begin);
    data->rows->gather(begin, rows, block.data());
    if (llvm::Error error =
            check(block.data(), begin * rowElements, rows * rowElements))
      return error;
  }
  return llvm::Error::success();
}

llvm::Error JITModel::checkData() {
  int64_t failed = 0;
  llvm::SmallVector<int64_t> numbers(checkNumbers);
  Call call(*this, /*sizesOnly=*/true);
  for (int64_t &number : numbers)
    call.addPointer(&number);
  call.addReturn(&failed);
  call.run(check);
  if (failed > 0 && failed <= int64_t(checkMessages.size())) {
    std::string message = checkMessages[failed - 1];
    for (auto [place, number] : llvm::enumerate(numbers)) {
      std::string mark = "{" + std::to_string(place) + "}";
      for (size_t at; (at = message.find(mark)) != std::string::npos;)
        message.replace(at, mark.size(), std::to_string(number));
    }
    return makeError("the data do not fit together: {0}", message);
  }
  for (const Observed &site : observed) {
    if (hasPlaceholders)
      break;
    double low = 0, high = std::numeric_limits<double>::infinity();
    const char *values;
    if (site.support == "positive") {
      values = "positive numbers";
    } else if (site.support == "unit_interval") {
      high = 1;
      values = "numbers between 0 and 1";
    } else if (site.support == "boolean") {
      high = 1;
      values = "0 and 1";
    } else if (site.support == "nonnegative_integer") {
      values = "0, 1, 2, ...";
    } else {
      continue;
    }
    if (llvm::Error error = checkSupport(site, low, high, values))
      return error;
  }
  return llvm::Error::success();
}

int64_t vi::getNumbersInMemory() {
  long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || size <= 0)
    return std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(pages) * size / sizeof(double);
}

llvm::Error JITModel::readSizes() {
  std::vector<int64_t> results(sizeNames.size());
  Call call(*this, /*sizesOnly=*/true);
  for (size_t i = 1; i < results.size(); ++i)
    call.addPointer(&results[i]);
  call.addReturn(&results[0]);
  call.run(shapes);
  if (!prepared.empty()) {
    Call prepare(*this, /*sizesOnly=*/true);
    prepare.addPointer(prepared.data());
    prepare.run(prepareFunction);
  }
  int64_t most = getNumbersInMemory();
  for (auto [sizeName, value] : llvm::zip(sizeNames, results)) {
    if (value < 0)
      return makeError("the data make the size '{0}' {1}", sizeName, value);
    if (value > most)
      return makeError("the data make the size '{0}' {1}: more numbers than "
                       "the memory of this machine holds",
                       sizeName, value);
    sizes[sizeName] = value;
  }
  // The sizes of an array may be small and their product not. Where training
  // selects members, there are never arrays for all of them.
  auto isNeeded = [&](StringRef array) {
    if (latentsFunction)
      return !array.starts_with("log_lik.") || !observationNames.empty();
    if (!usedResults.empty() && weightedPlate.empty())
      return true;
    return llvm::any_of(parameterDescriptions, [&](const Description &d) {
      return array == d.kind + "." + d.name;
    });
  };
  llvm::StringMap<uint64_t> counts;
  for (auto [sizeName, value] : llvm::zip(sizeNames, results)) {
    auto [array, dimension] = StringRef(sizeName).rsplit("_size");
    if (!isNeeded(array))
      continue;
    uint64_t &count = counts.try_emplace(array, 1).first->second;
    count = llvm::SaturatingMultiply<uint64_t>(count, value);
    if (!dimension.empty() && value > 0 && count > uint64_t(most))
      return makeError("the data make '{0}' an array of more numbers than the "
                       "memory of this machine holds",
                       array);
  }
  parameterCount = sizes.lookup("parameter_count");
  latentCount = sizes.lookup("latent_count");
  noiseCount = sizes.lookup("noise_count");
  work += latentCount;

  for (const std::string &plate : plateNames)
    plates.push_back({plate, sizes.lookup(plate + "_count")});
  auto getShape = [&](const std::string &prefix, int64_t rank) {
    std::vector<int64_t> shape;
    for (int64_t i = 0; i < rank; ++i)
      shape.push_back(
          sizes.lookup(llvm::formatv("{0}_size{1}", prefix, i).str()));
    return shape;
  };
  /// The rank on the unconstrained scale, and of latents in plates, is what
  /// the sizes say.
  auto getRank = [&](const std::string &prefix) {
    int64_t rank = 0;
    while (sizes.contains(llvm::formatv("{0}_size{1}", prefix, rank).str()))
      ++rank;
    return rank;
  };
  for (const Description &description : parameterDescriptions) {
    std::string prefix = description.kind + "." + description.name;
    data::NamedArray array;
    array.name = description.name;
    if (llvm::any_of(parameters, [&](const data::NamedArray &other) {
          return other.name == array.name;
        }))
      array.name = prefix;
    array.shape = getShape(prefix, getRank(prefix));
    int64_t count = 1;
    for (int64_t size : array.shape)
      count *= size;
    array.values.resize(count);
    if (description.kind == "guide")
      guideParameterCount += count;
    parameters.push_back(std::move(array));
  }
  for (const Description &description : latentDescriptions) {
    data::NamedArray array;
    StringRef latentName = description.name;
    latentName.consume_back(".unconstrained");
    array.name = latentName.str();
    array.shape = getShape(description.name, getRank(description.name));
    latentArrays.push_back(std::move(array));
  }
  for (Result &result : reportResults) {
    fit::ReportedArray array;
    array.name = result.name;
    std::string prefix = "report." + result.name;
    array.shape = getShape(prefix, getRank(prefix));
    auto description =
        llvm::find_if(siteDescriptions, [&](const Description &site) {
          return site.name == result.name;
        });
    array.isLatent =
        description == siteDescriptions.end() || description->kind == "latent";
    result.count = array.getElementCount();
    reported.push_back(std::move(array));
  }
  for (const std::string &observation : observationNames) {
    std::string prefix = "log_lik." + observation;
    fit::ReportedArray array;
    array.name = observation;
    array.shape = getShape(prefix, getRank(prefix));
    logLikResults.push_back({observation, data::ElementKind::Float64,
                             array.shape.empty(), array.getElementCount()});
    observations.push_back(std::move(array));
  }

  for (Result &result : usedResults) {
    fit::ReportedArray array;
    array.name = result.name;
    if (!weightedPlate.empty()) {
      array.shape = {sizes.lookup(weightedPlate + "_count")};
    } else {
      std::string prefix = "observed." + result.name;
      array.shape = getShape(prefix, getRank(prefix));
    }
    result.count = array.getElementCount();
    used.push_back(std::move(array));
  }

  initial.resize(parameterCount);
  Call initialCall(*this, /*sizesOnly=*/true);
  if (initialSeed)
    initialCall.addInteger(static_cast<int64_t>(*initialSeed));
  initialCall.addPointer(initial.data());
  initialCall.run(initialFunction);
  return llvm::Error::success();
}

/// Zeros for the tensors that the data do not have, with `count` members in
/// their first dimension. Whether there are any.
static llvm::Expected<bool>
addPlaceholders(llvm::ArrayRef<data::ArgumentDescription> arguments,
                int64_t count, data::DataSet &data) {
  bool any = false;
  for (const data::ArgumentDescription &argument : arguments) {
    if (data.lookup(argument.name) || argument.sizes.empty())
      continue;
    data::DataArray array;
    array.name = argument.name;
    array.kind = argument.kind;
    array.shape = argument.sizes;
    if (array.shape.front() == data::ArgumentDescription::kDynamic)
      array.shape.front() = count;
    for (int64_t size : array.shape)
      if (size == data::ArgumentDescription::kDynamic)
        return makeError("`{0}` is not in the data, and its sizes are not "
                         "known without",
                         argument.name);
    auto bytes = std::make_shared<std::vector<char>>(std::max<size_t>(
        array.getElementCount() * data::getElementSize(array.kind), 8));
    array.data = bytes->data();
    array.owner = bytes;
    if (llvm::Error error = data.add(std::move(array)))
      return std::move(error);
    any = true;
  }
  return any;
}

llvm::Expected<std::unique_ptr<JITModel>>
JITModel::create(ModuleOp module, const data::DataSet &data,
                 const JITModelOptions &options) {
  std::unique_ptr<JITModel> model(new JITModel());
  if (llvm::Error error = model->select(module, options))
    return error;
  model->pipeline.generative = options.use != ModelUse::None;
  OwningOpRef<ModuleOp> source = module.clone();
  std::string text;
  llvm::raw_string_ostream(text) << *source;
  model->modelHash = llvm::xxh3_64bits(text);
  data::DataSet complete = data;
  if (options.placeholders > 0) {
    llvm::Expected<bool> added =
        addPlaceholders(model->arguments, options.placeholders, complete);
    if (!added)
      return added.takeError();
    model->hasPlaceholders = *added;
  }
  // The data are checked against the model with plates for its sites over
  // tensors.
  OwningOpRef<ModuleOp> raised = source->clone();
  PassManager manager(module.getContext());
  manager.addPass(createRaiseToPlates());
  if (failed(manager.run(*raised)))
    return makeReportedError();
  auto modelOp = raised->lookupSymbol<ModelOp>(model->name);
  model->findMembersArguments(modelOp);
  bool isStreamed = options.forTraining || options.use == ModelUse::LogWeights;
  if (llvm::Error error = model->bind(complete, isStreamed))
    return error;
  model->findLevels(source->lookupSymbol<ModelOp>(model->name));
  if (llvm::Error error = checkPlates(modelOp, model->bound))
    return error;
  model->work += getComputationWork(modelOp, model->bound);
  raised = OwningOpRef<ModuleOp>();
  source = OwningOpRef<ModuleOp>();
  OwningOpRef<ModuleOp> counterModule;
  if (options.withCounter || options.forTraining)
    counterModule = module.clone();
  if (llvm::Error error = model->compile(module, options))
    return error;
  if (llvm::Error error = model->checkData())
    return error;
  if (llvm::Error error = model->readSizes())
    return error;
  if (counterModule &&
      (options.forTraining || model->noiseCount > fit::maxHeldNoise))
    if (llvm::Error error = model->compileCounter(*counterModule, options))
      return error;
  return model;
}

std::vector<std::pair<int64_t, const data::NamedArray *>>
JITModel::getZeroMatrices() const {
  std::vector<std::pair<int64_t, const data::NamedArray *>> matrices;
  int64_t offset = 0;
  for (auto [array, description] :
       llvm::zip_equal(parameters, parameterDescriptions)) {
    int64_t count = array.values.size();
    if (array.shape.size() >= 2 && !description.hasInitial &&
        std::all_of(initial.begin() + offset, initial.begin() + offset + count,
                    [](double value) { return value == 0; }))
      matrices.push_back({offset, &array});
    offset += count;
  }
  return matrices;
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

double JITModel::evaluate(llvm::ArrayRef<double> parameters,
                          fit::NoiseView noise,
                          llvm::ArrayRef<fit::PlateBatch> batches) {
  if (!elbo) {
    std::vector<double> gradient(parameters.size());
    return evaluateGradient(parameters, noise, batches, gradient);
  }
  Call call(*this);
  call.addVector(parameters);
  call.addBatches(batches);
  call.addNoise(noise);
  call.addPrepared(prepared);
  return call.evaluate(elbo);
}

double JITModel::evaluateGradient(llvm::ArrayRef<double> parameters,
                                  fit::NoiseView noise,
                                  llvm::ArrayRef<fit::PlateBatch> batches,
                                  llvm::MutableArrayRef<double> gradient) {
  Call call(*this);
  call.addVector(parameters);
  call.addBatches(batches);
  call.addNoise(noise);
  call.addPrepared(prepared);
  call.addPointer(gradient.data());
  return call.evaluate(elboGradient);
}

void JITModel::evaluateHessianProduct(llvm::ArrayRef<double> parameters,
                                      fit::NoiseView noise,
                                      llvm::ArrayRef<fit::PlateBatch> batches,
                                      llvm::ArrayRef<double> direction,
                                      llvm::MutableArrayRef<double> product) {
  Call call(*this);
  call.addVector(parameters);
  call.addBatches(batches);
  call.addNoise(noise);
  call.addPrepared(prepared);
  call.addVector(direction);
  call.addPointer(product.data());
  call.run(hessianProduct);
}

llvm::Expected<ELBOError>
JITModel::getELBOError(llvm::ArrayRef<double> parameters) {
  if (errorModule) {
    OwningOpRef<ModuleOp> module = std::move(errorModule);
    if (llvm::Error error = compileModule(*module, errorJIT))
      return std::move(error);
    llvm::Expected<JIT::Function> found =
        errorJIT->lookup(name + "_elbo_error");
    if (!found)
      return found.takeError();
    elboError = *found;
  }
  ELBOError result;
  if (!elboError)
    return result;
  std::vector<fit::PlateBatch> batches;
  for (const fit::DataPlate &plate : plates)
    batches.push_back({0, plate.count, 1.0});
  // Nothing is sampled.
  std::vector<double> noise(noiseCount);
  Call call(*this);
  call.addVector(parameters);
  call.addBatches(batches);
  call.addNoise({noise.data(), 1, noiseCount});
  call.addPointer(&result.estimated);
  result.certified = call.evaluate(elboError);
  return result;
}

/// Scales what the members at hand have, as all there is stands in their plate.
static double scaleBatch(llvm::ArrayRef<fit::PlateBatch> batches, double value,
                         llvm::MutableArrayRef<double> gradient) {
  double scale = 1;
  for (const fit::PlateBatch &batch : batches)
    scale = std::max(scale, batch.scale);
  for (double &element : gradient)
    element *= scale;
  return scale * value;
}

double
JITModel::evaluateGradientWithSeed(llvm::ArrayRef<double> parameters,
                                   int64_t samples, uint64_t seed,
                                   llvm::ArrayRef<fit::PlateBatch> batches,
                                   llvm::MutableArrayRef<double> gradient) {
  Call call(*this);
  call.addVector(parameters);
  if (!importanceWeighted)
    call.addBatches(batches);
  call.addInteger(samples);
  call.addInteger(static_cast<int64_t>(seed));
  if (klWeight)
    call.addReal(*klWeight);
  if (!importanceWeighted)
    call.addPrepared(prepared);
  call.addPointer(gradient.data());
  double value = call.evaluate(counterGradient);
  return importanceWeighted ? scaleBatch(batches, value, gradient) : value;
}

double JITModel::evaluateWithSeed(llvm::ArrayRef<double> parameters,
                                  int64_t samples, uint64_t seed,
                                  llvm::ArrayRef<fit::PlateBatch> batches) {
  Call call(*this);
  call.addVector(parameters);
  if (!importanceWeighted)
    call.addBatches(batches);
  call.addInteger(samples);
  call.addInteger(static_cast<int64_t>(seed));
  if (klWeight)
    call.addReal(*klWeight);
  if (!importanceWeighted)
    call.addPrepared(prepared);
  double value = call.evaluate(counterELBO);
  return importanceWeighted ? scaleBatch(batches, value, {}) : value;
}

void JITModel::getLatents(llvm::ArrayRef<double> parameters,
                          llvm::ArrayRef<double> noise,
                          llvm::MutableArrayRef<double> latents) {
  Call call(*this);
  call.addVector(parameters);
  call.addVector(noise);
  call.addPointer(latents.data());
  call.run(latentsFunction);
}

double JITModel::getLogGuide(llvm::ArrayRef<double> parameters,
                             llvm::ArrayRef<double> latents) {
  Call call(*this);
  call.addVector(parameters);
  call.addVector(latents);
  return call.evaluate(logGuide);
}

double JITModel::getLogJoint(llvm::ArrayRef<double> parameters,
                             llvm::ArrayRef<double> latents) {
  Call call(*this);
  call.addVector(parameters);
  call.addVector(latents);
  return call.evaluate(logJoint);
}

void JITModel::report(llvm::ArrayRef<double> parameters,
                      llvm::ArrayRef<double> latents, uint64_t seed,
                      int64_t draw, llvm::MutableArrayRef<double> values) {
  if (reported.empty())
    return;
  Call call(*this);
  call.addVector(parameters);
  call.addVector(latents);
  call.addInteger(static_cast<int64_t>(seed));
  call.addInteger(draw);
  call.evaluate(reportFunction, reportResults, values);
}

void JITModel::getLogLik(llvm::ArrayRef<double> parameters,
                         llvm::ArrayRef<double> latents,
                         llvm::MutableArrayRef<double> values) {
  if (observations.empty())
    return;
  Call call(*this);
  call.addVector(parameters);
  call.addVector(latents);
  call.evaluate(logLikFunction, logLikResults, values);
}

void JITModel::sample(llvm::ArrayRef<double> parameters, uint64_t seed,
                      int64_t draw, llvm::MutableArrayRef<double> values) {
  Call call(*this);
  call.addVector(parameters);
  call.addInteger(static_cast<int64_t>(seed));
  call.addInteger(draw);
  call.evaluate(usedFunction, usedResults, values);
}

void JITModel::use(llvm::ArrayRef<double> parameters,
                   llvm::ArrayRef<double> noise,
                   llvm::MutableArrayRef<double> values) {
  Call call(*this);
  call.addVector(parameters);
  call.addVector(noise);
  // Log-weights are as many as there are members in the data at hand.
  std::vector<Result> results = usedResults;
  if (!weightedPlate.empty())
    results.front().count = values.size();
  call.evaluate(usedFunction, results, values);
}

std::vector<double> JITModel::getObservedData(llvm::StringRef site) const {
  std::vector<double> values;
  for (const Observed &candidate : observed) {
    if (candidate.site != site)
      continue;
    for (const data::BoundArgument &argument : bound) {
      if (argument.name != candidate.argument)
        continue;
      unsigned step = data::getElementSize(argument.kind);
      const char *place = static_cast<const char *>(argument.data);
      for (int64_t i = 0, end = argument.getElementCount(); i < end; ++i)
        values.push_back(readElement(place + i * step, argument.kind));
      return values;
    }
  }
  return values;
}

/// The name of an element of consecutive arrays.
static std::string getElementName(llvm::ArrayRef<data::NamedArray> arrays,
                                  int64_t index, const char *fallback) {
  for (const data::NamedArray &array : arrays) {
    int64_t count = 1;
    for (int64_t size : array.shape)
      count *= size;
    if (index >= count) {
      index -= count;
      continue;
    }
    return data::getElementNames(array.name, array.shape)[index];
  }
  return fallback;
}

std::string JITModel::getParameterName(int64_t index) const {
  return getElementName(parameters, index, "a parameter");
}

std::string JITModel::getLatentName(int64_t index) const {
  return getElementName(latentArrays, index, "a latent");
}
