// Phases A, B and C of a search: by sketches to the rows that are worth scoring.
#include <algorithm>

#include "search.hpp"
#include "search_limit.hpp"

namespace edge {

namespace {

constexpr double kCoarseDeviations = 3.4;
constexpr double kFineDeviations = 2.8;
// By how much an int8 score can be off: several times its deviation, which is 0.0003 for a typical embedding.
constexpr double kInt8Error = 0.004;
constexpr uint32_t kSampleStep = 8;
// Rows scored to begin with, for each hit and beyond.
constexpr uint64_t kSeedsPerHit = 4;
constexpr uint64_t kSeeds = 64;

}  // namespace

const Search::Sketch& Search::sketch_for(const VectorIndex& index, uint32_t row) const {
  return index.sketcher_.is_present(row) ? present_ : old_;
}

double Search::worst_score() const {
  const float floor = rerank_ ? found_.floor() : top_.floor();
  if (floor < -1) return -1;
  return static_cast<double>(floor) - (rerank_ ? kInt8Error : 0);
}

double Search::limit_cosine(const VectorIndex& index, bool present, double score) const {
  const SpaceMean& mean = present ? index.sketcher_.present() : index.sketcher_.old();
  return mean.exists() ? centred_cosine(mean, present ? present_.along : old_.along, score) : score;
}

// Bits in which a row may differ that belongs among the best k, with whichever mean it was sketched.
uint32_t Search::limit(const VectorIndex& index, size_t bits, double z) const {
  const double score = worst_score();
  uint32_t most = 0;
  bool any = false;
  for (const bool present : {true, false}) {
    if (!present && !index.sketcher_.has_old()) break;
    const SpaceMean& mean = present ? index.sketcher_.present() : index.sketcher_.old();
    // No row has its sketch by this mean yet.
    if (mean.exists() && mean.count() == 0) continue;
    most = std::max(most, bit_limit(bits, z, limit_cosine(index, present, score)));
    any = true;
  }
  return any ? most : bit_limit(bits, z, score);
}

// Leaves 0 in place of the distance of every candidate.
void Search::step_filter(const VectorIndex& index) {
  const uint32_t left = rows_ - next_;
  const uint32_t count = left < kBlockRows ? left : kBlockRows;
  uint8_t* mask = distance_.data() + next_;
  exclude(index, next_, count, mask);
  uint32_t left_over = 0;
  for (uint32_t i = 0; i < count; i++) left_over += mask[i] == 0 ? 1 : 0;
  candidates_ += left_over;
  next_ += count;
  if (next_ == rows_) begin(candidates_ <= kFewFiltered ? Phase::few : Phase::coarse);
}

void Search::step_coarse(const VectorIndex& index) {
  const uint32_t left = rows_ - next_;
  const uint32_t count = left < kBlockRows ? left : kBlockRows;
  coarse_block(index, next_, count);
  next_ += count;
  if (next_ == rows_) plan_seed(*index.kernels_);
}

void Search::coarse_block(const VectorIndex& index, uint32_t row, uint32_t count) {
  constexpr size_t kSparse = 16;
  const Kernels& kernels = *index.kernels_;
  const uint32_t frontier = index.sketcher_.frontier();
  // Rows of the block that have their sketch by the present mean.
  const uint32_t fresh = frontier <= row ? 0 : std::min(frontier - row, count);
  const uint8_t* rows = index.coarse_data(row);
  uint8_t* out = distance_.data() + row;
  const auto whole = [&] {
    counts_.coarse_rows += count;
    kernels.coarse_rows(present_.bytes, rows, fresh, out);
    kernels.coarse_rows(old_.bytes, rows + fresh * kCoarseBytes, count - fresh, out + fresh);
  };
  if (!question_.filter.any() && index.block_of(row).holes == 0) {
    candidates_ += count;
    whole();
    return;
  }
  uint8_t mask[kBlockRows];
  uint16_t pick[kBlockRows];
  if (question_.filter.any()) {
    std::memcpy(mask, out, count);
  } else {
    exclude(index, row, count, mask);
  }
  const size_t picked = kernels.select(mask, count, 0, 0, pick);
  if (!question_.filter.any()) candidates_ += picked;
  if (picked * kSparse >= count) {
    whole();
    for (uint32_t i = 0; i < count; i++) out[i] |= mask[i];
    return;
  }
  counts_.coarse_rows += picked;
  std::memset(out, kFar, count);
  const auto split = static_cast<size_t>(std::lower_bound(pick, pick + picked, fresh) - pick);
  kernels.coarse_picks(present_.bytes, rows, pick, split, out);
  kernels.coarse_picks(old_.bytes, rows, pick + split, picked - split, out);
}

// How many candidates there are at each distance: of a sample, unless there are few of them.
void Search::count_distances(const Kernels& kernels) {
  sampled_ = candidates_ * kSampleStep < rows_ ? 1 : kSampleStep;
  // Several counters for one distance: equal ones that follow each other would wait for each other's stores.
  uint32_t lanes[4][256] = {};
  uint32_t lane = 0;
  if (sampled_ > 1) {
    for (uint32_t row = 0; row < rows_; row += sampled_) lanes[lane++ % 4][distance_[row]]++;
  } else {
    for (uint32_t from = 0; from < rows_; from += kBlockRows) {
      const uint32_t count = std::min(rows_ - from, kBlockRows);
      uint16_t pick[kBlockRows];
      const size_t picked = kernels.select(distance_.data() + from, count, 0, kCoarseBits, pick);
      for (size_t i = 0; i < picked; i++) lanes[i % 4][distance_[from + pick[i]]]++;
    }
  }
  for (size_t d = 0; d <= kCoarseBits; d++) histogram_[d] = lanes[0][d] + lanes[1][d] + lanes[2][d] + lanes[3][d];
  counts_.bytes_read += rows_;
}

// Candidates within a distance, as the sample has it.
uint64_t Search::within(uint32_t distance) const {
  uint64_t sum = 0;
  for (uint32_t d = 0; d <= distance; d++) sum += histogram_[d];
  return sum * sampled_;
}

void Search::plan_seed(const Kernels& kernels) {
  const uint64_t pool = kSeedsPerHit * question_.k + kSeeds;
  if (candidates_ <= kFewRows || 3 * pool > candidates_) {
    begin(Phase::full);
    return;
  }
  count_distances(kernels);
  uint64_t sum = 0;
  seed_distance_ = 0;
  for (; seed_distance_ < kCoarseBits; seed_distance_++) {
    sum += uint64_t{histogram_[seed_distance_]} * sampled_;
    if (sum >= pool) break;
  }
  begin(Phase::seed);
}

void Search::plan_close(const VectorIndex& index) {
  const uint32_t most = limit(index, kCoarseBits, kCoarseDeviations);
  if (3 * within(most) > candidates_) {
    begin(Phase::full);
  } else if (most <= seed_distance_) {
    end_scoring(index);
  } else {
    begin(Phase::close);
  }
}

// A stride of B or C.
void Search::step_near(const VectorIndex& index) {
  const bool seeding = phase_ == Phase::seed;
  const uint32_t left = rows_ - next_;
  const uint32_t count = left < kStrideRows ? left : kStrideRows;
  const uint32_t most = seeding ? seed_distance_ : limit(index, kCoarseBits, kCoarseDeviations);
  const uint32_t least = seeding ? 0 : seed_distance_ + 1;
  counts_.bytes_read += count;
  if (most >= least) {
    uint16_t pick[kStrideRows];
    size_t picked = index.kernels_->select(distance_.data() + next_, count, static_cast<uint8_t>(least),
                                           static_cast<uint8_t>(most), pick);
    if (!seeding) {
      picked = keep_fine(index, next_, pick, picked, limit(index, kSketchBits, kFineDeviations));
    }
    score_picks(index, next_, pick, picked);
  }
  next_ += count;
  if (scored_ > candidates_ / 4 + kFewRows) {
    begin(Phase::full);
  } else if (next_ < rows_) {
    return;
  } else if (seeding) {
    plan_close(index);
  } else {
    end_scoring(index);
  }
}

// Of the picked rows those whose whole sketch differs in at most `most` bits, in place.
size_t Search::keep_fine(const VectorIndex& index, uint32_t row, uint16_t* pick, size_t count, uint32_t most) {
  size_t kept = 0;
  counts_.fine_rows += count;
  for (size_t from = 0; from < count;) {
    const Sketch& query = sketch_for(index, row + pick[from]);
    const uint8_t* fine[kChunk];
    uint16_t distances[kChunk];
    size_t picked = 0;
    while (picked < kChunk && from + picked < count && &sketch_for(index, row + pick[from + picked]) == &query) {
      const uint32_t at = row + pick[from + picked];
      fine[picked++] = index.fine_data(at);
    }
    index.kernels_->fine_picks(query.bytes + kCoarseBytes, fine, picked, distances);
    for (size_t i = 0; i < picked; i++) {
      const uint16_t at = pick[from + i];
      pick[kept] = at;
      kept += uint32_t{distances[i]} + distance_[row + at] <= most ? 1 : 0;
    }
    from += picked;
  }
  return kept;
}

}  // namespace edge
