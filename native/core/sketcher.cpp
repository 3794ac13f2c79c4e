#include "sketcher.hpp"

#include <cmath>
#include <iterator>

#include "rotation_loops.hpp"

namespace edge {

bool SpaceMean::init(const Rotation& rotation) {
  return components_.resize(rotation.padded()) && thresholds_.resize(kSketchBits);
}

void SpaceMean::settle(double scale) {
  exists_ = true;
  for (size_t j = 0; j < kSketchBits; j++) thresholds_[j] = static_cast<float>(components_[j]);
  squared_ = loops::project(components_.data(), components_.data(), components_.size()) / (scale * scale);
  count_ = 0;
  sum_ = 0;
  squares_ = 0;
}

double SpaceMean::deviation() const {
  const double variance = squares_ / static_cast<double>(count_) - average() * average();
  return std::sqrt(variance > 0 ? variance : 0);
}

bool Sketcher::init(const Kernels& kernels, size_t dimension, size_t stride, uint64_t seed, const float* mean) {
  if (dimension < kSketchDimension) return true;
  enabled_ = true;
  kernels_ = &kernels;
  stride_ = stride;
  if (!rotation_.init(dimension, seed) || !rotated_.resize(rotation_.padded()) ||
      !even_.resize(stride)) {
    return false;
  }
  scale_squared_ = rotation_.scale() * rotation_.scale();
  for (SpaceMean& one : means_) {
    if (!one.init(rotation_)) return false;
  }
  if (mean == nullptr) return sums_.resize(rotation_.padded());
  SpaceMean& given = means_[present_];
  for (size_t j = 0; j < dimension; j++) given.components()[j] = static_cast<double>(mean[j]);
  rotation_.apply(given.components());
  given.settle(rotation_.scale());
  return true;
}

size_t Sketcher::bytes() const {
  return rotation_.bytes() + means_[0].bytes() + means_[1].bytes() + even_.bytes() + rotated_.bytes() + sums_.bytes();
}

double Sketcher::along(const SpaceMean& mean, const int32_t* rotated, double norm) const {
  return kernels_->project(rotated, mean.components(), rotation_.padded()) / (norm * scale_squared_);
}

double Sketcher::rotate(const int8_t* row, int64_t squares, int8_t* even, int32_t* rotated) const {
  kernels_->even(row, stride_, even);
  kernels_->rotate(rotation_, even, stride_, rotated);
  return std::sqrt(static_cast<double>(squares)) / kTopLevel;
}

double Sketcher::write(uint32_t row, const int8_t* values, int64_t squares, uint8_t* out) {
  SpaceMean& mean = means_[is_present(row) ? present_ : present_ ^ 1];
  const double norm = rotate(values, squares, even_.data(), rotated_.data());
  kernels_->signs(rotated_.data(), mean.thresholds(), static_cast<float>(norm), out);
  if (mean.exists()) mean.note(along(mean, rotated_.data(), norm));
  return norm;
}

void Sketcher::sketch(uint32_t row, const int8_t* values, int64_t squares, uint8_t* out) {
  write(row, values, squares, out);
}

void Sketcher::sketch_and_learn(uint32_t row, const int8_t* values, int64_t squares, uint8_t* out) {
  const double norm = write(row, values, squares, out);
  if (sums_.size() == 0) return;
  kernels_->accumulate(rotated_.data(), 1.0 / norm, rotation_.padded(), sums_.data());
  learned_++;
  for (const uint64_t at : kLearnAt) {
    if (learned_ == at) look();
  }
}

// Whether the mean of what was upserted so far had better replace the present one.
void Sketcher::look() {
  const size_t padded = rotation_.padded();
  if (!has_old()) {
    SpaceMean& fresh = means_[present_ ^ 1];
    const double* present = means_[present_].components();
    double lanes[loops::kSumLanes] = {};
    for (size_t j = 0; j < padded; j++) {
      fresh.components()[j] = sums_[j] / static_cast<double>(learned_);
      const double moved = fresh.components()[j] - present[j];
      lanes[j % loops::kSumLanes] += moved * moved;
    }
    if (loops::fold(lanes) / scale_squared_ >= kLearnDistance) {
      fresh.settle(rotation_.scale());
      present_ ^= 1;
      epoch_++;
      frontier_ = 0;
    }
  }
  if (learned_ >= kLearnAt[std::size(kLearnAt) - 1]) sums_ = Buffer<double>();
}

}  // namespace edge
