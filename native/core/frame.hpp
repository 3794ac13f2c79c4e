// The frame as docs/protocol.md lays it out. Reads a frame of any length without ever leaving it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "bytes.hpp"

namespace edge {

inline constexpr uint8_t kProtocolVersion = 1;
inline constexpr size_t kFixedHeaderBytes = 20;
inline constexpr size_t kTagBytes = 8;
inline constexpr size_t kSignatureBytes = 64;
inline constexpr size_t kMaxFrameBytes = 65535;

enum Flag : uint8_t {
  kDirected = 1,
  kFragment = 2,
  kSigned = 4,
  kTransmitter = 32,
};

// The numbers of `Verdict` in src/ports/hot-path.ts.
enum class Verdict : int32_t {
  accept = 0,
  duplicate = 1,
  truncated = 2,
  oversized = 3,
  version = 4,
  malformed = 5,
  epoch = 6,
  tag = 7,
  own = 8,
};

// What the checks of shape find out; offsets are within the frame. Valid only with Verdict::accept.
struct Shape {
  uint32_t header_bytes = 0;
  uint32_t payload_bytes = 0;
  uint16_t fragment_offset = 0;
  bool directed = false;
  uint64_t destination = 0;
};

// Length, version and shape; Verdict::accept when all are good.
inline Verdict read_shape(const uint8_t* frame, size_t length, size_t max_bytes, Shape& shape) {
  if (length < kFixedHeaderBytes + kTagBytes) return Verdict::truncated;
  if (length > max_bytes) return Verdict::oversized;
  const uint8_t version = frame[0] >> 4;
  // The next version keeps this layout, so that neighbours can be upgraded one by one.
  if (version != kProtocolVersion && version != kProtocolVersion + 1) return Verdict::version;

  const uint8_t flags = frame[2];
  const bool fragment = (flags & kFragment) != 0;
  shape.directed = (flags & kDirected) != 0;
  const size_t destination_at = kFixedHeaderBytes + (fragment ? 4 : 0);
  const size_t header = destination_at + (shape.directed ? 8 : 0) + ((flags & kTransmitter) != 0 ? 8 : 0);
  const size_t around = header + ((flags & kSigned) != 0 ? kSignatureBytes : 0) + kTagBytes;
  if (length < around) return Verdict::malformed;
  const size_t payload = length - around;
  if (fragment) {
    shape.fragment_offset = load_be16(frame + kFixedHeaderBytes);
    const size_t total = load_be16(frame + kFixedHeaderBytes + 2);
    // An empty payload, a total of zero and an overrun: offset + payload > total catches the second with the first.
    if (payload == 0 || shape.fragment_offset + payload > total) return Verdict::malformed;
  }
  if (shape.directed) shape.destination = load_be64(frame + destination_at);
  shape.header_bytes = static_cast<uint32_t>(header);
  shape.payload_bytes = static_cast<uint32_t>(payload);
  return Verdict::accept;
}

}  // namespace edge
