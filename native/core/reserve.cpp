#include "reserve.hpp"

#include <sys/mman.h>

#include <algorithm>

namespace edge {

namespace {

// Pages of 64 KiB are the largest that ordinary arm64 kernels have.
constexpr size_t kPage = size_t{64} << 10;

size_t round_up(size_t bytes, size_t step) { return (bytes + step - 1) / step * step; }

}  // namespace

bool Reserve::init(size_t largest) {
  if (largest == 0) return true;
  if (largest > SIZE_MAX / 2) return false;
  largest_ = round_up(largest, kPage);
  mapped_bytes_ = largest_ + kHugePage;
  // Without access and without a claim on memory, until it grows.
  mapped_ = mmap(nullptr, mapped_bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped_ == MAP_FAILED) {
    mapped_ = nullptr;
    return false;
  }
  data_ = reinterpret_cast<uint8_t*>(round_up(reinterpret_cast<uintptr_t>(mapped_), kHugePage));
  return true;
}

Reserve::~Reserve() {
  if (mapped_ != nullptr) munmap(mapped_, mapped_bytes_);
}

size_t Reserve::bytes_for(size_t bytes) const {
  if (bytes <= taken_) return taken_;
  return std::min(round_up(bytes, bytes < kHugePage ? kStep : kHugePage), largest_);
}

bool Reserve::grow(size_t bytes) {
  const size_t wanted = bytes_for(bytes);
  if (wanted == taken_) return true;
  if (mprotect(data_ + taken_, wanted - taken_, PROT_READ | PROT_WRITE) != 0) return false;
#ifdef MADV_HUGEPAGE
  // Of a step that ends within a huge page, or began within one, that page stays in small ones. Advice: it may fail.
  const size_t from = round_up(taken_, kHugePage);
  const size_t to = wanted / kHugePage * kHugePage;
  if (to > from) madvise(data_ + from, to - from, MADV_HUGEPAGE);
#endif
  taken_ = wanted;
  return true;
}

}  // namespace edge
