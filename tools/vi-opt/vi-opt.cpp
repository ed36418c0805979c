//===- vi-opt.cpp - the optimizer driver ----------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs passes, as mlir-opt does; with --emit, compiles models and exported
// functions to code or to a header.
//
//===----------------------------------------------------------------------===//

#include "Emit.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "vi/InitAll.h"
#include "vi/Pipelines/ModuleText.h"
#include "vi/Pipelines/Pipelines.h"
#include "vi/Target/ReleasedOption.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ToolOutputFile.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

namespace cl = llvm::cl;

static cl::OptionCategory category("Options of --emit");

static cl::opt<vi::EmitKind> emitKind(
    "emit", cl::desc("Compile to:"), cl::cat(category),
    cl::values(clEnumValN(vi::EmitKind::MLIR, "mlir",
                          "the exported functions, on tensors"),
               clEnumValN(vi::EmitKind::LLVM, "llvm", "optimized LLVM IR"),
               clEnumValN(vi::EmitKind::Assembly, "asm", "assembly"),
               clEnumValN(vi::EmitKind::Object, "obj", "an object file"),
               clEnumValN(vi::EmitKind::Shared, "shared", "a shared library"),
               clEnumValN(vi::EmitKind::Header, "header",
                          "the C header of the exported functions")),
    cl::init(vi::EmitKind::None));

static cl::opt<std::string>
    guide("guide",
          cl::desc("Guide for models that have none, or, where given, for "
                   "all: meanfield, "
                   "fullrank or delta"),
          cl::value_desc("family"), cl::init("meanfield"), cl::cat(category));

static cl::list<std::string>
    includes("include",
             cl::desc("Files with functions that models call (vi.call)"),
             cl::value_desc("file"), cl::cat(category));

static cl::opt<int64_t>
    samples("samples", cl::desc("Draws for each expectation that is estimated"),
            cl::value_desc("N"), cl::init(1), cl::cat(category));

static cl::list<std::string> estimators(
    "estimator",
    cl::desc("How gradients are estimated from draws: pathwise (default), "
             "sticking-the-landing or doubly-reparameterized; of one site: "
             "SITE=pathwise, sticking-the-landing, enumeration or "
             "score-function"),
    cl::value_desc("name"), cl::CommaSeparated, cl::cat(category));

static cl::opt<std::string> triple("mtriple",
                                   cl::desc("Target triple (default: host)"),
                                   cl::value_desc("triple"), cl::cat(category));

static cl::opt<std::string>
    cpu("mcpu",
        cl::desc("Target CPU (default: native for --emit=shared, else the "
                 "triple's generic one)"),
        cl::value_desc("name"), cl::cat(category));

static cl::opt<std::string>
    features("mattr", cl::desc("Target features to add or remove: +a,-b"),
             cl::value_desc("list"), cl::cat(category));

static cl::opt<bool>
    contract("contract",
             cl::desc("Allow a product and a sum to become one fused "
                      "multiply-add (default: true)"),
             cl::init(true), cl::cat(category));

static cl::opt<bool>
    hessian("hessian",
            cl::desc("The Hessian-vector product of the ELBO, too (default: "
                     "true)"),
            cl::init(true), cl::cat(category));

static cl::opt<bool>
    errorBounds("error-bounds",
                cl::desc("A function for the error of the ELBO's certified and "
                         "quadrature forms, too (default: false)"),
                cl::init(false), cl::cat(category));

static cl::opt<int64_t>
    quadratureNodes("quadrature-nodes",
                    cl::desc("Nodes of quadrature (default: 64)"),
                    cl::value_desc("count"), cl::init(64), cl::cat(category));

static cl::opt<bool>
    plainLoops("plain-loops",
               cl::desc("One member of a plate at a time, for comparison"),
               cl::init(false), cl::cat(category));

// That of ThinLTO, which no tool here runs.
static vi::ReleasedOption releasedThreads("threads");
static cl::opt<std::string>
    threads("threads",
            cl::desc("Let OpenMP's threads share plates of data: at most N; as "
                     "many as its library takes (OMP_NUM_THREADS) without a "
                     "number"),
            cl::value_desc("N"), cl::ValueOptional, cl::cat(category));

static cl::opt<bool> freestanding(
    "freestanding",
    cl::desc("Code that needs no library: temporary arrays are on the stack"),
    cl::init(false), cl::cat(category));

/// Prints why the tool ends, and returns its exit status.
static int fail(const llvm::Twine &message) {
  llvm::WithColor::error(llvm::errs(), "vi-opt") << message << '\n';
  return EXIT_FAILURE;
}

