// Sketches rows and queries: the signs of the rotated vector, less a mean that was given or is learned from what is
// upserted. Without the mean, vectors that all point the same way would all have the same signs.
//
// A new mean does not stop the index: rows below a frontier have their sketch by the present mean, rows from it on by
// the old one, and every upsert moves the frontier on. So at most two means are alive.
#pragma once

#include <cstddef>
#include <cstdint>

#include "buffer.hpp"
#include "kernels.hpp"
#include "rotation.hpp"

namespace edge {

// A mean under the rotation. Its components are all zero as long as there is none.
class SpaceMean {
 public:
  [[nodiscard]] bool init(const Rotation& rotation);
  // Takes components() as they have been filled in for a new mean; `scale` is the rotation's.
  void settle(double scale);

  // Whether there is one at all.
  bool exists() const { return exists_; }
  const float* thresholds() const { return exists_ ? thresholds_.data() : nullptr; }
  double* components() { return components_.data(); }
  const double* components() const { return components_.data(); }
  // Its length, squared, as a part of a unit vector's.
  double squared() const { return squared_; }
  size_t bytes() const { return components_.bytes() + thresholds_.bytes(); }

  // How much the rows sketched with it have of it: the cosine with the mean times its length.
  void note(double along) {
    count_++;
    sum_ += along;
    squares_ += along * along;
  }
  uint64_t count() const { return count_; }
  double average() const { return sum_ / static_cast<double>(count_); }
  double deviation() const;

 private:
  Buffer<double> components_;
  Buffer<float> thresholds_;
  bool exists_ = false;
  double squared_ = 0;
  uint64_t count_ = 0;
  double sum_ = 0;
  double squares_ = 0;
};

class Sketcher {
 public:
  // Rows after which the mean of those so far is looked at; after the last nothing is learned any more.
  static constexpr uint64_t kLearnAt[] = {1024, 8192, 65536};
  // A mean that moved by less, as a squared distance between parts of unit vectors, is not worth new sketches.
  static constexpr double kLearnDistance = 0.01;

  // `mean` has `dimension` components, or is null: then it is learned. False without memory.
  [[nodiscard]] bool init(const Kernels& kernels, size_t dimension, size_t stride, uint64_t seed, const float* mean);

  // False for short vectors, which have no sketches; then nothing else may be called but bytes() and has_old().
  bool enabled() const { return enabled_; }
  size_t bytes() const;
  const Rotation& rotation() const { return rotation_; }

  // Whether row number `row` has its sketch by the present mean.
  bool is_present(uint32_t row) const { return row < frontier_; }
  uint32_t frontier() const { return frontier_; }
  bool has_old() const { return frontier_ != UINT32_MAX; }
  const SpaceMean& present() const { return means_[present_]; }
  const SpaceMean& old() const { return means_[present_ ^ 1]; }
  // Changes with every new mean.
  uint32_t epoch() const { return epoch_; }

  // The sketch of an int8 row, whose row_squares() are given, as row number `row` must have it.
  void sketch(uint32_t row, const int8_t* values, int64_t squares, uint8_t* out);
  // The same, and learns from it: for rows that are upserted.
  void sketch_and_learn(uint32_t row, const int8_t* values, int64_t squares, uint8_t* out);

  // Rows 0 … row-1 now have sketches by the present mean, of `rows` in all.
  void advance(uint32_t row, uint32_t rows) { frontier_ = row >= rows ? UINT32_MAX : row; }
  // As rows went: the old mean goes with the last row that has it.
  void settle(uint32_t rows) {
    if (frontier_ >= rows) frontier_ = UINT32_MAX;
  }

  // Rotates a row; returns its length before. Any buffer of stride and of rotation().padded() will do.
  double rotate(const int8_t* row, int64_t squares, int8_t* even, int32_t* rotated) const;

  // <vector, mean>, of a rotated vector and its length.
  double along(const SpaceMean& mean, const int32_t* rotated, double norm) const;

 private:
  double write(uint32_t row, const int8_t* values, int64_t squares, uint8_t* out);
  void look();

  const Kernels* kernels_ = nullptr;
  bool enabled_ = false;
  size_t stride_ = 0;
  Rotation rotation_;
  double scale_squared_ = 1;
  SpaceMean means_[2];
  uint32_t present_ = 0;
  uint32_t epoch_ = 0;
  uint32_t frontier_ = UINT32_MAX;
  Buffer<int8_t> even_;
  Buffer<int32_t> rotated_;
  // Sum of the rotated unit vectors; gone when nothing more is to be learned.
  Buffer<double> sums_;
  uint64_t learned_ = 0;
};

}  // namespace edge
