// AVX-512 with VPOPCNTDQ and VNNI (Ice Lake, Zen 4 and newer): the loops over many rows. What is done once for a row
// or a query stays AVX2's.
#include "kernels_avx2.hpp"

#if defined(__x86_64__)

#include "sketch_loops.hpp"

// The tests also build this file for processors without AVX-512, on top of SIMDe.
#if defined(EDGE_AGENT_SIMDE)
#include "../test/simde_avx512.hpp"
#define EDGE_AVX512
#define EDGE_AVX512_SPACE edge::emulated
#else
#if !defined(__clang__)
// GCC 12 warns of its own header (bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>
#define EDGE_AVX512 \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq,avx512vnni,avx2,popcnt,bmi")))
#define EDGE_AVX512_SPACE edge
#endif

namespace EDGE_AVX512_SPACE {

namespace {

using edge::Columns;
using edge::Filter;
using edge::kCoarseBytes;
using edge::kSketchBytes;

// As in kernels_avx2.cpp.
constexpr size_t kPrefetchBytes = 4096;

EDGE_AVX512 inline __m512i load(const void* from) { return _mm512_loadu_si512(from); }

EDGE_AVX512 inline __m512i step(__m512i sum, const int16_t* query, const int8_t* row) {
  const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(row));
  return _mm512_dpwssd_epi32(sum, load(query), _mm512_cvtepi8_epi16(bytes));
}

// Two of the sixteen lanes together still fit 32 bits: they are the sums of one block of every chunk.
EDGE_AVX512 inline int64_t total(__m512i lanes) {
  const __m256i eight = _mm256_add_epi32(_mm512_castsi512_si256(lanes), _mm512_extracti64x4_epi64(lanes, 1));
  const __m256i low = _mm256_cvtepi32_epi64(_mm256_castsi256_si128(eight));
  const __m256i high = _mm256_cvtepi32_epi64(_mm256_extracti128_si256(eight, 1));
  const __m256i four = _mm256_add_epi64(low, high);
  const __m128i two = _mm_add_epi64(_mm256_castsi256_si128(four), _mm256_extracti128_si256(four, 1));
  return _mm_cvtsi128_si64(_mm_add_epi64(two, _mm_unpackhi_epi64(two, two)));
}

// Sixteen lanes, two for each block of a chunk.
EDGE_AVX512 inline __m512i dot_part(const int16_t* query, const int8_t* row, const int8_t* ahead, size_t stride,
                                    size_t from, size_t to) {
  const __m512i table = _mm512_broadcast_i64x4(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(edge::kLevels)));
  const __m512i places = _mm512_setr_epi32(8, 8, 11, 11, 14, 14, 17, 17, 20, 20, 23, 23, 26, 26, 29, 29);
  __m512i sum = _mm512_setzero_si512();
  for (size_t j = from; j < to; j += edge::kRowAlign) {
    __builtin_prefetch(ahead + j);
    __m512i blocks = step(_mm512_setzero_si512(), query + j, row + j);
    blocks = step(blocks, query + j + edge::kHalfChunk, row + j + edge::kHalfChunk);
    // Four bits tell an entry of the table, which has all eight twice.
    const __m512i level = _mm512_srlv_epi32(_mm512_set1_epi32(edge::levels_word(row, stride, j)), places);
    sum = _mm512_add_epi32(sum, _mm512_mullo_epi32(blocks, _mm512_permutexvar_epi32(level, table)));
  }
  return sum;
}

EDGE_AVX512 inline double dot_one(const int16_t* query, const int8_t* row, const int8_t* ahead, size_t stride) {
  int64_t sum = 0;
  for (size_t from = 0; from < stride; from += edge::kDotPart) {
    const size_t to = from + edge::kDotPart < stride ? from + edge::kDotPart : stride;
    sum += total(dot_part(query, row, ahead, stride, from, to));
  }
  __builtin_prefetch(ahead + stride);
  return static_cast<double>(sum);
}

EDGE_AVX512 void dot_rows(const int16_t* query, const int8_t* rows, size_t stride, size_t count, double* out) {
  const size_t bytes = edge::row_bytes(stride);
  const size_t end = count * bytes;
  for (size_t i = 0; i < count; i++) {
    const size_t ahead = i * bytes + kPrefetchBytes;
    out[i] = dot_one(query, rows + i * bytes, rows + (ahead < end ? ahead : 0), stride);
  }
}

