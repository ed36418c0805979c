//===- Emit.cpp - compile a module to a file ------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emit.h"
#include "mlir/Debug/CLOptionsSetup.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Remark/RemarkStreamer.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "vi/Data/OutputFile.h"
#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Pipelines/Include.h"
#include "vi/Pipelines/ModuleText.h"
#include "vi/Pipelines/Pipelines.h"
#include "vi/Target/CInterface.h"
#include "vi/Target/Passes.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;

/// The pipeline from models and measures to exported functions.
static constexpr StringRef modelPipeline = "vi-compile-model";

namespace {

/// Adds passes to a manager.
using Setup = llvm::function_ref<LogicalResult(PassManager &)>;

LogicalResult run(ModuleOp module, const MlirOptMainConfig &config,
                  Setup setup) {
  PassManager manager(module.getContext(), ModuleOp::getOperationName());
  manager.enableVerifier(config.shouldVerifyPasses());
  if (failed(applyPassManagerCLOptions(manager)))
    return failure();
  applyDefaultTimingPassManagerCLOptions(manager);
  if (failed(setup(manager)))
    return failure();
  return manager.run(module);
}

/// The remarks that `--remarks-filter` and its relatives ask for.
LogicalResult enableRemarks(MLIRContext &context,
                            const MlirOptMainConfig &config) {
  if (!config.shouldEmitRemarks())
    return success();
  auto pattern = [](std::string text) {
    return text.empty() ? std::nullopt : std::optional<std::string>(text);
  };
  remark::RemarkCategories categories{pattern(config.getRemarksAllFilter()),
                                      pattern(config.getRemarksPassedFilter()),
                                      pattern(config.getRemarksMissedFilter()),
                                      pattern(config.getRemarksAnalyseFilter()),
                                      pattern(config.getRemarksFailedFilter())};
  std::unique_ptr<remark::detail::RemarkEmittingPolicyBase> policy;
  if (config.getRemarkPolicy() == RemarkPolicy::REMARK_POLICY_ALL)
    policy = std::make_unique<remark::RemarkEmittingPolicyAll>();
  else
    policy = std::make_unique<remark::RemarkEmittingPolicyFinal>();
  std::string file = config.getRemarksOutputFile();
  switch (config.getRemarkFormat()) {
  case RemarkFormat::REMARK_FORMAT_STDOUT:
    return remark::enableOptimizationRemarks(context, nullptr,
                                             std::move(policy), categories,
                                             /*printAsEmitRemarks=*/true);
  case RemarkFormat::REMARK_FORMAT_YAML:
    return remark::enableOptimizationRemarksWithLLVMStreamer(
        context, file.empty() ? "mlir-remarks.yaml" : file,
        llvm::remarks::Format::YAML, std::move(policy), categories);
  case RemarkFormat::REMARK_FORMAT_BITSTREAM:
    return remark::enableOptimizationRemarksWithLLVMStreamer(
        context, file.empty() ? "mlir-remarks.bitstream" : file,
        llvm::remarks::Format::Bitstream, std::move(policy), categories);
  }
  return failure();
}

/// A file that is removed when it is no longer needed.
struct TemporaryFile {
  llvm::SmallString<128> path;
  ~TemporaryFile() {
    if (!path.empty())
      llvm::sys::fs::remove(path);
  }
  llvm::Error create(StringRef suffix) {
    if (std::error_code code =
            llvm::sys::fs::createTemporaryFile("vi-opt", suffix, path))
      return llvm::createStringError(code, "cannot create a temporary file: " +
                                               code.message());
    return llvm::Error::success();
  }
};

/// Links `object` and returns the library's bytes.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
link(StringRef object, const llvm::TargetMachine &machine, bool threads) {
  TemporaryFile objectFile, library;
  if (llvm::Error error = objectFile.create("o"))
    return error;
  if (llvm::Error error = library.create("so"))
    return error;
  {
    std::error_code code;
    llvm::raw_fd_ostream os(objectFile.path, code);
    os << object;
    os.close();
    if (code || os.has_error()) {
      code = code ? code : os.error();
      os.clear_error();
      return llvm::createStringError(
          code, objectFile.path + ": cannot write the file: " + code.message());
    }
  }
  if (llvm::Error error =
          vi::linkShared(objectFile.path, library.path, machine, threads))
    return error;
  auto buffer = llvm::MemoryBuffer::getFile(library.path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false,
                                            /*IsVolatile=*/true);
  if (!buffer)
    return llvm::createStringError(buffer.getError(),
                                   library.path + ": cannot read the file");
  return std::move(*buffer);
}

/// From functions to bytes.
llvm::Error generate(ModuleOp module, const vi::EmitOptions &options,
                     const MlirOptMainConfig &config,
                     SmallVectorImpl<char> &bytes) {
  llvm::raw_svector_ostream os(bytes);
  auto machine = vi::createTargetMachine(options.target);
  if (!machine)
    return machine.takeError();
  auto lower = [&](PassManager &manager) {
    vi::LoweringOptions lowering;
    lowering.contract = options.contract;
    lowering.plainLoops = options.plainLoops;
    lowering.threads = options.threads;
    lowering.freestanding = options.freestanding;
    lowering.setMachineModel(
        vi::getMachineModel(**machine, options.target.isHost()));
    vi::buildLoweringPipeline(manager, lowering);
    return success();
  };
  if (failed(run(module, config, lower)))
    return llvm::createStringError("cannot lower the module to native code");
  llvm::LLVMContext context;
  auto llvmModule = vi::translateToLLVM(module, context, **machine);
  if (!llvmModule)
    return llvmModule.takeError();
  vi::optimize(**llvmModule, **machine);
  if (options.freestanding)
    vi::makeFreestanding(**llvmModule, **machine);
  switch (options.kind) {
  case vi::EmitKind::LLVM:
    os << **llvmModule;
    return llvm::Error::success();
  case vi::EmitKind::Assembly:
    return vi::emitAssembly(**llvmModule, **machine, os);
  default:
    break;
  }
  SmallVector<char, 0> object;
  llvm::raw_svector_ostream objectStream(object);
  if (llvm::Error error = vi::emitObject(**llvmModule, **machine, objectStream))
    return error;
  StringRef bytesOfObject(object.data(), object.size());
  if (options.freestanding)
    if (llvm::Error error = vi::verifyFreestanding(bytesOfObject))
      return error;
  if (options.kind == vi::EmitKind::Object) {
    os << bytesOfObject;
    return llvm::Error::success();
  }
  auto library = link(bytesOfObject, **machine, options.threads != 0);
  if (!library)
    return library.takeError();
  os << (*library)->getBuffer();
  return llvm::Error::success();
}

llvm::Error compile(ModuleOp module, StringRef name, StringRef guard,
                    const vi::EmitOptions &options,
                    const MlirOptMainConfig &config,
                    SmallVectorImpl<char> &bytes) {
  std::string wrong;
  if (!vi::setSiteEstimators(module, options.siteEstimators, wrong))
    return llvm::createStringError("--estimator=" + wrong +
                                   ": there is no such site");
  // Passes that the command line names come first, then the model's pipeline.
  auto setUpPasses = [&](PassManager &manager) {
    return config.setupPassPipeline(manager);
  };
  auto setUpModel = [&](PassManager &manager) -> LogicalResult {
    const PassPipelineInfo *info = PassPipelineInfo::lookup(modelPipeline);
    if (!info)
      return success();
    // Models that learn are compiled for their use, too.
    bool isLearned = false;
    for (auto model : module.getOps<vi::ModelOp>())
      isLearned |= !model.getBody().getOps<vi::ParamOp>().empty();
    return info->addToPipeline(manager,
                               options.pipelineOptions +
                                   (isLearned ? " generative=true" : ""),
                               [&](const Twine &message) {
                                 return emitError(module.getLoc(), message);
                               });
  };
  if (failed(run(module, config, setUpPasses)) ||
      failed(run(module, config, setUpModel)))
    return llvm::createStringError("cannot compile '" + name + "'");

  llvm::raw_svector_ostream os(bytes);
  if (options.kind == vi::EmitKind::MLIR) {
    module.print(os);
    os << '\n';
    return llvm::Error::success();
  }
  if (!vi::hasExportedFunction(module))
    return llvm::createStringError(
        "'" + name +
        "' exports nothing: it has no model and no function with the "
        "attribute 'vi.export'");
  if (options.kind == vi::EmitKind::Header) {
    if (failed(vi::emitHeader(module, guard, os, options.threads,
                              options.freestanding)))
      return llvm::createStringError("cannot emit the header of '" + name +
                                     "'");
    return llvm::Error::success();
  }
  return generate(module, options, config, bytes);
}

} // namespace

