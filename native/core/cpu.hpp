#pragma once

#include <cstdint>

namespace edge {

enum class Isa : uint8_t { scalar, avx2, avx512, neon, neon_dotprod };

// All of them, the better after the lesser.
inline constexpr Isa kIsas[] = {Isa::scalar, Isa::avx2, Isa::avx512, Isa::neon, Isa::neon_dotprod};

const char* isa_name(Isa isa);

// False when the name is not one of ours.
bool isa_from_name(const char* name, Isa& out);

// Whether this build has kernels for it and this processor runs them.
bool isa_available(Isa isa);

Isa best_isa();

}  // namespace edge
