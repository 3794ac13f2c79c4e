#include "../core/kernels.hpp"

#include <bit>
#include <cmath>
#include <cstring>

#include "check.hpp"
#include "kernel_sets.hpp"

using edge::Kernels;

namespace {

template <typename T>
edge::Buffer<T> buffer(size_t count) {
  edge::Buffer<T> made;
  CHECK(made.resize(count));
  return made;
}

// Entry (i, j) of Sylvester's matrix.
int64_t sign(size_t i, size_t j) { return std::popcount(i & j) % 2 == 0 ? 1 : -1; }

// Rows that are as hard as rows get: the extremes, one component, the same everywhere, noise.
edge::Buffer<int8_t> row_of(size_t stride, size_t dimension, size_t kind, check::Random& random) {
  edge::Buffer<int8_t> row = buffer<int8_t>(stride);
  for (size_t i = 0; i < dimension; i++) {
    const auto noise = static_cast<int8_t>(random.next());
    row[i] = kind == 0 ? int8_t{-128} : kind == 1 ? int8_t{127} : kind == 2 ? int8_t{0} : noise;
  }
  if (kind == 2) row[random.below(dimension)] = 1;
  return row;
}

// Rows of a sketch's bytes: noise, the query itself, and its opposite, of which every bit differs.
std::vector<uint8_t> rows_like(const std::vector<uint8_t>& query, size_t bytes, size_t count, check::Random& random) {
  std::vector<uint8_t> rows(count * bytes);
  for (size_t i = 0; i < count; i++) {
    const uint64_t kind = random.below(4);
    for (size_t j = 0; j < bytes; j++) {
      const uint64_t x = kind == 0 ? query[j] : kind == 1 ? ~uint64_t{query[j]} : random.next();
      rows[i * bytes + j] = static_cast<uint8_t>(x);
    }
  }
  return rows;
}

uint32_t plain_distance(const uint8_t* a, const uint8_t* b, size_t count) {
  uint32_t sum = 0;
  for (size_t i = 0; i < count; i++) sum += static_cast<uint32_t>(std::popcount(static_cast<uint8_t>(a[i] ^ b[i])));
  return sum;
}

}  // namespace

TEST("a rotation is two rounds of signs and Sylvester's matrix, in every instruction set") {
  check::Random random(1);
  for (const size_t dimension : {128u, 256u, 516u, 2048u}) {
    edge::Rotation rotation;
    CHECK(rotation.init(dimension, dimension));
    const size_t padded = rotation.padded();
    const size_t stride = (dimension + 63) / 64 * 64;
    edge::Buffer<int8_t> row = row_of(stride, dimension, 3, random);
    std::vector<int64_t> once(padded);
    for (size_t i = 0; i < padded; i++) {
      for (size_t j = 0; j < dimension; j++) once[i] += sign(i, j) * rotation.first()[j] * row[j];
      once[i] = (once[i] >> rotation.shift()) * rotation.second()[i];
    }
    for (const Kernels* set : edge::kernel_sets()) {
      edge::Buffer<int32_t> out = buffer<int32_t>(padded);
      set->rotate(rotation, row.data(), stride, out.data());
      for (size_t i = 0; i < padded; i += dimension < 600 ? 1 : 37) {
        int64_t twice = 0;
        for (size_t j = 0; j < padded; j++) twice += sign(i, j) * once[j];
        CHECK(out[i] == twice);
      }
    }
  }
}

