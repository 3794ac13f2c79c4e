#include "../core/kernels.hpp"

#include <cmath>
#include <cstring>
#include <limits>

#include "check.hpp"
#include "kernel_sets.hpp"

using edge::Isa;
using edge::Kernels;

namespace {

using edge::kBlockRun;
using edge::kHalfChunk;
using edge::kLevels;
using edge::kRowAlign;

// By the definition, component by component.
int32_t scale_at(const int8_t* row, size_t stride, size_t at) {
  const size_t block = at % kHalfChunk / kBlockRun;
  return edge::level_of(edge::levels_at(row, stride, at / kRowAlign * kRowAlign), block);
}

double plain_dot(const int16_t* query, const int8_t* row, size_t stride) {
  int64_t sum = 0;
  for (size_t i = 0; i < stride; i++) sum += int64_t{query[i]} * row[i] * scale_at(row, stride, i);
  return static_cast<double>(sum);
}

int64_t plain_squares(const int8_t* row, size_t stride) {
  int64_t sum = 0;
  for (size_t i = 0; i < stride; i++) {
    const int64_t x = row[i] * scale_at(row, stride, i);
    sum += x * x;
  }
  return sum;
}

// Checks both kernels on `count` rows that lie one behind the other.
void check_dots(const Kernels& kernels, const std::vector<int16_t>& query, const std::vector<int8_t>& data,
                const std::vector<uint16_t>& pick, size_t count) {
  const size_t stride = query.size();
  const size_t bytes = edge::row_bytes(stride);
  std::vector<double> out(count + 1, 0.5);
  kernels.dot_rows(query.data(), data.data(), stride, count, out.data());
  for (size_t i = 0; i < count; i++) CHECK(out[i] == plain_dot(query.data(), &data[i * bytes], stride));
  CHECK(out[count] == 0.5);
  std::vector<const int8_t*> picked;
  for (const uint16_t row : pick) picked.push_back(&data[row * bytes]);
  std::vector<double> some(pick.size() + 1, 0.5);
  kernels.dot_picks(query.data(), picked.data(), stride, pick.size(), some.data());
  for (size_t i = 0; i < pick.size(); i++) CHECK(some[i] == plain_dot(query.data(), picked[i], stride));
  CHECK(some[pick.size()] == 0.5);
}

}  // namespace

TEST("every instruction set sums the same products, whole blocks and picked rows") {
  check::Random random(2);
  for (const size_t stride : {64u, 128u, 448u, 512u, 576u, 1024u, 1088u, 4096u}) {
    const size_t rows = 37;
    std::vector<int16_t> query(stride);
    // Values and levels of all kinds.
    std::vector<int8_t> data(rows * edge::row_bytes(stride));
    for (int16_t& x : query) x = static_cast<int16_t>(random.below(8191) - 4095);
    for (int8_t& x : data) x = static_cast<int8_t>(random.next());
    for (const Kernels* set : edge::kernel_sets()) {
      for (const size_t count : {1u, 2u, 5u, 37u}) check_dots(*set, query, data, {0, 5, 5, 36, 1, 17}, count);
      check_dots(*set, query, data, {36}, 1);
    }
  }
}

TEST("each component has its own place and its block's scale") {
  constexpr size_t kStride = 192;
  for (size_t at = 0; at < kStride; at++) {
    std::vector<int16_t> query(kStride);
    query[at] = 1;
    std::vector<int8_t> data(5 * edge::row_bytes(kStride));
    for (size_t row = 0; row < 5; row++) {
      int8_t* values = &data[row * edge::row_bytes(kStride)];
      for (size_t j = 0; j < kStride; j++) values[j] = static_cast<int8_t>(j % 255 - 127);
      for (size_t j = 0; j < kStride; j += kRowAlign) {
        edge::set_levels_at(values, kStride, j, static_cast<uint32_t>(012345670 + 0111 * row + 0101010 * j));
      }
    }
    for (const Kernels* set : edge::kernel_sets()) check_dots(*set, query, data, {0, 1, 2, 3, 4}, 5);
  }
}

TEST("the largest products of the largest dimension do not overflow, nor does any byte of a component") {
  constexpr size_t kStride = 4096;
  // Enough rows for every way of going through them, and a last one alone.
  constexpr size_t kRows = 7;
  for (const int value : {4095, -4095, 4032, 4031, -4032, 256, 255, 128, 127, 64, 63, -1, -64, -65, -128, -129}) {
    const std::vector<int16_t> query(kStride, static_cast<int16_t>(value));
    for (const int component : {-128, -127, 127, 1}) {
      std::vector<int8_t> data(kRows * edge::row_bytes(kStride), static_cast<int8_t>(component));
      for (size_t i = 0; i < kRows; i++) edge::set_top_levels(&data[i * edge::row_bytes(kStride)], kStride);
      CHECK(plain_dot(query.data(), data.data(), kStride) == 4096.0 * 64 * value * component);
      for (const Kernels* set : edge::kernel_sets()) {
        check_dots(*set, query, data, {0}, 1);
        check_dots(*set, query, data, {0, 1, 2, 3, 4, 5, 6}, kRows);
      }
    }
  }
}

