// A zeroed array of a size that is known when it is made: in huge pages where it fills any, since whoever reads it here and
// there would wait for the page tables as often as for the memory itself.
#pragma once

#include <cstring>
#include <memory>
#include <new>

#include "buffer.hpp"
#include "reserve.hpp"

namespace edge {

template <typename T>
class LargeBuffer {
 public:
  // `count` zeros in place of what was there. On false nothing has changed.
  [[nodiscard]] bool reset(size_t count) {
    if (count > SIZE_MAX / 2 / sizeof(T)) return false;
    if (count * sizeof(T) < kLarge) {
      Buffer<T> fresh;
      if (!fresh.resize(count)) return false;
      pages_.reset();
      small_ = std::move(fresh);
      data_ = small_.data();
    } else {
      std::unique_ptr<Reserve> fresh(new (std::nothrow) Reserve);
      if (!fresh || !fresh->init(count * sizeof(T)) || !fresh->grow(count * sizeof(T))) return false;
      pages_ = std::move(fresh);
      small_ = Buffer<T>();
      data_ = reinterpret_cast<T*>(pages_->data());
    }
    size_ = count;
    return true;
  }

  void clear() { std::memset(static_cast<void*>(data_), 0, bytes()); }

  size_t size() const { return size_; }
  size_t bytes() const { return size_ * sizeof(T); }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }

 private:
  // Below two huge pages little would lie in one.
  static constexpr size_t kLarge = size_t{4} << 20;

  Buffer<T> small_;
  std::unique_ptr<Reserve> pages_;
  T* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace edge
