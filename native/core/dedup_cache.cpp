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
    Asked asked;
    ask(ids + from * kIdBytes, some, now_ms, asked);
    fresh += take(ids + from * kIdBytes, some, asked, out + from);
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

// How many of the oldest have to leave, were `count` ids new.
uint32_t DedupCache::leaving(size_t count) const {
  const uint32_t room = capacity_ - size_;
  const uint32_t all = count > room ? static_cast<uint32_t>(count) - room : 0;
  return all < size_ ? all : size_;
}

// Sends for the ids that have to leave, were `count` new.
void DedupCache::fetch_oldest(size_t count) const {
  constexpr uint32_t per_line = 64 / kIdBytes;
  const uint32_t all = leaving(count);
  for (uint32_t i = 0; i < all; i += per_line) __builtin_prefetch(bytes_at(after_oldest(i)));
}

// The hashes of leaving(count) ids, their buckets sent for.
void DedupCache::hash_oldest(size_t count, uint32_t* hashes) const {
  const uint32_t all = leaving(count);
  const uint32_t straight = all < capacity_ - oldest_ ? all : capacity_ - oldest_;
  hash_and_fetch(bytes_at(oldest_), straight, hashes);
  hash_and_fetch(bytes_at(0), all - straight, hashes + straight);
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
  const uint32_t may_leave = leaving(count);
  size_t opened = 0;
  for (size_t i = 0; i < count; i++) {
    const Id& held = held_ids[slots[i]];
    const Id id = id_at(ids, i);
    const uint32_t wrapped = uint32_t{0} - static_cast<uint32_t>(slots[i] < oldest);
    const uint32_t age = slots[i] - oldest + (capacity & wrapped);
    const uint64_t difference = (held.first ^ id.first) | (held.second ^ id.second);
    const uint32_t known = static_cast<uint32_t>(difference == 0) & static_cast<uint32_t>(age >= may_leave) &
                           static_cast<uint32_t>(age < size);
    out[i] = static_cast<uint8_t>(known);
    open[opened] = static_cast<uint8_t>(i);
    opened += 1 - known;
  }
  return opened;
}

void DedupCache::ask(const uint8_t* ids, size_t count, double now_ms, Asked& asked) {
  advance(now_ms);
  hash_and_fetch(ids, count, asked.hashes);
  fetch_oldest(count);
}

size_t DedupCache::take(const uint8_t* ids, size_t count, const Asked& asked, uint8_t* out) {
  uint8_t open[kChunk];
  uint32_t leaving_hashes[kChunk];
  const size_t opened = find_known(ids, asked.hashes, count, out, open);
  const uint32_t foreseen = leaving(opened);
  hash_oldest(opened, leaving_hashes);
  const uint32_t now = tick(now_ms_);
  size_t fresh = 0;
  uint32_t left = 0;
  for (size_t at = 0; at < opened; at++) {
    const size_t i = open[at];
    const Id id = id_at(ids, i);
    const uint32_t hash = asked.hashes[i];
    if (table_.find(hash, [&](uint32_t slot) { return ids_[slot] == id; }) != BucketTable::kNone) {
      out[i] = 1;
      continue;
    }
    fresh++;
    if (size_ == capacity_) {
      // With a capacity below a chunk's length, ids of this very chunk leave after those foreseen.
      drop_oldest(left < foreseen ? leaving_hashes[left] : this->hash(ids_[oldest_]));
      left++;
    }
    const uint32_t slot = after_oldest(size_);
    ids_[slot] = id;
    times_[slot] = now;
    size_++;
    table_.insert(hash, slot);
  }
  return fresh;
}

}  // namespace edge
