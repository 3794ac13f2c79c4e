#include "vector_index.hpp"

#include <cmath>
#include <new>

namespace edge {

namespace {

constexpr uint32_t kFirstTable = 1024;

float factor_of(int64_t squares) { return static_cast<float>(1.0 / std::sqrt(static_cast<double>(squares))); }

}  // namespace

Status VectorIndex::init(size_t dimension, uint32_t capacity, const SipKey& secret, const Kernels& kernels) {
  dimension_ = dimension;
  stride_ = (dimension + kRowAlign - 1) / kRowAlign * kRowAlign;
  capacity_ = capacity;
  secret_ = secret;
  kernels_ = &kernels;
  block_count_ = (size_t{capacity} + kBlockRows - 1) / kBlockRows;
  blocks_ = new (std::nothrow) Block[block_count_];
  if (blocks_ == nullptr) return Status::memory;
  table_room_ = capacity < kFirstTable ? capacity : kFirstTable;
  return table_.reset(table_room_) ? Status::ok : Status::memory;
}

size_t VectorIndex::bytes() const {
  return sizeof *this + table_.bytes() + holes_.bytes() + block_count_ * sizeof(Block) + row_bytes_;
}

uint32_t VectorIndex::find(uint64_t key) const {
  return table_.find(table_hash(secret_, key), [&](uint32_t row) { return key_at(row) == key; });
}

// A row for every key of the batch, new ones at the end. On failure all new ones are given back.
Status VectorIndex::claim(const uint64_t* keys, size_t count) {
  const uint32_t before = rows_;
  const uint32_t holes_before = hole_count_;
  Status status = Status::ok;
  for (size_t i = 0; i < count && status == Status::ok; i++) status = claim_one(keys[i]);
  if (status == Status::ok) return status;
  while (rows_ > before) drop_last();
  // Holes are filled from the end of the list: what the batch took lies just beyond its present end.
  while (hole_count_ < holes_before) {
    const uint32_t row = holes_[hole_count_++];
    release(key_at(row), row);
  }
  return status;
}

Status VectorIndex::claim_one(uint64_t key) {
  if (find(key) != SlotTable::kNone) return Status::ok;
  if (size() >= capacity_) return Status::full;
  if (size() >= table_room_) {
    const Status status = grow_table();
    if (status != Status::ok) return status;
  }
  uint32_t row = rows_;
  if (hole_count_ > 0) {
    row = holes_[--hole_count_];
  } else {
    const Status status = grow_rows();
    if (status != Status::ok) return status;
    rows_++;
  }
  block_of(row).key[row % kBlockRows] = key;
  table_.insert(table_hash(secret_, key), row);
  return Status::ok;
}

Status VectorIndex::grow_table() {
  const uint32_t room = table_room_ > capacity_ / 2 ? capacity_ : table_room_ * 2;
  SlotTable fresh;
  if (!fresh.reset(room)) return Status::memory;
  for (uint32_t row = 0; row < rows_; row++) {
    const uint64_t key = key_at(row);
    // A hole still shows the key it had.
    if (find(key) == row) fresh.insert(table_hash(secret_, key), row);
  }
  table_ = std::move(fresh);
  table_room_ = room;
  return Status::ok;
}

// Space for row number rows_.
Status VectorIndex::grow_rows() {
  Block& block = block_of(rows_);
  if (block.time_ms.size() > 0) return Status::ok;
  const size_t first = rows_ / kBlockRows * kBlockRows;
  const size_t rows = capacity_ - first < kBlockRows ? capacity_ - first : kBlockRows;
  const bool made = block.rows.resize(rows * stride_) && block.factor.resize(rows) && block.key.resize(rows) &&
                    block.type.resize(rows) && block.node.resize(rows) && block.time_ms.resize(rows);
  if (!made) {
    block = Block{};
    return Status::memory;
  }
  row_bytes_ += block.rows.bytes() + block.factor.bytes() + block.key.bytes() + block.type.bytes() +
                block.node.bytes() + block.time_ms.bytes();
  return Status::ok;
}

void VectorIndex::set_columns(uint32_t row, const Columns& columns, size_t i) {
  Block& block = block_of(row);
  const size_t at = row % kBlockRows;
  block.type[at] = columns.type != nullptr ? columns.type[i] : uint16_t{0};
  block.node[at] = columns.node != nullptr ? columns.node[i] : 0;
  block.time_ms[at] = columns.time_ms != nullptr ? columns.time_ms[i] : 0;
}

Status VectorIndex::upsert(const uint64_t* keys, size_t count, const float* vectors, const Columns& columns,
                           size_t& bad) {
  for (size_t i = 0; i < count; i++) {
    if (kernels_->peak(vectors + i * dimension_, dimension_) <= 0) {
      bad = i;
      return Status::vector;
    }
  }
  const Status status = claim(keys, count);
  if (status != Status::ok) return status;
  for (size_t i = 0; i < count; i++) {
    const float* vector = vectors + i * dimension_;
    const uint32_t row = find(keys[i]);
    const double peak = kernels_->peak(vector, dimension_);
    const int64_t squares = kernels_->quantise_row(vector, dimension_, peak, row_data(row));
    block_of(row).factor[row % kBlockRows] = factor_of(squares);
    set_columns(row, columns, i);
  }
  return Status::ok;
}

Status VectorIndex::upsert_int8(const uint64_t* keys, size_t count, const int8_t* values, const float* scales,
                                const Columns& columns, size_t& bad) {
  const auto squares_of = [&](size_t i) {
    int64_t squares = 0;
    const int8_t* row = values + i * dimension_;
    for (size_t j = 0; j < dimension_; j++) squares += int32_t{row[j]} * int32_t{row[j]};
    return squares;
  };
  for (size_t i = 0; i < count; i++) {
    if (!std::isfinite(scales[i]) || scales[i] <= 0 || squares_of(i) == 0) {
      bad = i;
      return Status::vector;
    }
  }
  const Status status = claim(keys, count);
  if (status != Status::ok) return status;
  for (size_t i = 0; i < count; i++) {
    const uint32_t row = find(keys[i]);
    std::memcpy(row_data(row), values + i * dimension_, dimension_);
    block_of(row).factor[row % kBlockRows] = factor_of(squares_of(i));
    set_columns(row, columns, i);
  }
  return Status::ok;
}

void VectorIndex::release(uint64_t key, uint32_t row) {
  table_.erase(table_hash(secret_, key), row, [&](uint32_t other) { return table_hash(secret_, key_at(other)); });
  block_of(row).factor[row % kBlockRows] = 0;
}

void VectorIndex::drop_last() {
  release(key_at(rows_ - 1), rows_ - 1);
  rows_--;
}

// Moves the last row into `row`, which nobody names any more.
void VectorIndex::fill_from_last(uint32_t row) {
  const uint32_t last = --rows_;
  if (last == row) return;
  const Block& from = block_of(last);
  Block& to = block_of(row);
  const size_t f = last % kBlockRows;
  const size_t t = row % kBlockRows;
  table_.move(table_hash(secret_, from.key[f]), last, row);
  std::memcpy(row_data(row), row_data(last), stride_);
  to.factor[t] = from.factor[f];
  to.key[t] = from.key[f];
  to.type[t] = from.type[f];
  to.node[t] = from.node[f];
  to.time_ms[t] = from.time_ms[f];
  block_of(last).factor[f] = 0;
}

Status VectorIndex::erase(const uint64_t* keys, size_t count, size_t& erased) {
  erased = 0;
  if (pins_ > 0) {
    const size_t wanted = size_t{hole_count_} + (count < size() ? count : size());
    if (holes_.size() < wanted && !holes_.resize(wanted + wanted / 2)) return Status::memory;
  }
  for (size_t i = 0; i < count; i++) {
    const uint32_t row = find(keys[i]);
    if (row == SlotTable::kNone) continue;
    erased++;
    release(keys[i], row);
    if (pins_ > 0) {
      holes_[hole_count_++] = row;
    } else {
      fill_from_last(row);
    }
  }
  return Status::ok;
}

void VectorIndex::unpin() {
  if (--pins_ > 0 || hole_count_ == 0) return;
  // From the highest down, so that the last row is never itself a hole.
  std::sort(holes_.data(), holes_.data() + hole_count_);
  while (hole_count_ > 0) fill_from_last(holes_[--hole_count_]);
}

}  // namespace edge
