#include "dedup_cache.hpp"

namespace edge {

namespace {

// Milliseconds modulo 2^32; differences up to that are exact.
uint32_t tick(double ms) { return static_cast<uint32_t>(static_cast<uint64_t>(ms)); }

}  // namespace

Status DedupCache::init(uint32_t capacity, uint32_t ttl_ms, const SipKey& secret, Isa isa) {
  capacity_ = capacity;
  ttl_ms_ = ttl_ms;
  secret_ = secret;
  hash_lanes_ = table_hash_lanes_for(isa);
  const bool made = table_.reset(capacity) && ids_.resize(capacity) && times_.resize(capacity);
  return made ? Status::ok : Status::memory;
}

void DedupCache::clear() {
  if (size_ > 0) table_.clear();
  size_ = 0;
  oldest_ = 0;
}

// The slot of the id that leaves when `count` others have left.
uint32_t DedupCache::after_oldest(uint32_t count) const {
  const uint32_t slot = oldest_ + count;
  return slot >= capacity_ ? slot - capacity_ : slot;
}

void DedupCache::drop_oldest(uint32_t hash) {
  table_.erase(hash, oldest_);
  oldest_ = after_oldest(1);
  size_--;
}

// After this, whatever is in the table is alive.
void DedupCache::advance(double now_ms) {
  if (now_ms <= now_ms_) return;
  const bool all_expired = now_ms - now_ms_ >= ttl_ms_;
  now_ms_ = now_ms;
  if (all_expired) return clear();
  const uint32_t now = tick(now_ms);
  while (size_ > 0 && now - times_[oldest_] >= ttl_ms_) drop_oldest(hash(ids_[oldest_]));
}

size_t DedupCache::seen_many(const uint8_t* ids, size_t count, double now_ms, uint8_t* out) {
  advance(now_ms);
  size_t fresh = 0;
  for (size_t from = 0; from < count; from += kChunk) {
    const size_t some = count - from < kChunk ? count - from : kChunk;
    fresh += seen_chunk(ids + from * kIdBytes, some, out + from);
  }
  return fresh;
}

// `out` has room for whole lanes.
void DedupCache::hash_all(const Id* ids, size_t count, uint32_t* out) const {
  size_t i = 0;
  for (; i + kSipLanes <= count; i += kSipLanes) hash_lanes_(secret_, reinterpret_cast<const uint64_t*>(ids + i), out + i);
  for (; i < count; i++) out[i] = hash(ids[i]);
}

// Three passes, so that the memory of one id is fetched while others are hashed.
size_t DedupCache::seen_chunk(const uint8_t* ids, size_t count, uint8_t* out) {
  Id id[kChunk] = {};
  uint32_t hashes[kChunk + kSipLanes];
  for (size_t i = 0; i < count; i++) id[i] = {load_le64(ids + i * kIdBytes), load_le64(ids + i * kIdBytes + 8)};
  hash_all(id, count, hashes);
  for (size_t i = 0; i < count; i++) table_.prefetch(hashes[i]);
  // As many of the oldest as may have to leave, were all of these new.
  const size_t room = capacity_ - size_;
  const size_t leave = count > room ? (count - room < size_ ? count - room : size_) : 0;
  Id old[kChunk] = {};
  uint32_t leaving[kChunk + kSipLanes];
  for (size_t i = 0; i < leave; i++) old[i] = ids_[after_oldest(static_cast<uint32_t>(i))];
  hash_all(old, leave, leaving);
  for (size_t i = 0; i < leave; i++) table_.prefetch(leaving[i]);
  for (size_t i = 0; i < count; i++) {
    const uint32_t slot = table_.guess(hashes[i]);
    if (slot != DedupTable::kNone) __builtin_prefetch(&ids_[slot]);
  }
  const uint32_t now = tick(now_ms_);
  size_t fresh = 0;
  size_t left = 0;
  for (size_t i = 0; i < count; i++) {
    const uint32_t known = table_.find(hashes[i], [&](uint32_t slot) { return ids_[slot] == id[i]; });
    out[i] = known != DedupTable::kNone ? 1 : 0;
    if (known != DedupTable::kNone) continue;
    fresh++;
    if (size_ == capacity_) {
      // With a capacity below a chunk's length, ids of this very chunk leave after those foreseen.
      drop_oldest(left < leave ? leaving[left] : hash(ids_[oldest_]));
      left++;
    }
    const uint32_t slot = after_oldest(size_);
    ids_[slot] = id[i];
    times_[slot] = now;
    size_++;
    table_.insert(hashes[i], slot);
  }
  return fresh;
}

}  // namespace edge