EDGE_AVX512 void dot_picks(const int16_t* query, const int8_t* const* rows, size_t stride, size_t count,
                           double* out) {
  for (size_t i = 0; i < count; i++) {
    const size_t ahead = i + 4 < count ? i + 4 : i;
    out[i] = dot_one(query, rows[i], rows[ahead], stride);
  }
}

// Sixteen bits of the sketch at a time.
EDGE_AVX512 void signs(const int32_t* y, const float* mean, float norm, uint8_t* out) {
  const __m512 length = _mm512_set1_ps(norm);
  for (size_t i = 0; i < kSketchBytes; i += 2) {
    const __m512i sixteen = load(y + i * 8);
    auto above = _mm512_cmpgt_epi32_mask(sixteen, _mm512_setzero_si512());
    if (mean != nullptr) {
      const __m512 least = _mm512_mul_ps(length, _mm512_loadu_ps(mean + i * 8));
      above = _mm512_cmp_ps_mask(_mm512_cvtepi32_ps(sixteen), least, _CMP_GT_OQ);
    }
    const auto bits = static_cast<uint16_t>(above);
    std::memcpy(out + i, &bits, sizeof bits);
  }
}

// The bits set in each half of four rows' 16 bytes.
EDGE_AVX512 inline __m512i halves(__m512i query, const uint8_t* rows) {
  return _mm512_popcnt_epi64(_mm512_xor_si512(query, load(rows)));
}

template <int Byte>
EDGE_AVX512 inline __m512i with(__m512i sum, __m512i query, const uint8_t* rows) {
  return _mm512_or_si512(sum, _mm512_slli_epi64(halves(query, rows + Byte * 64), Byte * 8));
}

EDGE_AVX512 void coarse_rows(const uint8_t* query, const uint8_t* rows, size_t count, uint8_t* out) {
  const __m512i all = _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(query)));
  // Of the bytes of two rows, 0 … 7 and 8 … 15: pairs of one row's and the other's.
  const __m256i pairs = _mm256_setr_epi8(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15,  //
                                         0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
  const __m512i firsts = _mm512_set_epi64(7, 5, 3, 1, 6, 4, 2, 0);
  size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const uint8_t* from = rows + i * kCoarseBytes;
    for (size_t line = 0; line < 512; line += 64) __builtin_prefetch(from + 1024 + line);
    // Byte b of 64-bit lane 2 r + h: half h of row 4 b + r. No half exceeds 64, no row 128.
    __m512i sum = halves(all, from);
    sum = with<1>(sum, all, from);
    sum = with<2>(sum, all, from);
    sum = with<3>(sum, all, from);
    sum = with<4>(sum, all, from);
    sum = with<5>(sum, all, from);
    sum = with<6>(sum, all, from);
    sum = with<7>(sum, all, from);
    const __m512i apart = _mm512_permutexvar_epi64(firsts, sum);
    const __m256i both = _mm256_add_epi8(_mm512_castsi512_si256(apart), _mm512_extracti64x4_epi64(apart, 1));
    // Rows 4 b and 4 b + 1 side by side in the lower half, 4 b + 2 and 4 b + 3 in the upper.
    const __m256i beside = _mm256_shuffle_epi8(both, pairs);
    const __m128i low = _mm256_castsi256_si128(beside);
    const __m128i high = _mm256_extracti128_si256(beside, 1);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), _mm_unpacklo_epi16(low, high));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i + 16), _mm_unpackhi_epi16(low, high));
  }
  edge::avx2::coarse_rows(query, rows + i * kCoarseBytes, count - i, out + i);
}

// The 48 bytes of a row; not one more is touched.
EDGE_AVX512 inline __m512i load_fine(const uint8_t* row) { return _mm512_maskz_loadu_epi64(0x3f, row); }

EDGE_AVX512 inline __m512i differing(__m512i query, const uint8_t* row) {
  return _mm512_popcnt_epi64(_mm512_xor_si512(query, load_fine(row)));
}

