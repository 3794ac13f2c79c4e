// Vectors by key, as int8 rows (row_format.hpp) with a sketch each and columns to filter by; search.hpp finds the
// nearest. As a cosine is free of scale, the row and the inverse of its length are all that is kept. The float32 vectors
// may lie in a file beside it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "buffer.hpp"
#include "exact_file.hpp"
#include "filter.hpp"
#include "kernels.hpp"
#include "reserve.hpp"
#include "siphash.hpp"
#include "sketcher.hpp"
#include "slot_table.hpp"
#include "status.hpp"

namespace edge {

// What searches did, for those who measure.
struct SearchCounts {
  uint64_t searches = 0;
  uint64_t exhaustive = 0;  // scored every candidate
  uint64_t coarse_rows = 0;
  uint64_t fine_rows = 0;
  uint64_t scored_rows = 0;
  uint64_t reranked = 0;
  uint64_t bytes_read = 0;

  void add(const SearchCounts& other) {
    searches += other.searches;
    exhaustive += other.exhaustive;
    coarse_rows += other.coarse_rows;
    fine_rows += other.fine_rows;
    scored_rows += other.scored_rows;
    reranked += other.reranked;
    bytes_read += other.bytes_read;
  }
};

struct IndexOptions {
  size_t dimension = 0;   // 1 … kMaxDimension
  uint32_t capacity = 0;  // 1 … VectorIndex::kMaxCapacity
  // Of the sketches' rotation.
  uint64_t rotation_seed = 0;
  // The mean of the unit vectors of the space, `dimension` finite components; null: it is learned.
  const float* mean = nullptr;
  // Cap on bytes(): growth beyond it fails with Status::bytes.
  uint64_t max_bytes = UINT64_MAX;
  // The file that takes the float32 vectors; null for none.
  const char* exact_path = nullptr;
};

class VectorIndex {
 public:
  static constexpr uint32_t kBlockRows = 1024;
  static constexpr uint32_t kMaxCapacity = SlotTable::kMaxSlots;

  VectorIndex() = default;
  VectorIndex(const VectorIndex&) = delete;
  VectorIndex& operator=(const VectorIndex&) = delete;
  ~VectorIndex() { delete[] blocks_; }

  // Once only. Status::file: exact_file().error() says why.
  [[nodiscard]] Status init(const IndexOptions& options, const SipKey& secret, const Kernels& kernels);

  size_t dimension() const { return dimension_; }
  uint32_t capacity() const { return capacity_; }
  uint64_t max_bytes() const { return max_bytes_; }
  uint32_t size() const { return rows_ - hole_count_; }
  // Everything held, the distances of one search among it.
  size_t bytes() const;
  ExactFile& exact_file() { return exact_; }
  const ExactFile& exact_file() const { return exact_; }

  // Whether a vector has finite components, not all of them zero.
  bool has_direction(const float* vector) const { return kernels_->peak(vector, dimension_) > 0; }

  // The batch is taken whole or not at all; a key given twice keeps its last vector.
  // `bad` becomes the first vector without a direction, when that is what failed.
  Status upsert(const uint64_t* keys, size_t count, const float* vectors, const Columns& columns, size_t& bad);
  Status upsert_int8(const uint64_t* keys, size_t count, const int8_t* values, const float* scales,
                     const Columns& columns, size_t& bad);

  // `erased` becomes how many of the keys were there. Fails (for memory, while pinned) before anything is erased.
  Status erase(const uint64_t* keys, size_t count, size_t& erased);
  // The same with all entries of a time before `before_ms`.
  Status expire(double before_ms, size_t& erased);

  // While pinned no row moves: erased rows leave holes, which the last unpin closes. So a search may run block by
  // block between changes and still sees every entry that stays exactly once.
  void pin() { pins_++; }
  void unpin();

  const SearchCounts& counts() const { return counts_; }
  void note(const SearchCounts& counts) { counts_.add(counts); }

 private:
  friend class Search;
  friend struct IndexPeek;  // of the tests

  struct Block {
    Buffer<float> factor;  // 1 ÷ length of the row; 0 marks a hole
    Buffer<uint64_t> key;
    Buffer<uint16_t> type;
    Buffer<uint32_t> node;
    Buffer<double> time_ms;
    Buffer<uint8_t> has_exact;  // whether the file has the row's vector
    uint32_t holes = 0;

    Columns columns() const { return {type.data(), node.data(), time_ms.data()}; }
    size_t bytes() const;
  };

  Block& block_of(uint32_t row) { return blocks_[row / kBlockRows]; }
  const Block& block_of(uint32_t row) const { return blocks_[row / kBlockRows]; }
  uint64_t key_at(uint32_t row) const { return block_of(row).key[row % kBlockRows]; }
  int8_t* row_data(uint32_t row) { return reinterpret_cast<int8_t*>(values_.data()) + row * row_bytes_; }
  const int8_t* row_data(uint32_t row) const {
    return reinterpret_cast<const int8_t*>(values_.data()) + row * row_bytes_;
  }
  uint8_t* coarse_data(uint32_t row) { return coarse_.data() + row * kCoarseBytes; }
  const uint8_t* coarse_data(uint32_t row) const { return coarse_.data() + row * kCoarseBytes; }
  uint8_t* fine_data(uint32_t row) { return fine_.data() + row * kFineBytes; }
  const uint8_t* fine_data(uint32_t row) const { return fine_.data() + row * kFineBytes; }
  uint32_t find(uint64_t key) const;

  // index_rows.cpp: which key has which row.
  Status claim(const uint64_t* keys, size_t count);
  Status claim_one(uint64_t key);
  void give_back(uint32_t rows, uint32_t holes);
  Status grow_table();
  Status grow_rows();
  size_t bytes_with(size_t first, size_t rows) const;
  void release(uint64_t key, uint32_t row);
  void drop_last();
  void fill_from_last(uint32_t row);
  [[nodiscard]] bool make_room_for_holes(size_t more);
  void erase_row(uint32_t row);

  // index_sketches.cpp: what a row holds.
  void write_row(uint32_t row, int64_t squares, const Columns& columns, size_t i);
  void sketch_row(uint32_t row);
  void store_sketch(uint32_t row, const uint8_t* sketch);
  void move_sketch(uint32_t from, uint32_t to);
  void resketch(size_t count);
  Status store_exact(const uint64_t* keys, size_t count, const float* vectors);
  void forget_exact(const uint64_t* keys, size_t count);

  size_t dimension_ = 0;
  size_t stride_ = 0;
  size_t row_bytes_ = 0;
  uint32_t capacity_ = 0;
  uint64_t max_bytes_ = UINT64_MAX;
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
  size_t block_bytes_ = 0;
  // The rows, and the first and the further bytes of their sketches.
  Reserve values_;
  Reserve coarse_;
  Reserve fine_;
  Buffer<uint32_t> holes_;
  Sketcher sketcher_;
  ExactFile exact_;
  SearchCounts counts_;
};

}  // namespace edge
