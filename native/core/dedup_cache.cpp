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
  hash_ids_ = table_hashes16_for(isa);
  const bool made = table_.reset(capacity) && ids_.reset(capacity) && times_.reset(capacity);
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

// A few at a time, so that the memory of the first is on its way while the last are hashed.
void DedupCache::hash_and_fetch(const uint8_t* ids, size_t count, uint32_t* hashes) const {
  for (size_t from = 0; from < count; from += kHashed) {
    const size_t to = count - from < kHashed ? count : from + kHashed;
    hash_ids_(secret_, ids + from * kIdBytes, to - from, hashes + from);
    for (size_t i = from; i < to; i++) table_.prefetch(hashes[i]);
  }
}

// out[i] = 1 for those that are there and will be whatever the chunk does; the others are listed in `open`. Whether an id is
// known is a coin's toss, so nothing here branches by it.
size_t DedupCache::find_known(const uint8_t* ids, const uint32_t* hashes, size_t count, uint8_t* out,
                              uint8_t* open) const {
  // In registers: what is written below could be this object for all the compiler knows.
  const uint32_t capacity = capacity_;
  const uint32_t size = size_;
  const uint32_t oldest = oldest_;
  const Id* held_ids = &ids_[0];
  const uint32_t none = after_oldest(size < capacity ? size : 0);
  uint32_t slots[kChunk];
  for (size_t i = 0; i < count; i++) {
    slots[i] = table_.guess(hashes[i], none);
    __builtin_prefetch(&held_ids[slots[i]]);
  }
  // As many of the oldest may have to leave, were all of these new.
  const uint32_t room = capacity - size;
  const uint32_t leaving = count > room ? static_cast<uint32_t>(count) - room : 0;
  size_t opened = 0;
  for (size_t i = 0; i < count; i++) {
    const Id& held = held_ids[slots[i]];
    const Id id = id_at(ids, i);
    const uint32_t wrapped = uint32_t{0} - static_cast<uint32_t>(slots[i] < oldest);
    const uint32_t age = slots[i] - oldest + (capacity & wrapped);
    const uint64_t difference = (held.first ^ id.first) | (held.second ^ id.second);
    const uint32_t known = static_cast<uint32_t>(difference == 0) & static_cast<uint32_t>(age >= leaving) &
                           static_cast<uint32_t>(age < size);
    out[i] = static_cast<uint8_t>(known);
    open[opened] = static_cast<uint8_t>(i);
    opened += 1 - known;
  }
  return opened;
}

// The hashes of as many of the oldest as must leave to make room for `count`.
size_t DedupCache::hash_oldest(size_t count, uint32_t* hashes) const {
  const size_t room = capacity_ - size_;
  const size_t all = count > room ? count - room : 0;
  const size_t leaving = all < size_ ? all : size_;
  const size_t straight = leaving < capacity_ - oldest_ ? leaving : capacity_ - oldest_;
  hash_and_fetch(bytes_at(oldest_), straight, hashes);
  hash_and_fetch(bytes_at(0), leaving - straight, hashes + straight);
  return leaving;
}

// In passes, so that the memory of one id is fetched while others are hashed.
size_t DedupCache::seen_chunk(const uint8_t* ids, size_t count, uint8_t* out) {
  uint32_t hashes[kChunk];
  uint32_t leaving_hashes[kChunk];
  uint8_t open[kChunk];
  hash_and_fetch(ids, count, hashes);
  const size_t opened = find_known(ids, hashes, count, out, open);
  const size_t leaving = hash_oldest(opened, leaving_hashes);
  const uint32_t now = tick(now_ms_);
  size_t fresh = 0;
  size_t left = 0;
  for (size_t at = 0; at < opened; at++) {
    const size_t i = open[at];
    const Id id = id_at(ids, i);
    if (table_.find(hashes[i], [&](uint32_t slot) { return ids_[slot] == id; }) != BucketTable::kNone) {
      out[i] = 1;
      continue;
    }
    fresh++;
    if (size_ == capacity_) {
      // With a capacity below a chunk's length, ids of this very chunk leave after those foreseen.
      drop_oldest(left < leaving ? leaving_hashes[left] : hash(ids_[oldest_]));
      left++;
    }
    const uint32_t slot = after_oldest(size_);
    ids_[slot] = id;
    times_[slot] = now;
    size_++;
    table_.insert(hashes[i], slot);
  }
  return fresh;
}

}  // namespace edge
