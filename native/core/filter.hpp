// The columns of a row, and what a search asks of them.
#pragma once

#include <cstdint>
#include <limits>

namespace edge {

// Columns parallel to the keys of a batch, or to the rows of a block; null in a batch stands for zeros.
struct Columns {
  const uint16_t* type = nullptr;
  const uint32_t* node = nullptr;
  const double* time_ms = nullptr;
};

struct Filter {
  bool by_type = false;
  bool by_node = false;
  uint16_t type = 0;
  uint32_t node = 0;
  // Both ends belong to the range.
  double since_ms = -std::numeric_limits<double>::infinity();
  double until_ms = std::numeric_limits<double>::infinity();

  bool by_time() const {
    return since_ms > -std::numeric_limits<double>::infinity() || until_ms < std::numeric_limits<double>::infinity();
  }
  bool any() const { return by_type || by_node || by_time(); }

  // Bytes a row that the filter looks at.
  uint64_t row_bytes() const { return (by_type ? 2u : 0u) + (by_node ? 4u : 0u) + (by_time() ? 8u : 0u); }

  bool passes(const Columns& columns, size_t at) const {
    return (!by_type || columns.type[at] == type) && (!by_node || columns.node[at] == node) &&
           (!by_time() || (columns.time_ms[at] >= since_ms && columns.time_ms[at] <= until_ms));
  }
};

}  // namespace edge
