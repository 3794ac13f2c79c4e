// From a 32-bit hash to a slot number, in buckets of one cache line that are searched at a stroke and without a branch that
// could be guessed wrong. The owner keeps the keys. Taking a slot out moves nothing. What a full bucket has no room for lies
// in the next one, and a count in the bucket says how many do: about one bucket in twenty has any.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "large_buffer.hpp"

namespace edge {

class BucketTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr uint32_t kMaxSlots = 1u << 24;

  // Room for slots 0 … slots-1 at a load of at most 0.6. Empties the table. False without memory.
  [[nodiscard]] bool reset(uint32_t slots) { return buckets_.reset(size_t{slots} / (kWidth * 3 / 5) + 2); }

  void clear() { buckets_.clear(); }
  size_t bytes() const { return buckets_.bytes(); }

  void prefetch(uint32_t hash) const { __builtin_prefetch(&buckets_[home(hash)]); }

  // A slot with this mark in its home bucket, where a hit most likely is; else `other`.
  uint32_t guess(uint32_t hash, uint32_t other) const {
    const Bucket& bucket = buckets_[home(hash)];
    const uint32_t matches = match(bucket, mark(hash));
    const uint32_t slot = bucket.slot[std::countr_zero(matches | 1u << (kWidth - 1))];
    // By arithmetic: a compiler makes a branch of `? :`.
    const uint32_t hit = uint32_t{0} - static_cast<uint32_t>(matches != 0);
    return (slot & hit) | (other & ~hit);
  }

  // `same(slot)` says whether that slot holds the key.
  template <typename Same>
  uint32_t find(uint32_t hash, Same same) const {
    size_t at = home(hash);
    // Of a small table every bucket may have been passed by: then all are looked at, once.
    for (size_t left = buckets_.size(); left > 0; left--, at = next(at)) {
      const Bucket& bucket = buckets_[at];
      for (uint32_t matches = match(bucket, mark(hash)); matches != 0; matches &= matches - 1) {
        const uint32_t slot = bucket.slot[std::countr_zero(matches)];
        if (same(slot)) return slot;
      }
      if (bucket.passed == 0) break;
    }
    return kNone;
  }

  // The key must not be there yet, and no more than the table has room for.
  void insert(uint32_t hash, uint32_t slot) {
    for (size_t at = home(hash);; at = next(at)) {
      Bucket& bucket = buckets_[at];
      const uint32_t free = match(bucket, 0);
      if (free != 0) {
        const int i = std::countr_zero(free);
        bucket.mark[i] = mark(hash);
        bucket.slot[i] = slot;
        return;
      }
      bucket.passed++;
    }
  }

  // Takes `slot` out, which must be there.
  void erase(uint32_t hash, uint32_t slot) {
    for (size_t at = home(hash);; at = next(at)) {
      Bucket& bucket = buckets_[at];
      const int i = position(bucket, hash, slot);
      if (i >= 0) {
        bucket.mark[i] = 0;
        return;
      }
      bucket.passed--;
    }
  }

  // The key of `from`, which must be there, has moved to slot `to`.
  void move(uint32_t hash, uint32_t from, uint32_t to) {
    for (size_t at = home(hash);; at = next(at)) {
      Bucket& bucket = buckets_[at];
      const int i = position(bucket, hash, from);
      if (i < 0) continue;
      bucket.slot[i] = to;
      return;
    }
  }

 private:
  static constexpr size_t kWidth = 10;

  struct alignas(64) Bucket {
    uint16_t mark[kWidth];  // 0: free
    uint32_t slot[kWidth];
    uint32_t passed;  // keys that lie further on because this was full
  };
  static_assert(sizeof(Bucket) == 64);

  // The bucket is chosen by the hash's high bits; a mark is never zero.
  static uint16_t mark(uint32_t hash) { return static_cast<uint16_t>(hash | 1); }

  static int position(const Bucket& bucket, uint32_t hash, uint32_t slot) {
    for (uint32_t matches = match(bucket, mark(hash)); matches != 0; matches &= matches - 1) {
      const int i = std::countr_zero(matches);
      if (bucket.slot[i] == slot) return i;
    }
    return -1;
  }

  // One bit for each cell with this mark.
  static uint32_t match(const Bucket& bucket, uint16_t mark) {
#if defined(__SSE2__)
    // The second load reaches into the slots, whose bits are cut off.
    const __m128i wanted = _mm_set1_epi16(static_cast<int16_t>(mark));
    const auto* cells = reinterpret_cast<const __m128i*>(&bucket);
    const __m128i low = _mm_cmpeq_epi16(_mm_load_si128(cells), wanted);
    const __m128i high = _mm_cmpeq_epi16(_mm_load_si128(cells + 1), wanted);
    return static_cast<uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(low, high))) & ((1u << kWidth) - 1);
#elif defined(__aarch64__)
    const uint16x8_t wanted = vdupq_n_u16(mark);
    const auto* cells = reinterpret_cast<const uint8_t*>(&bucket);
    const uint8x8_t low = vmovn_u16(vceqq_u16(vreinterpretq_u16_u8(vld1q_u8(cells)), wanted));
    const uint8x8_t high = vmovn_u16(vceqq_u16(vreinterpretq_u16_u8(vld1q_u8(cells + 16)), wanted));
    constexpr uint8_t bits[8] = {1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x8_t weight = vld1_u8(bits);
    return static_cast<uint32_t>(vaddv_u8(vand_u8(low, weight))) |
           (static_cast<uint32_t>(vaddv_u8(vand_u8(high, weight))) & 3u) << 8;
#else
    uint32_t found = 0;
    for (size_t i = 0; i < kWidth; i++) found |= static_cast<uint32_t>(bucket.mark[i] == mark) << i;
    return found;
#endif
  }

  size_t home(uint32_t hash) const { return static_cast<size_t>((uint64_t{hash} * buckets_.size()) >> 32); }
  size_t next(size_t at) const { return at + 1 == buckets_.size() ? 0 : at + 1; }

  LargeBuffer<Bucket> buckets_;
};

}  // namespace edge
