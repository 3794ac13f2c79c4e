// One search of an index, a piece at a time, so that the index may change between the pieces.
//
// With a filter, its columns are compared first; few candidates are then scored at once.
// A (coarse): the first 128 sketch bits of every row against the query's. B (seed): the nearest by those are scored by
// their int8 rows, which gives a first k-th best score. C (close): from that score follows how many bits a better row
// can differ in; all rows within that, first of 128 bits, then of 512, are scored. Where margins are so thin that
// this would be a large part of the rows (random data), everything is scored instead. D (exact): the best few are
// scored again by their float32 vectors.
#pragma once

#include <cstddef>
#include <cstdint>

#include "buffer.hpp"
#include "top_k.hpp"
#include "vector_index.hpp"

namespace edge {

struct Question {
  size_t k = 0;
  Filter filter = {};
  // Scores by float32 vectors where the index has them; in an index without any, every row is scored.
  bool exact = false;
};

class Search {
 public:
  // `query` has the index's dimension. Status::vector when it has no direction. May be called again for another search:
  // memory of the last one serves on.
  [[nodiscard]] Status init(const VectorIndex& index, const float* query, const Question& question);

  // Does the next piece, tens of microseconds at most; false when there was none left.
  bool step(const VectorIndex& index);

  // Sorts; then hits are best first, at most k.
  TopK& finish() {
    top_.sort();
    return top_;
  }

  const SearchCounts& counts() const { return counts_; }
  // What is kept for the next search, the byte a row aside that the index counts as its own.
  size_t bytes() const;

  // As step(), some pieces at once: what a search on another thread does between two looks at who waits.
  bool turn(const VectorIndex& index);

 private:
  static constexpr uint32_t kBlockRows = VectorIndex::kBlockRows;
  // Rows of a step of B and C. Their numbers within it fit 16 bits.
  static constexpr uint32_t kStrideRows = 16 * kBlockRows;
  // Rows of a step of a full scan: few enough for a cache when several searches step through them in turn.
  static constexpr uint32_t kScanRows = 128;
  static constexpr uint32_t kChunk = 256;
  static constexpr size_t kRerankRows = 8;
  static constexpr size_t kTurnSteps = 16;
  // Up to so many candidates are scored at once. Those that a filter leaves cost no less by their sketches, which lie
  // apart too, and more when margins are thin.
  static constexpr uint32_t kFewRows = 1024;
  static constexpr uint32_t kFewFiltered = 12 * 1024;
  // Where a row is not a candidate.
  static constexpr uint8_t kFar = 255;

  enum class Phase : uint8_t { filter, coarse, seed, close, few, full, exact, done };

  // The query's sketch by one mean.
  struct Sketch {
    alignas(16) uint8_t bytes[kSketchBytes];
    double along = 0;
  };

  // The rows of a chunk that are scored together.
  struct Chunk {
    size_t count = 0;
    uint32_t row[kChunk];
    const int8_t* values[kChunk];
    float factor[kChunk];
  };

  [[nodiscard]] bool rotate_query(const VectorIndex& index, const float* query, double peak);
  void sketch_query(const VectorIndex& index);
  const Sketch& sketch_for(const VectorIndex& index, uint32_t row) const;
  double limit_cosine(const VectorIndex& index, bool present, double score) const;
  uint32_t limit(const VectorIndex& index, size_t bits, double z) const;
  // The least int8 score with which a row may belong among the best k.
  double worst_score() const;

  void begin(Phase phase);
  void step_filter(const VectorIndex& index);
  void step_few(const VectorIndex& index);
  void step_coarse(const VectorIndex& index);
  void step_near(const VectorIndex& index);
  void step_full(const VectorIndex& index);
  void step_exact(const VectorIndex& index);
  void coarse_block(const VectorIndex& index, uint32_t row, uint32_t count);
  void exclude(const VectorIndex& index, uint32_t row, size_t count, uint8_t* mask);
  void count_distances(const Kernels& kernels);
  void plan_seed(const Kernels& kernels);
  void plan_close(const VectorIndex& index);
  uint64_t within(uint32_t distance) const;
  size_t keep_fine(const VectorIndex& index, uint32_t row, uint16_t* pick, size_t count, uint32_t most);
  void score_picks(const VectorIndex& index, uint32_t row, const uint16_t* pick, size_t count);
  void score_chunk(const VectorIndex& index, const Chunk& chunk);
  void offer(const VectorIndex& index, uint32_t row, float score);
  void end_scoring(const VectorIndex& index);

  Phase phase_ = Phase::done;
  Question question_;
  bool rerank_ = false;
  uint32_t rows_ = 0;
  uint32_t next_ = 0;
  Buffer<int16_t> query_;
  double query_factor_ = 0;
  // The best k, or those that D chooses from.
  TopK top_;
  // With D: before it the best k by int8 rows, which say what is close; then its choice.
  TopK found_;

  // The query as a row would be, rotated; its sketch by the present mean and by the old.
  Buffer<int8_t> query_row_;
  Buffer<int8_t> even_;
  Buffer<int32_t> rotated_;
  double query_norm_ = 0;
  Sketch present_;
  Sketch old_;
  uint32_t epoch_ = 0;

  Buffer<uint8_t> distance_;
  uint64_t candidates_ = 0;
  uint32_t histogram_[kCoarseBits + 1] = {};
  uint32_t sampled_ = 1;
  uint32_t seed_distance_ = 0;
  uint64_t scored_ = 0;

  Buffer<float> vector_;
  Buffer<float> stored_;
  SearchCounts counts_;
};

}  // namespace edge
