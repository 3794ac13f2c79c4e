#include "../core/search_limit.hpp"

#include <algorithm>
#include <cmath>

#include "space.hpp"

using edge::SpaceMean;

TEST("angles are right to 1e-7 over the whole circle, and outside it clamped") {
  for (int i = -100000; i <= 100000; i++) {
    const double cosine = i / 100000.0;
    CHECK(std::fabs(edge::angle_part(cosine) - std::acos(cosine) / 3.141592653589793) < 1e-7);
  }
  CHECK(edge::angle_part(1) == 0 && edge::angle_part(7) == 0);
  CHECK(edge::angle_part(-1) == 1 && edge::angle_part(-7) == 1);
}

TEST("limits fall as the score to beat rises, from all bits to none") {
  for (const size_t bits : {edge::kCoarseBits, edge::kSketchBits}) {
    uint32_t last = edge::bit_limit(bits, 3, -1);
    CHECK(last == bits);
    for (int i = -1000; i <= 1000; i++) {
      const uint32_t limit = edge::bit_limit(bits, 3, i / 1000.0);
      // Near the opposite the spread shrinks faster than the middle falls.
      if (i > -800) CHECK(limit <= last);
      CHECK(limit <= bits);
      last = limit;
    }
    CHECK(last == 0);
  }
}

TEST("rows that beat a score are within the limit of bits as often as promised, with a mean and without") {
  constexpr size_t kDimension = 256;
  for (const space::Kind kind : space::kKinds) {
    for (const bool centred : {false, true}) {
      space::Space source(kind, kDimension, 30, 21);
      const std::vector<float> vectors = source.some(1500);
      std::vector<float> mean(kDimension);
      for (size_t i = 0; i < vectors.size(); i++) mean[i % kDimension] += vectors[i] / 1500;
      edge::Sketcher sketcher;
      const edge::Kernels& kernels = edge::kernels_for(edge::best_isa());
      CHECK(sketcher.init(kernels, kDimension, kDimension, 3, centred ? mean.data() : nullptr));
      edge::Buffer<int8_t> row;
      edge::Buffer<int8_t> even;
      edge::Buffer<int32_t> rotated;
      CHECK(row.resize(edge::row_bytes(kDimension)) && even.resize(kDimension));
      CHECK(rotated.resize(sketcher.rotation().padded()));
      std::vector<uint8_t> sketches(1500 * edge::kSketchBytes);
      const auto quantise = [&](size_t i) {
        const float* x = &vectors[i * kDimension];
        return kernels.quantise_row(x, kDimension, kernels.peak(x, kDimension), row.data());
      };
      for (uint32_t i = 0; i < 1500; i++) {
        const int64_t squares = quantise(i);
        sketcher.sketch(i, row.data(), squares, &sketches[i * edge::kSketchBytes]);
      }
      size_t pairs = 0;
      size_t beyond = 0;
      for (size_t q = 0; q < 40; q++) {
        const int64_t squares = quantise(q);
        const double norm = sketcher.rotate(row.data(), squares, even.data(), rotated.data());
        const double along = centred ? sketcher.along(sketcher.present(), rotated.data(), norm) : 0;
        for (size_t i = q + 1; i < 1500; i++) {
          const double cosine = edge::exact_cosine(&vectors[q * kDimension], &vectors[i * kDimension], kDimension);
          const double bound = centred ? edge::centred_cosine(sketcher.present(), along, cosine) : cosine;
          uint32_t differ = 0;
          for (size_t b = 0; b < edge::kSketchBytes; b++) {
            const int bits = sketches[q * edge::kSketchBytes + b] ^ sketches[i * edge::kSketchBytes + b];
            differ += static_cast<uint32_t>(__builtin_popcount(static_cast<unsigned>(bits)));
          }
          pairs++;
          beyond += differ > edge::bit_limit(edge::kSketchBits, 2.8, bound) ? 1 : 0;
        }
      }
      std::printf("     %s%s: %.5f beyond\n", space::name_of(kind), centred ? ", centred" : "",
                  static_cast<double>(beyond) / static_cast<double>(pairs));
      // 2.8 deviations: 0.0026.
      CHECK(static_cast<double>(beyond) < 0.005 * static_cast<double>(pairs));
    }
  }
}

TEST("no row that is near enough lies below the least cosine about the mean, but what lies unusually far along it") {
  constexpr size_t kDimension = 128;
  constexpr size_t kRows = 600;
  check::Random random(9);
  // Lengths of the mean beside the rest of a row: all alike, everywhere between none and thrice, and two far apart.
  for (const int shape : {0, 1, 2}) {
    std::vector<float> mean(kDimension);
    for (float& x : mean) x = space::deviate(random) * 0.06f;
    space::Space source(space::Kind::clustered, kDimension, 40, 5);
    std::vector<float> vectors = source.some(kRows);
    for (size_t i = 0; i < kRows; i++) {
      const float lean = shape == 0 ? 1.0f : shape == 1 ? 3.0f * static_cast<float>(i) / kRows : i % 20 == 0 ? 4.0f : 0.4f;
      for (size_t j = 0; j < kDimension; j++) vectors[i * kDimension + j] += lean * mean[j];
    }
    edge::Sketcher sketcher;
    const edge::Kernels& kernels = edge::kernels_for(edge::best_isa());
    CHECK(sketcher.init(kernels, kDimension, kDimension, 3, mean.data()));
    edge::Buffer<int8_t> row;
    edge::Buffer<int8_t> even;
    edge::Buffer<int32_t> rotated;
    CHECK(row.resize(edge::row_bytes(kDimension)) && even.resize(kDimension));
    CHECK(rotated.resize(sketcher.rotation().padded()));
    uint8_t sketch[edge::kSketchBytes];
    std::vector<double> along(kRows);
    double length = 0;
    for (const float x : mean) length += double{x} * double{x};
    for (uint32_t i = 0; i < kRows; i++) {
      const float* x = &vectors[i * kDimension];
      const int64_t squares = kernels.quantise_row(x, kDimension, kernels.peak(x, kDimension), row.data());
      sketcher.sketch(i, row.data(), squares, sketch);
      const double norm = sketcher.rotate(row.data(), squares, even.data(), rotated.data());
      along[i] = sketcher.along(sketcher.present(), rotated.data(), norm);
    }
    const edge::SpaceMean& present = sketcher.present();
    const double reach = 2.5 * present.deviation();
    size_t pairs = 0;
    size_t below = 0;
    for (size_t q = 0; q < kRows; q += 5) {
      const double query = 1 - 2 * along[q] + length;
      for (size_t i = 0; i < kRows; i++) {
        if (i == q) continue;
        const double cosine = edge::exact_cosine(&vectors[q * kDimension], &vectors[i * kDimension], kDimension);
        const double centred = (cosine - along[q] - along[i] + length) / std::sqrt(query * (1 - 2 * along[i] + length));
        if (along[i] > std::max(along[q] + reach / 2, present.average() + reach)) continue;
        for (const double score : {cosine, cosine - 0.05, cosine - 0.3}) {
          pairs++;
          below += centred < edge::centred_cosine(present, along[q], score) - 0.005 ? 1 : 0;
        }
      }
    }
    std::printf("     shape %d: %zu of %zu below\n", shape, below, pairs);
    CHECK(pairs > 100'000 && below == 0);
  }
}

int main() { return check::run_all(); }
