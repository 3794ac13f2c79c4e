// Ids seen of late: a ring in order of arrival, which is the order of expiry too, and a table into it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "bucket_table.hpp"
#include "large_buffer.hpp"
#include "siphash_lanes.hpp"
#include "status.hpp"

namespace edge {

class DedupCache {
 public:
  static constexpr size_t kIdBytes = 16;
  static constexpr uint32_t kMaxCapacity = BucketTable::kMaxSlots;
  // Ages are kept in 32 bits of milliseconds: twice this must fit.
  static constexpr uint32_t kMaxTtlMs = 0x7fffffffu;

  // capacity 1 … kMaxCapacity, ttl 1 … kMaxTtlMs.
  [[nodiscard]] Status init(uint32_t capacity, uint32_t ttl_ms, const SipKey& secret, Isa isa = Isa::scalar);

  // out[i] = 1 when id i was there already (an id is not kept longer for being seen again), else 0, and it is taken.
  // Returns how many were new. Time that goes backwards stands still.
  size_t seen_many(const uint8_t* ids, size_t count, double now_ms, uint8_t* out);

  // The same for up to kChunk at once, in two steps with room for other work between them: the first sends for the memory
  // that the second reads. No other call may come between them.
  static constexpr size_t kChunk = 64;
  struct Asked {
    uint32_t hashes[kChunk];
  };
  void ask(const uint8_t* ids, size_t count, double now_ms, Asked& asked);
  size_t take(const uint8_t* ids, size_t count, const Asked& asked, uint8_t* out);

  void clear();
  uint32_t size() const { return size_; }
  size_t bytes() const { return sizeof *this + table_.bytes() + ids_.bytes() + times_.bytes(); }

 private:
  struct Id {
    uint64_t first;
    uint64_t second;
    bool operator==(const Id&) const = default;
  };

  // Ids of a chunk that are hashed before the memory of the first is asked for.
  static constexpr size_t kHashed = 16;

  void advance(double now_ms);
  uint32_t hash(const Id& id) const { return table_hash(secret_, id.first, id.second); }
  uint32_t after_oldest(uint32_t count) const;
  static Id id_at(const uint8_t* ids, size_t i) {
    return {load_le64(ids + i * kIdBytes), load_le64(ids + i * kIdBytes + sizeof(uint64_t))};
  }
  const uint8_t* bytes_at(uint32_t slot) const { return reinterpret_cast<const uint8_t*>(&ids_[slot]); }
  void drop_oldest(uint32_t hash);
  uint32_t leaving(size_t count) const;
  void fetch_oldest(size_t count) const;
  void hash_oldest(size_t count, uint32_t* hashes) const;
  void hash_and_fetch(const uint8_t* ids, size_t count, uint32_t* hashes) const;
  size_t find_known(const uint8_t* ids, const uint32_t* hashes, size_t count, uint8_t* out, uint8_t* open) const;

  uint32_t capacity_ = 0;
  uint32_t ttl_ms_ = 0;
  uint32_t size_ = 0;
  uint32_t oldest_ = 0;
  double now_ms_ = 0;
  SipKey secret_;
  TableHashes hash_ids_ = nullptr;
  BucketTable table_;
  LargeBuffer<Id> ids_;
  LargeBuffer<uint32_t> times_;
};

}  // namespace edge
