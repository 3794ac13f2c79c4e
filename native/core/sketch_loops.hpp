// Plain loops over sketches and over the distances between them.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "bytes.hpp"
#include "filter.hpp"
#include "rotation.hpp"

namespace edge::loops {

template <size_t Bytes>
[[gnu::always_inline]] inline uint32_t distance(const uint8_t* a, const uint8_t* b) {
  uint32_t sum = 0;
  for (size_t i = 0; i < Bytes; i += 8) {
    sum += static_cast<uint32_t>(std::popcount(load_le64(a + i) ^ load_le64(b + i)));
  }
  return sum;
}

[[gnu::always_inline]] inline void coarse_rows(const uint8_t* query, const uint8_t* rows, size_t count, uint8_t* out) {
  for (size_t i = 0; i < count; i++) out[i] = static_cast<uint8_t>(distance<kCoarseBytes>(query, rows + i * kCoarseBytes));
}

[[gnu::always_inline]] inline void coarse_picks(const uint8_t* query, const uint8_t* rows, const uint16_t* pick,
                                                size_t count, uint8_t* out) {
  for (size_t i = 0; i < count; i++) {
    out[pick[i]] = static_cast<uint8_t>(distance<kCoarseBytes>(query, rows + pick[i] * kCoarseBytes));
  }
}

[[gnu::always_inline]] inline void fine_picks(const uint8_t* query, const uint8_t* const* rows, size_t count,
                                              uint16_t* out) {
  constexpr size_t kAhead = 8;
  for (size_t i = 0; i < count; i++) {
    const uint8_t* ahead = rows[i + kAhead < count ? i + kAhead : i];
    __builtin_prefetch(ahead);
    __builtin_prefetch(ahead + kFineBytes - 1);
    out[i] = static_cast<uint16_t>(distance<kFineBytes>(query, rows[i]));
  }
}

[[gnu::always_inline]] inline size_t select(const uint8_t* values, size_t from, size_t count, uint8_t least,
                                            uint8_t most, uint16_t* pick, size_t picked) {
  for (size_t i = from; i < count; i++) {
    pick[picked] = static_cast<uint16_t>(i);
    picked += values[i] >= least && values[i] <= most ? 1 : 0;
  }
  return picked;
}

[[gnu::always_inline]] inline void exclude(const Filter& filter, const Columns& columns, size_t count, uint8_t* out) {
  for (size_t i = 0; i < count; i++) out[i] = 0;
  if (filter.by_type) {
    const uint16_t type = filter.type;
    const uint16_t* types = columns.type;
    for (size_t i = 0; i < count; i++) out[i] = types[i] == type ? out[i] : uint8_t{255};
  }
  if (filter.by_node) {
    const uint32_t node = filter.node;
    const uint32_t* nodes = columns.node;
    for (size_t i = 0; i < count; i++) out[i] = nodes[i] == node ? out[i] : uint8_t{255};
  }
  if (filter.by_time()) {
    const double since = filter.since_ms;
    const double until = filter.until_ms;
    const double* times = columns.time_ms;
    for (size_t i = 0; i < count; i++) out[i] = ((times[i] >= since) & (times[i] <= until)) ? out[i] : uint8_t{255};
  }
}

}  // namespace edge::loops
