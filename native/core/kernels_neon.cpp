#include "kernels_neon.hpp"

#if defined(__aarch64__)

#include <arm_neon.h>

#include "kernel_loops.hpp"

namespace edge::neon {

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

inline double total(const Lanes& sum) {
  int64x2_t wide = vpaddlq_s32(sum.a);
  wide = vpadalq_s32(wide, sum.b);
  wide = vpadalq_s32(wide, sum.c);
  wide = vpadalq_s32(wide, sum.d);
  return static_cast<double>(vaddvq_s64(wide));
}

inline Lanes zero() {
  const int32x4_t none = vdupq_n_s32(0);
  return {none, none, none, none};
}

inline void dot_two(const int16_t* query, const int8_t* first, const int8_t* second, size_t stride, double* out) {
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

inline double dot_one(const int16_t* query, const int8_t* row, size_t stride) {
  Lanes sum = zero();
  for (size_t j = 0; j < stride; j += 16) step(sum, vld1q_s16(query + j), vld1q_s16(query + j + 8), row + j);
  return total(sum);
}

}  // namespace

void dot_rows(const int16_t* query, const int8_t* rows, size_t stride, size_t count, double* out) {
  size_t i = 0;
  for (; i + 2 <= count; i += 2) dot_two(query, rows + i * stride, rows + (i + 1) * stride, stride, out + i);
  if (i < count) out[i] = dot_one(query, rows + i * stride, stride);
}

void dot_picks(const int16_t* query, const int8_t* const* rows, size_t stride, size_t count, double* out) {
  size_t i = 0;
  for (; i + 2 <= count; i += 2) {
    const int8_t* ahead = rows[i + 4 < count ? i + 4 : i];
    for (size_t j = 0; j < stride; j += 64) __builtin_prefetch(ahead + j);
    dot_two(query, rows[i], rows[i + 1], stride, out + i);
  }
  if (i < count) out[i] = dot_one(query, rows[i], stride);
}

void scores(const double* dots, const float* factors, double query_factor, size_t count, float* out) {
  loops::scores(dots, factors, query_factor, count, out);
}

double peak(const float* x, size_t count) { return loops::peak(x, count); }

int64_t quantise_row(const float* x, size_t count, double peak, int8_t* out) {
  return loops::quantise(x, count, kRowPeak / peak, out);
}

}  // namespace edge::neon

namespace edge {

const Kernels& neon_kernels() {
  static constexpr Kernels kernels{
      .isa = Isa::neon,
      .dot_rows = neon::dot_rows,
      .dot_picks = neon::dot_picks,
      .scores = neon::scores,
      .peak = neon::peak,
      .quantise_row = neon::quantise_row,
      .rotate = neon::rotate,
      .signs = neon::signs,
      .project = neon::project,
      .accumulate = neon::accumulate,
      .coarse_rows = neon::coarse_rows,
      .coarse_picks = neon::coarse_picks,
      .fine_picks = neon::fine_picks,
      .select = neon::select,
      .exclude = neon::exclude,
  };
  return kernels;
}

}  // namespace edge

#endif
