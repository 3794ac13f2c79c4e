// Plain loops over rows and their levels, which the compiler vectorises for whichever instruction set the including
// function is built for.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "kernel_loops.hpp"
#include "row_format.hpp"

namespace edge::loops {

// What a row of a given peak is rounded to.
struct Grid {
  explicit Grid(double peak) {
    for (size_t i = 0; i < kChunkBlocks; i++) {
      // Exact, as peak is a float.
      const double most = peak * kLevels[i] / kTopLevel;
      const auto near = static_cast<float>(most);
      reach[i] = static_cast<double>(near) > most ? std::bit_cast<float>(std::bit_cast<uint32_t>(near) - 1) : near;
      factor[i] = kRowPeak * kTopLevel / kLevels[i] / peak;
    }
  }

  // Largest magnitude that a level takes, and what a component is multiplied by under it.
  float reach[kChunkBlocks];
  double factor[kChunkBlocks];
};

// Component by component of half a chunk, what is given block by block.
template <typename T>
[[gnu::always_inline]] inline void spread(const T* blocks, T* out) {
  for (size_t j = 0; j < kHalfChunk; j++) out[j] = blocks[j / kBlockRun];
}

// One chunk; returns its levels.
[[gnu::always_inline]] inline uint32_t quantise_chunk(const float* x, const Grid& grid, int8_t* out,
                                                      int64_t& squares) {
  float large[kHalfChunk];
  for (size_t j = 0; j < kHalfChunk; j++) {
    const float a = std::fabs(x[j]);
    const float b = std::fabs(x[kHalfChunk + j]);
    large[j] = a > b ? a : b;
  }
  uint32_t levels = 0;
  double factor[kChunkBlocks];
  int32_t scale[kChunkBlocks];
  for (size_t b = 0; b < kChunkBlocks; b++) {
    float most = 0;
    for (size_t j = 0; j < kBlockRun; j++) most = large[b * kBlockRun + j] > most ? large[b * kBlockRun + j] : most;
    uint32_t level = 0;
    for (size_t i = 0; i + 1 < kChunkBlocks; i++) level += most > grid.reach[i] ? 1 : 0;
    levels |= level << (b * kLevelBits);
    factor[b] = grid.factor[level];
    scale[b] = kLevels[level] * kLevels[level];
  }
  double factors[kHalfChunk];
  int32_t scales[kHalfChunk];
  spread(factor, factors);
  spread(scale, scales);
  for (const size_t half : {size_t{0}, kHalfChunk}) {
    int32_t part[kHalfChunk];
    for (size_t j = 0; j < kHalfChunk; j++) {
      const double shifted = static_cast<double>(x[half + j]) * factors[j] + kRounder;
      const auto value = static_cast<int32_t>(shifted - kRounder);
      out[half + j] = static_cast<int8_t>(value);
      part[j] = value * value * scales[j];
    }
    for (size_t j = 0; j < kHalfChunk; j++) squares += part[j];
  }
  return levels;
}

[[gnu::always_inline]] inline int64_t quantise_row(const float* x, size_t count, double peak, int8_t* row) {
  const Grid grid(peak);
  const size_t stride = stride_of(count);
  int64_t squares = 0;
  size_t at = 0;
  for (; at + kRowAlign <= count; at += kRowAlign) {
    set_levels_at(row, stride, at, quantise_chunk(x + at, grid, row + at, squares));
  }
  if (at < count) {
    float rest[kRowAlign] = {};
    for (size_t j = at; j < count; j++) rest[j - at] = x[j];
    set_levels_at(row, stride, at, quantise_chunk(rest, grid, row + at, squares));
  }
  return squares;
}

[[gnu::always_inline]] inline void even(const int8_t* row, size_t stride, int8_t* out) {
  for (size_t at = 0; at < stride; at += kRowAlign) {
    const uint32_t levels = levels_at(row, stride, at);
    int16_t scale[kChunkBlocks];
    int16_t scales[kHalfChunk];
    for (size_t b = 0; b < kChunkBlocks; b++) scale[b] = static_cast<int16_t>(level_of(levels, b));
    spread(scale, scales);
    for (const size_t half : {at, at + kHalfChunk}) {
      for (size_t j = 0; j < kHalfChunk; j++) {
        out[half + j] = static_cast<int8_t>((row[half + j] * scales[j] + kTopLevel / 2) >> kTopBits);
      }
    }
  }
}

// Exact; the sum of a block fits 32 bits many times over.
[[gnu::always_inline]] inline int64_t dot(const int16_t* query, const int8_t* row, size_t stride) {
  int64_t sum = 0;
  for (size_t at = 0; at < stride; at += kRowAlign) {
    const uint32_t levels = levels_at(row, stride, at);
    int32_t part[kHalfChunk];
    for (size_t j = 0; j < kHalfChunk; j++) {
      part[j] = query[at + j] * row[at + j] + query[at + kHalfChunk + j] * row[at + kHalfChunk + j];
    }
    for (size_t b = 0; b < kChunkBlocks; b++) {
      int32_t block = 0;
      for (size_t j = 0; j < kBlockRun; j++) block += part[b * kBlockRun + j];
      sum += int64_t{block} * level_of(levels, b);
    }
  }
  return sum;
}

}  // namespace edge::loops
