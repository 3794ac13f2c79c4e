// Angles and bits: how many bits of a sketch may differ before a row can be passed over, and exact cosines.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sketcher.hpp"

namespace edge {

// acos(cosine) ÷ π to 1e-8, by a polynomial that every implementation works out alike; the argument is clamped.
double angle_part(double cosine);

// A vector whose cosine with the query is at least `cosine` has signs that differ from the query's with a chance of at
// most its angle ÷ π, bit by bit, whatever the data are (Charikar 2002). So the number that differ is below this limit
// but for the tail of a binomial distribution `z` deviations out.
uint32_t bit_limit(size_t bits, double z, double cosine);

// The least cosine, once the mean is taken off both, of a row and a query whose own cosine is at least `cosine`; `along` is
// the query's part along the mean. The row's part is taken for anything up to 2.5 deviations beyond what rows have on
// average, or half of that beyond the query's where this is more: what is near to an unusual query is unusual, too.
double centred_cosine(const SpaceMean& mean, double along, double cosine);

// The cosine of two float32 vectors, worked out in doubles.
float exact_cosine(const float* a, const float* b, size_t count);

}  // namespace edge
