// What the set of AVX2 kernels is put together from; wider sets start from it.
#pragma once

#if defined(__x86_64__)

#include "kernels.hpp"

// Attributes rather than a file of its own flags: one flag set builds everywhere, and nothing from a header
// compiled here can leak AVX2 into code that runs on lesser processors. Every processor with AVX2 has POPCNT and BMI.
#define EDGE_AVX2 __attribute__((target("avx2,popcnt,bmi")))

namespace edge::avx2 {

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

}  // namespace edge::avx2

#endif
