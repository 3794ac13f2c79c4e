// The rotation whose signs make a sketch: two rounds of random sign flips, each followed by a fast Hadamard transform.
// It works on the stored int8 row and stays in integers, so that every machine makes the same sketch of it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "buffer.hpp"

namespace edge {

inline constexpr size_t kSketchBits = 512;
inline constexpr size_t kSketchBytes = kSketchBits / 8;
// The first bytes of a sketch, which a search reads of every row; the others it reads of few.
inline constexpr size_t kCoarseBits = 128;
inline constexpr size_t kCoarseBytes = kCoarseBits / 8;
inline constexpr size_t kFineBytes = kSketchBytes - kCoarseBytes;
// Vectors shorter than this are compared in full: their sketch would tell little and cost as much.
inline constexpr size_t kSketchDimension = 128;

class Rotation {
 public:
  // Components that a kernel transforms at a time as 8 × 8.
  static constexpr size_t kTile = 64;

  // dimension up to kMaxDimension. False without memory.
  [[nodiscard]] bool init(size_t dimension, uint64_t seed);

  // Outputs: a power of two, at least kSketchBits and the dimension. A row is taken as followed by zeros.
  size_t padded() const { return padded_; }
  // Bits dropped between the rounds, so that 32 bits hold every output: the bound is 2^30.
  int shift() const { return shift_; }
  // A vector's length after the rotation, as a multiple of its length before: padded ÷ 2^shift.
  double scale() const { return static_cast<double>(padded_) / static_cast<double>(1u << shift_); }
  size_t bytes() const { return first_.bytes() + second_.bytes() + tiles_.bytes(); }

  // The sign flips of the rounds, 1 or -1.
  const int8_t* first() const { return first_.data(); }
  const int8_t* second() const { return second_.data(); }
  // The second round's with every tile transposed: tiles()[64 t + 8 r + l] = second()[64 t + 8 l + r].
  const int8_t* second_tiles() const { return tiles_.data(); }

  // The same rotation of a vector of doubles, in place; `x` has padded() components.
  void apply(double* x) const;

 private:
  size_t padded_ = 0;
  int shift_ = 0;
  Buffer<int8_t> first_;
  Buffer<int8_t> second_;
  Buffer<int8_t> tiles_;
};

}  // namespace edge
