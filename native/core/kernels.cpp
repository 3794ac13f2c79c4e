#include "kernels.hpp"

#include "kernel_loops.hpp"

namespace edge {

namespace {

void dot_rows(const int16_t* query, const int8_t* rows, size_t stride, const uint16_t* pick, size_t count,
              int64_t* out) {
  // 512 products of 32,767 × 128 still fit 32 bits.
  constexpr size_t kChunk = 512;
  for (size_t i = 0; i < count; i++) {
    const int8_t* row = rows + (pick != nullptr ? pick[i] : i) * stride;
    int64_t sum = 0;
    for (size_t from = 0; from < stride; from += kChunk) {
      const size_t to = from + kChunk < stride ? from + kChunk : stride;
      int32_t part = 0;
      for (size_t j = from; j < to; j++) part += static_cast<int32_t>(query[j]) * static_cast<int32_t>(row[j]);
      sum += part;
    }
    out[i] = sum;
  }
}

double peak(const float* x, size_t count) { return loops::peak(x, count); }

int64_t quantise_row(const float* x, size_t count, double peak, int8_t* out) {
  return loops::quantise(x, count, kRowPeak / peak, out);
}

}  // namespace

const Kernels& scalar_kernels() {
  static constexpr Kernels kernels{Isa::scalar, dot_rows, peak, quantise_row};
  return kernels;
}

const Kernels& kernels_for(Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case Isa::avx2:
      return avx2_kernels();
#endif
#if defined(__aarch64__)
    case Isa::neon:
      return neon_kernels();
#endif
    default:
      return scalar_kernels();
  }
}

int64_t quantise_query(const float* x, size_t count, double peak, int16_t* out) {
  return loops::quantise(x, count, kQueryPeak / peak, out);
}

}  // namespace edge
