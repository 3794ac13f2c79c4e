#include <cmath>

#include "vector_index.hpp"

namespace edge {

Status Search::init(const VectorIndex& index, const float* query, size_t k, const Filter& filter) {
  const double peak = index.kernels_->peak(query, index.dimension_);
  if (peak <= 0) return Status::vector;
  if (!query_.resize(index.stride_)) return Status::memory;
  query_factor_ = 1.0 / std::sqrt(static_cast<double>(quantise_query(query, index.dimension_, peak, query_.data())));
  filter_ = filter;
  next_row_ = 0;
  return top_.reset(k < index.size() ? k : index.size()) ? Status::ok : Status::memory;
}

// Row numbers, within the block, that the filter lets through.
size_t Search::select(const VectorIndex::Block& block, size_t rows, uint16_t* pick) const {
  size_t count = 0;
  for (size_t i = 0; i < rows; i++) {
    const bool good = (!filter_.by_type || block.type[i] == filter_.type) &
                      (!filter_.by_node || block.node[i] == filter_.node) &
                      (block.time_ms[i] >= filter_.since_ms) & (block.time_ms[i] <= filter_.until_ms);
    pick[count] = static_cast<uint16_t>(i);
    count += good ? 1 : 0;
  }
  return count;
}

bool Search::step(const VectorIndex& index) {
  if (next_row_ >= index.rows_) return false;
  const VectorIndex::Block& block = index.block_of(next_row_);
  const size_t left = index.rows_ - next_row_;
  const size_t rows = left < VectorIndex::kBlockRows ? left : VectorIndex::kBlockRows;
  next_row_ += static_cast<uint32_t>(rows);

  uint16_t pick[VectorIndex::kBlockRows];
  double dots[VectorIndex::kBlockRows];
  const bool filtered = filter_.by_type || filter_.by_node || filter_.by_time();
  const size_t count = filtered ? select(block, rows, pick) : rows;
  if (filtered) {
    const int8_t* picked[VectorIndex::kBlockRows];
    for (size_t i = 0; i < count; i++) picked[i] = block.rows.data() + pick[i] * index.stride_;
    index.kernels_->dot_picks(query_.data(), picked, index.stride_, count, dots);
  } else {
    index.kernels_->dot_rows(query_.data(), block.rows.data(), index.stride_, count, dots);
  }

  float floor = top_.floor();
  for (size_t i = 0; i < count; i++) {
    const size_t at = filtered ? pick[i] : i;
    const float factor = block.factor[at];
    if (factor == 0) continue;
    const double cosine = dots[i] * static_cast<double>(factor) * query_factor_;
    const float score = static_cast<float>(cosine > 1 ? 1 : cosine < -1 ? -1 : cosine);
    if (score < floor) continue;
    top_.offer({block.key[at], score});
    floor = top_.floor();
  }
  return true;
}

}  // namespace edge
