#include "search.hpp"

#include <cmath>

#include "search_limit.hpp"

namespace edge {

namespace {

// Hits that are scored again to find the best k: these times k, and so many more.
constexpr size_t kRerankFactor = 2;
constexpr size_t kRerankMore = 32;

}  // namespace

Status Search::init(const VectorIndex& index, const float* query, const Question& question) {
  const double peak = index.kernels_->peak(query, index.dimension_);
  if (peak <= 0) return Status::vector;
  if (query_.size() != index.stride_ && !query_.resize(index.stride_)) return Status::memory;
  query_factor_ = 1.0 / std::sqrt(static_cast<double>(quantise_query(query, index.dimension_, peak, query_.data())));
  question_ = question;
  rows_ = index.rows_;
  counts_ = SearchCounts();
  counts_.searches = 1;
  candidates_ = 0;
  scored_ = 0;

  rerank_ = question.exact && index.exact_.is_open();
  question_.k = question.k < index.size() ? question.k : index.size();
  size_t wanted = question_.k;
  if (rerank_) {
    const size_t more = question_.k * kRerankFactor + kRerankMore;
    wanted = more < index.size() ? more : index.size();
    if (vector_.size() != index.dimension_ && !vector_.resize(index.dimension_)) return Status::memory;
    if (stored_.size() != index.dimension_ && !stored_.resize(index.dimension_)) return Status::memory;
    std::memcpy(vector_.data(), query, index.dimension_ * sizeof(float));
    if (!found_.reset(question_.k)) return Status::memory;
  }
  if (!top_.reset(wanted)) return Status::memory;

  const bool staged = index.sketcher_.enabled() && rows_ > kFewRows && (!question.exact || rerank_);
  if (staged) {
    const size_t whole = (size_t{rows_} + kBlockRows - 1) / kBlockRows * kBlockRows;
    if (distance_.size() < whole && !distance_.resize(whole)) return Status::memory;
    if (!rotate_query(index, query, peak)) return Status::memory;
  }
  begin(!staged ? Phase::full : question.filter.any() ? Phase::filter : Phase::coarse);
  return Status::ok;
}

bool Search::rotate_query(const VectorIndex& index, const float* query, double peak) {
  const Rotation& rotation = index.sketcher_.rotation();
  if (query_row_.size() != index.row_bytes_ && !query_row_.resize(index.row_bytes_)) return false;
  if (even_.size() != index.stride_ && !even_.resize(index.stride_)) return false;
  if (rotated_.size() != rotation.padded() && !rotated_.resize(rotation.padded())) return false;
  const int64_t squares = index.kernels_->quantise_row(query, index.dimension_, peak, query_row_.data());
  query_norm_ = index.sketcher_.rotate(query_row_.data(), squares, even_.data(), rotated_.data());
  sketch_query(index);
  return true;
}

void Search::sketch_query(const VectorIndex& index) {
  const Sketcher& sketcher = index.sketcher_;
  const auto make = [&](const SpaceMean& mean, Sketch& sketch) {
    index.kernels_->signs(rotated_.data(), mean.thresholds(), static_cast<float>(query_norm_), sketch.bytes);
    sketch.along = mean.exists() ? sketcher.along(mean, rotated_.data(), query_norm_) : 0;
  };
  epoch_ = sketcher.epoch();
  make(sketcher.present(), present_);
  if (sketcher.has_old()) make(sketcher.old(), old_);
}

void Search::begin(Phase phase) {
  phase_ = phase;
  next_ = 0;
  if (phase != Phase::full && phase != Phase::few) return;
  top_.clear();
  found_.clear();
  counts_.exhaustive = 1;
}

bool Search::step(const VectorIndex& index) {
  // A mean was adopted since the last step.
  if (index.sketcher_.enabled() && phase_ <= Phase::close && epoch_ != index.sketcher_.epoch()) sketch_query(index);
  switch (phase_) {
    case Phase::filter:
      step_filter(index);
      break;
    case Phase::coarse:
      step_coarse(index);
      break;
    case Phase::seed:
    case Phase::close:
      step_near(index);
      break;
    case Phase::few:
      step_few(index);
      break;
    case Phase::full:
      step_full(index);
      break;
    case Phase::exact:
      step_exact(index);
      break;
    case Phase::done:
      break;
  }
  return phase_ != Phase::done;
}

size_t Search::bytes() const {
  return query_.bytes() + query_row_.bytes() + even_.bytes() + rotated_.bytes() + vector_.bytes() + stored_.bytes() + top_.bytes() +
         found_.bytes();
}

bool Search::turn(const VectorIndex& index) {
  bool more = true;
  for (size_t i = 0; i < kTurnSteps && more; i++) more = step(index);
  return more;
}

// 255 for rows, all of one block, that are no candidates, 0 for the others.
void Search::exclude(const VectorIndex& index, uint32_t row, size_t count, uint8_t* mask) {
  const VectorIndex::Block& block = index.block_of(row);
  const size_t from = row % kBlockRows;
  const Columns columns{block.type.data() + from, block.node.data() + from, block.time_ms.data() + from};
  index.kernels_->exclude(question_.filter, columns, count, mask);
  counts_.bytes_read += question_.filter.row_bytes() * count;
  for (size_t i = 0; block.holes > 0 && i < count; i++) mask[i] = block.factor[from + i] != 0 ? mask[i] : kFar;
}

void Search::step_full(const VectorIndex& index) {
  const uint32_t left = rows_ - next_;
  const uint32_t rows = left < kScanRows ? left : kScanRows;
  if (rows == 0) {
    end_scoring(index);
    return;
  }
  const VectorIndex::Block& block = index.block_of(next_);
  const size_t from = next_ % kBlockRows;
  float scores[kScanRows];
  double dots[kScanRows];
  if (!question_.filter.any() && block.holes == 0) {
    index.kernels_->dot_rows(query_.data(), index.row_data(next_), index.stride_, rows, dots);
    index.kernels_->scores(dots, block.factor.data() + from, query_factor_, rows, scores);
    counts_.scored_rows += rows;
    for (uint32_t i = 0; i < rows; i++) offer(index, next_ + i, scores[i]);
  } else {
    uint8_t mask[kScanRows];
    uint16_t pick[kScanRows];
    exclude(index, next_, rows, mask);
    const size_t count = index.kernels_->select(mask, rows, 0, 0, pick);
    score_picks(index, next_, pick, count);
  }
  next_ += rows;
}

// The candidates that the filter has left.
void Search::step_few(const VectorIndex& index) {
  const uint32_t left = rows_ - next_;
  const uint32_t rows = left < kBlockRows ? left : kBlockRows;
  if (rows == 0) {
    end_scoring(index);
    return;
  }
  uint16_t pick[kBlockRows];
  const size_t count = index.kernels_->select(distance_.data() + next_, rows, 0, 0, pick);
  counts_.bytes_read += rows;
  score_picks(index, next_, pick, count);
  next_ += rows;
}

// Rows `row` + pick[i]; what has stopped being a candidate since it was picked is left out.
void Search::score_picks(const VectorIndex& index, uint32_t row, const uint16_t* pick, size_t count) {
  constexpr size_t kAhead = 4;
  for (size_t from = 0; from < count; from += kChunk) {
    const size_t to = from + kChunk < count ? from + kChunk : count;
    Chunk chunk;
    for (size_t i = from; i < to; i++) {
      const uint32_t at = row + pick[i];
      const VectorIndex::Block& block = index.block_of(at);
      const float factor = block.factor[at % kBlockRows];
      if (factor == 0 || !question_.filter.passes(block.columns(), at % kBlockRows)) continue;
      const int8_t* values = index.row_data(at);
      // The kernel fetches ahead of itself, but nobody did for its first rows.
      for (size_t j = 0; chunk.count < kAhead && j < index.row_bytes_; j += 64) __builtin_prefetch(values + j);
      chunk.row[chunk.count] = at;
      chunk.values[chunk.count] = values;
      chunk.factor[chunk.count++] = factor;
    }
    score_chunk(index, chunk);
  }
}

void Search::score_chunk(const VectorIndex& index, const Chunk& chunk) {
  double dots[kChunk];
  float scores[kChunk];
  index.kernels_->dot_picks(query_.data(), chunk.values, index.stride_, chunk.count, dots);
  index.kernels_->scores(dots, chunk.factor, query_factor_, chunk.count, scores);
  counts_.scored_rows += chunk.count;
  scored_ += chunk.count;
  for (size_t i = 0; i < chunk.count; i++) offer(index, chunk.row[i], scores[i]);
}

void Search::offer(const VectorIndex& index, uint32_t row, float score) {
  if (score < top_.floor()) return;
  const Hit hit{index.key_at(row), score};
  top_.offer(hit);
  if (rerank_) found_.offer(hit);
}

// After B and C, or after a full scan.
void Search::end_scoring(const VectorIndex& index) {
  counts_.bytes_read += counts_.coarse_rows * kCoarseBytes + counts_.fine_rows * kFineBytes +
                        counts_.scored_rows * index.row_bytes_;
  if (rerank_) {
    top_.sort();
    found_.clear();
  }
  begin(rerank_ ? Phase::exact : Phase::done);
}

void Search::step_exact(const VectorIndex& index) {
  const size_t left = top_.size() - next_;
  const size_t end = next_ + (left < kRerankRows ? left : kRerankRows);
  for (; next_ < end; next_++) {
    Hit hit = top_[next_];
    const uint32_t row = index.find(hit.key);
    if (row == SlotTable::kNone) continue;
    const bool has = index.block_of(row).has_exact[row % kBlockRows] != 0;
    const bool read = has && index.exact_.read(row, stored_.data());
    // A file that was cut short and has grown again gives zeros, whose cosine is NaN.
    const float exact = read ? exact_cosine(vector_.data(), stored_.data(), index.dimension_) : NAN;
    if (exact >= -1) {
      hit.score = exact;
      hit.exact = true;
      counts_.reranked++;
      counts_.bytes_read += index.dimension_ * sizeof(float);
    }
    found_.offer(hit);
  }
  if (next_ < top_.size()) return;
  std::swap(top_, found_);
  begin(Phase::done);
}

}  // namespace edge
