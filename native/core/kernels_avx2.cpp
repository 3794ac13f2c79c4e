#include "kernels_avx2.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#include "kernel_loops.hpp"
#include "row_loops.hpp"

namespace edge::avx2 {

namespace {

// Of four lanes of 64 bits.
EDGE_AVX2 inline int64_t total_wide(__m256i four) {
  const __m128i two = _mm_add_epi64(_mm256_castsi256_si128(four), _mm256_extracti128_si256(four, 1));
  return _mm_cvtsi128_si64(two) + _mm_extract_epi64(two, 1);
}

// Of eight lanes of 32 bits.
EDGE_AVX2 inline int64_t total(__m256i lanes) {
  const __m256i low = _mm256_cvtepi32_epi64(_mm256_castsi256_si128(lanes));
  return total_wide(_mm256_add_epi64(low, _mm256_cvtepi32_epi64(_mm256_extracti128_si256(lanes, 1))));
}

EDGE_AVX2 inline __m256i product(const int16_t* query, const int8_t* row) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(row));
  return _mm256_madd_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(query)), _mm256_cvtepi8_epi16(bytes));
}

// The scales of a chunk's blocks, whose places in a levels_word() are given.
EDGE_AVX2 inline __m256i scales(int32_t word, __m256i places) {
  const __m256i table = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kLevels));
  return _mm256_permutevar8x32_epi32(table, _mm256_srlv_epi32(_mm256_set1_epi32(word), places));
}

template <int... Blocks>
EDGE_AVX2 inline __m256i places() {
  return _mm256_setr_epi32(kLevelsShift + Blocks * static_cast<int>(kLevelBits)...);
}

// Far enough ahead that a row is there when its turn comes; measured, one row at a time beats several at once as soon
// as the rows lie in memory rather than in a cache.
constexpr size_t kPrefetchBytes = 4096;

// Eight lanes, each with the sums of one block of every chunk.
EDGE_AVX2 inline __m256i dot_part(const int16_t* query, const int8_t* row, const int8_t* ahead, size_t stride,
                                  size_t from, size_t to) {
  __m256i sum = _mm256_setzero_si256();
  for (size_t j = from; j < to; j += kRowAlign) {
    __builtin_prefetch(ahead + j);
    const __m256i low = _mm256_add_epi32(product(query + j, row + j), product(query + j + 32, row + j + 32));
    const __m256i high = _mm256_add_epi32(product(query + j + 16, row + j + 16), product(query + j + 48, row + j + 48));
    // Adds neighbours, in each half of the register for itself.
    const __m256i blocks = _mm256_hadd_epi32(low, high);
    const __m256i scale = scales(levels_word(row, stride, j), places<0, 1, 4, 5, 2, 3, 6, 7>());
    sum = _mm256_add_epi32(sum, _mm256_mullo_epi32(blocks, scale));
  }
  return sum;
}

EDGE_AVX2 inline double dot_one(const int16_t* query, const int8_t* row, const int8_t* ahead, size_t stride) {
  int64_t sum = 0;
  for (size_t from = 0; from < stride; from += kDotPart) {
    const size_t to = from + kDotPart < stride ? from + kDotPart : stride;
    sum += total(dot_part(query, row, ahead, stride, from, to));
  }
  __builtin_prefetch(ahead + stride);
  return static_cast<double>(sum);
}

EDGE_AVX2 void dot_rows(const int16_t* query, const int8_t* rows, size_t stride, size_t count, double* out) {
  const size_t bytes = row_bytes(stride);
  const size_t end = count * bytes;
  for (size_t i = 0; i < count; i++) {
    const size_t ahead = i * bytes + kPrefetchBytes;
    out[i] = dot_one(query, rows + i * bytes, rows + (ahead < end ? ahead : 0), stride);
  }
}

EDGE_AVX2 void dot_picks(const int16_t* query, const int8_t* const* rows, size_t stride, size_t count, double* out) {
  for (size_t i = 0; i < count; i++) {
    const size_t ahead = i + 4 < count ? i + 4 : i;
    out[i] = dot_one(query, rows[i], rows[ahead], stride);
  }
}

EDGE_AVX2 inline __m256 magnitudes(const float* x) {
  const __m256 mask = _mm256_castsi256_ps(_mm256_set1_epi32(INT32_MAX));
  return _mm256_and_ps(mask, _mm256_loadu_ps(x));
}

