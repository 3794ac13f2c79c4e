// SipHash (Aumasson & Bernstein): 2-4 for frame tags, 1-3 for hash tables that strangers feed.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "bytes.hpp"

namespace edge {

struct SipKey {
  uint64_t k0 = 0;
  uint64_t k1 = 0;

  static SipKey from(const uint8_t* bytes16) { return {load_le64(bytes16), load_le64(bytes16 + 8)}; }
};

class SipState {
 public:
  explicit SipState(const SipKey& key)
      : v0_(key.k0 ^ 0x736f6d6570736575u),
        v1_(key.k1 ^ 0x646f72616e646f6du),
        v2_(key.k0 ^ 0x6c7967656e657261u),
        v3_(key.k1 ^ 0x7465646279746573u) {}
  // Goes on from a state.
  SipState(uint64_t v0, uint64_t v1, uint64_t v2, uint64_t v3) : v0_(v0), v1_(v1), v2_(v2), v3_(v3) {}

  template <int Rounds>
  void absorb(uint64_t word) {
    v3_ ^= word;
    for (int i = 0; i < Rounds; i++) round();
    v0_ ^= word;
  }

  template <int Rounds>
  uint64_t finish() {
    v2_ ^= 0xff;
    for (int i = 0; i < Rounds; i++) round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void round() {
    v0_ += v1_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v3_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ += v3_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ += v1_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v2_ = std::rotl(v2_, 32);
  }

  uint64_t v0_, v1_, v2_, v3_;
};

// The 64-bit tag; its little-endian bytes are the reference implementation's output.
inline uint64_t siphash24(const SipKey& key, const uint8_t* data, size_t length) {
  SipState state(key);
  const uint8_t* const end = data + (length & ~size_t{7});
  for (; data != end; data += 8) state.absorb<2>(load_le64(data));
  uint64_t last = static_cast<uint64_t>(length & 0xff) << 56;
  for (size_t i = 0; i < (length & 7); i++) last |= static_cast<uint64_t>(data[i]) << (8 * i);
  state.absorb<2>(last);
  return state.finish<4>();
}

// Table hashes are of fixed width, so the length word is left out.
inline uint32_t table_hash(const SipKey& secret, uint64_t word) {
  SipState state(secret);
  state.absorb<1>(word);
  return static_cast<uint32_t>(state.finish<3>());
}

inline uint32_t table_hash(const SipKey& secret, uint64_t first, uint64_t second) {
  SipState state(secret);
  state.absorb<1>(first);
  state.absorb<1>(second);
  return static_cast<uint32_t>(state.finish<3>());
}

}  // namespace edge
