#include "vector_index.hpp"

#include <algorithm>
#include <cmath>
#include <new>

namespace edge {

namespace {

constexpr uint32_t kFirstTable = 1024;

bool is_zero(const int8_t* values, size_t count) {
  return std::all_of(values, values + count, [](int8_t value) { return value == 0; });
}

}  // namespace

Status VectorIndex::init(const IndexOptions& options, const SipKey& secret, const Kernels& kernels) {
  dimension_ = options.dimension;
  stride_ = stride_of(dimension_);
  row_bytes_ = row_bytes(stride_);
  capacity_ = options.capacity;
  max_bytes_ = options.max_bytes;
  secret_ = secret;
  kernels_ = &kernels;
  block_count_ = (size_t{capacity_} + kBlockRows - 1) / kBlockRows;
  blocks_ = new (std::nothrow) Block[block_count_];
  if (blocks_ == nullptr) return Status::memory;
  const size_t sketched = dimension_ < kSketchDimension ? 0 : capacity_;
  if (!values_.init(capacity_ * row_bytes_) || !coarse_.init(sketched * kCoarseBytes) ||
      !fine_.init(sketched * kFineBytes)) {
    return Status::memory;
  }
  table_room_ = capacity_ < kFirstTable ? capacity_ : kFirstTable;
  if (!table_.reset(table_room_)) return Status::memory;
  if (!sketcher_.init(kernels, dimension_, stride_, options.rotation_seed, options.mean)) return Status::memory;
  if (options.exact_path != nullptr && !exact_.open(options.exact_path, dimension_)) return Status::file;
  return Status::ok;
}

size_t VectorIndex::bytes() const {
  return sizeof *this + table_.bytes() + holes_.bytes() + block_count_ * sizeof(Block) + block_bytes_ +
         values_.bytes() + coarse_.bytes() + fine_.bytes() + sketcher_.bytes() + exact_.bytes();
}

Status VectorIndex::upsert(const uint64_t* keys, size_t count, const float* vectors, const Columns& columns,
                           size_t& bad) {
  for (size_t i = 0; i < count; i++) {
    if (!has_direction(vectors + i * dimension_)) {
      bad = i;
      return Status::vector;
    }
  }
  resketch(count);
  const uint32_t rows = rows_;
  const uint32_t holes = hole_count_;
  Status status = claim(keys, count);
  if (status != Status::ok) return status;
  status = store_exact(keys, count, vectors);
  if (status != Status::ok) {
    give_back(rows, holes);
    return status;
  }
  // Keys that are new have the rows from `rows` on, in their order: most often nothing is to be looked up.
  uint32_t next = rows;
  for (size_t i = 0; i < count; i++) {
    const float* vector = vectors + i * dimension_;
    const uint32_t row = next < rows_ && key_at(next) == keys[i] ? next++ : find(keys[i]);
    const double peak = kernels_->peak(vector, dimension_);
    write_row(row, kernels_->quantise_row(vector, dimension_, peak, row_data(row)), columns, i);
  }
  return Status::ok;
}

Status VectorIndex::upsert_int8(const uint64_t* keys, size_t count, const int8_t* values, const float* scales,
                                const Columns& columns, size_t& bad) {
  for (size_t i = 0; i < count; i++) {
    if (!std::isfinite(scales[i]) || scales[i] <= 0 || is_zero(values + i * dimension_, dimension_)) {
      bad = i;
      return Status::vector;
    }
  }
  resketch(count);
  const Status status = claim(keys, count);
  if (status != Status::ok) return status;
  forget_exact(keys, count);
  for (size_t i = 0; i < count; i++) {
    const uint32_t row = find(keys[i]);
    std::memcpy(row_data(row), values + i * dimension_, dimension_);
    set_top_levels(row_data(row), stride_);
    write_row(row, row_squares(row_data(row), stride_), columns, i);
  }
  return Status::ok;
}

Status VectorIndex::erase(const uint64_t* keys, size_t count, size_t& erased) {
  erased = 0;
  if (!make_room_for_holes(count < size() ? count : size())) return Status::memory;
  for (size_t i = 0; i < count; i++) {
    const uint32_t row = find(keys[i]);
    if (row == SlotTable::kNone) continue;
    erased++;
    erase_row(row);
  }
  sketcher_.settle(rows_);
  return Status::ok;
}

// From the last row down, so that the row that fills a gap has been looked at already.
Status VectorIndex::expire(double before_ms, size_t& erased) {
  erased = 0;
  const auto is_due = [&](uint32_t row) {
    const Block& block = block_of(row);
    return block.factor[row % kBlockRows] != 0 && block.time_ms[row % kBlockRows] < before_ms;
  };
  size_t due = 0;
  for (uint32_t row = 0; row < rows_; row++) due += is_due(row) ? 1 : 0;
  if (due == 0) return Status::ok;
  if (!make_room_for_holes(due)) return Status::memory;
  for (uint32_t row = rows_; row-- > 0 && erased < due;) {
    if (!is_due(row)) continue;
    erased++;
    erase_row(row);
  }
  sketcher_.settle(rows_);
  return Status::ok;
}

void VectorIndex::unpin() {
  if (--pins_ > 0 || hole_count_ == 0) return;
  // From the highest down, so that the last row is never itself a hole.
  std::sort(holes_.data(), holes_.data() + hole_count_);
  while (hole_count_ > 0) {
    const uint32_t row = holes_[--hole_count_];
    block_of(row).holes--;
    fill_from_last(row);
  }
  sketcher_.settle(rows_);
}

}  // namespace edge
