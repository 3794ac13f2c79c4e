// NEON with SDOT (ARMv8.2; Cortex-A76 and newer): products of bytes, sixteen at a time. The other loops are NEON's.
#include "kernels_neon.hpp"

#if defined(__aarch64__)

#include <arm_neon.h>

#define EDGE_DOTPROD __attribute__((target("arch=armv8.2-a+dotprod")))

namespace edge {

namespace {

// Below so many rows it does not pay to cut the query up.
constexpr size_t kLeastRows = 4;

// The query in bytes: component = 256 × high + 128 + low, so that both bytes are signed. The 128 is common to all, so
// a row's own sum stands for it. (A component above 32,639 is not 256 × high + low with two signed bytes.)
struct Query {
  alignas(16) int8_t high[kMaxDimension];
  alignas(16) int8_t low[kMaxDimension];
};

EDGE_DOTPROD inline void cut(const int16_t* query, size_t stride, Query& out) {
  const int8x16_t half = vdupq_n_s8(-128);
  for (size_t j = 0; j < stride; j += 16) {
    const int16x8_t a = vld1q_s16(query + j);
    const int16x8_t b = vld1q_s16(query + j + 8);
    vst1q_s8(out.high + j, vuzp2q_s8(vreinterpretq_s8_s16(a), vreinterpretq_s8_s16(b)));
    const int8x16_t low = vuzp1q_s8(vreinterpretq_s8_s16(a), vreinterpretq_s8_s16(b));
    vst1q_s8(out.low + j, vaddq_s8(low, half));
  }
}

struct Sums {
  int32x4_t high, low, ones;
};

// At the largest dimension a lane sums 1,024 products of two bytes.
EDGE_DOTPROD inline void step(Sums& sum, int8x16_t high, int8x16_t low, const int8_t* row) {
  const int8x16_t bytes = vld1q_s8(row);
  sum.high = vdotq_s32(sum.high, bytes, high);
  sum.low = vdotq_s32(sum.low, bytes, low);
  sum.ones = vdotq_s32(sum.ones, bytes, vdupq_n_s8(1));
}

EDGE_DOTPROD inline double total(const Sums& sum) {
  return static_cast<double>(vaddlvq_s32(sum.high) * 256 + vaddlvq_s32(sum.ones) * 128 + vaddlvq_s32(sum.low));
}

EDGE_DOTPROD inline Sums zero() {
  const int32x4_t none = vdupq_n_s32(0);
  return {none, none, none};
}

EDGE_DOTPROD inline void dot_two(const Query& query, const int8_t* first, const int8_t* second, size_t stride,
                                 double* out) {
  Sums one = zero();
  Sums two = zero();
  for (size_t j = 0; j < stride; j += 16) {
    const int8x16_t high = vld1q_s8(query.high + j);
    const int8x16_t low = vld1q_s8(query.low + j);
    step(one, high, low, first + j);
    step(two, high, low, second + j);
  }
  out[0] = total(one);
  out[1] = total(two);
}

EDGE_DOTPROD inline double dot_one(const Query& query, const int8_t* row, size_t stride) {
  Sums sum = zero();
  for (size_t j = 0; j < stride; j += 16) step(sum, vld1q_s8(query.high + j), vld1q_s8(query.low + j), row + j);
  return total(sum);
}

EDGE_DOTPROD void dot_rows(const int16_t* query, const int8_t* rows, size_t stride, size_t count, double* out) {
  if (count < kLeastRows) return neon::dot_rows(query, rows, stride, count, out);
  Query bytes;
  cut(query, stride, bytes);
  size_t i = 0;
  for (; i + 2 <= count; i += 2) dot_two(bytes, rows + i * stride, rows + (i + 1) * stride, stride, out + i);
  if (i < count) out[i] = dot_one(bytes, rows + i * stride, stride);
}

EDGE_DOTPROD void dot_picks(const int16_t* query, const int8_t* const* rows, size_t stride, size_t count,
                            double* out) {
  if (count < kLeastRows) return neon::dot_picks(query, rows, stride, count, out);
  Query bytes;
  cut(query, stride, bytes);
  size_t i = 0;
  for (; i + 2 <= count; i += 2) {
    const int8_t* ahead = rows[i + 4 < count ? i + 4 : i];
    for (size_t j = 0; j < stride; j += 64) __builtin_prefetch(ahead + j);
    dot_two(bytes, rows[i], rows[i + 1], stride, out + i);
  }
  if (i < count) out[i] = dot_one(bytes, rows[i], stride);
}

}  // namespace

const Kernels& neon_dotprod_kernels() {
  static constexpr Kernels kernels{
      .isa = Isa::neon_dotprod,
      .dot_rows = dot_rows,
      .dot_picks = dot_picks,
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
