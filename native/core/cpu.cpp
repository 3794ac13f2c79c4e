#include "cpu.hpp"

#include <cstring>

#if defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace edge {

namespace {

#if defined(__x86_64__)
// What kernels_avx512.cpp is built for. These also ask the operating system (XGETBV) whether it keeps the wide
// registers; without that the processor's own word counts for nothing.
bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("avx512vnni") &&
         __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
}
#endif

}  // namespace

const char* isa_name(Isa isa) {
  switch (isa) {
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
    case Isa::neon:
      return "neon";
    case Isa::neon_dotprod:
      return "neon-dotprod";
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
    case Isa::avx512:
#if defined(__x86_64__)
      return has_avx512();
#else
      return false;
#endif
    case Isa::neon:
#if defined(__aarch64__)
      return true;  // part of the base instruction set
#else
      return false;
#endif
    case Isa::neon_dotprod:
#if defined(__aarch64__) && defined(__linux__)
      return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
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
