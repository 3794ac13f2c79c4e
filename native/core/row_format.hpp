// How a vector lies in a row: int8 values, and a level for every eight of them. A level is a scale; eight values without
// a large one among them need not be rounded as coarsely as those beside the largest of all. Of a typical embedding the
// rounding is off by two thirds of what it would be with one scale a row, for three bytes in every 67.
//
//   component j of the vector = unit × kLevels[level of j's block] × value[j]
//
// The unit is not kept, as a cosine is free of scale. All that follows is in integers, so that every machine has the
// same scores and sketches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace edge {

// Rows and queries are padded with zeros to this many components, so that no kernel has a tail. So many components are
// a chunk of eight blocks: component j of the chunk belongs to block j % 32 / 4, as the products of four neighbours are
// what the widest kernels add up by themselves.
inline constexpr size_t kRowAlign = 64;
inline constexpr size_t kMaxDimension = 4096;
inline constexpr size_t kChunkBlocks = 8;
inline constexpr size_t kHalfChunk = kRowAlign / 2;
inline constexpr size_t kBlockRun = kHalfChunk / kChunkBlocks;

// Largest value of a block whose level fits it.
inline constexpr double kRowPeak = 127.0;
// A level is three bits. About the least error for normally distributed components; the first is for vectors
// with a few components far larger than the others.
inline constexpr int32_t kLevels[8] = {18, 26, 31, 36, 41, 47, 54, 64};
inline constexpr int kTopBits = 6;
inline constexpr int32_t kTopLevel = 1 << kTopBits;
inline constexpr uint32_t kLevelBits = 3;
// The levels of a chunk, block 0's in the lowest bits of the first byte. They lie behind the row's values, chunk by chunk.
inline constexpr size_t kLevelBytes = kLevelBits * kChunkBlocks / 8;

constexpr size_t stride_of(size_t dimension) { return (dimension + kRowAlign - 1) / kRowAlign * kRowAlign; }
constexpr size_t row_bytes(size_t stride) { return stride + stride / kRowAlign * kLevelBytes; }

// The levels of the chunk whose first component is `at`.
inline uint32_t levels_at(const int8_t* row, size_t stride, size_t at) {
  uint8_t bytes[kLevelBytes];
  std::memcpy(bytes, row + stride + at / kRowAlign * kLevelBytes, sizeof bytes);
  return uint32_t{bytes[0]} | uint32_t{bytes[1]} << 8 | uint32_t{bytes[2]} << 16;
}

inline void set_levels_at(int8_t* row, size_t stride, size_t at, uint32_t levels) {
  const uint8_t bytes[kLevelBytes] = {static_cast<uint8_t>(levels), static_cast<uint8_t>(levels >> 8),
                                      static_cast<uint8_t>(levels >> 16)};
  std::memcpy(row + stride + at / kRowAlign * kLevelBytes, bytes, sizeof bytes);
}

// For vector kernels: the byte before the levels and the levels, of which block b's are bits kLevelsShift + 3 b on.
inline constexpr int kLevelsShift = 8;
inline int32_t levels_word(const int8_t* row, size_t stride, size_t at) {
  int32_t word;
  std::memcpy(&word, row + stride + at / kRowAlign * kLevelBytes - 1, sizeof word);
  return word;
}

// The scale of block `block` of a chunk with these levels.
inline int32_t level_of(uint32_t levels, size_t block) { return kLevels[levels >> (block * kLevelBits) & 7]; }

// All blocks at the same scale: a row of int8 as others have it.
inline void set_top_levels(int8_t* row, size_t stride) {
  for (size_t at = 0; at < stride; at += kRowAlign) set_levels_at(row, stride, at, UINT32_MAX);
}

// Sum of the squares of level × value.
inline int64_t row_squares(const int8_t* row, size_t stride) {
  int64_t squares = 0;
  for (size_t at = 0; at < stride; at += kRowAlign) {
    const uint32_t levels = levels_at(row, stride, at);
    for (size_t b = 0; b < kChunkBlocks; b++) {
      const int8_t* values = row + at + b * kBlockRun;
      int32_t sum = 0;
      for (size_t j = 0; j < kBlockRun; j++) {
        sum += int32_t{values[j]} * int32_t{values[j]};
        sum += int32_t{values[kHalfChunk + j]} * int32_t{values[kHalfChunk + j]};
      }
      squares += int64_t{sum} * (level_of(levels, b) * level_of(levels, b));
    }
  }
  return squares;
}

}  // namespace edge
