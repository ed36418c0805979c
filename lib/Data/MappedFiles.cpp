//===- MappedFiles.cpp - files that change while they are read ------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Data/MappedFiles.h"

#include "llvm/Support/FileSystem.h"

#include <atomic>
#include <csignal>
#include <mutex>
#include <unistd.h>

namespace fs = llvm::sys::fs;

static constexpr llvm::StringLiteral reason =
    ": the file was cut short while it was read";

namespace {

/// A mapping, in a list that a signal handler can go through at any time:
/// entries are added in front and never freed, only used again.
struct Mapping {
  std::atomic<const char *> begin = nullptr;
  size_t size = 0;
  std::string path;
  fs::UniqueID file;
  Mapping *next = nullptr;
};

/// What the handler says before the file's name, and how it ends.
struct Ending {
  std::string prefix;
  int status = 1;
};

class WatchedBuffer : public llvm::MemoryBuffer {
public:
  WatchedBuffer(std::unique_ptr<llvm::MemoryBuffer> inner, Mapping *mapping)
      : inner(std::move(inner)), mapping(mapping) {
    init(this->inner->getBufferStart(), this->inner->getBufferEnd(),
         /*RequiresNullTerminator=*/false);
  }
  ~WatchedBuffer() override { mapping->begin = nullptr; }
  BufferKind getBufferKind() const override { return inner->getBufferKind(); }
  llvm::StringRef getBufferIdentifier() const override {
    return inner->getBufferIdentifier();
  }

private:
  std::unique_ptr<llvm::MemoryBuffer> inner;
  Mapping *mapping;
};

} // namespace

static std::atomic<Mapping *> mappings = nullptr;
static std::mutex mutex;
static Ending ending;
static struct sigaction previousAction;

std::unique_ptr<llvm::MemoryBuffer>
vi::data::watchMapping(llvm::StringRef path,
                       std::unique_ptr<llvm::MemoryBuffer> buffer) {
  fs::file_status status;
  if (buffer->getBufferKind() != llvm::MemoryBuffer::MemoryBuffer_MMap ||
      fs::status(path, status))
    return buffer;
  std::lock_guard<std::mutex> lock(mutex);
  Mapping *mapping = mappings;
  while (mapping && mapping->begin)
    mapping = mapping->next;
  bool isNew = !mapping;
  if (isNew)
    mapping = new Mapping;
  mapping->path = path.str();
  mapping->size = buffer->getBufferSize();
  mapping->file = status.getUniqueID();
  mapping->begin = buffer->getBufferStart();
  if (isNew) {
    mapping->next = mappings;
    mappings = mapping;
  }
  return std::make_unique<WatchedBuffer>(std::move(buffer), mapping);
}

llvm::Error vi::data::checkMappedFiles() {
  std::lock_guard<std::mutex> lock(mutex);
  for (Mapping *mapping = mappings; mapping; mapping = mapping->next) {
    fs::file_status status;
    if (mapping->begin && !fs::status(mapping->path, status) &&
        status.getUniqueID() == mapping->file &&
        status.getSize() < mapping->size)
      return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                     mapping->path + reason);
  }
  return llvm::Error::success();
}

/// Writes without a buffer, as a signal handler may.
static void print(llvm::StringRef text) {
  (void)!::write(STDERR_FILENO, text.data(), text.size());
}

static void handleBusError(int signal, siginfo_t *info, void *) {
  const char *address = static_cast<const char *>(info->si_addr);
  for (Mapping *mapping = mappings; mapping; mapping = mapping->next) {
    const char *begin = mapping->begin;
    if (!begin || address < begin || address >= begin + mapping->size)
      continue;
    print(ending.prefix);
    print(mapping->path);
    print(reason);
    print("\n");
    ::_exit(ending.status);
  }
  // The instruction runs again, and finds what was there before.
  ::sigaction(signal, &previousAction, nullptr);
}

void vi::data::endOnTruncatedFile(llvm::StringRef tool, int status) {
  ending.prefix = (tool + ": error: ").str();
  ending.status = status;
  struct sigaction action = {};
  action.sa_sigaction = handleBusError;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGBUS, &action, &previousAction);
}