/// What upstream's driver does with a file, once its text may be parsed.
static mlir::LogicalResult runPasses(llvm::StringRef input,
                                     llvm::StringRef output,
                                     mlir::DialectRegistry &registry,
                                     const mlir::MlirOptMainConfig &config) {
  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> buffer =
      mlir::openInputFile(input, &message);
  if (!buffer) {
    fail(message);
    return mlir::failure();
  }
  {
    mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
    llvm::SourceMgr sources;
    sources.AddNewSourceBuffer(
        llvm::MemoryBuffer::getMemBuffer(buffer->getMemBufferRef(), false),
        llvm::SMLoc());
    mlir::SourceMgrDiagnosticHandler handler(sources, &context);
    if (failed(vi::checkModuleText(sources, context)))
      return mlir::failure();
  }
  std::unique_ptr<llvm::ToolOutputFile> file =
      mlir::openOutputFile(output, &message);
  if (!file) {
    fail(message);
    return mlir::failure();
  }
  if (failed(
          mlir::MlirOptMain(file->os(), std::move(buffer), registry, config)))
    return mlir::failure();
  file->keep();
  return mlir::success();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  mlir::DialectRegistry registry;
  vi::registerAllDialects(registry);
  vi::registerAllExtensions(registry);
  vi::registerAllPasses();
  auto [input, output] = mlir::registerAndParseCLIOptions(
      argc, argv, "vi-mlir optimizer driver\n", registry);
  if (emitKind == vi::EmitKind::None) {
    for (cl::Option *option :
         {static_cast<cl::Option *>(&guide),
          static_cast<cl::Option *>(std::addressof(includes)),
          static_cast<cl::Option *>(&samples),
          static_cast<cl::Option *>(std::addressof(estimators)),
          static_cast<cl::Option *>(&triple), static_cast<cl::Option *>(&cpu),
          static_cast<cl::Option *>(&features),
          static_cast<cl::Option *>(&contract),
          static_cast<cl::Option *>(&hessian),
          static_cast<cl::Option *>(&errorBounds),
          static_cast<cl::Option *>(&quadratureNodes),
          static_cast<cl::Option *>(&plainLoops),
          static_cast<cl::Option *>(&threads),
          static_cast<cl::Option *>(&freestanding)})
      if (option->getNumOccurrences())
        return fail("--" + option->ArgStr + " needs --emit");
    mlir::MlirOptMainConfig config =
        mlir::MlirOptMainConfig::createFromCLOptions();
    if (config.shouldShowDialects() || config.shouldListPasses())
      return mlir::asMainReturnCode(
          mlir::MlirOptMain(argc, argv, input, output, registry));
    return mlir::asMainReturnCode(runPasses(input, output, registry, config));
  }

  bool isName = llvm::StringRef(guide).starts_with("@");
  if (!isName && guide != "meanfield" && guide != "fullrank" &&
      guide != "lowrank" && guide != "delta")
    return fail("unknown guide '" + guide +
                "' (known: meanfield, fullrank, lowrank, delta, and @NAME)");
  if (samples < 1)
    return fail("--samples must be at least 1, not " + llvm::Twine(samples));
  if (quadratureNodes < 16 || quadratureNodes > 65536)
    return fail("--quadrature-nodes must be from 16 to 65536, not " +
                llvm::Twine(quadratureNodes));
  vi::EmitOptions options;
  options.siteEstimators = {estimators.begin(), estimators.end()};
  vi::Estimator estimator = vi::Estimator::Pathwise;
  std::string wrong;
  if (!vi::takeEstimator(options.siteEstimators, estimator, wrong))
    return fail("unknown estimator '" + wrong + "'");
  options.kind = emitKind;
  options.includes = {includes.begin(), includes.end()};
  options.pipelineOptions =
      (isName ? "guide=" + guide.substr(1)
              : "family=" + guide +
                    (guide.getNumOccurrences() ? " replace-guides=true" : "")) +
      " samples=" + std::to_string(samples) +
      " estimator=" + vi::getEstimatorName(estimator).str() +
      (hessian ? " hessian=true" : "") +
      (errorBounds ? " error-bounds=true" : "") +
      " quadrature-nodes=" + std::to_string(quadratureNodes);
  options.target.triple = triple;
  options.target.cpu = cpu;
  options.target.features = features;
  options.contract = contract;
  options.plainLoops = plainLoops;
  if (threads.getNumOccurrences()) {
    if (plainLoops)
      return fail("--threads and --plain-loops exclude each other");
    // Without a number, OpenMP's library decides.
    options.threads = -1;
    if (!threads.empty() &&
        (llvm::StringRef(threads).getAsInteger(10, options.threads) ||
         options.threads < 1))
      return fail("--threads must be a positive number, not '" + threads + "'");
  }
  if (freestanding && threads.getNumOccurrences())
    return fail("--threads needs OpenMP's library, which --freestanding "
                "excludes");
  options.freestanding = freestanding;
  if (cpu.empty() && triple.empty() && emitKind == vi::EmitKind::Shared)
    options.target.cpu = "native";
  if (llvm::Error error =
          vi::emitFile(input, output, options, registry,
                       mlir::MlirOptMainConfig::createFromCLOptions()))
    return fail(llvm::toString(std::move(error)));
  return EXIT_SUCCESS;
}