TEST("every instruction set makes the same sketch and the same sums of the hardest rows") {
  check::Random random(2);
  for (const size_t dimension : {128u, 192u, 512u, 768u, 1024u, 2048u, 4096u}) {
    edge::Rotation rotation;
    CHECK(rotation.init(dimension, 9));
    const size_t padded = rotation.padded();
    const size_t stride = (dimension + 63) / 64 * 64;
    std::vector<float> mean(edge::kSketchBits);
    std::vector<double> wide(padded);
    for (float& x : mean) x = random.component() * 50;
    for (double& x : wide) x = random.component();
    for (size_t kind = 0; kind < 8; kind++) {
      edge::Buffer<int8_t> row = row_of(stride, dimension, kind, random);
      const Kernels& scalar = edge::scalar_kernels();
      edge::Buffer<int32_t> expected = buffer<int32_t>(padded);
      scalar.rotate(rotation, row.data(), stride, expected.data());
      uint8_t plain[edge::kSketchBytes];
      uint8_t centred[edge::kSketchBytes];
      scalar.signs(expected.data(), nullptr, 0, plain);
      scalar.signs(expected.data(), mean.data(), 1234.5f, centred);
      for (size_t j = 0; j < edge::kSketchBits; j++) {
        CHECK(((plain[j / 8] >> (j % 8)) & 1) == (expected[j] > 0 ? 1 : 0));
        CHECK(((centred[j / 8] >> (j % 8)) & 1) == (static_cast<float>(expected[j]) > 1234.5f * mean[j] ? 1 : 0));
      }
      const double sum = scalar.project(expected.data(), wide.data(), padded);
      std::vector<double> sums(padded, 0.25);
      scalar.accumulate(expected.data(), 1.0 / 3, padded, sums.data());
      for (const Kernels* set : edge::kernel_sets()) {
        const Kernels& kernels = *set;
        edge::Buffer<int32_t> out = buffer<int32_t>(padded);
        kernels.rotate(rotation, row.data(), stride, out.data());
        CHECK(std::memcmp(out.data(), expected.data(), out.bytes()) == 0);
        uint8_t sketch[edge::kSketchBytes];
        kernels.signs(out.data(), nullptr, 0, sketch);
        CHECK(std::memcmp(sketch, plain, sizeof sketch) == 0);
        kernels.signs(out.data(), mean.data(), 1234.5f, sketch);
        CHECK(std::memcmp(sketch, centred, sizeof sketch) == 0);
        CHECK(kernels.project(out.data(), wide.data(), padded) == sum);
        std::vector<double> own(padded, 0.25);
        kernels.accumulate(out.data(), 1.0 / 3, padded, own.data());
        CHECK(own == sums);
      }
    }
  }
}

TEST("the rotation keeps lengths, up to its scale") {
  check::Random random(3);
  for (const size_t dimension : {128u, 512u, 768u, 4096u}) {
    edge::Rotation rotation;
    CHECK(rotation.init(dimension, 77));
    std::vector<double> x(rotation.padded());
    double before = 0;
    for (size_t i = 0; i < dimension; i++) {
      x[i] = random.component();
      before += x[i] * x[i];
    }
    rotation.apply(x.data());
    double after = 0;
    for (const double y : x) after += y * y;
    CHECK(std::fabs(std::sqrt(after / before) / rotation.scale() - 1) < 1e-12);
  }
}

