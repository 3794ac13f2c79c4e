// The float32 vectors of an index, at row number × vector bytes of a file. It is scratch: whoever owns the index can
// fill it again, so it is emptied when opened, never synced, and removed at the end.
// Plain reads and writes: a mapped file that somebody cuts short would end the process with SIGBUS.
#pragma once

#include <cstddef>
#include <cstdint>

#include "buffer.hpp"

namespace edge {

class ExactFile {
 public:
  ExactFile() = default;
  ExactFile(const ExactFile&) = delete;
  ExactFile& operator=(const ExactFile&) = delete;
  ~ExactFile() { remove(); }

  // Makes the file (mode 0600) or empties a regular one that is there and that no other index holds open.
  // On false error() is the errno.
  [[nodiscard]] bool open(const char* path, size_t dimension);

  bool is_open() const { return fd_ >= 0; }
  int error() const { return error_; }
  size_t bytes() const { return path_.bytes() + moved_.bytes(); }

  // Vectors of `count` rows from `row` on. On false (disk full …) any of them may have been overwritten.
  [[nodiscard]] bool write(uint32_t row, const float* vectors, size_t count);
  // False when the file does not have them any more.
  [[nodiscard]] bool read(uint32_t row, float* vector) const;
  // Owner's thread only, as write.
  [[nodiscard]] bool move(uint32_t from, uint32_t to);

  // Takes the name away, if it still is this file's; the file itself serves until this object ends.
  void unlink();

 private:
  void remove();

  int fd_ = -1;
  int error_ = 0;
  size_t dimension_ = 0;
  Buffer<char> path_;
  Buffer<float> moved_;
};

}  // namespace edge
