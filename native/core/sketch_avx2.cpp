#include "kernels_avx2.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#include "sketch_loops.hpp"

namespace edge::avx2 {

namespace {

// The bits set in each half of a row's 16 bytes: two rows, four 64-bit lanes.
EDGE_AVX2 inline __m256i halves(__m256i query, const uint8_t* rows) {
  const __m256i nibble = _mm256_set1_epi8(15);
  const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,  //
                                         0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i bits = _mm256_xor_si256(query, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(rows)));
  const __m256i low = _mm256_shuffle_epi8(table, _mm256_and_si256(bits, nibble));
  const __m256i high = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(bits, 4), nibble));
  return _mm256_sad_epu8(_mm256_add_epi8(low, high), _mm256_setzero_si256());
}

}  // namespace

EDGE_AVX2 void coarse_rows(const uint8_t* query, const uint8_t* rows, size_t count, uint8_t* out) {
  const __m256i both = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(query)));
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const uint8_t* eight = rows + i * kCoarseBytes;
    __builtin_prefetch(eight + 1024);
    __builtin_prefetch(eight + 1024 + 64);
    __m256i sum = halves(both, eight);
    sum = _mm256_add_epi64(sum, _mm256_slli_epi64(halves(both, eight + 32), 16));
    sum = _mm256_add_epi64(sum, _mm256_slli_epi64(halves(both, eight + 64), 32));
    sum = _mm256_add_epi64(sum, _mm256_slli_epi64(halves(both, eight + 96), 48));
    sum = _mm256_add_epi64(sum, _mm256_shuffle_epi32(sum, _MM_SHUFFLE(1, 0, 3, 2)));
    // Even rows lie in the lower half, odd ones in the upper, 16 bits each.
    const __m128i even = _mm256_castsi256_si128(sum);
    const __m128i odd = _mm256_extracti128_si256(sum, 1);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out + i), _mm_or_si128(even, _mm_slli_epi16(odd, 8)));
  }
  loops::coarse_rows(query, rows + i * kCoarseBytes, count - i, out + i);
}

EDGE_AVX2 void coarse_picks(const uint8_t* query, const uint8_t* rows, const uint16_t* pick, size_t count,
                            uint8_t* out) {
  loops::coarse_picks(query, rows, pick, count, out);
}

EDGE_AVX2 void fine_picks(const uint8_t* query, const uint8_t* const* rows, size_t count, uint16_t* out) {
  loops::fine_picks(query, rows, count, out);
}

EDGE_AVX2 size_t select(const uint8_t* values, size_t count, uint8_t least, uint8_t most, uint16_t* pick) {
  const __m256i base = _mm256_set1_epi8(static_cast<char>(least));
  const __m256i range = _mm256_set1_epi8(static_cast<char>(most - least));
  size_t picked = 0;
  size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m256i above = _mm256_sub_epi8(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(values + i)), base);
    const __m256i inside = _mm256_cmpeq_epi8(_mm256_min_epu8(above, range), above);
    auto mask = static_cast<uint32_t>(_mm256_movemask_epi8(inside));
    for (; mask != 0; mask &= mask - 1) {
      pick[picked++] = static_cast<uint16_t>(i + static_cast<size_t>(__builtin_ctz(mask)));
    }
  }
  return loops::select(values, i, count, least, most, pick, picked);
}

EDGE_AVX2 void exclude(const Filter& filter, const Columns& columns, size_t count, uint8_t* out) {
  loops::exclude(filter, columns, count, out);
}

}  // namespace edge::avx2

#endif
