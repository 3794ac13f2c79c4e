// The bytes that a fuzzer gives, taken as whatever is asked for; zeros when there are no more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace fuzz {

class Input {
 public:
  Input(const uint8_t* data, size_t size) : at_(data), end_(data + size) {}

  bool empty() const { return at_ == end_; }
  size_t left() const { return static_cast<size_t>(end_ - at_); }

  template <typename T>
  T take() {
    T value{};
    take(&value, sizeof value);
    return value;
  }
  uint8_t byte() { return take<uint8_t>(); }
  size_t below(size_t bound) { return take<uint16_t>() % bound; }
  bool flag() { return (byte() & 1) != 0; }

  // Memory of exactly that length, so that a read beyond it is seen.
  std::vector<uint8_t> bytes(size_t count) {
    std::vector<uint8_t> out(count < left() ? count : left());
    take(out.data(), out.size());
    return out;
  }

 private:
  void take(void* to, size_t count) {
    const size_t some = count < left() ? count : left();
    if (some == 0) return;
    std::memcpy(to, at_, some);
    at_ += some;
  }

  const uint8_t* at_;
  const uint8_t* end_;
};

inline void must(bool good, const char* what, const char* file, int line) {
  if (good) return;
  std::fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
  std::abort();
}

}  // namespace fuzz

#define MUST(condition) fuzz::must((condition), #condition, __FILE__, __LINE__)
