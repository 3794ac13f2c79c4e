// The yardstick of search-1m: one pass over ROWS sketches of 64 bytes that keeps the POOL nearest, as plain as it gets and
// compiled for this very machine. Answers each line of standard input with the microseconds of CPU time a pass took.
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace {

constexpr size_t kWords = 8;

// Bits in which two sketches differ.
#if defined(__AVX512VPOPCNTDQ__)
uint32_t distance(const uint64_t* a, const uint64_t* b) {
  return static_cast<uint32_t>(
      _mm512_reduce_add_epi64(_mm512_popcnt_epi64(_mm512_xor_si512(_mm512_loadu_si512(a), _mm512_loadu_si512(b)))));
}
#elif defined(__AVX2__)
// Four bits at a time by a table (Mula).
__m256i bits_of(__m256i v) {
  const __m256i low = _mm256_set1_epi8(15);
  const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,  //
                                         0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  return _mm256_add_epi8(_mm256_shuffle_epi8(table, _mm256_and_si256(v, low)),
                         _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(v, 4), low)));
}
uint32_t distance(const uint64_t* a, const uint64_t* b) {
  const auto load = [](const uint64_t* at) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)); };
  const __m256i first = bits_of(_mm256_xor_si256(load(a), load(b)));
  const __m256i second = bits_of(_mm256_xor_si256(load(a + 4), load(b + 4)));
  const __m256i sums = _mm256_sad_epu8(_mm256_add_epi8(first, second), _mm256_setzero_si256());
  const __m128i half = _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  return static_cast<uint32_t>(_mm_extract_epi64(half, 0) + _mm_extract_epi64(half, 1));
}
#elif defined(__ARM_NEON)
uint32_t distance(const uint64_t* a, const uint64_t* b) {
  uint8x16_t sum = vdupq_n_u8(0);
  for (size_t w = 0; w < kWords; w += 2)
    sum = vaddq_u8(sum, vcntq_u8(vreinterpretq_u8_u64(veorq_u64(vld1q_u64(a + w), vld1q_u64(b + w)))));
  return vaddlvq_u8(sum);
}
#else
uint32_t distance(const uint64_t* a, const uint64_t* b) {
  uint64_t sum = 0;
  for (size_t w = 0; w < kWords; w++) sum += static_cast<uint64_t>(__builtin_popcountll(a[w] ^ b[w]));
  return static_cast<uint32_t>(sum);
}
#endif

struct Near {
  uint32_t distance;
  uint32_t row;
  bool operator<(const Near& other) const { return distance < other.distance; }
};

uint64_t next(uint64_t& state) {
  uint64_t z = (state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

double cpu_us() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

// In blocks, so that the loop over sketches has no branch.
uint64_t scan(const uint64_t* sketches, size_t rows, const uint64_t* query, size_t pool) {
  constexpr size_t kBlock = 256;
  uint32_t distances[kBlock];
  std::vector<Near> heap;
  heap.reserve(pool + 1);
  uint32_t worst = UINT32_MAX;
  for (size_t start = 0; start < rows; start += kBlock) {
    const size_t count = std::min(kBlock, rows - start);
    for (size_t i = 0; i < count; i++) distances[i] = distance(sketches + (start + i) * kWords, query);
    for (size_t i = 0; i < count; i++) {
      if (distances[i] >= worst) continue;
      heap.push_back({distances[i], static_cast<uint32_t>(start + i)});
      std::push_heap(heap.begin(), heap.end());
      if (heap.size() > pool) {
        std::pop_heap(heap.begin(), heap.end());
        heap.pop_back();
      }
      if (heap.size() == pool) worst = heap.front().distance;
    }
  }
  uint64_t sum = 0;
  for (const Near& near : heap) sum += near.row;
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: sketch-scan ROWS POOL\n");
    return 2;
  }
  const size_t rows = std::strtoull(argv[1], nullptr, 10), pool = std::strtoull(argv[2], nullptr, 10);
  std::vector<uint64_t> sketches(rows * kWords);
  uint64_t state = 1, checksum = 0;
  for (uint64_t& word : sketches) word = next(state);
  char line[64];
  while (std::fgets(line, sizeof line, stdin) != nullptr) {
    uint64_t query[kWords];
    for (uint64_t& word : query) word = next(state);
    const double before = cpu_us();
    checksum += scan(sketches.data(), rows, query, pool);
    const double us = cpu_us() - before;
    std::printf("%.3f %llu\n", us, static_cast<unsigned long long>(checksum));
    std::fflush(stdout);
  }
  return 0;
}