llvm::Error vi::emitFile(StringRef input, StringRef output,
                         const EmitOptions &options, DialectRegistry &registry,
                         const MlirOptMainConfig &config) {
  if (options.kind == EmitKind::Shared && output == "-")
    return llvm::createStringError("a shared library needs a file: -o FILE");
  if (options.kind == EmitKind::Object && output == "-" &&
      llvm::sys::Process::StandardOutIsDisplayed())
    return llvm::createStringError("an object file is not for a terminal: -o "
                                   "FILE");
  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> buffer = openInputFile(input, &message);
  if (!buffer)
    return llvm::createStringError(message);

  // An output that cannot be written is found before anything is computed.
  std::unique_ptr<data::OutputFile> file;
  if (output != "-") {
    auto created = data::OutputFile::create(output);
    if (!created)
      return created.takeError();
    file = std::move(*created);
  }

  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  MLIRContext context(registry);
  context.allowUnregisteredDialects(config.shouldAllowUnregisteredDialects());
  SourceMgrDiagnosticHandler handler(sources, &context);
  tracing::InstallDebugHandler debugHandler(context, config.getDebugConfig());
  if (failed(enableRemarks(context, config)))
    return llvm::createStringError("cannot set up remarks");

  ParserConfig parser(&context, config.shouldVerifyOnParsing());
  OwningOpRef<ModuleOp> module = parseModule(sources, parser);
  if (!module)
    return llvm::createStringError("cannot parse '" + input + "'");
  for (const std::string &include : options.includes)
    if (failed(includeFunctions(*module, include)))
      return llvm::createStringError("cannot include '" + include + "'");
  SmallVector<char, 0> bytes;
  if (llvm::Error error = compile(
          *module, input, llvm::sys::path::stem(output == "-" ? input : output),
          options, config, bytes))
    return error;

  StringRef content(bytes.data(), bytes.size());
  if (!file) {
    llvm::outs() << content;
    llvm::outs().flush();
    if (llvm::outs().has_error()) {
      std::error_code code = llvm::outs().error();
      llvm::outs().clear_error();
      return llvm::createStringError(code, "cannot write to standard output: " +
                                               code.message());
    }
    return llvm::Error::success();
  }
  file->os() << content;
  if (llvm::Error error = file->commit())
    return error;
  if (options.kind == EmitKind::Shared)
    llvm::sys::fs::setPermissions(output, llvm::sys::fs::all_read |
                                              llvm::sys::fs::owner_write |
                                              llvm::sys::fs::all_exe);
  return llvm::Error::success();
}
