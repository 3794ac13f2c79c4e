#include "kernels_avx2.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#include "kernel_loops.hpp"

namespace edge::avx2 {

namespace {

EDGE_AVX2 inline int64_t total(__m256i lanes) {
  const __m256i low = _mm256_cvtepi32_epi64(_mm256_castsi256_si128(lanes));
  const __m256i high = _mm256_cvtepi32_epi64(_mm256_extracti128_si256(lanes, 1));
  const __m256i four = _mm256_add_epi64(low, high);
  const __m128i two = _mm_add_epi64(_mm256_castsi256_si128(four), _mm256_extracti128_si256(four, 1));
  return _mm_cvtsi128_si64(two) + _mm_extract_epi64(two, 1);
}

EDGE_AVX2 inline __m256i step(__m256i sum, __m256i query, const int8_t* row) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(row));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(query, _mm256_cvtepi8_epi16(bytes)));
}

// Far enough ahead that a row is there when its turn comes; measured, one row at a time beats several at once as soon
// as the rows lie in memory rather than in a cache.
constexpr size_t kPrefetchBytes = 4096;

EDGE_AVX2 inline double dot_one(const int16_t* query, const int8_t* row, const int8_t* ahead, size_t stride) {
  __m256i a = _mm256_setzero_si256();
  __m256i b = a;
  __m256i c = a;
  __m256i d = a;
  for (size_t j = 0; j < stride; j += 64) {
    __builtin_prefetch(ahead + j);
    const auto* q = reinterpret_cast<const __m256i*>(query + j);
    a = step(a, _mm256_loadu_si256(q), row + j);
    b = step(b, _mm256_loadu_si256(q + 1), row + j + 16);
    c = step(c, _mm256_loadu_si256(q + 2), row + j + 32);
    d = step(d, _mm256_loadu_si256(q + 3), row + j + 48);
  }
  // 4,096 products of 32,767 × 128 over 8 lanes: the sum of the four still fits.
  return static_cast<double>(total(_mm256_add_epi32(_mm256_add_epi32(a, b), _mm256_add_epi32(c, d))));
}

EDGE_AVX2 void dot_rows(const int16_t* query, const int8_t* rows, size_t stride, size_t count, double* out) {
  const size_t end = count * stride;
  for (size_t i = 0; i < count; i++) {
    const size_t ahead = i * stride + kPrefetchBytes;
    out[i] = dot_one(query, rows + i * stride, rows + (ahead < end ? ahead : 0), stride);
  }
}

EDGE_AVX2 void dot_picks(const int16_t* query, const int8_t* const* rows, size_t stride, size_t count, double* out) {
  for (size_t i = 0; i < count; i++) {
    const size_t ahead = i + 4 < count ? i + 4 : i;
    out[i] = dot_one(query, rows[i], rows[ahead], stride);
  }
}

// Four components as integers, rounded half to even: what the processor does when nobody has told it otherwise.
EDGE_AVX2 inline __m128i rounded(const float* x, __m256d factor) {
  return _mm256_cvtpd_epi32(_mm256_mul_pd(_mm256_cvtps_pd(_mm_loadu_ps(x)), factor));
}

}  // namespace

EDGE_AVX2 void scores(const double* dots, const float* factors, double query_factor, size_t count, float* out) {
  loops::scores(dots, factors, query_factor, count, out);
}

EDGE_AVX2 double peak(const float* x, size_t count) { return loops::peak(x, count); }

EDGE_AVX2 int64_t quantise_row(const float* x, size_t count, double peak, int8_t* out) {
  const __m256d factor = _mm256_set1_pd(kRowPeak / peak);
  __m128i sums = _mm_setzero_si128();
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m128i low = _mm_packs_epi32(rounded(x + i, factor), rounded(x + i + 4, factor));
    const __m128i high = _mm_packs_epi32(rounded(x + i + 8, factor), rounded(x + i + 12, factor));
    // 4,096 squares of at most 127 fit a lane many times over.
    sums = _mm_add_epi32(sums, _mm_add_epi32(_mm_madd_epi16(low, low), _mm_madd_epi16(high, high)));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), _mm_packs_epi16(low, high));
  }
  return total(_mm256_zextsi128_si256(sums)) + loops::quantise(x + i, count - i, kRowPeak / peak, out + i);
}

}  // namespace edge::avx2

namespace edge {

const Kernels& avx2_kernels() {
  static constexpr Kernels kernels{
      .isa = Isa::avx2,
      .dot_rows = avx2::dot_rows,
      .dot_picks = avx2::dot_picks,
      .scores = avx2::scores,
      .peak = avx2::peak,
      .quantise_row = avx2::quantise_row,
      .rotate = avx2::rotate,
      .signs = avx2::signs,
      .project = avx2::project,
      .accumulate = avx2::accumulate,
      .coarse_rows = avx2::coarse_rows,
      .coarse_picks = avx2::coarse_picks,
      .fine_picks = avx2::fine_picks,
      .select = avx2::select,
      .exclude = avx2::exclude,
  };
  return kernels;
}

}  // namespace edge

#endif
