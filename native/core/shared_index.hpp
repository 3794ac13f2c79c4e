// An index that one thread changes while others search it. The changing thread waits for one
// turn of a search at most.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <shared_mutex>
#include <thread>

#include "search.hpp"

namespace edge {

class SharedIndex {
 public:
  // Searches under way on other threads; one more is refused.
  static constexpr uint32_t kMaxSearches = 64;

  // The owner's thread may read it freely, since nobody else changes it.
  VectorIndex& owner() { return index_; }

  // Runs `change(index)` with no search in a block. Owner's thread only.
  template <typename Change>
  auto edit(Change change) {
    waiting_.store(true, std::memory_order_relaxed);
    std::unique_lock lock(mutex_);
    waiting_.store(false, std::memory_order_relaxed);
    return change(index_);
  }

  // Owner's thread, around every scan(); false when there are too many.
  [[nodiscard]] bool begin_search() {
    if (searches_ == kMaxSearches) return false;
    searches_++;
    edit([](VectorIndex& index) { index.pin(); });
    return true;
  }
  void end_search() {
    searches_--;
    edit([](VectorIndex& index) { index.unpin(); });
  }

  // Any thread, between begin_search and end_search. `search` is a Search or a SearchMany.
  template <typename Running>
  void scan(Running& search) {
    for (bool more = true; more;) {
      // Readers that come and go would keep the owner waiting for ever.
      while (waiting_.load(std::memory_order_relaxed)) std::this_thread::yield();
      std::shared_lock lock(mutex_);
      more = search.turn(index_);
    }
  }

 private:
  VectorIndex index_;
  std::shared_mutex mutex_;
  std::atomic<bool> waiting_ = false;
  uint32_t searches_ = 0;
};

}  // namespace edge
