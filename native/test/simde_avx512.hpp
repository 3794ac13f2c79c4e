// AVX-512 for processors that have none, to test the logic of kernels_avx512.cpp anywhere: SIMDe, and by Intel's
// definitions what Debian's version of it lacks.
#pragma once

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx2.h>
#include <simde/x86/avx512.h>

#include <bit>
#include <cstring>

#include "../core/kernels.hpp"

namespace edge::emulated {

const Kernels& avx512_kernels();

template <typename Lane, size_t Count, typename Wide>
inline void spread(Wide from, Lane (&to)[Count]) {
  static_assert(sizeof to == sizeof from);
  std::memcpy(to, &from, sizeof to);
}

inline simde__m512i maskz_loadu_epi64(uint8_t mask, const void* from) {
  uint64_t lanes[8] = {};
  for (size_t i = 0; i < 8; i++) {
    if ((mask >> i & 1) != 0) std::memcpy(&lanes[i], static_cast<const uint8_t*>(from) + i * 8, 8);
  }
  return simde_mm512_loadu_si512(lanes);
}

inline uint32_t cmpeq_epi16_mask(simde__m512i a, simde__m512i b) {
  uint16_t left[32];
  uint16_t right[32];
  spread(a, left);
  spread(b, right);
  uint32_t mask = 0;
  for (uint32_t i = 0; i < 32; i++) mask |= (left[i] == right[i] ? 1u : 0u) << i;
  return mask;
}

inline simde__m512 cvtepi32_ps(simde__m512i a) {
  int32_t whole[16];
  float lanes[16];
  spread(a, whole);
  for (size_t i = 0; i < 16; i++) lanes[i] = static_cast<float>(whole[i]);
  return simde_mm512_loadu_ps(lanes);
}

}  // namespace edge::emulated

#define _mm512_maskz_loadu_epi64 edge::emulated::maskz_loadu_epi64
#define _mm512_cmpeq_epi16_mask edge::emulated::cmpeq_epi16_mask
#define _mm512_cvtepi32_ps edge::emulated::cvtepi32_ps