// The largest magnitude of every block of a chunk.
EDGE_AVX2 inline __m256 block_peaks(const float* x) {
  __m256 most[4];
  for (size_t i = 0; i < 4; i++) most[i] = _mm256_max_ps(magnitudes(x + i * 8), magnitudes(x + kHalfChunk + i * 8));
  const __m256 a = _mm256_max_ps(_mm256_unpacklo_ps(most[0], most[1]), _mm256_unpackhi_ps(most[0], most[1]));
  const __m256 b = _mm256_max_ps(_mm256_unpacklo_ps(most[2], most[3]), _mm256_unpackhi_ps(most[2], most[3]));
  const __m256 mixed = _mm256_max_ps(_mm256_shuffle_ps(a, b, 0x44), _mm256_shuffle_ps(a, b, 0xee));
  return _mm256_permutevar8x32_ps(mixed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

// Four components as integers, rounded half to even: what the processor does when nobody has told it otherwise.
EDGE_AVX2 inline __m128i rounded(const float* x, __m256d factor) {
  return _mm256_cvtpd_epi32(_mm256_mul_pd(_mm256_cvtps_pd(_mm_loadu_ps(x)), factor));
}

// Eight components, the first four by one factor and the others by another.
EDGE_AVX2 inline __m128i rounded(const float* x, const double* factors) {
  return _mm_packs_epi32(rounded(x, _mm256_broadcast_sd(factors)), rounded(x + 4, _mm256_broadcast_sd(factors + 1)));
}

// Adds to `sums` the squares, in four lanes of 64 bits; returns the chunk's levels.
EDGE_AVX2 inline uint32_t quantise_chunk(const float* x, const loops::Grid& grid, int8_t* out, __m256i& sums) {
  const __m256 peaks = block_peaks(x);
  __m256i levels = _mm256_setzero_si256();
  for (size_t i = 0; i + 1 < kChunkBlocks; i++) {
    const __m256 above = _mm256_cmp_ps(peaks, _mm256_broadcast_ss(&grid.reach[i]), _CMP_GT_OQ);
    levels = _mm256_sub_epi32(levels, _mm256_castps_si256(above));
  }
  alignas(32) uint32_t level[kChunkBlocks];
  _mm256_store_si256(reinterpret_cast<__m256i*>(level), levels);
  double factor[kChunkBlocks];
  uint32_t packed = 0;
  for (size_t b = 0; b < kChunkBlocks; b++) {
    factor[b] = grid.factor[level[b]];
    packed |= level[b] << (b * kLevelBits);
  }
  const __m256i table = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kLevels));
  const __m256i scale = _mm256_permutevar8x32_epi32(table, levels);
  __m128i squares[4];
  for (size_t i = 0; i < 4; i++) {
    const __m128i first = rounded(x + i * 8, factor + i * 2);
    const __m128i second = rounded(x + kHalfChunk + i * 8, factor + i * 2);
    squares[i] = _mm_add_epi32(_mm_madd_epi16(first, first), _mm_madd_epi16(second, second));
    const __m128i bytes = _mm_packs_epi16(first, second);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out + i * 8), bytes);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out + kHalfChunk + i * 8), _mm_unpackhi_epi64(bytes, bytes));
  }
  // Of block 0 … 7: four squares of 127 and as many more, times the square of a scale, fit a lane.
  const __m256i blocks = _mm256_setr_m128i(_mm_hadd_epi32(squares[0], squares[1]), _mm_hadd_epi32(squares[2], squares[3]));
  const __m256i whole = _mm256_mullo_epi32(blocks, _mm256_mullo_epi32(scale, scale));
  sums = _mm256_add_epi64(sums, _mm256_cvtepi32_epi64(_mm256_castsi256_si128(whole)));
  sums = _mm256_add_epi64(sums, _mm256_cvtepi32_epi64(_mm256_extracti128_si256(whole, 1)));
  return packed;
}

}  // namespace

EDGE_AVX2 void scores(const double* dots, const float* factors, double query_factor, size_t count, float* out) {
  loops::scores(dots, factors, query_factor, count, out);
}

EDGE_AVX2 double peak(const float* x, size_t count) { return loops::peak(x, count); }

EDGE_AVX2 int64_t quantise_row(const float* x, size_t count, double peak, int8_t* row) {
  const loops::Grid grid(peak);
  const size_t stride = stride_of(count);
  __m256i sums = _mm256_setzero_si256();
  size_t at = 0;
  for (; at + kRowAlign <= count; at += kRowAlign) {
    set_levels_at(row, stride, at, quantise_chunk(x + at, grid, row + at, sums));
  }
  if (at < count) {
    float rest[kRowAlign] = {};
    for (size_t j = at; j < count; j++) rest[j - at] = x[j];
    set_levels_at(row, stride, at, quantise_chunk(rest, grid, row + at, sums));
  }
  return total_wide(sums);
}

EDGE_AVX2 void even(const int8_t* row, size_t stride, int8_t* out) {
  const __m256i half = _mm256_set1_epi16(kTopLevel / 2);
  for (size_t j = 0; j < stride; j += kRowAlign) {
    const __m256i scale = scales(levels_word(row, stride, j), places<0, 1, 2, 3, 4, 5, 6, 7>());
    const __m256i twice = _mm256_or_si256(scale, _mm256_slli_epi32(scale, 16));
    const __m256i low = _mm256_permutevar8x32_epi32(twice, _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3));
    const __m256i high = _mm256_permutevar8x32_epi32(twice, _mm256_setr_epi32(4, 4, 5, 5, 6, 6, 7, 7));
    for (size_t i = j; i < j + kRowAlign; i += kHalfChunk) {
      const auto* from = reinterpret_cast<const __m128i*>(row + i);
      const __m256i a = _mm256_mullo_epi16(_mm256_cvtepi8_epi16(_mm_loadu_si128(from)), low);
      const __m256i b = _mm256_mullo_epi16(_mm256_cvtepi8_epi16(_mm_loadu_si128(from + 1)), high);
      const __m256i bytes = _mm256_packs_epi16(_mm256_srai_epi16(_mm256_add_epi16(a, half), kTopBits),
                                               _mm256_srai_epi16(_mm256_add_epi16(b, half), kTopBits));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), _mm256_permute4x64_epi64(bytes, 0xd8));
    }
  }
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
      .even = avx2::even,
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
