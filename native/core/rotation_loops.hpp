// Plain loops of the rotation, for kernels that have no better of their own.
#pragma once

#include <cstddef>
#include <cstdint>

#include "rotation.hpp"

namespace edge::loops {

// The unnormalised Hadamard transform in Sylvester's order, in place. Order of the rounds is free: in integers no sum
// is rounded, and in doubles everybody takes the rounds as they stand here.
template <typename T>
[[gnu::always_inline]] inline void hadamard(T* x, size_t count) {
  for (size_t width = count / 2; width > 0; width /= 2) {
    for (size_t from = 0; from < count; from += 2 * width) {
      for (size_t i = from; i < from + width; i++) {
        const T a = x[i];
        const T b = x[i + width];
        x[i] = a + b;
        x[i + width] = a - b;
      }
    }
  }
}

// `row` has `stride` components, zeros at its end included.
[[gnu::always_inline]] inline void rotate(const Rotation& rotation, const int8_t* row, size_t stride, int32_t* out) {
  const size_t padded = rotation.padded();
  const int8_t* first = rotation.first();
  const int8_t* second = rotation.second();
  for (size_t i = 0; i < stride; i++) out[i] = int32_t{row[i]} * first[i];
  for (size_t i = stride; i < padded; i++) out[i] = 0;
  hadamard(out, padded);
  const int shift = rotation.shift();
  for (size_t i = 0; i < padded; i++) out[i] = (out[i] >> shift) * second[i];
  hadamard(out, padded);
}

// Bit j: output j is above norm × mean[j]; above zero without a mean.
[[gnu::always_inline]] inline void signs(const int32_t* y, const float* mean, float norm, uint8_t* out) {
  for (size_t i = 0; i < kSketchBytes; i++) {
    uint32_t byte = 0;
    for (size_t b = 0; b < 8; b++) {
      const size_t j = i * 8 + b;
      const bool above = mean == nullptr ? y[j] > 0 : static_cast<float>(y[j]) > norm * mean[j];
      byte |= (above ? 1u : 0u) << b;
    }
    out[i] = static_cast<uint8_t>(byte);
  }
}

// Sums of doubles are taken in sixteen lanes and folded by halves, whatever the width of the machine's registers.
inline constexpr size_t kSumLanes = 16;

[[gnu::always_inline]] inline double fold(double* lanes) {
  for (size_t width = kSumLanes / 2; width > 0; width /= 2) {
    for (size_t i = 0; i < width; i++) lanes[i] += lanes[i + width];
  }
  return lanes[0];
}

template <typename T>
[[gnu::always_inline]] inline double project(const T* y, const double* mean, size_t count) {
  double lanes[kSumLanes] = {};
  for (size_t j = 0; j < count; j += kSumLanes) {
    for (size_t l = 0; l < kSumLanes; l++) lanes[l] += static_cast<double>(y[j + l]) * mean[j + l];
  }
  return fold(lanes);
}

[[gnu::always_inline]] inline void accumulate(const int32_t* y, double inverse, size_t count, double* sums) {
  for (size_t j = 0; j < count; j++) sums[j] += static_cast<double>(y[j]) * inverse;
}

}  // namespace edge::loops
