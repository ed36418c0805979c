//===- Native.cpp - from the LLVM dialect to native code ------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Target/Native.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/DynamicLibrary.h"
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

/// Writes a loop that sets what the function's first argument points to, from
/// byte `from` to `to`, to what `load` gives for each place; backwards, from
/// the end. It goes in steps of `type`, of which there is a whole number.
static void emitMemoryLoop(IRBuilder<> &b, Function &function, Type *type,
                           Value *from, Value *to, bool backwards,
                           function_ref<Value *(Value *)> load) {
  LLVMContext &context = function.getContext();
  BasicBlock *before = b.GetInsertBlock();
  auto *head = BasicBlock::Create(context, "", &function);
  auto *body = BasicBlock::Create(context, "", &function);
  auto *done = BasicBlock::Create(context, "", &function);
  b.CreateBr(head);
  b.SetInsertPoint(head);
  PHINode *at = b.CreatePHI(to->getType(), 2);
  at->addIncoming(backwards ? to : from, before);
  b.CreateCondBr(b.CreateICmpEQ(at, backwards ? from : to), done, body);
  b.SetInsertPoint(body);
  Value *step = ConstantInt::get(to->getType(), type->getIntegerBitWidth() / 8);
  Value *next = backwards ? b.CreateSub(at, step) : b.CreateAdd(at, step);
  Value *place = backwards ? next : at;
  b.CreateAlignedStore(load(place),
                       b.CreateGEP(b.getInt8Ty(), function.getArg(0), place),
                       Align(1));
  at->addIncoming(next, body);
  b.CreateBr(head);
  b.SetInsertPoint(done);
}

void vi::makeFreestanding(Module &module, TargetMachine &machine) {
  LLVMContext &context = module.getContext();
  bool copies = false, moves = false, fills = false;
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("probe-stack", "inline-asm");
    for (Instruction &instruction : instructions(function)) {
      copies |= isa<MemCpyInst>(instruction);
      moves |= isa<MemMoveInst>(instruction);
      fills |= isa<MemSetInst>(instruction);
    }
  }
  IRBuilder<> b(context);
  Type *size = module.getDataLayout().getIntPtrType(context);
  auto define = [&](StringRef name, Type *second) {
    auto *type =
        FunctionType::get(b.getPtrTy(), {b.getPtrTy(), second, size}, false);
    auto *function =
        Function::Create(type, GlobalValue::WeakAnyLinkage, name, module);
    function->setVisibility(GlobalValue::HiddenVisibility);
    function->addFnAttr("target-cpu", machine.getTargetCPU());
    if (!machine.getTargetFeatureString().empty())
      function->addFnAttr("target-features", machine.getTargetFeatureString());
    // The loop must not become a call of the function that it is in.
    function->addFnAttr("no-builtins");
    function->addFnAttr(Attribute::NoUnwind);
    b.SetInsertPoint(BasicBlock::Create(context, "", function));
    return function;
  };
  Value *zero = ConstantInt::get(size, 0);
  // Words, then what is left.
  auto emitForward = [&](Function &function,
                         function_ref<Value *(Type *, Value *)> load) {
    Value *end = function.getArg(2);
    Value *words = b.CreateAnd(end, ConstantInt::getSigned(size, -8));
    emitMemoryLoop(b, function, b.getInt64Ty(), zero, words, false,
                   [&](Value *at) { return load(b.getInt64Ty(), at); });
    emitMemoryLoop(b, function, b.getInt8Ty(), words, end, false,
                   [&](Value *at) { return load(b.getInt8Ty(), at); });
    b.CreateRet(function.getArg(0));
  };
  auto loadFrom = [&](Function &function) {
    return [&b, &function](Type *type, Value *at) -> Value * {
      return b.CreateAlignedLoad(
          type, b.CreateGEP(b.getInt8Ty(), function.getArg(1), at), Align(1));
    };
  };
  if (copies) {
    Function *function = define("memcpy", b.getPtrTy());
    emitForward(*function, loadFrom(*function));
  }
  if (moves) {
    Function *function = define("memmove", b.getPtrTy());
    auto *up = BasicBlock::Create(context, "", function);
    auto *down = BasicBlock::Create(context, "", function);
    b.CreateCondBr(b.CreateICmpULT(function->getArg(0), function->getArg(1)),
                   up, down);
    b.SetInsertPoint(up);
    emitForward(*function, loadFrom(*function));
    b.SetInsertPoint(down);
    auto load = loadFrom(*function);
    emitMemoryLoop(b, *function, b.getInt8Ty(), zero, function->getArg(2),
                   /*backwards=*/true,
                   [&](Value *at) { return load(b.getInt8Ty(), at); });
    b.CreateRet(function->getArg(0));
  }
  if (fills) {
    Function *function = define("memset", b.getInt32Ty());
    Value *byte = b.CreateTrunc(function->getArg(1), b.getInt8Ty());
    Value *word = b.CreateMul(b.CreateZExt(byte, b.getInt64Ty()),
                              b.getInt64(0x0101010101010101));
    emitForward(*function, [&](Type *type, Value *) {
      return type == byte->getType() ? byte : word;
    });
  }
}

Error vi::verifyFreestanding(StringRef object) {
  auto file = object::ObjectFile::createObjectFile(
      MemoryBufferRef(object, "the object"));
  if (!file)
    return file.takeError();
  std::string needed;
  for (const object::SymbolRef &symbol : (*file)->symbols()) {
    Expected<uint32_t> flags = symbol.getFlags();
    if (!flags)
      return flags.takeError();
    Expected<StringRef> name = symbol.getName();
    if (!name)
      return name.takeError();
    if ((*flags & object::SymbolRef::SF_Undefined) && !name->empty())
      needed += (needed.empty() ? "" : ", ") + name->str();
  }
  if (needed.empty())
    return Error::success();
  return createStringError("freestanding code would need %s of a library",
                           needed.c_str());
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
                     const TargetMachine &machine, bool threads) {
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
    SmallVector<StringRef> arguments{*path,      "-shared",  "-o",
                                     outputPath, objectPath, "-lm"};
    // GCC's driver would take its own library, which is another one.
    if (threads)
      arguments.push_back(StringRef(driver).starts_with("clang") ? "-fopenmp"
                                                                 : "-lomp");
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
    return createStringError("'%s' cannot link%s: %s", path->c_str(),
                             threads ? " with LLVM's OpenMP library (libomp)"
                                     : "",
                             StringRef(output).trim().str().c_str());
  }
  return createStringError("no linker for target '%s' found (looked for %s)",
                           triple.str().c_str(), tried.c_str());
}

Error vi::loadOpenMP() {
  // The names of one library: LLVM's, and Intel's, from which it came.
  std::string first;
  for (const char *name :
       {"libomp.so.5", "libomp.so", "libiomp5.so", "libomp.dylib"}) {
    std::string message;
    if (!sys::DynamicLibrary::LoadLibraryPermanently(name, &message))
      return Error::success();
    if (first.empty())
      first = message;
  }
  return createStringError("threads need LLVM's OpenMP library (libomp): %s",
                           first.c_str());
}
