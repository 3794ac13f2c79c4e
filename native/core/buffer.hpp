// An owned array, 64-byte aligned, zeroed, whose allocation can fail without an exception.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <utility>

namespace edge {

template <typename T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>, "Buffer moves its elements as bytes");

 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  Buffer(Buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Buffer() { std::free(data_); }

  // Makes room for `count` elements and keeps those that fit; new ones are zero. On false nothing has changed.
  [[nodiscard]] bool resize(size_t count) {
    if (count > (SIZE_MAX - 63) / sizeof(T)) return false;
    const size_t bytes = (count * sizeof(T) + 63) & ~size_t{63};
    T* fresh = nullptr;
    if (count > 0) {
      fresh = static_cast<T*>(std::aligned_alloc(64, bytes));
      if (fresh == nullptr) return false;
      const size_t kept = std::min(count, size_);
      if (kept > 0) std::memcpy(static_cast<void*>(fresh), data_, kept * sizeof(T));
      std::memset(reinterpret_cast<char*>(fresh) + kept * sizeof(T), 0, bytes - kept * sizeof(T));
    }
    std::free(data_);
    data_ = fresh;
    size_ = count;
    return true;
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  size_t size() const { return size_; }
  size_t bytes() const { return size_ * sizeof(T); }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }

 private:
  T* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace edge
