// From a 32-bit hash to a slot number, in buckets of one cache line that are searched at a stroke. Made for a table that
// forgets as fast as it learns: taking a slot out moves nothing. What a full bucket has no room for lies in the next one,
// and a count in the bucket says how many do.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "buffer.hpp"

namespace edge {

class DedupTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr uint32_t kMaxSlots = 1u << 24;

  // Room for slots 0 … slots-1 at a load of at most 0.72. Empties the table. False without memory.
  [[nodiscard]] bool reset(uint32_t slots) {
    Buffer<Bucket> fresh;
    if (!fresh.resize(size_t{slots} / kWidth * 25 / 18 + 2)) return false;
    buckets_ = std::move(fresh);
    return true;
  }

  void clear() { std::memset(static_cast<void*>(buckets_.data()), 0, buckets_.bytes()); }
  size_t bytes() const { return buckets_.bytes(); }

  void prefetch(uint32_t hash) const { __builtin_prefetch(&buckets_[home(hash)]); }

  // A slot with this hash in its home bucket: where a hit most likely is.
  uint32_t guess(uint32_t hash) const {
    const Bucket& bucket = buckets_[home(hash)];
    const uint32_t matches = match(bucket, mark(hash));
    return matches != 0 ? slot_at(bucket, std::countr_zero(matches)) : kNone;
  }

  // `same(slot)` says whether that slot holds the key.
  template <typename Same>
  uint32_t find(uint32_t hash, Same same) const {
    size_t at = home(hash);
    // Of a small table every bucket may have been passed by: then all are looked at, once.
    for (size_t left = buckets_.size(); left > 0; left--, at = next(at)) {
      const Bucket& bucket = buckets_[at];
      for (uint32_t matches = match(bucket, mark(hash)); matches != 0; matches &= matches - 1) {
        const uint32_t slot = slot_at(bucket, std::countr_zero(matches));
        if (same(slot)) return slot;
      }
      if (overflow(bucket) == 0) break;
    }
    return kNone;
  }

  // The key must not be there yet, and no more than the table has room for.
  void insert(uint32_t hash, uint32_t slot) {
    for (size_t at = home(hash);; at = next(at)) {
      Bucket& bucket = buckets_[at];
      const uint32_t free = match(bucket, 0);
      if (free != 0) return put(bucket, std::countr_zero(free), mark(hash), slot);
      // A count that is full stays so: then the next bucket is always looked at, which is slow and right.
      if (overflow(bucket) < kFullCount) bucket.slot[0] += kOne;
    }
  }

  // Takes `slot` out, which must be there.
  void erase(uint32_t hash, uint32_t slot) {
    for (size_t at = home(hash);; at = next(at)) {
      Bucket& bucket = buckets_[at];
      for (uint32_t matches = match(bucket, mark(hash)); matches != 0; matches &= matches - 1) {
        const int i = std::countr_zero(matches);
        if (slot_at(bucket, i) != slot) continue;
        put(bucket, i, 0, 0);
        return;
      }
      if (overflow(bucket) < kFullCount) bucket.slot[0] -= kOne;
    }
  }

 private:
  static constexpr size_t kWidth = 8;
  // Above the 24 bits of slot[0]: how many passed by this bucket because it was full.
  static constexpr uint32_t kOne = 1u << 24;
  static constexpr uint32_t kFullCount = 255;

  struct alignas(64) Bucket {
    uint32_t mark[kWidth];  // 0: free
    uint32_t slot[kWidth];
  };

  static uint32_t mark(uint32_t hash) { return hash | 1; }
  static uint32_t overflow(const Bucket& bucket) { return bucket.slot[0] >> 24; }
  static uint32_t slot_at(const Bucket& bucket, int i) { return bucket.slot[i] & (kOne - 1); }
  static void put(Bucket& bucket, int i, uint32_t mark, uint32_t slot) {
    bucket.mark[i] = mark;
    bucket.slot[i] = (bucket.slot[i] & ~(kOne - 1)) | slot;
  }

  // One bit for each cell with this mark.
  static uint32_t match(const Bucket& bucket, uint32_t mark) {
#if defined(__SSE2__)
    const __m128i wanted = _mm_set1_epi32(static_cast<int>(mark));
    const auto* cells = reinterpret_cast<const __m128i*>(bucket.mark);
    const __m128i low = _mm_cmpeq_epi32(_mm_load_si128(cells), wanted);
    const __m128i high = _mm_cmpeq_epi32(_mm_load_si128(cells + 1), wanted);
    const __m128i bytes = _mm_packs_epi16(_mm_packs_epi32(low, high), _mm_setzero_si128());
    return static_cast<uint32_t>(_mm_movemask_epi8(bytes));
#elif defined(__aarch64__)
    const uint32x4_t wanted = vdupq_n_u32(mark);
    const uint16x4_t low = vmovn_u32(vceqq_u32(vld1q_u32(bucket.mark), wanted));
    const uint16x4_t high = vmovn_u32(vceqq_u32(vld1q_u32(bucket.mark + 4), wanted));
    constexpr uint8_t bits[kWidth] = {1, 2, 4, 8, 16, 32, 64, 128};
    return vaddv_u8(vand_u8(vmovn_u16(vcombine_u16(low, high)), vld1_u8(bits)));
#else
    uint32_t found = 0;
    for (size_t i = 0; i < kWidth; i++) found |= static_cast<uint32_t>(bucket.mark[i] == mark) << i;
    return found;
#endif
  }

  // Bits above those of the mark's lowest, which is always set.
  size_t home(uint32_t hash) const { return static_cast<size_t>((uint64_t{hash} * buckets_.size()) >> 32); }
  size_t next(size_t at) const { return at + 1 == buckets_.size() ? 0 : at + 1; }

  Buffer<Bucket> buckets_;
};

}  // namespace edge
