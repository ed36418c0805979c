//===- MachineModel.cpp - what loops are shaped for -----------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Target/MachineModel.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"
#ifdef __unix__
#include <unistd.h>
#endif

using namespace llvm;

/// Replaces `bytes` by what the operating system knows of a cache.
static void queryCache([[maybe_unused]] int name,
                       [[maybe_unused]] int64_t &bytes) {
#ifdef __unix__
  if (long size = sysconf(name); size > 0)
    bytes = size;
#endif
}

vi::MachineModel vi::getMachineModel(const TargetMachine &machine,
                                     bool isHost) {
  const MCSubtargetInfo *subtarget = machine.getMCSubtargetInfo();
  auto has = [&](StringRef feature) {
    return subtarget->checkFeatures(("+" + feature).str());
  };
  MachineModel model;
  const Triple &triple = machine.getTargetTriple();
  if (triple.isX86()) {
    bool avx512 = has("avx512f");
    model.fma = avx512 || has("fma");
    if (avx512) {
      model.vectorBits = 512;
      model.vectorRegisters = 32;
      model.minMaskedBits = has("avx512bw") ? 8 : 32;
    } else if (has("avx")) {
      model.vectorBits = 256;
      model.minMaskedBits = 32;
    }
    if (!triple.isArch64Bit())
      model.vectorRegisters = 8;
  } else if (triple.isAArch64()) {
    model.vectorRegisters = 32;
    model.fma = true;
  }
  if (!isHost)
    return model;
#ifdef _SC_LEVEL1_DCACHE_SIZE
  queryCache(_SC_LEVEL1_DCACHE_SIZE, model.l1Bytes);
  queryCache(_SC_LEVEL2_CACHE_SIZE, model.l2Bytes);
#endif
  return model;
}
