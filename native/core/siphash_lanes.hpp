// SipHash of four messages side by side: one waits for its own last step, four keep the processor busy.
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

// out[i] = table_hash(secret, key i), of `count` keys that lie one behind the other
using TableHashes = void (*)(const SipKey& secret, const uint8_t* keys, size_t count, uint32_t* out);

// Keys of 8 and of 16 bytes.
TableHashes table_hashes8_for(Isa isa);
TableHashes table_hashes16_for(Isa isa);

}  // namespace edge