namespace {

// Blocks of all sizes beside each other; or one component alone; or all the same; or all but the same.
std::vector<float> hard_vector(size_t count, size_t kind, float scale, check::Random& random) {
  std::vector<float> x(count);
  for (size_t j = 0; j < count; j++) {
    const float size = static_cast<float>(1 + random.below(64)) / 64;
    x[j] = kind == 0 ? random.component() * size * scale : kind == 1 ? scale : kind == 2 ? -scale / 3 : 0;
  }
  // On a level's very edge, and the next float beyond it.
  for (size_t b = 0; kind == 2 && b < 8; b++) {
    const float edge_of = static_cast<float>(static_cast<double>(scale) * kLevels[b] / 64);
    if (b * 4 < count) x[b * 4] = edge_of;
    if (kHalfChunk + b * 4 + 3 < count) x[kHalfChunk + b * 4 + 3] = std::nextafter(edge_of, b % 2 == 0 ? 0.0f : scale);
  }
  x[random.below(static_cast<uint32_t>(count))] = -scale;
  return x;
}

}  // namespace

TEST("every instruction set makes the same row: the least level that fits a block, values rounded half to even") {
  check::Random random(3);
  for (const size_t count : {4u, 12u, 32u, 36u, 60u, 64u, 100u, 128u, 512u, 772u, 4096u}) {
    const size_t stride = edge::stride_of(count);
    for (const float scale : {1e-45f, 1e-38f, 1e-3f, 1.0f, 3e38f}) {
      for (const size_t kind : {0u, 1u, 2u, 3u}) {
        const std::vector<float> x = hard_vector(count, kind, scale, random);
        const double peak = edge::scalar_kernels().peak(x.data(), count);
        std::vector<int8_t> expected(edge::row_bytes(stride), 99);
        const int64_t squares = edge::scalar_kernels().quantise_row(x.data(), count, peak, expected.data());
        CHECK(squares == plain_squares(expected.data(), stride));
        CHECK(squares == edge::row_squares(expected.data(), stride));
        for (size_t i = 0; i < stride; i++) {
          const double value = i < count ? double{x[i]} : 0;
          const int32_t level = scale_at(expected.data(), stride, i);
          CHECK(expected[i] == static_cast<int8_t>(std::nearbyint(value * (127.0 * 64 / level / peak))));
          CHECK(std::fabs(value) * 64 <= peak * level);
        }
        // One level less would not do, for some component of the block.
        for (size_t first = 0; first < stride; first += first % kRowAlign == 28 ? 36 : 4) {
          double most = 0;
          for (size_t j = 0; j < 4; j++) {
            for (const size_t at : {first + j, first + kHalfChunk + j}) {
              if (at < count) most = std::fmax(most, std::fabs(double{x[at]}));
            }
          }
          const int32_t level = scale_at(expected.data(), stride, first);
          for (const int32_t less : kLevels) CHECK(less >= level || most * 64 > peak * less);
        }
        for (const Kernels* set : edge::kernel_sets()) {
          std::vector<int8_t> out(edge::row_bytes(stride), 98);
          CHECK(set->peak(x.data(), count) == peak);
          CHECK(set->quantise_row(x.data(), count, peak, out.data()) == squares);
          CHECK(out == expected);
        }
      }
    }
  }
}

TEST("every instruction set puts the same row at one level") {
  check::Random random(4);
  for (const size_t stride : {64u, 128u, 512u, 4096u}) {
    std::vector<int8_t> row(edge::row_bytes(stride));
    for (size_t round = 0; round < 20; round++) {
      for (int8_t& x : row) x = static_cast<int8_t>(round == 0 ? 0x80 : round == 1 ? 0x7f : random.next());
      if (round < 3) edge::set_top_levels(row.data(), stride);
      for (const Kernels* set : edge::kernel_sets()) {
        std::vector<int8_t> out(stride, 77);
        set->even(row.data(), stride, out.data());
        for (size_t i = 0; i < stride; i++) {
          CHECK(out[i] == static_cast<int8_t>(std::floor((row[i] * scale_at(row.data(), stride, i)) / 64.0 + 0.5)));
          CHECK(round >= 3 || out[i] == row[i]);
        }
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
