// Ids seen of late: a ring in order of arrival, which is the order of expiry too, and a table into it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "buffer.hpp"
#include "dedup_table.hpp"
#include "siphash_lanes.hpp"
#include "status.hpp"

namespace edge {

class DedupCache {
 public:
  static constexpr size_t kIdBytes = 16;
  static constexpr uint32_t kMaxCapacity = DedupTable::kMaxSlots;
  // Ages are kept in 32 bits of milliseconds: twice this must fit.
  static constexpr uint32_t kMaxTtlMs = 0x7fffffffu;

  // capacity 1 … kMaxCapacity, ttl 1 … kMaxTtlMs.
  [[nodiscard]] Status init(uint32_t capacity, uint32_t ttl_ms, const SipKey& secret, Isa isa = Isa::scalar);

  // out[i] = 1 when id i was there already (an id is not kept longer for being seen again), else 0, and it is taken.
  // Returns how many were new. Time that goes backwards stands still.
  size_t seen_many(const uint8_t* ids, size_t count, double now_ms, uint8_t* out);

  void clear();
  uint32_t size() const { return size_; }
  size_t bytes() const { return sizeof *this + table_.bytes() + ids_.bytes() + times_.bytes(); }

 private:
  struct Id {
    uint64_t first;
    uint64_t second;
    bool operator==(const Id&) const = default;
  };

  static constexpr size_t kChunk = 64;

  void advance(double now_ms);
  void hash_all(const Id* ids, size_t count, uint32_t* out) const;
  uint32_t hash(const Id& id) const { return table_hash(secret_, id.first, id.second); }
  uint32_t after_oldest(uint32_t count) const;
  void drop_oldest(uint32_t hash);
  size_t seen_chunk(const uint8_t* ids, size_t count, uint8_t* out);

  uint32_t capacity_ = 0;
  uint32_t ttl_ms_ = 0;
  uint32_t size_ = 0;
  uint32_t oldest_ = 0;
  double now_ms_ = 0;
  SipKey secret_;
  TableHashLanes hash_lanes_ = nullptr;
  DedupTable table_;
  Buffer<Id> ids_;
  Buffer<uint32_t> times_;
};

}  // namespace edge
