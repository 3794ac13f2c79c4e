#include "frame_ingest.hpp"

namespace edge {

namespace {

constexpr size_t kEpochAt = 5;
constexpr size_t kSourceAt = 6;
// The longest header that is read, from its first byte to its last.
constexpr size_t kReadBytes = 32;
static_assert(static_cast<int32_t>(Verdict::accept) == 0 && static_cast<int32_t>(Verdict::duplicate) == 1);

// The 14 bytes of the message id and the fragment's offset, big-endian.
void write_dedup_key(const uint8_t* frame, uint16_t fragment_offset, uint8_t* key) {
  constexpr uint64_t id_bytes = UINT64_MAX >> 16;
  const uint64_t tail = __builtin_bswap16(fragment_offset);
  store_le64(key, load_le64(frame + kSourceAt));
  store_le64(key + 8, (load_le64(frame + kSourceAt + 8) & id_bytes) | tail << 48);
}

void write_record(int32_t* record, Verdict verdict, uint32_t header_bytes, uint32_t payload_bytes) {
  record[0] = static_cast<int32_t>(verdict);
  record[1] = static_cast<int32_t>(header_bytes);
  record[2] = static_cast<int32_t>(payload_bytes);
  record[3] = -1;
}

}  // namespace

void FrameIngest::set_key(uint8_t epoch, const uint8_t* key16) {
  known_[epoch] = key16 != nullptr;
  keys_[epoch] = key16 != nullptr ? SipKey::from(key16) : SipKey{};
}

// Length, version, shape, and whether there is a key to check it by. Writes every record; how many are good so far.
size_t FrameIngest::check_shapes(const uint8_t* slab, size_t slab_bytes, const uint32_t* offsets, size_t count,
                                 Candidate* candidates, int32_t* out) const {
  for (size_t i = 0; i < count; i++) {
    // Nothing is fetched from where nothing lies; but only as a number may an address leave the slab.
    const uintptr_t at = reinterpret_cast<uintptr_t>(slab) + offsets[i];
    __builtin_prefetch(reinterpret_cast<const void*>(at));
    __builtin_prefetch(reinterpret_cast<const void*>(at + kReadBytes - 1));
  }
  size_t good = 0;
  for (size_t i = 0; i < count; i++) {
    const uint32_t start = offsets[i];
    const uint32_t end = offsets[i + 1];
    int32_t* record = out + i * kStride;
    if (start > end || end > slab_bytes) {
      write_record(record, Verdict::truncated, 0, 0);
      continue;
    }
    const uint8_t* frame = slab + start;
    Shape shape;
    const Verdict verdict = read_shape(frame, end - start, max_frame_bytes_, shape);
    if (verdict != Verdict::accept) {
      write_record(record, verdict, 0, 0);
      continue;
    }
    const bool checkable = trusted_ || known_[frame[kEpochAt]];
    write_record(record, checkable ? Verdict::accept : Verdict::epoch, shape.header_bytes, shape.payload_bytes);
    candidates[good] = {frame,           end - start,           static_cast<uint32_t>(i), shape.destination,
                        shape.fragment_offset, shape.directed};
    good += checkable ? 1 : 0;
  }
  return good;
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

// Keeps those whose tag is good; how many.
size_t FrameIngest::check_tags(Candidate* candidates, size_t count, int32_t* out) const {
  size_t good = 0;
  for (size_t from = 0; from < count; from += kSipLanes) {
    const size_t some = count - from < kSipLanes ? count - from : kSipLanes;
    uint64_t tags[kSipLanes] = {};
    tags_of(candidates + from, some, tags);
    for (size_t lane = 0; lane < some; lane++) {
      const Candidate one = candidates[from + lane];
      // One comparison of whole words: its time says nothing about where they differ.
      const bool same = tags[lane] == load_le64(one.frame + one.length - kTagBytes);
      if (!same) out[one.index * kStride] = static_cast<int32_t>(Verdict::tag);
      candidates[good] = one;
      good += same ? 1 : 0;
    }
  }
  return good;
}

// Keeps those that are not this node's; how many.
size_t FrameIngest::drop_own(Candidate* candidates, size_t count, int32_t* out) const {
  size_t good = 0;
  for (size_t i = 0; i < count; i++) {
    const Candidate one = candidates[i];
    const bool own = load_be64(one.frame + kSourceAt) == self_;
    if (own) out[one.index * kStride] = static_cast<int32_t>(Verdict::own);
    candidates[good] = one;
    good += own ? 0 : 1;
  }
  return good;
}

// Only what passed everything else is asked after in the dedup cache, and all of it together: while the memory of one table is
// on its way, the other is worked on.
size_t FrameIngest::accept(const Candidate* candidates, size_t count, DedupCache& dedup, const RoutingTable& routes,
                           double now_ms, int32_t* out) const {
  // Time goes on in the cache even when nothing was good.
  if (count == 0) return dedup.seen_many(nullptr, 0, now_ms, nullptr);
  uint8_t keys[kChunk * DedupCache::kIdBytes];
  uint64_t destinations[kChunk];
  uint8_t seen[kChunk];
  int32_t links[kChunk];
  DedupCache::Asked dedup_asked;
  RoutingTable::Asked routes_asked;
  size_t filled = 0;
  do {
    const Candidate& one = candidates[filled];
    write_dedup_key(one.frame, one.fragment_offset, keys + filled * DedupCache::kIdBytes);
    destinations[filled] = one.destination;
  } while (++filled < count);
  dedup.ask(keys, count, now_ms, dedup_asked);
  routes.ask(destinations, count, routes_asked);
  routes.fetch(count, routes_asked);
  const size_t accepted = dedup.take(keys, count, dedup_asked, seen);
  routes.answer(destinations, count, routes_asked, now_ms, links);
  for (size_t i = 0; i < count; i++) {
    const Candidate& one = candidates[i];
    int32_t* record = out + one.index * kStride;
    // Verdict::accept or Verdict::duplicate, and -1 as link for the latter, without a branch.
    record[0] = seen[i];
    record[3] = (one.directed && one.destination != self_ ? links[i] : -1) | -static_cast<int32_t>(seen[i]);
  }
  return accepted;
}

size_t FrameIngest::run(DedupCache& dedup, const RoutingTable& routes, const uint8_t* slab, size_t slab_bytes,
                        const uint32_t* offsets, size_t count, double now_ms, int32_t* out) {
  size_t accepted = 0;
  for (size_t from = 0; from < count; from += kChunk) {
    const size_t some = count - from < kChunk ? count - from : kChunk;
    Candidate candidates[kChunk];
    int32_t* records = out + from * kStride;
    size_t good = check_shapes(slab, slab_bytes, offsets + from, some, candidates, records);
    if (!trusted_) good = check_tags(candidates, good, records);
    good = drop_own(candidates, good, records);
    accepted += accept(candidates, good, dedup, routes, now_ms, records);
  }
  return accepted;
}

}  // namespace edge
