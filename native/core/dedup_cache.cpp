#include "dedup_cache.hpp"

namespace edge {

namespace {

// Milliseconds modulo 2^32; differences up to that are exact.
uint32_t tick(double ms) { return static_cast<uint32_t>(static_cast<uint64_t>(ms)); }

}  // namespace

Status DedupCache::init(uint32_t capacity, uint32_t ttl_ms, const SipKey& secret) {
  capacity_ = capacity;
  ttl_ms_ = ttl_ms;
  secret_ = secret;
  const bool made = table_.reset(capacity) && ids_.resize(capacity) && hashes_.resize(capacity) && times_.resize(capacity);
  return made ? Status::ok : Status::memory;
}

void DedupCache::clear() {
  if (size_ > 0) table_.clear();
  size_ = 0;
  oldest_ = 0;
}

void DedupCache::drop_oldest() {
  table_.erase(hashes_[oldest_], oldest_, [&](uint32_t slot) { return hashes_[slot]; });
  oldest_ = oldest_ + 1 == capacity_ ? 0 : oldest_ + 1;
  size_--;
}

// After this, whatever is in the table is alive.
void DedupCache::advance(double now_ms) {
  if (now_ms <= now_ms_) return;
  const bool all_expired = now_ms - now_ms_ >= ttl_ms_;
  now_ms_ = now_ms;
  if (all_expired) return clear();
  const uint32_t now = tick(now_ms);
  while (size_ > 0 && now - times_[oldest_] >= ttl_ms_) drop_oldest();
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

// Three passes, so that the memory of one id is fetched while others are hashed.
size_t DedupCache::seen_chunk(const uint8_t* ids, size_t count, uint8_t* out) {
  Id id[kChunk];
  uint32_t hash[kChunk];
  for (size_t i = 0; i < count; i++) {
    id[i] = {load_le64(ids + i * kIdBytes), load_le64(ids + i * kIdBytes + 8)};
    hash[i] = table_hash(secret_, id[i].first, id[i].second);
    table_.prefetch(hash[i]);
    const uint32_t leaving = oldest_ + static_cast<uint32_t>(i);
    if (size_ + count > capacity_ && leaving < capacity_) table_.prefetch(hashes_[leaving]);
  }
  for (size_t i = 0; i < count; i++) {
    const uint32_t slot = table_.guess(hash[i]);
    if (slot != SlotTable::kNone) __builtin_prefetch(&ids_[slot]);
  }
  const uint32_t now = tick(now_ms_);
  size_t fresh = 0;
  for (size_t i = 0; i < count; i++) {
    const uint32_t known = table_.find(hash[i], [&](uint32_t slot) { return ids_[slot] == id[i]; });
    out[i] = known != SlotTable::kNone ? 1 : 0;
    if (known != SlotTable::kNone) continue;
    fresh++;
    if (size_ == capacity_) drop_oldest();
    const uint32_t end = oldest_ + size_;
    const uint32_t slot = end >= capacity_ ? end - capacity_ : end;
    ids_[slot] = id[i];
    hashes_[slot] = hash[i];
    times_[slot] = now;
    size_++;
    table_.insert(hash[i], slot);
  }
  return fresh;
}

}  // namespace edge
