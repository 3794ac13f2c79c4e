// What comes off a radio: checked, told from what was seen before, and given its next link, a batch at a time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dedup_cache.hpp"
#include "frame.hpp"
#include "routing_table.hpp"
#include "siphash_lanes.hpp"

namespace edge {

class FrameIngest {
 public:
  // Words per frame in `out`: verdict, header bytes, payload bytes, next-hop link.
  static constexpr size_t kStride = 4;

  // `trusted`: tags were checked before, and are not looked at.
  void init(uint64_t self, size_t max_frame_bytes, Isa isa, bool trusted = false) {
    self_ = self;
    max_frame_bytes_ = max_frame_bytes;
    siphash_ = siphash_lanes_for(isa);
    trusted_ = trusted;
  }

  // Null forgets the epoch's key.
  void set_key(uint8_t epoch, const uint8_t* key16);

  // Frame i is slab[offsets[i], offsets[i + 1]); one that does not lie within the slab is truncated.
  // Header and payload bytes are zero for a frame whose shape was not good. Returns how many were accepted.
  size_t run(DedupCache& dedup, const RoutingTable& routes, const uint8_t* slab, size_t slab_bytes,
             const uint32_t* offsets, size_t count, double now_ms, int32_t* out);

  size_t bytes() const { return sizeof *this; }

 private:
  static constexpr size_t kChunk = 64;
  static_assert(kChunk <= DedupCache::kChunk && kChunk <= RoutingTable::kChunk);

  // A frame of a chunk that is good so far.
  struct Candidate {
    const uint8_t* frame;
    uint32_t length;
    uint32_t index;  // in the chunk
    uint64_t destination;
    uint16_t fragment_offset;
    bool directed;
  };

  size_t check_shapes(const uint8_t* slab, size_t slab_bytes, const uint32_t* offsets, size_t count,
                      Candidate* candidates, int32_t* out) const;
  size_t check_tags(Candidate* candidates, size_t count, int32_t* out) const;
  void tags_of(const Candidate* candidates, size_t count, uint64_t* tags) const;
  size_t drop_own(Candidate* candidates, size_t count, int32_t* out) const;
  size_t accept(const Candidate* candidates, size_t count, DedupCache& dedup, const RoutingTable& routes, double now_ms,
                int32_t* out) const;

  uint64_t self_ = 0;
  size_t max_frame_bytes_ = 0;
  SipHashLanes siphash_ = nullptr;
  bool trusted_ = false;
  SipKey keys_[256];
  bool known_[256] = {};
};

}  // namespace edge
