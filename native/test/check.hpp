// As much of a test framework as these tests need: named cases, checks that say where and what, a seeded generator.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace check {

// What a test ends with that cannot run here; CTest is told in CMakeLists.txt.
inline constexpr int kSkipped = 77;

struct Case {
  const char* name;
  void (*run)();
};

inline std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

inline int& failures() {
  static int count = 0;
  return count;
}

struct Register {
  Register(const char* name, void (*run)()) { cases().push_back({name, run}); }
};

inline void expect(bool good, const char* what, const char* file, int line) {
  if (good) return;
  // A loop that fails everywhere need not say so a million times.
  if (++failures() <= 20) std::fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
}

inline int run_all() {
  for (const Case& one : cases()) {
    const int before = failures();
    one.run();
    std::printf("%s %s\n", failures() == before ? "ok  " : "FAIL", one.name);
  }
  return failures() == 0 ? 0 : 1;
}

// xorshift64*: small, and the same everywhere.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 1) {}

  uint64_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1du;
  }
  uint64_t below(uint64_t bound) { return next() % bound; }
  float component() { return static_cast<float>(static_cast<double>(next() >> 11) / 4503599627370496.0 - 1.0); }

 private:
  uint64_t state_;
};

}  // namespace check

#define CHECK_JOIN_(a, b) a##b
#define CHECK_JOIN(a, b) CHECK_JOIN_(a, b)
#define TEST(name)                                                                            \
  static void CHECK_JOIN(test_, __LINE__)();                                                  \
  static const check::Register CHECK_JOIN(registered_, __LINE__)(name, CHECK_JOIN(test_, __LINE__)); \
  static void CHECK_JOIN(test_, __LINE__)()
#define CHECK(condition) check::expect((condition), #condition, __FILE__, __LINE__)
