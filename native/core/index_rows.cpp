// Which key has which row: claiming, growing, closing gaps.
#include "vector_index.hpp"

namespace edge {

uint32_t VectorIndex::find(uint64_t key) const {
  return table_.find(table_hash(secret_, key), [&](uint32_t row) { return key_at(row) == key; });
}

// A row for every key of the batch, new ones at the end. On failure all new ones are given back.
Status VectorIndex::claim(const uint64_t* keys, size_t count) {
  const uint32_t rows = rows_;
  const uint32_t holes = hole_count_;
  Status status = Status::ok;
  for (size_t i = 0; i < count && status == Status::ok; i++) status = claim_one(keys[i]);
  if (status != Status::ok) give_back(rows, holes);
  return status;
}

// Back to as many rows and holes as there were before a batch claimed its own.
void VectorIndex::give_back(uint32_t rows, uint32_t holes) {
  while (rows_ > rows) drop_last();
  // Holes are filled from the end of the list: what the batch took lies just beyond its present end.
  while (hole_count_ < holes) {
    const uint32_t row = holes_[hole_count_++];
    release(key_at(row), row);
    block_of(row).holes++;
  }
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
    block_of(row).holes--;
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
  if (bytes() - table_.bytes() + SlotTable::bytes_for(room) > max_bytes_) return Status::bytes;
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

size_t VectorIndex::Block::bytes() const {
  return factor.bytes() + key.bytes() + type.bytes() + node.bytes() + time_ms.bytes() + has_exact.bytes();
}

// What bytes() will be with the block of `rows` rows from `first` on. A sketched row has a byte for its distance to the
// query of a search.
size_t VectorIndex::bytes_with(size_t first, size_t rows) const {
  const size_t columns = sizeof(float) + sizeof(uint64_t) + sizeof(uint16_t) + sizeof(uint32_t) + sizeof(double) +
                         (exact_.is_open() ? 1 : 0) + (sketcher_.enabled() ? 1 : 0);
  const size_t end = first + rows;
  const size_t sketched = sketcher_.enabled() ? end : 0;
  return bytes() - values_.bytes() - coarse_.bytes() - fine_.bytes() + rows * columns +
         values_.bytes_for(end * row_bytes_) + coarse_.bytes_for(sketched * kCoarseBytes) +
         fine_.bytes_for(sketched * kFineBytes);
}

// Space for row number rows_.
Status VectorIndex::grow_rows() {
  Block& block = block_of(rows_);
  if (block.key.size() > 0) return Status::ok;
  const size_t first = rows_ / kBlockRows * kBlockRows;
  const size_t rows = capacity_ - first < kBlockRows ? capacity_ - first : kBlockRows;
  if (bytes_with(first, rows) > max_bytes_) return Status::bytes;
  const size_t sketched = sketcher_.enabled() ? first + rows : 0;
  const bool made = values_.grow((first + rows) * row_bytes_) && coarse_.grow(sketched * kCoarseBytes) &&
                    fine_.grow(sketched * kFineBytes) && block.factor.resize(rows) && block.key.resize(rows) &&
                    block.type.resize(rows) && block.node.resize(rows) && block.time_ms.resize(rows) &&
                    block.has_exact.resize(exact_.is_open() ? rows : 0);
  if (!made) {
    block = Block{};
    return Status::memory;
  }
  block_bytes_ += block.bytes() + (sketcher_.enabled() ? rows : 0);
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

bool VectorIndex::make_room_for_holes(size_t more) {
  const size_t wanted = size_t{hole_count_} + more;
  return pins_ == 0 || holes_.size() >= wanted || holes_.resize(wanted + wanted / 2);
}

void VectorIndex::erase_row(uint32_t row) {
  release(key_at(row), row);
  if (pins_ > 0) {
    holes_[hole_count_++] = row;
    block_of(row).holes++;
  } else {
    fill_from_last(row);
  }
}

// Moves the last row into `row`, which nobody names any more.
void VectorIndex::fill_from_last(uint32_t row) {
  const uint32_t last = --rows_;
  if (last == row) return;
  Block& from = block_of(last);
  Block& to = block_of(row);
  const size_t f = last % kBlockRows;
  const size_t t = row % kBlockRows;
  table_.move(table_hash(secret_, from.key[f]), last, row);
  std::memcpy(row_data(row), row_data(last), row_bytes_);
  to.factor[t] = from.factor[f];
  to.key[t] = from.key[f];
  to.type[t] = from.type[f];
  to.node[t] = from.node[f];
  to.time_ms[t] = from.time_ms[f];
  from.factor[f] = 0;
  if (exact_.is_open()) to.has_exact[t] = from.has_exact[f] != 0 && exact_.move(last, row) ? 1 : 0;
  if (sketcher_.enabled()) move_sketch(last, row);
}

}  // namespace edge
