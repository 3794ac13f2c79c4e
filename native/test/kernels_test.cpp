#include "../core/kernels.hpp"

#include <cmath>
#include <cstring>
#include <limits>

#include "check.hpp"
#include "kernel_sets.hpp"

using edge::Isa;
using edge::Kernels;

namespace {

double plain_dot(const int16_t* query, const int8_t* row, size_t count) {
  int64_t sum = 0;
  for (size_t i = 0; i < count; i++) sum += int64_t{query[i]} * row[i];
  return static_cast<double>(sum);
}

}  // namespace

TEST("every instruction set sums the same products, whole blocks and picked rows") {
  check::Random random(2);
  for (const size_t stride : {64u, 128u, 448u, 512u, 576u, 4096u}) {
    const size_t rows = 37;
    std::vector<int16_t> query(stride);
    std::vector<int8_t> data(rows * stride);
    for (int16_t& x : query) x = static_cast<int16_t>(random.below(65535) - 32767);
    for (int8_t& x : data) x = static_cast<int8_t>(random.next());
    const std::vector<uint16_t> pick{0, 5, 5, 36, 1, 17};
    for (const Kernels* set : edge::kernel_sets()) {
      std::vector<double> out(rows, -1);
      set->dot_rows(query.data(), data.data(), stride, rows, out.data());
      for (size_t i = 0; i < rows; i++) CHECK(out[i] == plain_dot(query.data(), &data[i * stride], stride));
      std::vector<const int8_t*> picked;
      for (const uint16_t row : pick) picked.push_back(&data[row * stride]);
      set->dot_picks(query.data(), picked.data(), stride, pick.size(), out.data());
      for (size_t i = 0; i < pick.size(); i++) {
        CHECK(out[i] == plain_dot(query.data(), &data[pick[i] * stride], stride));
      }
    }
  }
}

TEST("the largest products of the largest dimension do not overflow, nor does any byte of a component") {
  constexpr size_t kStride = 4096;
  // Enough rows for every way of going through them, and a last one alone.
  constexpr size_t kRows = 7;
  for (const int value : {32767, -32767, 32640, 32639, -32640, 256, 255, 128, 127, -1, -128, -129, -256}) {
    const std::vector<int16_t> query(kStride, static_cast<int16_t>(value));
    for (const int component : {-128, -127, 127, 1}) {
      const std::vector<int8_t> data(kRows * kStride, static_cast<int8_t>(component));
      std::vector<const int8_t*> picked;
      for (size_t i = 0; i < kRows; i++) picked.push_back(&data[i * kStride]);
      for (const Kernels* set : edge::kernel_sets()) {
        for (const size_t rows : {size_t{1}, kRows}) {
          std::vector<double> out(kRows, 0.5);
          set->dot_rows(query.data(), data.data(), kStride, rows, out.data());
          for (size_t i = 0; i < kRows; i++) CHECK(out[i] == (i < rows ? 4096.0 * value * component : 0.5));
          set->dot_picks(query.data(), picked.data(), kStride, rows, out.data());
          for (size_t i = 0; i < kRows; i++) CHECK(out[i] == (i < rows ? 4096.0 * value * component : 0.5));
        }
      }
    }
  }
}

TEST("every instruction set quantises to the same bits, half to even") {
  check::Random random(3);
  for (const size_t count : {4u, 12u, 64u, 100u, 512u}) {
    for (const float scale : {1e-38f, 1e-3f, 1.0f, 1e38f}) {
      std::vector<float> x(count);
      for (float& c : x) c = random.component() * scale;
      const double peak = edge::scalar_kernels().peak(x.data(), count);
      std::vector<int8_t> expected(count);
      const int64_t squares = edge::scalar_kernels().quantise_row(x.data(), count, peak, expected.data());
      int64_t sum = 0;
      for (size_t i = 0; i < count; i++) {
        CHECK(expected[i] == static_cast<int8_t>(std::nearbyint(double{x[i]} * (127.0 / peak))));
        sum += expected[i] * expected[i];
      }
      CHECK(sum == squares);
      for (const Kernels* set : edge::kernel_sets()) {
        const Kernels& kernels = *set;
        std::vector<int8_t> out(count);
        CHECK(kernels.peak(x.data(), count) == peak);
        CHECK(kernels.quantise_row(x.data(), count, peak, out.data()) == squares);
        CHECK(out == expected);
      }
    }
  }
}

TEST("every instruction set makes the same scores, none beyond a cosine's bounds") {
  check::Random random(5);
  for (const size_t count : {1u, 7u, 32u, 129u}) {
    std::vector<double> dots(count);
    std::vector<float> factors(count);
    for (double& x : dots) x = std::floor(double{random.component()} * 1e6);
    for (float& x : factors) x = random.below(9) == 0 ? 0 : (random.component() + 1.5f) / 1000;
    std::vector<float> expected(count);
    edge::scalar_kernels().scores(dots.data(), factors.data(), 1.0 / 900, count, expected.data());
    for (size_t i = 0; i < count; i++) {
      const double cosine = dots[i] * double{factors[i]} * (1.0 / 900);
      CHECK(expected[i] == static_cast<float>(std::fmin(1, std::fmax(-1, cosine))));
    }
    for (const Kernels* set : edge::kernel_sets()) {
      std::vector<float> out(count);
      set->scores(dots.data(), factors.data(), 1.0 / 900, count, out.data());
      CHECK(out == expected);
    }
  }
}

TEST("a vector that has no direction is told") {
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const Kernels* set : edge::kernel_sets()) {
    const Kernels& kernels = *set;
    for (size_t at = 0; at < 20; at++) {
      for (const float wrong : {inf, -inf, nan, -nan}) {
        std::vector<float> x(20, 3e38f);
        x[at] = wrong;
        CHECK(kernels.peak(x.data(), x.size()) < 0);
      }
    }
    const std::vector<float> zero(20, -0.0f);
    CHECK(kernels.peak(zero.data(), zero.size()) == 0);
  }
}

TEST("names of instruction sets are read back, and the best one runs here") {
  Isa isa = Isa::scalar;
  for (const Isa one : edge::kIsas) {
    CHECK(edge::isa_from_name(edge::isa_name(one), isa) && isa == one);
  }
  CHECK(!edge::isa_from_name("sse2", isa));
  CHECK(edge::isa_available(edge::best_isa()));
  // An emulated processor is what the run takes it for.
  if (const char* wanted = std::getenv("EDGE_AGENT_BEST_ISA")) {
    CHECK(std::strcmp(edge::isa_name(edge::best_isa()), wanted) == 0);
  }
}

int main() { return check::run_all(); }