EDGE_AVX512 void fine_picks(const uint8_t* query, const uint8_t* const* rows, size_t count, uint16_t* out) {
  constexpr size_t kAhead = 8;
  const __m512i wanted = load_fine(query);
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    for (size_t r = 0; r < 4; r++) {
      const uint8_t* ahead = rows[i + r + kAhead < count ? i + r + kAhead : i];
      __builtin_prefetch(ahead);
      __builtin_prefetch(ahead + edge::kFineBytes - 1);
    }
    // Sixteen bits a row: no sum exceeds 384.
    __m512i sum = differing(wanted, rows[i]);
    sum = _mm512_or_si512(sum, _mm512_slli_epi64(differing(wanted, rows[i + 1]), 16));
    sum = _mm512_or_si512(sum, _mm512_slli_epi64(differing(wanted, rows[i + 2]), 32));
    sum = _mm512_or_si512(sum, _mm512_slli_epi64(differing(wanted, rows[i + 3]), 48));
    const __m256i four = _mm256_add_epi64(_mm512_castsi512_si256(sum), _mm512_extracti64x4_epi64(sum, 1));
    const __m128i two = _mm_add_epi64(_mm256_castsi256_si128(four), _mm256_extracti128_si256(four, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out + i), _mm_add_epi64(two, _mm_unpackhi_epi64(two, two)));
  }
  edge::avx2::fine_picks(query, rows + i, count - i, out + i);
}

EDGE_AVX512 size_t select(const uint8_t* values, size_t count, uint8_t least, uint8_t most, uint16_t* pick) {
  const __m512i base = _mm512_set1_epi8(static_cast<char>(least));
  const __m512i range = _mm512_set1_epi8(static_cast<char>(most - least));
  size_t picked = 0;
  size_t i = 0;
  for (; i + 64 <= count; i += 64) {
    uint64_t mask = _mm512_cmple_epu8_mask(_mm512_sub_epi8(load(values + i), base), range);
    for (; mask != 0; mask &= mask - 1) {
      pick[picked++] = static_cast<uint16_t>(i + static_cast<size_t>(__builtin_ctzll(mask)));
    }
  }
  return edge::loops::select(values, i, count, least, most, pick, picked);
}

// Those of 32 rows whose time is within both ends.
EDGE_AVX512 inline uint32_t in_time(__m512d since, __m512d until, const double* times) {
  uint32_t mask = 0;
  for (uint32_t from = 0; from < 32; from += 8) {
    const __m512d eight = _mm512_loadu_pd(times + from);
    const uint32_t late = _mm512_cmp_pd_mask(eight, since, _CMP_GE_OQ);
    const uint32_t early = _mm512_cmp_pd_mask(eight, until, _CMP_LE_OQ);
    mask |= (late & early) << from;
  }
  return mask;
}

EDGE_AVX512 void exclude(const Filter& filter, const Columns& columns, size_t count, uint8_t* out) {
  const __m512i type = _mm512_set1_epi16(static_cast<short>(filter.type));
  const __m512i node = _mm512_set1_epi32(static_cast<int>(filter.node));
  const __m512d since = _mm512_set1_pd(filter.since_ms);
  const __m512d until = _mm512_set1_pd(filter.until_ms);
  const bool by_time = filter.by_time();
  size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    uint32_t passes = UINT32_MAX;
    if (filter.by_type) passes &= _mm512_cmpeq_epi16_mask(type, load(columns.type + i));
    if (filter.by_node) {
      const uint32_t low = _mm512_cmpeq_epi32_mask(node, load(columns.node + i));
      const uint32_t high = _mm512_cmpeq_epi32_mask(node, load(columns.node + i + 16));
      passes &= low | high << 16;
    }
    if (by_time) passes &= in_time(since, until, columns.time_ms + i);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), _mm256_movm_epi8(~passes));
  }
  const Columns rest{filter.by_type ? columns.type + i : nullptr, filter.by_node ? columns.node + i : nullptr,
                     by_time ? columns.time_ms + i : nullptr};
  edge::loops::exclude(filter, rest, count - i, out + i);
}

}  // namespace

const edge::Kernels& avx512_kernels() {
  static constexpr edge::Kernels kernels{
      .isa = edge::Isa::avx512,
      .dot_rows = dot_rows,
      .dot_picks = dot_picks,
      .scores = edge::avx2::scores,
      .peak = edge::avx2::peak,
      .quantise_row = edge::avx2::quantise_row,
      .even = edge::avx2::even,
      .rotate = edge::avx2::rotate,
      .signs = signs,
      .project = edge::avx2::project,
      .accumulate = edge::avx2::accumulate,
      .coarse_rows = coarse_rows,
      .coarse_picks = edge::avx2::coarse_picks,
      .fine_picks = fine_picks,
      .select = select,
      .exclude = exclude,
  };
  return kernels;
}

}  // namespace EDGE_AVX512_SPACE

#endif
