// The best k of a stream of (score, key): higher scores first, on a tie the lower key.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "buffer.hpp"

namespace edge {

struct Hit {
  uint64_t key;
  float score;
  bool exact = false;  // the score is of the float32 vector, not of the int8 row
};

inline bool better(const Hit& a, const Hit& b) { return a.score != b.score ? a.score > b.score : a.key < b.key; }

class TopK {
 public:
  // False without memory.
  [[nodiscard]] bool reset(size_t k) {
    clear();
    k_ = k;
    return hits_.size() >= k || hits_.resize(k);
  }

  void clear() { size_ = 0; }

  void offer(const Hit& hit) {
    if (size_ < k_) {
      hits_[size_++] = hit;
      std::push_heap(hits_.data(), hits_.data() + size_, better);
    } else if (size_ > 0 && better(hit, hits_[0])) {
      std::pop_heap(hits_.data(), hits_.data() + size_, better);
      hits_[size_ - 1] = hit;
      std::push_heap(hits_.data(), hits_.data() + size_, better);
    }
  }

  // No hit below this score can get in any more.
  float floor() const { return size_ < k_ || size_ == 0 ? -2.0f : hits_[0].score; }

  // Best first; afterwards nothing may be offered.
  void sort() { std::sort_heap(hits_.data(), hits_.data() + size_, better); }

  size_t bytes() const { return hits_.bytes(); }
  size_t size() const { return size_; }
  const Hit* data() const { return hits_.data(); }
  const Hit& operator[](size_t i) const { return hits_[i]; }

 private:
  Buffer<Hit> hits_;
  size_t k_ = 0;
  size_t size_ = 0;
};

}  // namespace edge
