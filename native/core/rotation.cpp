#include "rotation.hpp"

#include <bit>

#include "rotation_loops.hpp"

namespace edge {

namespace {

class SplitMix {
 public:
  explicit SplitMix(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

 private:
  uint64_t state_;
};

void draw(SplitMix& words, Buffer<int8_t>& signs) {
  for (size_t i = 0; i < signs.size(); i += 64) {
    const uint64_t word = words.next();
    for (size_t j = 0; j < 64; j++) signs[i + j] = (word >> j & 1) != 0 ? int8_t{-1} : int8_t{1};
  }
}

}  // namespace

bool Rotation::init(size_t dimension, uint64_t seed) {
  padded_ = std::bit_ceil(dimension < kSketchBits ? kSketchBits : dimension);
  const int bits = 2 * (std::bit_width(padded_) - 1) - 23;
  shift_ = bits > 0 ? bits : 0;
  if (!first_.resize(padded_) || !second_.resize(padded_) || !tiles_.resize(padded_)) return false;
  SplitMix words(seed);
  draw(words, first_);
  draw(words, second_);
  for (size_t tile = 0; tile < padded_; tile += kTile) {
    for (size_t i = 0; i < kTile; i++) tiles_[tile + i] = second_[tile + i % 8 * 8 + i / 8];
  }
  return true;
}

void Rotation::apply(double* x) const {
  for (size_t i = 0; i < padded_; i++) x[i] *= first_[i];
  loops::hadamard(x, padded_);
  const double part = 1.0 / static_cast<double>(1u << shift_);
  for (size_t i = 0; i < padded_; i++) x[i] *= part * second_[i];
  loops::hadamard(x, padded_);
}

}  // namespace edge
