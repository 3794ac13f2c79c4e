#include "kernels_neon.hpp"

#if defined(__aarch64__)

#include <arm_neon.h>

#include "rotation_loops.hpp"
#include "sketch_loops.hpp"

namespace edge::neon {

namespace {

// The bits that differ, counted for each byte.
inline uint8x16_t differing(uint8x16_t query, const uint8_t* row) { return vcntq_u8(veorq_u8(query, vld1q_u8(row))); }

// One bit for each byte of a mask of 0 and 255, four bits apart.
inline uint64_t bits(uint8x16_t mask) {
  return vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(mask), 4)), 0) & 0x1111111111111111u;
}

}  // namespace

void rotate(const Rotation& rotation, const int8_t* row, size_t stride, int32_t* out) {
  loops::rotate(rotation, row, stride, out);
}

void signs(const int32_t* y, const float* mean, float norm, uint8_t* out) { loops::signs(y, mean, norm, out); }

double project(const int32_t* y, const double* mean, size_t count) { return loops::project(y, mean, count); }

void accumulate(const int32_t* y, double inverse, size_t count, double* sums) {
  loops::accumulate(y, inverse, count, sums);
}

void coarse_rows(const uint8_t* query, const uint8_t* rows, size_t count, uint8_t* out) {
  const uint8x16_t wanted = vld1q_u8(query);
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    // Pairs are added until each row is one byte.
    const uint8_t* from = rows + i * kCoarseBytes;
    uint8x16_t sums[8];
    for (size_t r = 0; r < 8; r++) {
      sums[r] = vpaddq_u8(differing(wanted, from + r * 32), differing(wanted, from + r * 32 + 16));
    }
    for (size_t r = 0; r < 4; r++) sums[r] = vpaddq_u8(sums[2 * r], sums[2 * r + 1]);
    for (size_t r = 0; r < 2; r++) sums[r] = vpaddq_u8(sums[2 * r], sums[2 * r + 1]);
    vst1q_u8(out + i, vpaddq_u8(sums[0], sums[1]));
  }
  for (; i < count; i++) out[i] = vaddvq_u8(differing(wanted, rows + i * kCoarseBytes));
}

void coarse_picks(const uint8_t* query, const uint8_t* rows, const uint16_t* pick, size_t count, uint8_t* out) {
  const uint8x16_t wanted = vld1q_u8(query);
  for (size_t i = 0; i < count; i++) out[pick[i]] = vaddvq_u8(differing(wanted, rows + pick[i] * kCoarseBytes));
}

void fine_picks(const uint8_t* query, const uint8_t* const* rows, size_t count, uint16_t* out) {
  constexpr size_t kAhead = 8;
  const uint8x16_t a = vld1q_u8(query);
  const uint8x16_t b = vld1q_u8(query + 16);
  const uint8x16_t c = vld1q_u8(query + 32);
  for (size_t i = 0; i < count; i++) {
    const uint8_t* ahead = rows[i + kAhead < count ? i + kAhead : i];
    __builtin_prefetch(ahead);
    __builtin_prefetch(ahead + kFineBytes - 1);
    // Three times 8 fits a byte.
    const uint8x16_t two = vaddq_u8(differing(a, rows[i]), differing(b, rows[i] + 16));
    out[i] = vaddlvq_u8(vaddq_u8(two, differing(c, rows[i] + 32)));
  }
}

size_t select(const uint8_t* values, size_t count, uint8_t least, uint8_t most, uint16_t* pick) {
  const uint8x16_t low = vdupq_n_u8(least);
  const uint8x16_t high = vdupq_n_u8(most);
  size_t picked = 0;
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const uint8x16_t x = vld1q_u8(values + i);
    uint64_t mask = bits(vandq_u8(vcgeq_u8(x, low), vcleq_u8(x, high)));
    for (; mask != 0; mask &= mask - 1) {
      pick[picked++] = static_cast<uint16_t>(i + static_cast<size_t>(__builtin_ctzll(mask)) / 4);
    }
  }
  return loops::select(values, i, count, least, most, pick, picked);
}

void exclude(const Filter& filter, const Columns& columns, size_t count, uint8_t* out) {
  loops::exclude(filter, columns, count, out);
}

}  // namespace edge::neon

#endif
