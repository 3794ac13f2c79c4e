#include "kernels.hpp"

#include "kernel_loops.hpp"
#include "rotation_loops.hpp"
#include "row_loops.hpp"
#include "sketch_loops.hpp"

namespace edge {

namespace {

void dot_rows(const int16_t* query, const int8_t* rows, size_t stride, size_t count, double* out) {
  for (size_t i = 0; i < count; i++) out[i] = static_cast<double>(loops::dot(query, rows + i * row_bytes(stride), stride));
}

void dot_picks(const int16_t* query, const int8_t* const* rows, size_t stride, size_t count, double* out) {
  for (size_t i = 0; i < count; i++) out[i] = static_cast<double>(loops::dot(query, rows[i], stride));
}

void scores(const double* dots, const float* factors, double query_factor, size_t count, float* out) {
  loops::scores(dots, factors, query_factor, count, out);
}

double peak(const float* x, size_t count) { return loops::peak(x, count); }

int64_t quantise_row(const float* x, size_t count, double peak, int8_t* row) {
  return loops::quantise_row(x, count, peak, row);
}

void even(const int8_t* row, size_t stride, int8_t* out) { loops::even(row, stride, out); }

void rotate(const Rotation& rotation, const int8_t* row, size_t stride, int32_t* out) {
  loops::rotate(rotation, row, stride, out);
}

void signs(const int32_t* y, const float* mean, float norm, uint8_t* out) { loops::signs(y, mean, norm, out); }

double project(const int32_t* y, const double* mean, size_t count) { return loops::project(y, mean, count); }

void accumulate(const int32_t* y, double inverse, size_t count, double* sums) {
  loops::accumulate(y, inverse, count, sums);
}

void coarse_rows(const uint8_t* query, const uint8_t* rows, size_t count, uint8_t* out) {
  loops::coarse_rows(query, rows, count, out);
}

void coarse_picks(const uint8_t* query, const uint8_t* rows, const uint16_t* pick, size_t count, uint8_t* out) {
  loops::coarse_picks(query, rows, pick, count, out);
}

void fine_picks(const uint8_t* query, const uint8_t* const* rows, size_t count, uint16_t* out) {
  loops::fine_picks(query, rows, count, out);
}

size_t select(const uint8_t* values, size_t count, uint8_t least, uint8_t most, uint16_t* pick) {
  return loops::select(values, 0, count, least, most, pick, 0);
}

void exclude(const Filter& filter, const Columns& columns, size_t count, uint8_t* out) {
  loops::exclude(filter, columns, count, out);
}

}  // namespace

const Kernels& scalar_kernels() {
  static constexpr Kernels kernels{
      .isa = Isa::scalar,
      .dot_rows = dot_rows,
      .dot_picks = dot_picks,
      .scores = scores,
      .peak = peak,
      .quantise_row = quantise_row,
      .even = even,
      .rotate = rotate,
      .signs = signs,
      .project = project,
      .accumulate = accumulate,
      .coarse_rows = coarse_rows,
      .coarse_picks = coarse_picks,
      .fine_picks = fine_picks,
      .select = select,
      .exclude = exclude,
  };
  return kernels;
}

const Kernels& kernels_for(Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case Isa::avx2:
      return avx2_kernels();
    case Isa::avx512:
      return avx512_kernels();
#endif
#if defined(__aarch64__)
    case Isa::neon:
      return neon_kernels();
    case Isa::neon_dotprod:
      return neon_dotprod_kernels();
#endif
    default:
      return scalar_kernels();
  }
}

int64_t quantise_query(const float* x, size_t count, double peak, int16_t* out) {
  return loops::quantise(x, count, kQueryPeak / peak, out);
}

}  // namespace edge
