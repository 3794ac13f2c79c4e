// The inner loops, one set for each instruction set. All sets give the same bits: sums of products are exact
// integers, and the few floating-point steps are the same IEEE operations in the same order.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cpu.hpp"

namespace edge {

// Rows and queries are padded with zeros to this many components, so that no kernel has a tail.
inline constexpr size_t kRowAlign = 64;
inline constexpr size_t kMaxDimension = 4096;

inline constexpr double kRowPeak = 127.0;
inline constexpr double kQueryPeak = 32767.0;

struct Kernels {
  Isa isa;
  // out[i] = query · row(i), for the rows `pick[0 … count)`, or rows 0 … count-1 when pick is null.
  // `stride` is a multiple of kRowAlign and at most kMaxDimension: then no 32-bit lane can overflow.
  void (*dot_rows)(const int16_t* query, const int8_t* rows, size_t stride, const uint16_t* pick, size_t count,
                   int64_t* out);
  // Largest magnitude of the components; negative when one is not finite.
  double (*peak)(const float* x, size_t count);
  // out[i] = x[i] × (127 / peak), rounded half to even; returns the sum of the squares of `out`.
  int64_t (*quantise_row)(const float* x, size_t count, double peak, int8_t* out);
};

const Kernels& scalar_kernels();
#if defined(__x86_64__)
const Kernels& avx2_kernels();
#endif
#if defined(__aarch64__)
const Kernels& neon_kernels();
#endif

// The kernels for `isa`, which must be available.
const Kernels& kernels_for(Isa isa);

// As quantise_row, to 16 bits: the query's own error (below 4e-4 in any case, 2e-5 for a typical embedding) then
// vanishes beside the rows'.
int64_t quantise_query(const float* x, size_t count, double peak, int16_t* out);

}  // namespace edge
