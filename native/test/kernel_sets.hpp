// The sets of kernels that the tests hold against the plain ones.
#pragma once

#include <cstdio>
#include <vector>

#include "../core/kernels.hpp"
#include "check.hpp"

#if defined(EDGE_AGENT_SIMDE)
namespace edge::emulated {
const Kernels& avx512_kernels();
}
#endif

namespace edge {

// All that this processor runs; in the build on SIMDe the one that is emulated.
inline std::vector<const Kernels*> kernel_sets() {
#if defined(EDGE_AGENT_SIMDE)
  // Some of its loops are AVX2's.
  if (isa_available(Isa::avx2)) return {&emulated::avx512_kernels()};
  std::printf("skipped: this processor has no AVX2\n");
  std::exit(check::kSkipped);
#else
  std::vector<const Kernels*> sets;
  for (const Isa isa : kIsas) {
    if (isa_available(isa)) sets.push_back(&kernels_for(isa));
  }
  return sets;
#endif
}

}  // namespace edge
