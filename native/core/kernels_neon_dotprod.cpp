// NEON with SDOT (ARMv8.2; Cortex-A76 and newer): products of bytes, sixteen at a time. The other loops are NEON's.
#include "kernels_neon.hpp"

#if defined(__aarch64__)

#include <arm_neon.h>

#define EDGE_DOTPROD __attribute__((target("arch=armv8.2-a+dotprod")))

namespace edge {

namespace {

// Below so many rows it does not pay to cut the query up.
constexpr size_t kLeastRows = 4;

// The query in bytes: component = 128 × high + low. (Up to 13 bits and a sign could be.)
struct Query {
  alignas(16) int8_t high[kMaxDimension];
  alignas(16) int8_t low[kMaxDimension];
};

EDGE_DOTPROD inline void cut(const int16_t* query, size_t stride, Query& out) {
  for (size_t j = 0; j < stride; j += 16) {
    const int16x8_t a = vld1q_s16(query + j);
    const int16x8_t b = vld1q_s16(query + j + 8);
    const int16x8_t a_high = vrshrq_n_s16(a, 7);
    const int16x8_t b_high = vrshrq_n_s16(b, 7);
    vst1q_s8(out.high + j, vcombine_s8(vmovn_s16(a_high), vmovn_s16(b_high)));
    const int16x8_t a_low = vsubq_s16(a, vshlq_n_s16(a_high, 7));
    const int16x8_t b_low = vsubq_s16(b, vshlq_n_s16(b_high, 7));
    vst1q_s8(out.low + j, vcombine_s8(vmovn_s16(a_low), vmovn_s16(b_low)));
  }
}

// The sums of four blocks whose first components are at `at`.
EDGE_DOTPROD inline int32x4_t blocks(const Query& query, const int8_t* row, size_t at) {
  const int8x16_t first = vld1q_s8(row + at);
  const int8x16_t second = vld1q_s8(row + at + kHalfChunk);
  int32x4_t sum = vdotq_s32(vdupq_n_s32(0), first, vld1q_s8(query.high + at));
  sum = vdotq_s32(sum, second, vld1q_s8(query.high + at + kHalfChunk));
  sum = vshlq_n_s32(sum, 7);
  sum = vdotq_s32(sum, first, vld1q_s8(query.low + at));
  return vdotq_s32(sum, second, vld1q_s8(query.low + at + kHalfChunk));
}

EDGE_DOTPROD inline double dot(const Query& query, const int8_t* row, size_t stride) {
  int64_t total = 0;
  for (size_t from = 0; from < stride; from += kDotPart) {
    const size_t to = from + kDotPart < stride ? from + kDotPart : stride;
    int32x4_t low = vdupq_n_s32(0);
    int32x4_t high = low;
    for (size_t j = from; j < to; j += kRowAlign) {
      const neon::Scales scale = neon::scales(levels_word(row, stride, j));
      low = vmlaq_s32(low, blocks(query, row, j), scale.low);
      high = vmlaq_s32(high, blocks(query, row, j + 16), scale.high);
    }
    total += vaddlvq_s32(low) + vaddlvq_s32(high);
  }
  return static_cast<double>(total);
}

EDGE_DOTPROD void dot_rows(const int16_t* query, const int8_t* rows, size_t stride, size_t count, double* out) {
  if (count < kLeastRows) return neon::dot_rows(query, rows, stride, count, out);
  Query bytes;
  cut(query, stride, bytes);
  for (size_t i = 0; i < count; i++) out[i] = dot(bytes, rows + i * row_bytes(stride), stride);
}

EDGE_DOTPROD void dot_picks(const int16_t* query, const int8_t* const* rows, size_t stride, size_t count,
                            double* out) {
  if (count < kLeastRows) return neon::dot_picks(query, rows, stride, count, out);
  Query bytes;
  cut(query, stride, bytes);
  for (size_t i = 0; i < count; i++) {
    const int8_t* ahead = rows[i + 2 < count ? i + 2 : i];
    for (size_t j = 0; j < row_bytes(stride); j += 64) __builtin_prefetch(ahead + j);
    out[i] = dot(bytes, rows[i], stride);
  }
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
