#include "kernels.hpp"

#if defined(__aarch64__)

#include <arm_neon.h>

#include "kernel_loops.hpp"

namespace edge {

namespace {

struct Lanes {
  int32x4_t a, b, c, d;
};

// Four accumulators, each taking one product of four of 16 components: at the largest dimension a lane sums
// 256 products of 32,767 × 128, which fits 32 bits.
inline void step(Lanes& sum, int16x8_t low, int16x8_t high, const int8_t* row) {
  const int8x16_t bytes = vld1q_s8(row);
  const int16x8_t first = vmovl_s8(vget_low_s8(bytes));
  const int16x8_t second = vmovl_high_s8(bytes);
  sum.a = vmlal_s16(sum.a, vget_low_s16(low), vget_low_s16(first));
  sum.b = vmlal_high_s16(sum.b, low, first);
  sum.c = vmlal_s16(sum.c, vget_low_s16(high), vget_low_s16(second));
  sum.d = vmlal_high_s16(sum.d, high, second);
}

inline int64_t total(const Lanes& sum) {
  int64x2_t wide = vpaddlq_s32(sum.a);
  wide = vpadalq_s32(wide, sum.b);
  wide = vpadalq_s32(wide, sum.c);
  wide = vpadalq_s32(wide, sum.d);
  return vaddvq_s64(wide);
}

inline Lanes zero() {
  const int32x4_t none = vdupq_n_s32(0);
  return {none, none, none, none};
}

inline void dot_two(const int16_t* query, const int8_t* first, const int8_t* second, size_t stride, int64_t* out) {
  Lanes one = zero();
  Lanes two = zero();
  for (size_t j = 0; j < stride; j += 16) {
    const int16x8_t low = vld1q_s16(query + j);
    const int16x8_t high = vld1q_s16(query + j + 8);
    step(one, low, high, first + j);
    step(two, low, high, second + j);
  }
  out[0] = total(one);
  out[1] = total(two);
}

inline int64_t dot_one(const int16_t* query, const int8_t* row, size_t stride) {
  Lanes sum = zero();
  for (size_t j = 0; j < stride; j += 16) step(sum, vld1q_s16(query + j), vld1q_s16(query + j + 8), row + j);
  return total(sum);
}

void dot_rows(const int16_t* query, const int8_t* rows, size_t stride, const uint16_t* pick, size_t count,
              int64_t* out) {
  const auto row = [=](size_t i) { return rows + (pick != nullptr ? pick[i] : i) * stride; };
  size_t i = 0;
  for (; i + 2 <= count; i += 2) dot_two(query, row(i), row(i + 1), stride, out + i);
  if (i < count) out[i] = dot_one(query, row(i), stride);
}

double peak(const float* x, size_t count) { return loops::peak(x, count); }

int64_t quantise_row(const float* x, size_t count, double peak, int8_t* out) {
  return loops::quantise(x, count, kRowPeak / peak, out);
}

}  // namespace

const Kernels& neon_kernels() {
  static constexpr Kernels kernels{Isa::neon, dot_rows, peak, quantise_row};
  return kernels;
}

}  // namespace edge

#endif
