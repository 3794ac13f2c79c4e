// Exact search over int8 vectors, with columns to filter by. A row is the vector scaled so that its largest component
// is 127; as a cosine is free of scale, the row and the inverse of its length are all that is kept.
#pragma once

#include <cstddef>
#include <cstdint>

#include "buffer.hpp"
#include "filter.hpp"
#include "kernels.hpp"
#include "siphash.hpp"
#include "slot_table.hpp"
#include "status.hpp"
#include "top_k.hpp"

namespace edge {

class Search;

class VectorIndex {
 public:
  static constexpr uint32_t kBlockRows = 1024;
  static constexpr uint32_t kMaxCapacity = SlotTable::kMaxSlots;

  VectorIndex() = default;
  VectorIndex(const VectorIndex&) = delete;
  VectorIndex& operator=(const VectorIndex&) = delete;
  ~VectorIndex() { delete[] blocks_; }

  // Once only. dimension 1 … kMaxDimension, capacity 1 … kMaxCapacity.
  [[nodiscard]] Status init(size_t dimension, uint32_t capacity, const SipKey& secret, const Kernels& kernels);

  size_t dimension() const { return dimension_; }
  uint32_t capacity() const { return capacity_; }
  uint32_t size() const { return rows_ - hole_count_; }
  size_t bytes() const;

  // The batch is taken whole or not at all; a key given twice keeps its last vector.
  // `bad` becomes the first vector without a direction, when that is what failed.
  Status upsert(const uint64_t* keys, size_t count, const float* vectors, const Columns& columns, size_t& bad);
  Status upsert_int8(const uint64_t* keys, size_t count, const int8_t* values, const float* scales,
                     const Columns& columns, size_t& bad);

  // `erased` becomes how many of the keys were there. Fails (for memory, while pinned) before anything is erased.
  Status erase(const uint64_t* keys, size_t count, size_t& erased);

  // While pinned no row moves: erased rows leave holes, which the last unpin closes. So a search may run block by
  // block between changes and still sees every entry that stays exactly once.
  void pin() { pins_++; }
  void unpin();

 private:
  friend class Search;

  struct Block {
    Buffer<int8_t> rows;
    Buffer<float> factor;  // 1 ÷ length of the row; 0 marks a hole
    Buffer<uint64_t> key;
    Buffer<uint16_t> type;
    Buffer<uint32_t> node;
    Buffer<double> time_ms;
  };

  Block& block_of(uint32_t row) { return blocks_[row / kBlockRows]; }
  const Block& block_of(uint32_t row) const { return blocks_[row / kBlockRows]; }
  uint64_t key_at(uint32_t row) const { return block_of(row).key[row % kBlockRows]; }
  uint32_t find(uint64_t key) const;
  Status claim(const uint64_t* keys, size_t count);
  Status claim_one(uint64_t key);
  Status grow_table();
  Status grow_rows();
  void release(uint64_t key, uint32_t row);
  void drop_last();
  void fill_from_last(uint32_t row);
  void set_columns(uint32_t row, const Columns& columns, size_t i);
  int8_t* row_data(uint32_t row) { return block_of(row).rows.data() + (row % kBlockRows) * stride_; }

  size_t dimension_ = 0;
  size_t stride_ = 0;
  uint32_t capacity_ = 0;
  uint32_t rows_ = 0;
  uint32_t hole_count_ = 0;
  uint32_t pins_ = 0;
  uint32_t table_room_ = 0;
  SipKey secret_;
  const Kernels* kernels_ = nullptr;
  SlotTable table_;
  // One for each kBlockRows of capacity, made when first needed and never moved.
  Block* blocks_ = nullptr;
  size_t block_count_ = 0;
  size_t row_bytes_ = 0;
  Buffer<uint32_t> holes_;
};

// One search, a block at a time.
class Search {
 public:
  // `query` has the index's dimension. Status::vector when it has no direction.
  [[nodiscard]] Status init(const VectorIndex& index, const float* query, size_t k, const Filter& filter);

  // Scans the next block; false when there was none left.
  bool step(const VectorIndex& index);

  // Sorts; then hits are best first.
  TopK& finish() {
    top_.sort();
    return top_;
  }

 private:
  size_t select(const VectorIndex::Block& block, size_t rows, uint16_t* pick) const;

  Buffer<int16_t> query_;
  double query_factor_ = 0;
  Filter filter_;
  TopK top_;
  uint32_t next_row_ = 0;
};

}  // namespace edge
