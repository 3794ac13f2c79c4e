// Frames with good tags, for tests.
#pragma once

#include <cstdint>
#include <vector>

#include "../core/frame.hpp"
#include "../core/siphash.hpp"

namespace frames {

using Bytes = std::vector<uint8_t>;

inline constexpr uint8_t kKey[16] = {1, 8, 15, 22, 29, 36, 43, 50, 57, 64, 71, 78, 85, 92, 99, 106};

inline void retag(Bytes& frame) {
  if (frame.size() < edge::kTagBytes) return;
  const size_t tagged = frame.size() - edge::kTagBytes;
  edge::store_le64(frame.data() + tagged, edge::siphash24(edge::SipKey::from(kKey), frame.data(), tagged));
}

struct Fields {
  uint8_t version = 1;
  uint8_t flags = 0;
  uint8_t epoch = 0;
  uint64_t source = 1;
  uint32_t sequence = 1;
  uint16_t offset = 0;
  uint16_t total = 0;
  uint64_t destination = 0;
  size_t payload = 3;
};

inline Bytes build(const Fields& fields) {
  Bytes frame(20, 0);
  frame[0] = static_cast<uint8_t>(fields.version << 4);
  frame[2] = fields.flags;
  frame[3] = 5;
  frame[5] = fields.epoch;
  edge::store_be64(frame.data() + 6, fields.source);
  for (int i = 0; i < 4; i++) frame[16 + i] = static_cast<uint8_t>(fields.sequence >> (24 - 8 * i));
  const auto add = [&](uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; i--) frame.push_back(static_cast<uint8_t>(value >> (8 * i)));
  };
  if ((fields.flags & edge::kFragment) != 0) {
    add(fields.offset, 2);
    add(fields.total, 2);
  }
  if ((fields.flags & edge::kDirected) != 0) add(fields.destination, 8);
  if ((fields.flags & edge::kTransmitter) != 0) add(77, 8);
  const size_t rest = fields.payload + ((fields.flags & edge::kSigned) != 0 ? edge::kSignatureBytes : 0);
  frame.resize(frame.size() + rest + edge::kTagBytes, 0x5a);
  retag(frame);
  return frame;
}

}  // namespace frames
