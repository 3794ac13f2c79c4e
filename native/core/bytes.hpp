// Loads and stores that neither assume alignment nor break aliasing rules.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace edge {

static_assert(std::endian::native == std::endian::little, "the core is written for little-endian machines");

inline uint64_t load_le64(const uint8_t* p) {
  uint64_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

inline uint64_t load_be64(const uint8_t* p) { return __builtin_bswap64(load_le64(p)); }

inline uint16_t load_be16(const uint8_t* p) { return static_cast<uint16_t>((p[0] << 8) | p[1]); }

inline void store_le64(uint8_t* p, uint64_t v) { std::memcpy(p, &v, sizeof v); }

inline void store_be64(uint8_t* p, uint64_t v) { store_le64(p, __builtin_bswap64(v)); }

}  // namespace edge
