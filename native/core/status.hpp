#pragma once

#include <cstdint>

namespace edge {

// What a fallible call of the core comes back with. The addon turns these into errors with stable codes.
enum class Status : uint8_t {
  ok,
  full,     // the named capacity is reached
  vector,   // a vector without a direction, or with a component that is not finite
  memory,   // the system gave no memory
  bytes,    // the cap on bytes is reached
  file,     // the file of exact vectors cannot be made or written
};

}  // namespace edge
