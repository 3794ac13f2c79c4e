// What the set of NEON kernels is put together from; newer sets start from it.
#pragma once

#if defined(__aarch64__)

#include <arm_neon.h>

#include "kernels.hpp"

namespace edge::neon {

// The scales of blocks 0 … 3 and 4 … 7.
struct Scales {
  int32x4_t low, high;
};

inline Scales scales(int32_t word) {
  const uint8x16_t table = vreinterpretq_u8_u32(uint32x4_t{
      kLevels[0] | kLevels[1] << 8 | kLevels[2] << 16 | kLevels[3] << 24,
      kLevels[4] | kLevels[5] << 8 | kLevels[6] << 16 | kLevels[7] << 24, 0, 0});
  const uint32x4_t levels = vdupq_n_u32(static_cast<uint32_t>(word));
  const int32x4_t low_places{-8, -11, -14, -17};
  const int32x4_t high_places{-20, -23, -26, -29};
  // Beyond the table there is zero: for the upper bytes of each lane.
  const uint32x4_t none = vdupq_n_u32(0xffffff00);
  const auto look_up = [&](uint32x4_t shifted) {
    const uint32x4_t index = vorrq_u32(vandq_u32(shifted, vdupq_n_u32(7)), none);
    return vreinterpretq_s32_u8(vqtbl1q_u8(table, vreinterpretq_u8_u32(index)));
  };
  return {look_up(vshlq_u32(levels, low_places)), look_up(vshlq_u32(levels, high_places))};
}

void dot_rows(const int16_t* query, const int8_t* rows, size_t stride, size_t count, double* out);
void dot_picks(const int16_t* query, const int8_t* const* rows, size_t stride, size_t count, double* out);
void scores(const double* dots, const float* factors, double query_factor, size_t count, float* out);
double peak(const float* x, size_t count);
int64_t quantise_row(const float* x, size_t count, double peak, int8_t* row);
void even(const int8_t* row, size_t stride, int8_t* out);

void rotate(const Rotation& rotation, const int8_t* row, size_t stride, int32_t* out);
void signs(const int32_t* y, const float* mean, float norm, uint8_t* out);
double project(const int32_t* y, const double* mean, size_t count);
void accumulate(const int32_t* y, double inverse, size_t count, double* sums);

void coarse_rows(const uint8_t* query, const uint8_t* rows, size_t count, uint8_t* out);
void coarse_picks(const uint8_t* query, const uint8_t* rows, const uint16_t* pick, size_t count, uint8_t* out);
void fine_picks(const uint8_t* query, const uint8_t* const* rows, size_t count, uint16_t* out);
size_t select(const uint8_t* values, size_t count, uint8_t least, uint8_t most, uint16_t* pick);
void exclude(const Filter& filter, const Columns& columns, size_t count, uint8_t* out);

}  // namespace edge::neon

#endif
