//===- MachineModelTest.cpp - the model of a target -----------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Target/MachineModel.h"
#include "vi/Target/Native.h"
#include "llvm/Target/TargetMachine.h"
#include "gtest/gtest.h"

namespace {

vi::MachineModel getModel(const char *triple, const char *cpu,
                          const char *features = "") {
  vi::TargetDescription target;
  target.triple = triple;
  target.cpu = cpu;
  target.features = features;
  auto machine = vi::createTargetMachine(target);
  EXPECT_TRUE(static_cast<bool>(machine));
  return vi::getMachineModel(**machine);
}

TEST(MachineModel, SSE2) {
  vi::MachineModel model = getModel("x86_64-linux-gnu", "x86-64");
  EXPECT_EQ(model.vectorBits, 128u);
  EXPECT_EQ(model.vectorRegisters, 16u);
  EXPECT_FALSE(model.fma);
  EXPECT_FALSE(model.hasMasks(64));
  EXPECT_EQ(model.getLanes(32), 4u);
}

TEST(MachineModel, AVX2) {
  vi::MachineModel model = getModel("x86_64-linux-gnu", "x86-64-v3");
  EXPECT_EQ(model.vectorBits, 256u);
  EXPECT_EQ(model.vectorRegisters, 16u);
  EXPECT_TRUE(model.fma);
  EXPECT_TRUE(model.hasMasks(32));
  EXPECT_FALSE(model.hasMasks(8));
}

TEST(MachineModel, AVX512) {
  vi::MachineModel model = getModel("x86_64-linux-gnu", "x86-64-v4");
  EXPECT_EQ(model.vectorBits, 512u);
  EXPECT_EQ(model.vectorRegisters, 32u);
  EXPECT_TRUE(model.fma);
  EXPECT_TRUE(model.hasMasks(8));
  EXPECT_EQ(model.getLanes(64), 8u);
}

TEST(MachineModel, FeaturesInAddition) {
  vi::MachineModel model =
      getModel("x86_64-linux-gnu", "x86-64-v4", "-avx512f");
  EXPECT_EQ(model.vectorBits, 256u);
  model = getModel("x86_64-linux-gnu", "x86-64", "+avx");
  EXPECT_EQ(model.vectorBits, 256u);
  EXPECT_FALSE(model.fma);
}

TEST(MachineModel, NEON) {
  vi::MachineModel model = getModel("aarch64-linux-gnu", "");
  EXPECT_EQ(model.vectorBits, 128u);
  EXPECT_EQ(model.vectorRegisters, 32u);
  EXPECT_TRUE(model.fma);
  EXPECT_FALSE(model.hasMasks(64));
}

} // namespace
