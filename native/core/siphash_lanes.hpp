// SipHash-2-4 of four messages side by side: one waits for its own last step, four keep the processor busy.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cpu.hpp"
#include "siphash.hpp"

namespace edge {

inline constexpr size_t kSipLanes = 4;

// out[i] = siphash24(keys[i], data[i], lengths[i])
using SipHashLanes = void (*)(const SipKey* const* keys, const uint8_t* const* data, const size_t* lengths,
                              uint64_t* out);

// The one for `isa`, which must be available.
SipHashLanes siphash_lanes_for(Isa isa);

// out[i] = table_hash(secret, words[2 × i], words[2 × i + 1]), for four of them
using TableHashLanes = void (*)(const SipKey& secret, const uint64_t* words, uint32_t* out);

TableHashLanes table_hash_lanes_for(Isa isa);

}  // namespace edge
