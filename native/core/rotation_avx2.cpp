#include "kernels_avx2.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#include "rotation_loops.hpp"

#define EDGE_INLINE __attribute__((always_inline)) EDGE_AVX2 inline

namespace edge::avx2 {

namespace {

constexpr size_t kTile = Rotation::kTile;

EDGE_INLINE void add_sub(__m256i& a, __m256i& b) {
  const __m256i sum = _mm256_add_epi32(a, b);
  b = _mm256_sub_epi32(a, b);
  a = sum;
}

// Three rounds of the transform, over the numbers of eight registers.
EDGE_INLINE void across(__m256i* v) {
  add_sub(v[0], v[4]);
  add_sub(v[1], v[5]);
  add_sub(v[2], v[6]);
  add_sub(v[3], v[7]);
  add_sub(v[0], v[2]);
  add_sub(v[1], v[3]);
  add_sub(v[4], v[6]);
  add_sub(v[5], v[7]);
  add_sub(v[0], v[1]);
  add_sub(v[2], v[3]);
  add_sub(v[4], v[5]);
  add_sub(v[6], v[7]);
}

EDGE_INLINE void transpose(__m256i* v) {
  __m256i t[8];
  for (size_t i = 0; i < 8; i += 2) {
    t[i] = _mm256_unpacklo_epi32(v[i], v[i + 1]);
    t[i + 1] = _mm256_unpackhi_epi32(v[i], v[i + 1]);
  }
  __m256i u[8];
  for (size_t i = 0; i < 8; i += 4) {
    u[i] = _mm256_unpacklo_epi64(t[i], t[i + 2]);
    u[i + 1] = _mm256_unpackhi_epi64(t[i], t[i + 2]);
    u[i + 2] = _mm256_unpacklo_epi64(t[i + 1], t[i + 3]);
    u[i + 3] = _mm256_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  for (size_t i = 0; i < 4; i++) {
    v[i] = _mm256_permute2x128_si256(u[i], u[i + 4], 0x20);
    v[i + 4] = _mm256_permute2x128_si256(u[i], u[i + 4], 0x31);
  }
}

EDGE_INLINE __m256i widen(const int8_t* eight) {
  return _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(eight)));
}

EDGE_INLINE __m256i* lanes(int32_t* y) { return reinterpret_cast<__m256i*>(y); }

// The three rounds over the highest bits of the component's number, from the row with its first signs.
EDGE_INLINE void first_rounds(const Rotation& rotation, const int8_t* row, size_t stride, int32_t* out) {
  const size_t step = rotation.padded() / 8;
  const int8_t* signs = rotation.first();
  for (size_t i = 0; i < step; i += 8) {
    __m256i v[8];
    for (size_t r = 0; r < 8; r++) {
      const size_t at = i + r * step;
      v[r] = at < stride ? _mm256_sign_epi32(widen(row + at), widen(signs + at)) : _mm256_setzero_si256();
    }
    across(v);
    for (size_t r = 0; r < 8; r++) _mm256_store_si256(lanes(out + i + r * step), v[r]);
  }
}

EDGE_INLINE void last_rounds(size_t padded, int32_t* y) {
  const size_t step = padded / 8;
  for (size_t i = 0; i < step; i += 8) {
    __m256i v[8];
    for (size_t r = 0; r < 8; r++) v[r] = _mm256_load_si256(lanes(y + i + r * step));
    across(v);
    for (size_t r = 0; r < 8; r++) _mm256_store_si256(lanes(y + i + r * step), v[r]);
  }
}

// The rounds between those and the tiles: there are some beyond 512 components.
EDGE_INLINE void middle_rounds(size_t padded, int32_t* y) {
  for (size_t width = padded / 16; width >= kTile; width /= 2) {
    for (size_t from = 0; from < padded; from += 2 * width) {
      for (size_t i = from; i < from + width; i += 8) {
        __m256i a = _mm256_load_si256(lanes(y + i));
        __m256i b = _mm256_load_si256(lanes(y + i + width));
        add_sub(a, b);
        _mm256_store_si256(lanes(y + i), a);
        _mm256_store_si256(lanes(y + i + width), b);
      }
    }
  }
}

// The six rounds within a tile that end the first transform, shift and signs, and the six that begin the second. The
// signs are given transposed, as the tile is when their turn comes.
EDGE_INLINE void tile_rounds(int32_t* y, const int8_t* signs, __m128i shift) {
  __m256i v[8];
  for (size_t r = 0; r < 8; r++) v[r] = _mm256_load_si256(lanes(y + r * 8));
  across(v);
  transpose(v);
  across(v);
  for (size_t r = 0; r < 8; r++) v[r] = _mm256_sign_epi32(_mm256_sra_epi32(v[r], shift), widen(signs + r * 8));
  across(v);
  transpose(v);
  across(v);
  for (size_t r = 0; r < 8; r++) _mm256_store_si256(lanes(y + r * 8), v[r]);
}

}  // namespace

EDGE_AVX2 void rotate(const Rotation& rotation, const int8_t* row, size_t stride, int32_t* out) {
  const size_t padded = rotation.padded();
  first_rounds(rotation, row, stride, out);
  middle_rounds(padded, out);
  const __m128i shift = _mm_cvtsi32_si128(rotation.shift());
  for (size_t i = 0; i < padded; i += kTile) tile_rounds(out + i, rotation.second_tiles() + i, shift);
  middle_rounds(padded, out);
  last_rounds(padded, out);
}

EDGE_AVX2 void signs(const int32_t* y, const float* mean, float norm, uint8_t* out) {
  const __m256 length = _mm256_set1_ps(norm);
  for (size_t i = 0; i < kSketchBytes; i++) {
    const __m256i eight = _mm256_load_si256(reinterpret_cast<const __m256i*>(y + i * 8));
    __m256 above = _mm256_castsi256_ps(_mm256_cmpgt_epi32(eight, _mm256_setzero_si256()));
    if (mean != nullptr) {
      const __m256 least = _mm256_mul_ps(length, _mm256_loadu_ps(mean + i * 8));
      above = _mm256_cmp_ps(_mm256_cvtepi32_ps(eight), least, _CMP_GT_OQ);
    }
    out[i] = static_cast<uint8_t>(_mm256_movemask_ps(above));
  }
}

EDGE_AVX2 double project(const int32_t* y, const double* mean, size_t count) {
  __m256d sums[4] = {_mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd()};
  for (size_t j = 0; j < count; j += loops::kSumLanes) {
    for (size_t l = 0; l < 4; l++) {
      const __m256d four = _mm256_cvtepi32_pd(_mm_load_si128(reinterpret_cast<const __m128i*>(y + j + l * 4)));
      sums[l] = _mm256_add_pd(sums[l], _mm256_mul_pd(four, _mm256_loadu_pd(mean + j + l * 4)));
    }
  }
  double lanes[loops::kSumLanes];
  for (size_t l = 0; l < 4; l++) _mm256_storeu_pd(lanes + l * 4, sums[l]);
  return loops::fold(lanes);
}

EDGE_AVX2 void accumulate(const int32_t* y, double inverse, size_t count, double* sums) {
  loops::accumulate(y, inverse, count, sums);
}

}  // namespace edge::avx2

#endif