TEST("every instruction set counts the same distances, of all rows and of picked ones") {
  check::Random random(4);
  for (const size_t count : {0u, 1u, 7u, 8u, 9u, 16u, 31u, 32u, 33u, 100u, 1024u}) {
    // Not a byte longer than they are: a sanitizer sees what reads on.
    std::vector<uint8_t> query(edge::kFineBytes);
    for (uint8_t& x : query) x = random.below(3) == 0 ? uint8_t{0} : static_cast<uint8_t>(random.next());
    const std::vector<uint8_t> rows = rows_like(query, edge::kCoarseBytes, count, random);
    const std::vector<uint8_t> fine_rows = rows_like(query, edge::kFineBytes, count, random);
    std::vector<uint16_t> pick;
    std::vector<const uint8_t*> picked;
    for (size_t i = 0; i < count; i += 1 + random.below(4)) {
      pick.push_back(static_cast<uint16_t>(i));
      picked.push_back(&fine_rows[i * edge::kFineBytes]);
    }
    for (const Kernels* set : edge::kernel_sets()) {
      const Kernels& kernels = *set;
      std::vector<uint8_t> out(count + 1, 200);
      kernels.coarse_rows(query.data(), rows.data(), count, out.data());
      for (size_t i = 0; i < count; i++) {
        CHECK(out[i] == plain_distance(query.data(), &rows[i * edge::kCoarseBytes], edge::kCoarseBytes));
      }
      CHECK(out[count] == 200);
      std::vector<uint8_t> some(count + 1, 200);
      kernels.coarse_picks(query.data(), rows.data(), pick.data(), pick.size(), some.data());
      size_t at = 0;
      for (size_t i = 0; i <= count; i++) {
        const bool is_picked = at < pick.size() && pick[at] == i;
        CHECK(some[i] == (is_picked ? out[i] : 200));
        at += is_picked ? 1 : 0;
      }
      std::vector<uint16_t> fine(pick.size() + 1, 999);
      kernels.fine_picks(query.data(), picked.data(), pick.size(), fine.data());
      for (size_t i = 0; i < pick.size(); i++) {
        CHECK(fine[i] == plain_distance(query.data(), picked[i], edge::kFineBytes));
      }
      CHECK(fine[pick.size()] == 999);
    }
  }
}

TEST("every instruction set selects the numbers within bounds, both ends included") {
  check::Random random(5);
  for (const size_t count : {0u, 1u, 31u, 32u, 33u, 63u, 64u, 65u, 1024u, 65536u}) {
    std::vector<uint8_t> values(count);
    for (uint8_t& x : values) x = static_cast<uint8_t>(random.next());
    for (const auto& [least, most] : {std::pair{0, 0}, {0, 255}, {255, 255}, {40, 44}, {128, 128}, {1, 127}}) {
      std::vector<uint16_t> expected;
      for (size_t i = 0; i < count; i++) {
        if (values[i] >= least && values[i] <= most) expected.push_back(static_cast<uint16_t>(i));
      }
      for (const Kernels* set : edge::kernel_sets()) {
        std::vector<uint16_t> pick(count);
        const size_t picked = set->select(values.data(), count, static_cast<uint8_t>(least),
                                                            static_cast<uint8_t>(most), pick.data());
        pick.resize(picked);
        CHECK(pick == expected);
      }
    }
  }
}

TEST("every instruction set excludes what the filter refuses") {
  check::Random random(6);
  for (const size_t count : {1u, 31u, 32u, 33u, 95u, 1024u}) {
    std::vector<uint16_t> type(count);
    std::vector<uint32_t> node(count);
    std::vector<double> time(count);
    for (size_t i = 0; i < count; i++) {
      type[i] = static_cast<uint16_t>(random.below(2) * 65535);
      node[i] = static_cast<uint32_t>(random.below(2) * 4294967295u);
      time[i] = static_cast<double>(random.below(10));
    }
    const edge::Columns columns{type.data(), node.data(), time.data()};
    for (uint32_t which = 0; which < 16; which++) {
      edge::Filter filter;
      filter.by_type = (which & 1) != 0;
      filter.by_node = (which & 2) != 0;
      filter.type = 65535;
      filter.node = 4294967295u;
      if ((which & 4) != 0) filter.since_ms = 3;
      if ((which & 8) != 0) filter.until_ms = 7;
      for (const Kernels* set : edge::kernel_sets()) {
        std::vector<uint8_t> out(count, 9);
        set->exclude(filter, columns, count, out.data());
        for (size_t i = 0; i < count; i++) {
          const bool good = ((which & 1) == 0 || type[i] == 65535) && ((which & 2) == 0 || node[i] == 4294967295u) &&
                            ((which & 4) == 0 || time[i] >= 3) && ((which & 8) == 0 || time[i] <= 7);
          CHECK(out[i] == (good ? 0 : 255));
          CHECK(filter.passes(columns, i) == good);
        }
      }
    }
  }
}

int main() { return check::run_all(); }
