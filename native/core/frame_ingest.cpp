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

// Everything that needs no state of the mesh but the keys.
Verdict FrameIngest::check(const uint8_t* frame, size_t length, Shape& shape) const {
  const Verdict verdict = read_shape(frame, length, max_frame_bytes_, shape);
  if (verdict != Verdict::accept) {
    shape = Shape{};
    return verdict;
  }
  const uint8_t epoch = frame[kEpochAt];
  if (!known_[epoch]) return Verdict::epoch;
  // One comparison of whole words: its time says nothing about where they differ.
  const size_t tagged = length - kTagBytes;
  if (siphash24(keys_[epoch], frame, tagged) != load_le64(frame + tagged)) return Verdict::tag;
  return load_be64(frame + kSourceAt) == self_ ? Verdict::own : Verdict::accept;
}

size_t FrameIngest::run(DedupCache& dedup, const RoutingTable& routes, const uint8_t* slab, size_t slab_bytes,
                        const uint32_t* offsets, size_t count, double now_ms, int32_t* out) {
  size_t accepted = 0;
  // The dedup cache is asked about a chunk's survivors together, so that it can fetch ahead.
  for (size_t from = 0; from < count; from += kChunk) {
    const size_t some = count - from < kChunk ? count - from : kChunk;
    uint8_t keys[kChunk * DedupCache::kIdBytes];
    uint8_t seen[kChunk];
    size_t index[kChunk];
    Shape shapes[kChunk];
    size_t good = 0;
    for (size_t i = from; i < from + some; i++) {
      const size_t start = offsets[i];
      const size_t end = offsets[i + 1];
      const bool inside = start <= end && end <= slab_bytes;
      Shape& shape = shapes[good];
      shape = Shape{};
      const Verdict verdict = inside ? check(slab + start, end - start, shape) : Verdict::truncated;
      write_record(out + i * kStride, verdict, shape);
      if (verdict != Verdict::accept) continue;
      write_dedup_key(slab + start, shape, keys + good * DedupCache::kIdBytes);
      index[good++] = i;
    }
    dedup.seen_many(keys, good, now_ms, seen);
    for (size_t j = 0; j < good; j++) {
      int32_t* record = out + index[j] * kStride;
      if (seen[j] != 0) {
        record[0] = static_cast<int32_t>(Verdict::duplicate);
        continue;
      }
      accepted++;
      if (shapes[j].directed && shapes[j].destination != self_) record[3] = routes.link_to(shapes[j].destination, now_ms);
    }
  }
  return accepted;
}

}  // namespace edge
