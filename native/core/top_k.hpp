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
};

inline bool better(const Hit& a, const Hit& b) { return a.score != b.score ? a.score > b.score : a.key < b.key; }

class TopK {
 public:
  // False without memory.
  [[nodiscard]] bool reset(size_t k) {
    size_ = 0;
    return hits_.resize(k);
  }

  void offer(const Hit& hit) {
    if (size_ < hits_.size()) {
      hits_[size_++] = hit;
      std::push_heap(hits_.data(), hits_.data() + size_, better);
    } else if (size_ > 0 && better(hit, hits_[0])) {
      std::pop_heap(hits_.data(), hits_.data() + size_, better);
      hits_[size_ - 1] = hit;
      std::push_heap(hits_.data(), hits_.data() + size_, better);
    }
  }

  // No hit below this score can get in any more.
  float floor() const { return size_ < hits_.size() || size_ == 0 ? -2.0f : hits_[0].score; }

  // Best first; afterwards nothing may be offered.
  void sort() { std::sort_heap(hits_.data(), hits_.data() + size_, better); }

  size_t size() const { return size_; }
  const Hit& operator[](size_t i) const { return hits_[i]; }

 private:
  Buffer<Hit> hits_;
  size_t size_ = 0;
};

}  // namespace edge
