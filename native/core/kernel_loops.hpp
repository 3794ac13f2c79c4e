// Plain loops that the compiler vectorises for whichever instruction set the including function is built for.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace edge::loops {

// Adding and taking away 1.5 × 2^52 rounds a double half to even; a branch-free step that every target does alike.
inline constexpr double kRounder = 6755399441055744.0;

[[gnu::always_inline]] inline double peak(const float* x, size_t count) {
  uint32_t top = 0;
  for (size_t i = 0; i < count; i++) {
    const uint32_t magnitude = std::bit_cast<uint32_t>(x[i]) & 0x7fffffffu;
    top = magnitude > top ? magnitude : top;
  }
  // Magnitudes order like their bits, and infinities and NaNs are above all numbers.
  return top >= 0x7f800000u ? -1.0 : static_cast<double>(std::bit_cast<float>(top));
}

[[gnu::always_inline]] inline int64_t quantise(const float* x, size_t count, double factor, int16_t* out) {
  for (size_t i = 0; i < count; i++) {
    const double shifted = static_cast<double>(x[i]) * factor + kRounder;
    out[i] = static_cast<int16_t>(static_cast<int32_t>(shifted - kRounder));
  }
  int64_t squares = 0;
  for (size_t i = 0; i < count; i++) squares += static_cast<int32_t>(out[i]) * static_cast<int32_t>(out[i]);
  return squares;
}

[[gnu::always_inline]] inline void scores(const double* dots, const float* factors, double query_factor, size_t count,
                                          float* out) {
  for (size_t i = 0; i < count; i++) {
    const double cosine = dots[i] * static_cast<double>(factors[i]) * query_factor;
    const double high = cosine > 1.0 ? 1.0 : cosine;
    out[i] = static_cast<float>(high < -1.0 ? -1.0 : high);
  }
}

}  // namespace edge::loops
