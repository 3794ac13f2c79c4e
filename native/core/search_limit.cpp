#include "search_limit.hpp"

#include <algorithm>
#include <cmath>

namespace edge {

double angle_part(double cosine) {
  constexpr double kPi = 3.141592653589793;
  const double c = cosine > 1 ? 1 : cosine < -1 ? -1 : cosine;
  const double a = std::fabs(c);
  // Abramowitz & Stegun 4.4.46.
  double sum = -0.0012624911;
  sum = sum * a + 0.0066700901;
  sum = sum * a - 0.0170881256;
  sum = sum * a + 0.0308918810;
  sum = sum * a - 0.0501743046;
  sum = sum * a + 0.0889789874;
  sum = sum * a - 0.2145988016;
  sum = sum * a + 1.5707963050;
  const double angle = std::sqrt(1 - a) * sum;
  return (c < 0 ? kPi - angle : angle) / kPi;
}

uint32_t bit_limit(size_t bits, double z, double cosine) {
  const double p = angle_part(cosine);
  const auto all = static_cast<double>(bits);
  const double limit = std::floor(all * p + z * std::sqrt(all * p * (1 - p)));
  return static_cast<uint32_t>(limit < all ? limit : all);
}

double centred_cosine(const SpaceMean& mean, double along, double cosine) {
  constexpr double kDeviations = 2.5;
  constexpr double kLeast = 1e-6;
  const auto rest = [&](double part) {
    const double squared = 1 - 2 * part + mean.squared();
    return std::sqrt(squared > kLeast ? squared : kLeast);
  };
  // Less and less the further along the mean the row lies, up to `turn`, and from there on more: as it is no less for rows
  // that lie less far along than the query, only those beyond it matter.
  const double turn = 1 + along - cosine;
  const double reach = kDeviations * mean.deviation();
  const double usual = std::max(mean.average() + reach, along + reach / 2);
  // Two unit vectors are no further apart than this, and along the mean no further than its length times that.
  const double apart = cosine < 1 ? 2 - 2 * cosine : 0;
  const double farthest = along + std::sqrt(mean.squared() * apart);
  const double part = std::min({turn, usual, farthest});
  return (cosine - part - along + mean.squared()) / (rest(part) * rest(along));
}

float exact_cosine(const float* a, const float* b, size_t count) {
  double dot[4] = {};
  double aa[4] = {};
  double bb[4] = {};
  for (size_t j = 0; j < count; j++) {
    const double x = a[j];
    const double y = b[j];
    dot[j % 4] += x * y;
    aa[j % 4] += x * x;
    bb[j % 4] += y * y;
  }
  const auto sum = [](const double* s) { return (s[0] + s[1]) + (s[2] + s[3]); };
  const double cosine = sum(dot) / (std::sqrt(sum(aa)) * std::sqrt(sum(bb)));
  return static_cast<float>(cosine > 1 ? 1 : cosine < -1 ? -1 : cosine);
}

}  // namespace edge
