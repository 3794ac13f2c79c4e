#include "exact_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace edge {

bool ExactFile::open(const char* path, size_t dimension) {
  const size_t length = std::strlen(path) + 1;
  if (!path_.resize(length) || !moved_.resize(dimension)) {
    error_ = ENOMEM;
    return false;
  }
  std::memcpy(path_.data(), path, length);
  dimension_ = dimension;
  // Nothing of a file that is there may change before it is known to be a regular one that nobody else works with.
  fd_ = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (fd_ < 0) {
    error_ = errno;
    return false;
  }
  struct stat found;
  const bool mine = ::fstat(fd_, &found) == 0 && S_ISREG(found.st_mode);
  errno = mine ? 0 : EINVAL;
  if (mine && ::flock(fd_, LOCK_EX | LOCK_NB) == 0 && ::fchmod(fd_, 0600) == 0 && ::ftruncate(fd_, 0) == 0) return true;
  error_ = errno == EWOULDBLOCK ? EBUSY : errno;
  ::close(fd_);
  fd_ = -1;
  return false;
}

bool ExactFile::write(uint32_t row, const float* vectors, size_t count) {
  const auto* from = reinterpret_cast<const char*>(vectors);
  size_t left = count * dimension_ * sizeof(float);
  auto at = static_cast<off_t>(uint64_t{row} * dimension_ * sizeof(float));
  while (left > 0) {
    const ssize_t done = ::pwrite(fd_, from, left, at);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) {
      error_ = done < 0 ? errno : ENOSPC;
      return false;
    }
    from += done;
    at += done;
    left -= static_cast<size_t>(done);
  }
  return true;
}

bool ExactFile::read(uint32_t row, float* vector) const {
  auto* to = reinterpret_cast<char*>(vector);
  size_t left = dimension_ * sizeof(float);
  auto at = static_cast<off_t>(uint64_t{row} * left);
  while (left > 0) {
    const ssize_t done = ::pread(fd_, to, left, at);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    to += done;
    at += done;
    left -= static_cast<size_t>(done);
  }
  return true;
}

bool ExactFile::move(uint32_t from, uint32_t to) { return read(from, moved_.data()) && write(to, moved_.data(), 1); }

void ExactFile::unlink() {
  if (fd_ < 0 || path_.size() == 0) return;
  struct stat named;
  struct stat held;
  const bool same = ::lstat(path_.data(), &named) == 0 && ::fstat(fd_, &held) == 0 && named.st_dev == held.st_dev &&
                    named.st_ino == held.st_ino;
  if (same) ::unlink(path_.data());
  path_ = Buffer<char>();
}

void ExactFile::remove() {
  unlink();
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace edge
