#include "siphash_lanes.hpp"

namespace edge {

namespace {

// Four words; the compiler splits them where registers are shorter.
typedef uint64_t Words __attribute__((vector_size(kSipLanes * sizeof(uint64_t))));

#define EDGE_INLINE [[gnu::always_inline]] inline

template <int Bits>
EDGE_INLINE void rotate(Words& x) {
  x = (x << Bits) | (x >> (64 - Bits));
}

// Whole bytes move by a single shuffle.
template <>
EDGE_INLINE void rotate<32>(Words& x) {
  typedef uint32_t Halves __attribute__((vector_size(sizeof(Words))));
  const Halves halves = reinterpret_cast<Halves>(x);
  x = reinterpret_cast<Words>(__builtin_shufflevector(halves, halves, 1, 0, 3, 2, 5, 4, 7, 6));
}

template <>
EDGE_INLINE void rotate<16>(Words& x) {
  typedef uint8_t Bytes __attribute__((vector_size(sizeof(Words))));
  const Bytes bytes = reinterpret_cast<Bytes>(x);
  x = reinterpret_cast<Words>(__builtin_shufflevector(bytes, bytes, 6, 7, 0, 1, 2, 3, 4, 5, 14, 15, 8, 9, 10, 11, 12,
                                                      13, 22, 23, 16, 17, 18, 19, 20, 21, 30, 31, 24, 25, 26, 27, 28,
                                                      29));
}

struct Lanes {
  Words v0, v1, v2, v3;
};

EDGE_INLINE void round(Lanes& s) {
  s.v0 += s.v1;
  rotate<13>(s.v1);
  s.v1 ^= s.v0;
  rotate<32>(s.v0);
  s.v2 += s.v3;
  rotate<16>(s.v3);
  s.v3 ^= s.v2;
  s.v0 += s.v3;
  rotate<21>(s.v3);
  s.v3 ^= s.v0;
  s.v2 += s.v1;
  rotate<17>(s.v1);
  s.v1 ^= s.v2;
  rotate<32>(s.v2);
}

EDGE_INLINE void absorb(Lanes& s, const Words& word) {
  s.v3 ^= word;
  round(s);
  round(s);
  s.v0 ^= word;
}

EDGE_INLINE uint64_t last_word(const uint8_t* data, size_t length) {
  uint64_t last = static_cast<uint64_t>(length & 0xff) << 56;
  const uint8_t* rest = data + (length & ~size_t{7});
  for (size_t i = 0; i < (length & 7); i++) last |= static_cast<uint64_t>(rest[i]) << (8 * i);
  return last;
}

EDGE_INLINE void hash_lanes(const SipKey* const* keys, const uint8_t* const* data, const size_t* lengths,
                            uint64_t* out) {
  const Words k0 = {keys[0]->k0, keys[1]->k0, keys[2]->k0, keys[3]->k0};
  const Words k1 = {keys[0]->k1, keys[1]->k1, keys[2]->k1, keys[3]->k1};
  Lanes s{k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u, k1 ^ 0x7465646279746573u};
  size_t words = lengths[0] / 8;
  bool equal = true;
  for (size_t i = 1; i < kSipLanes; i++) {
    equal = equal && lengths[i] / 8 == lengths[0] / 8;
    words = lengths[i] / 8 < words ? lengths[i] / 8 : words;
  }
  for (size_t at = 0; at < words * 8; at += 8) {
    absorb(s, Words{load_le64(data[0] + at), load_le64(data[1] + at), load_le64(data[2] + at), load_le64(data[3] + at)});
  }
  if (equal) {
    absorb(s, Words{last_word(data[0], lengths[0]), last_word(data[1], lengths[1]), last_word(data[2], lengths[2]),
                    last_word(data[3], lengths[3])});
    s.v2 ^= Words{0xff, 0xff, 0xff, 0xff};
    for (int i = 0; i < 4; i++) round(s);
    const Words tag = s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
    for (size_t i = 0; i < kSipLanes; i++) out[i] = tag[i];
    return;
  }
  // Those that are longer go on alone.
  for (size_t i = 0; i < kSipLanes; i++) {
    SipState one(s.v0[i], s.v1[i], s.v2[i], s.v3[i]);
    for (size_t at = words * 8; at < (lengths[i] & ~size_t{7}); at += 8) one.absorb<2>(load_le64(data[i] + at));
    one.absorb<2>(last_word(data[i], lengths[i]));
    out[i] = one.finish<4>();
  }
}

EDGE_INLINE void absorb_once(Lanes& s, const Words& word) {
  s.v3 ^= word;
  round(s);
  s.v0 ^= word;
}

// The table hashes of four keys of so many words.
template <size_t KeyWords>
EDGE_INLINE void hash_four(const SipKey& secret, const uint8_t* keys, uint32_t* out) {
  typedef uint32_t Halves __attribute__((vector_size(sizeof(Words))));
  typedef uint32_t Hashes __attribute__((vector_size(sizeof(Words) / 2)));
  Lanes s{Words{} + (secret.k0 ^ 0x736f6d6570736575u), Words{} + (secret.k1 ^ 0x646f72616e646f6du),
          Words{} + (secret.k0 ^ 0x6c7967656e657261u), Words{} + (secret.k1 ^ 0x7465646279746573u)};
  Words low;
  std::memcpy(&low, keys, sizeof low);
  if constexpr (KeyWords == 1) {
    absorb_once(s, low);
  } else {
    static_assert(KeyWords == 2);
    Words high;
    std::memcpy(&high, keys + sizeof low, sizeof high);
    // The order that takes one step: keys 0, 2, 1, 3.
    absorb_once(s, __builtin_shufflevector(low, high, 0, 4, 2, 6));
    absorb_once(s, __builtin_shufflevector(low, high, 1, 5, 3, 7));
  }
  s.v2 ^= Words{} + 0xff;
  for (int i = 0; i < 3; i++) round(s);
  const Halves halves = reinterpret_cast<Halves>(s.v0 ^ s.v1 ^ s.v2 ^ s.v3);
  const Hashes hashes = KeyWords == 1 ? __builtin_shufflevector(halves, halves, 0, 2, 4, 6)
                                      : __builtin_shufflevector(halves, halves, 0, 4, 2, 6);
  std::memcpy(out, &hashes, sizeof hashes);
}

template <size_t KeyWords>
EDGE_INLINE uint32_t hash_one(const SipKey& secret, const uint8_t* key) {
  if constexpr (KeyWords == 1) return table_hash(secret, load_le64(key));
  return table_hash(secret, load_le64(key), load_le64(key + (KeyWords - 1) * sizeof(uint64_t)));
}

template <size_t KeyWords>
EDGE_INLINE void table_lanes(const SipKey& secret, const uint8_t* keys, size_t count, uint32_t* out) {
  constexpr size_t bytes = KeyWords * sizeof(uint64_t);
  size_t i = 0;
  for (; i + kSipLanes <= count; i += kSipLanes) hash_four<KeyWords>(secret, keys + i * bytes, out + i);
  if (count - i < 2) {
    if (i < count) out[i] = hash_one<KeyWords>(secret, keys + i * bytes);
    return;
  }
  uint8_t rest[kSipLanes * bytes] = {};
  uint32_t hashes[kSipLanes];
  std::memcpy(rest, keys + i * bytes, (count - i) * bytes);
  hash_four<KeyWords>(secret, rest, hashes);
  for (size_t lane = 0; i < count; i++, lane++) out[i] = hashes[lane];
}

template <size_t KeyWords>
void scalar_table(const SipKey& secret, const uint8_t* keys, size_t count, uint32_t* out) {
  for (size_t i = 0; i < count; i++) out[i] = hash_one<KeyWords>(secret, keys + i * KeyWords * sizeof(uint64_t));
}

// One set of loops, built for a target by whoever names it.
#define EDGE_SIP_LANES(name, target)                                                                             \
  target void name##_hash(const SipKey* const* keys, const uint8_t* const* data, const size_t* lengths,          \
                          uint64_t* out) {                                                                       \
    hash_lanes(keys, data, lengths, out);                                                                        \
  } \
  target void name##_table8(const SipKey& secret, const uint8_t* keys, size_t count, uint32_t* out) {            \
    table_lanes<1>(secret, keys, count, out);                                                                    \
  }                                                                                                              \
  target void name##_table16(const SipKey& secret, const uint8_t* keys, size_t count, uint32_t* out) {           \
    table_lanes<2>(secret, keys, count, out);                                                                    \
  }

#if defined(__x86_64__)
EDGE_SIP_LANES(lanes, __attribute__((target("avx2"))))
#else
EDGE_SIP_LANES(lanes, )
#endif

void scalar_hash(const SipKey* const* keys, const uint8_t* const* data, const size_t* lengths, uint64_t* out) {
  for (size_t i = 0; i < kSipLanes; i++) out[i] = siphash24(*keys[i], data[i], lengths[i]);
}

}  // namespace

// Every set but the scalar one has what the vectors need.
SipHashLanes siphash_lanes_for(Isa isa) { return isa == Isa::scalar ? scalar_hash : lanes_hash; }

TableHashes table_hashes8_for(Isa isa) { return isa == Isa::scalar ? scalar_table<1> : lanes_table8; }

TableHashes table_hashes16_for(Isa isa) { return isa == Isa::scalar ? scalar_table<2> : lanes_table16; }

}  // namespace edge
