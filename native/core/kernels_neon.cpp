#include "kernels_neon.hpp"

#if defined(__aarch64__)

#include <arm_neon.h>

#include "kernel_loops.hpp"
#include "row_loops.hpp"

namespace edge::neon {

namespace {

// Of one block in each of 16 components, what the same place of the chunk's second half has added to it.
struct Lanes {
  int32x4_t a, b, c, d;
};

inline Lanes products(const int16_t* query, const int8_t* row) {
  const int16x8_t low = vld1q_s16(query);
  const int16x8_t high = vld1q_s16(query + 8);
  const int8x16_t bytes = vld1q_s8(row);
  const int16x8_t first = vmovl_s8(vget_low_s8(bytes));
  const int16x8_t second = vmovl_high_s8(bytes);
  return {vmull_s16(vget_low_s16(low), vget_low_s16(first)), vmull_high_s16(low, first),
          vmull_s16(vget_low_s16(high), vget_low_s16(second)), vmull_high_s16(high, second)};
}

inline void add_products(Lanes& sum, const int16_t* query, const int8_t* row) {
  const int16x8_t low = vld1q_s16(query);
  const int16x8_t high = vld1q_s16(query + 8);
  const int8x16_t bytes = vld1q_s8(row);
  const int16x8_t first = vmovl_s8(vget_low_s8(bytes));
  const int16x8_t second = vmovl_high_s8(bytes);
  sum.a = vmlal_s16(sum.a, vget_low_s16(low), vget_low_s16(first));
  sum.b = vmlal_high_s16(sum.b, low, first);
  sum.c = vmlal_s16(sum.c, vget_low_s16(high), vget_low_s16(second));
  sum.d = vmlal_high_s16(sum.d, high, second);
}

inline int32x4_t scaled(int32x4_t sum, const Lanes& blocks, int32x4_t scale) {
  sum = vmlaq_laneq_s32(sum, blocks.a, scale, 0);
  sum = vmlaq_laneq_s32(sum, blocks.b, scale, 1);
  sum = vmlaq_laneq_s32(sum, blocks.c, scale, 2);
  return vmlaq_laneq_s32(sum, blocks.d, scale, 3);
}

inline int64_t dot_part(const int16_t* query, const int8_t* row, size_t stride, size_t from, size_t to) {
  // Each takes an eighth of the components.
  int32x4_t low = vdupq_n_s32(0);
  int32x4_t high = low;
  for (size_t j = from; j < to; j += kRowAlign) {
    const Scales scale = scales(levels_word(row, stride, j));
    Lanes blocks = products(query + j, row + j);
    add_products(blocks, query + j + 32, row + j + 32);
    low = scaled(low, blocks, scale.low);
    blocks = products(query + j + 16, row + j + 16);
    add_products(blocks, query + j + 48, row + j + 48);
    high = scaled(high, blocks, scale.high);
  }
  return vaddvq_s64(vpadalq_s32(vpaddlq_s32(low), high));
}

inline double dot(const int16_t* query, const int8_t* row, size_t stride) {
  int64_t sum = 0;
  for (size_t from = 0; from < stride; from += kDotPart) {
    sum += dot_part(query, row, stride, from, from + kDotPart < stride ? from + kDotPart : stride);
  }
  return static_cast<double>(sum);
}

}  // namespace

void dot_rows(const int16_t* query, const int8_t* rows, size_t stride, size_t count, double* out) {
  for (size_t i = 0; i < count; i++) out[i] = dot(query, rows + i * row_bytes(stride), stride);
}

void dot_picks(const int16_t* query, const int8_t* const* rows, size_t stride, size_t count, double* out) {
  const size_t bytes = row_bytes(stride);
  for (size_t i = 0; i < count; i++) {
    const int8_t* ahead = rows[i + 2 < count ? i + 2 : i];
    for (size_t j = 0; j < bytes; j += 64) __builtin_prefetch(ahead + j);
    out[i] = dot(query, rows[i], stride);
  }
}

void scores(const double* dots, const float* factors, double query_factor, size_t count, float* out) {
  loops::scores(dots, factors, query_factor, count, out);
}

double peak(const float* x, size_t count) { return loops::peak(x, count); }

int64_t quantise_row(const float* x, size_t count, double peak, int8_t* row) {
  return loops::quantise_row(x, count, peak, row);
}

void even(const int8_t* row, size_t stride, int8_t* out) { loops::even(row, stride, out); }

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
      .even = neon::even,
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
