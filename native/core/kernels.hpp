// The inner loops, one set for each instruction set. All sets give the same bits: sums of products are exact
// integers, and the few floating-point steps are the same IEEE operations in the same order.
//
// A set may take any of its loops from a lesser one: copy that set and put in what is better.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cpu.hpp"
#include "filter.hpp"
#include "rotation.hpp"
#include "row_format.hpp"

namespace edge {

// Twelve bits and a sign. Of the sums below, a lane of 32 bits then holds what it gets of kDotPart components, even at
// 4,095 × -128 × kTopLevel each, as long as that is not more than the eighth part of them.
inline constexpr double kQueryPeak = 4095.0;
inline constexpr size_t kDotPart = 512;

struct Kernels {
  Isa isa;

  // out[i] = query · row i, levels and all, exact, for rows 0 … count-1 one behind the other, or for those pointed to.
  // `stride` is a multiple of kRowAlign and at most kMaxDimension, and no component of the query beyond ±kQueryPeak.
  void (*dot_rows)(const int16_t* query, const int8_t* rows, size_t stride, size_t count, double* out);
  void (*dot_picks)(const int16_t* query, const int8_t* const* rows, size_t stride, size_t count, double* out);
  // out[i] = dots[i] × factors[i] × query_factor as a cosine, clamped to [-1, 1].
  void (*scores)(const double* dots, const float* factors, double query_factor, size_t count, float* out);

  // Largest magnitude of the components; negative when one is not finite.
  double (*peak)(const float* x, size_t count);
  // The whole row of a vector: each block at the least level that fits it, values rounded half to even. Returns
  // row_squares().
  int64_t (*quantise_row)(const float* x, size_t count, double peak, int8_t* row);
  // The row's components at the top level all of them, rounded half up: what a sketch is made of. `stride` to `out`.
  void (*even)(const int8_t* row, size_t stride, int8_t* out);

  // The rotation of `stride` components (64-byte aligned, as `out`); `out` takes rotation.padded().
  void (*rotate)(const Rotation& rotation, const int8_t* x, size_t stride, int32_t* out);
  // The sketch of a rotated row: bit j is y[j] > norm × mean[j], or y[j] > 0 without a mean. kSketchBytes to `out`.
  void (*signs)(const int32_t* y, const float* mean, float norm, uint8_t* out);
  // Σ y[j] × mean[j], in loops::kSumLanes lanes; `count` is a power of two of at least kSketchBits, here and below.
  double (*project)(const int32_t* y, const double* mean, size_t count);
  // sums[j] += y[j] × inverse.
  void (*accumulate)(const int32_t* y, double inverse, size_t count, double* sums);

  // Hamming distances to the query's first kCoarseBytes of rows that lie one behind the other:
  // of all, to out[i]; of the picked ones, to out[pick[i]].
  void (*coarse_rows)(const uint8_t* query, const uint8_t* rows, size_t count, uint8_t* out);
  void (*coarse_picks)(const uint8_t* query, const uint8_t* rows, const uint16_t* pick, size_t count, uint8_t* out);
  // The same of the kFineBytes pointed to; `query` too starts with its fine bytes.
  void (*fine_picks)(const uint8_t* query, const uint8_t* const* rows, size_t count, uint16_t* out);

  // Numbers i, ascending, with least ≤ values[i] ≤ most; returns how many. `pick` has room for `count`, which is at
  // most 65,536.
  size_t (*select)(const uint8_t* values, size_t count, uint8_t least, uint8_t most, uint16_t* pick);
  // out[i] = 255 when the filter refuses row i, else 0.
  void (*exclude)(const Filter& filter, const Columns& columns, size_t count, uint8_t* out);
};

const Kernels& scalar_kernels();
#if defined(__x86_64__)
const Kernels& avx2_kernels();
const Kernels& avx512_kernels();
#endif
#if defined(__aarch64__)
const Kernels& neon_kernels();
const Kernels& neon_dotprod_kernels();
#endif

// The kernels for `isa`, which must be available.
const Kernels& kernels_for(Isa isa);

// out[i] = x[i] × (kQueryPeak / peak), rounded half to even; returns the sum of the squares of `out`. The query's own
// error is then a twentieth of a row's.
int64_t quantise_query(const float* x, size_t count, double peak, int16_t* out);

}  // namespace edge
