//===- Native.cpp - from the LLVM dialect to native code ------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Target/Native.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"
#include <mutex>

using namespace llvm;

void vi::initializeTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    InitializeAllTargetInfos();
    InitializeAllTargets();
    InitializeAllTargetMCs();
    InitializeAllAsmPrinters();
    InitializeAllAsmParsers();
  });
}

Expected<std::unique_ptr<TargetMachine>>
vi::createTargetMachine(const TargetDescription &description) {
  initializeTargets();
  Triple triple(description.triple.empty()
                    ? sys::getDefaultTargetTriple()
                    : Triple::normalize(description.triple));
  std::string message;
  const llvm::Target *target = TargetRegistry::lookupTarget(triple, message);
  if (!target)
    return createStringError("cannot generate code for target '%s': %s",
                             triple.str().c_str(), message.c_str());

  std::string cpu = description.cpu;
  SubtargetFeatures features(description.features);
  if (cpu == "native") {
    Triple host(sys::getDefaultTargetTriple());
    if (host.getArch() != triple.getArch())
      return createStringError(
          "cpu 'native' is of another architecture than target '%s'",
          triple.str().c_str());
    cpu = sys::getHostCPUName().str();
    for (const auto &feature : sys::getHostCPUFeatures())
      features.AddFeature(feature.getKey(), feature.getValue());
  } else if (!cpu.empty()) {
    std::unique_ptr<MCSubtargetInfo> info(
        target->createMCSubtargetInfo(triple, "", ""));
    if (info && !info->isCPUStringValid(cpu))
      return createStringError("unknown cpu '%s' of target '%s'", cpu.c_str(),
                               triple.str().c_str());
  }
  TargetOptions options;
  // Assembly says where registers are spilled.
  options.MCOptions.AsmVerbose = true;
  std::unique_ptr<TargetMachine> machine(target->createTargetMachine(
      triple, cpu, features.getString(), options, Reloc::PIC_, std::nullopt,
      CodeGenOptLevel::Default));
  if (!machine)
    return createStringError("cannot generate code for target '%s'",
                             triple.str().c_str());
  return machine;
}

Expected<std::unique_ptr<Module>> vi::translateToLLVM(mlir::ModuleOp module,
                                                      LLVMContext &context,
                                                      TargetMachine &machine) {
  std::unique_ptr<Module> result =
      mlir::translateModuleToLLVMIR(module, context);
  if (!result)
    return createStringError("cannot translate the module to LLVM IR");
  result->setTargetTriple(machine.getTargetTriple());
  result->setDataLayout(machine.createDataLayout());
  result->setPICLevel(PICLevel::BigPIC);
  for (Function &function : *result) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", machine.getTargetCPU());
    if (!machine.getTargetFeatureString().empty())
      function.addFnAttr("target-features", machine.getTargetFeatureString());
  }
  return result;
}

void vi::optimize(Module &module, TargetMachine &machine) {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager components;
  ModuleAnalysisManager modules;
  PipelineTuningOptions tuning;
  tuning.LoopVectorization = true;
  // The loops that matter have been vectorized by vi-vectorize. To interleave
  // the long ones that are left takes LLVM 22 minutes (its plan of a loop with
  // checks of overlap is walked once for each recipe and part).
  tuning.LoopInterleaving = false;
  tuning.SLPVectorization = true;
  tuning.LoopUnrolling = true;
  PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(OptimizationLevel::O2)
      .run(module, modules);
}

static Error emit(Module &module, TargetMachine &machine, raw_pwrite_stream &os,
                  CodeGenFileType type) {
  legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, os, nullptr, type))
    return createStringError("target '%s' cannot emit this kind of file",
                             machine.getTargetTriple().str().c_str());
  passes.run(module);
  return Error::success();
}

Error vi::emitAssembly(Module &module, TargetMachine &machine,
                       raw_pwrite_stream &os) {
  return emit(module, machine, os, CodeGenFileType::AssemblyFile);
}

Error vi::emitObject(Module &module, TargetMachine &machine,
                     raw_pwrite_stream &os) {
  return emit(module, machine, os, CodeGenFileType::ObjectFile);
}

/// The C compiler drivers that may link for `triple`, best first.
static SmallVector<std::string> getDrivers(const Triple &triple) {
  Triple host(sys::getDefaultTargetTriple());
  bool isHost =
      triple.getArch() == host.getArch() && triple.getOS() == host.getOS();
  if (isHost)
    return {"clang-22", "clang", "gcc", "cc"};
  std::string environment = triple.getEnvironmentName().str();
  std::string debian = (triple.getArchName() + "-" + triple.getOSName() + "-" +
                        (environment.empty() ? "gnu" : environment))
                           .str();
  return {triple.str() + "-gcc", debian + "-gcc"};
}

Error vi::linkShared(StringRef objectPath, StringRef outputPath,
                     const TargetMachine &machine) {
  const Triple &triple = machine.getTargetTriple();
  std::string tried;
  for (const std::string &driver : getDrivers(triple)) {
    tried += (tried.empty() ? "" : ", ") + driver;
    ErrorOr<std::string> path = sys::findProgramByName(driver);
    if (!path)
      continue;
    SmallString<128> log;
    if (std::error_code error =
            sys::fs::createTemporaryFile("vi-link", "log", log))
      return createStringError(error, "cannot create a temporary file");
    StringRef arguments[] = {*path,      "-shared",  "-o",
                             outputPath, objectPath, "-lm"};
    std::optional<StringRef> redirects[] = {StringRef(""), StringRef(log),
                                            StringRef(log)};
    std::string message;
    int status = sys::ExecuteAndWait(*path, arguments, std::nullopt, redirects,
                                     0, 0, &message);
    std::string output = message;
    if (auto buffer = MemoryBuffer::getFile(log))
      output += (*buffer)->getBuffer().str();
    sys::fs::remove(log);
    if (status == 0)
      return Error::success();
    return createStringError("'%s' cannot link: %s", path->c_str(),
                             StringRef(output).trim().str().c_str());
  }
  return createStringError("no linker for target '%s' found (looked for %s)",
                           triple.str().c_str(), tried.c_str());
}
