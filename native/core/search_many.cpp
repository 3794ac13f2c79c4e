#include "search_many.hpp"

#include <algorithm>
#include <new>

namespace edge {

Status SearchMany::init(const VectorIndex& index, const float* queries, size_t count, const Question& question,
                        size_t& bad) {
  dimension_ = index.dimension();
  count_ = count;
  question_ = question;
  for (size_t i = 0; i < count; i++) {
    if (index.has_direction(queries + i * dimension_)) continue;
    bad = i;
    return Status::vector;
  }
  if (!from_.resize(count + 1)) return Status::memory;
  if (count == 0) return Status::ok;
  width_ = std::min(kWidth, count);
  searches_ = new (std::nothrow) Search[width_];
  if (searches_ == nullptr || !queries_.resize(count * dimension_)) return Status::memory;
  std::memcpy(queries_.data(), queries, count * dimension_ * sizeof(float));
  return begin_round(index) ? Status::ok : Status::memory;
}

bool SearchMany::begin_round(const VectorIndex& index) {
  running_ = std::min(width_, count_ - first_);
  for (size_t i = 0; i < running_; i++) {
    const float* query = queries_.data() + (first_ + i) * dimension_;
    if (searches_[i].init(index, query, question_) != Status::ok) return false;
  }
  return true;
}

bool SearchMany::end_round() {
  for (size_t i = 0; i < running_; i++) {
    const TopK& top = searches_[i].finish();
    const size_t from = from_[first_ + i];
    // At once as many as are likely in all: one allocation, where every query finds as many.
    if (from + top.size() > hits_.size() && !hits_.resize(from + top.size() * (count_ - first_ - i))) return false;
    for (size_t j = 0; j < top.size(); j++) hits_[from + j] = top[j];
    from_[first_ + i + 1] = from + top.size();
    counts_.add(searches_[i].counts());
  }
  first_ += running_;
  return true;
}

bool SearchMany::turn(const VectorIndex& index) {
  bool more = false;
  for (size_t i = 0; i < running_; i++) more |= searches_[i].step(index);
  if (more) return true;
  if (first_ == count_) return false;
  const bool went_well = end_round() && (first_ == count_ || begin_round(index));
  if (!went_well) status_ = Status::memory;
  return went_well && first_ < count_;
}

const Hit* SearchMany::hits(size_t query, size_t& count) const {
  count = from_[query + 1] - from_[query];
  return hits_.data() + from_[query];
}

}  // namespace edge
