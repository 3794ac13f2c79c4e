#include "frame_ingest.hpp"

namespace edge {

namespace {

constexpr size_t kEpochAt = 5;
constexpr size_t kSourceAt = 6;
constexpr size_t kMessageIdBytes = 14;

void write_dedup_key(const uint8_t* frame, const Shape& shape, uint8_t* key) {
  std::memcpy(key, frame + kSourceAt, kMessageIdBytes);
  key[14] = static_cast<uint8_t>(shape.fragment_offset >> 8);
  key[15] = static_cast<uint8_t>(shape.fragment_offset);
}

void write_record(int32_t* record, Verdict verdict, const Shape& shape) {
  record[0] = static_cast<int32_t>(verdict);
  record[1] = static_cast<int32_t>(shape.header_bytes);
  record[2] = static_cast<int32_t>(shape.payload_bytes);
  record[3] = -1;
}

}  // namespace

void FrameIngest::set_key(uint8_t epoch, const uint8_t* key16) {
  known_[epoch] = key16 != nullptr;
  keys_[epoch] = key16 != nullptr ? SipKey::from(key16) : SipKey{};
}

// Length, version, shape, and whether there is a key to check it by.
Verdict FrameIngest::check_shape(const uint8_t* frame, size_t length, Shape& shape) const {
  const Verdict verdict = read_shape(frame, length, max_frame_bytes_, shape);
  if (verdict != Verdict::accept) {
    shape = Shape{};
    return verdict;
  }
  return trusted_ || known_[frame[kEpochAt]] ? Verdict::accept : Verdict::epoch;
}

// The tags that at most kSipLanes frames should have.
void FrameIngest::tags_of(const Candidate* candidates, size_t count, uint64_t* tags) const {
  const SipKey* keys[kSipLanes] = {};
  const uint8_t* data[kSipLanes] = {};
  size_t lengths[kSipLanes] = {};
  for (size_t lane = 0; lane < kSipLanes; lane++) {
    // Lanes to spare do the last one again.
    const Candidate& one = candidates[lane < count ? lane : count - 1];
    keys[lane] = &keys_[one.frame[kEpochAt]];
    data[lane] = one.frame;
    lengths[lane] = one.length - kTagBytes;
  }
  if (count == 1) {
    tags[0] = siphash24(*keys[0], data[0], lengths[0]);
  } else {
    siphash_(keys, data, lengths, tags);
  }
}

// Keeps those whose tag is good and that are not this node's own; how many.
size_t FrameIngest::check_tags(Candidate* candidates, size_t count, int32_t* out) const {
  size_t good = 0;
  for (size_t from = 0; from < count; from += kSipLanes) {
    const size_t some = count - from < kSipLanes ? count - from : kSipLanes;
    uint64_t tags[kSipLanes] = {};
    if (!trusted_) tags_of(candidates + from, some, tags);
    for (size_t lane = 0; lane < some; lane++) {
      const Candidate& one = candidates[from + lane];
      // One comparison of whole words: its time says nothing about where they differ.
      const bool same = trusted_ || tags[lane] == load_le64(one.frame + one.length - kTagBytes);
      const bool own = load_be64(one.frame + kSourceAt) == self_;
      if (same && !own) {
        candidates[good++] = one;
      } else {
        out[one.index * kStride] = static_cast<int32_t>(same ? Verdict::own : Verdict::tag);
      }
    }
  }
  return good;
}

// Only what passed everything else is asked after in the dedup cache, together, so that it can fetch ahead.
size_t FrameIngest::accept(const Candidate* candidates, size_t count, DedupCache& dedup, const RoutingTable& routes,
                           double now_ms, int32_t* out) const {
  uint8_t keys[kChunk * DedupCache::kIdBytes] = {};
  uint8_t seen[kChunk];
  uint32_t hashes[kChunk];
  for (size_t i = 0; i < count; i++) {
    const Candidate& one = candidates[i];
    write_dedup_key(one.frame, one.shape, keys + i * DedupCache::kIdBytes);
    hashes[i] = routes.hash(one.shape.destination);
    if (one.shape.directed) routes.prefetch(hashes[i]);
  }
  const size_t accepted = dedup.seen_many(keys, count, now_ms, seen);
  for (size_t i = 0; i < count; i++) {
    const Candidate& one = candidates[i];
    int32_t* record = out + one.index * kStride;
    if (seen[i] != 0) {
      record[0] = static_cast<int32_t>(Verdict::duplicate);
    } else if (one.shape.directed && one.shape.destination != self_) {
      record[3] = routes.link_to(one.shape.destination, hashes[i], now_ms);
    }
  }
  return accepted;
}

size_t FrameIngest::run(DedupCache& dedup, const RoutingTable& routes, const uint8_t* slab, size_t slab_bytes,
                        const uint32_t* offsets, size_t count, double now_ms, int32_t* out) {
  size_t accepted = 0;
  for (size_t from = 0; from < count; from += kChunk) {
    const size_t to = count - from < kChunk ? count : from + kChunk;
    Candidate candidates[kChunk];
    size_t good = 0;
    for (size_t i = from; i < to; i++) {
      const size_t start = offsets[i];
      const size_t end = offsets[i + 1];
      const bool inside = start <= end && end <= slab_bytes;
      Candidate& one = candidates[good];
      one = {slab + (inside ? start : 0), end - start, i, Shape{}};
      const Verdict verdict = inside ? check_shape(one.frame, one.length, one.shape) : Verdict::truncated;
      write_record(out + i * kStride, verdict, one.shape);
      good += verdict == Verdict::accept ? 1 : 0;
    }
    good = check_tags(candidates, good, out);
    accepted += accept(candidates, good, dedup, routes, now_ms, out);
  }
  return accepted;
}

}  // namespace edge
