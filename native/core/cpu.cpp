#include "cpu.hpp"

#include <cstring>

namespace edge {

const char* isa_name(Isa isa) {
  switch (isa) {
    case Isa::avx2:
      return "avx2";
    case Isa::neon:
      return "neon";
    case Isa::scalar:
      break;
  }
  return "scalar";
}

bool isa_from_name(const char* name, Isa& out) {
  for (const Isa isa : kIsas) {
    if (std::strcmp(name, isa_name(isa)) == 0) {
      out = isa;
      return true;
    }
  }
  return false;
}

bool isa_available(Isa isa) {
  switch (isa) {
    case Isa::scalar:
      return true;
    case Isa::avx2:
#if defined(__x86_64__)
      return __builtin_cpu_supports("avx2") != 0;
#else
      return false;
#endif
    case Isa::neon:
#if defined(__aarch64__)
      return true;  // part of the base instruction set
#else
      return false;
#endif
  }
  return false;
}

Isa best_isa() {
  Isa best = Isa::scalar;
  for (const Isa isa : kIsas) {
    if (isa_available(isa)) best = isa;
  }
  return best;
}

}  // namespace edge
