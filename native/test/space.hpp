// Vectors as embeddings are: identities with samples around them, in spaces of several shapes.
#pragma once

#include <cmath>

#include "../core/search.hpp"
#include "check.hpp"

namespace space {

enum class Kind {
  clustered,  // identities anywhere, samples around them
  random,     // no structure at all
  shared,     // all identities lean one way, and few directions hold most of what differs
  positive,   // no component below zero, as after a ReLU
};

inline constexpr Kind kKinds[] = {Kind::clustered, Kind::random, Kind::shared, Kind::positive};

inline const char* name_of(Kind kind) {
  constexpr const char* kNames[] = {"clustered", "random", "shared", "positive"};
  return kNames[static_cast<int>(kind)];
}

// Close enough to a normal deviate for these purposes, and the same everywhere.
inline float deviate(check::Random& random) {
  const uint64_t bits = random.next();
  float sum = 0;
  for (int i = 0; i < 4; i++) sum += static_cast<float>((bits >> (16 * i)) & 0xffff);
  return (sum / 65535.0f - 2.0f) * 1.7320508f;
}

class Space {
 public:
  Space(Kind kind, size_t dimension, size_t identities, uint64_t seed)
      : kind_(kind), dimension_(dimension), identities_(identities), random_(seed), spectrum_(dimension, 1.0f) {
    if (kind == Kind::shared) {
      for (size_t j = 0; j < dimension; j++) spectrum_[j] = std::pow(static_cast<float>(j + 1), -0.35f);
    }
    std::vector<float> lean(dimension);
    for (float& x : lean) x = deviate(random_);
    normalise(lean.data());
    centres_.resize(identities * dimension);
    for (size_t i = 0; i < identities; i++) {
      float* centre = &centres_[i * dimension];
      for (size_t j = 0; j < dimension; j++) {
        centre[j] = deviate(random_) * spectrum_[j];
        if (kind == Kind::positive && centre[j] < 0) centre[j] = 0;
      }
      normalise(centre);
      for (size_t j = 0; kind == Kind::shared && j < dimension; j++) centre[j] = centre[j] * 0.87f + lean[j] * 0.49f;
    }
    float energy = 0;
    for (const float x : spectrum_) energy += x * x;
    spread_ = 0.647f / std::sqrt(energy);
  }

  // The next sample, of unit length.
  void next(float* out) {
    const float* centre = &centres_[random_.below(identities_) * dimension_];
    for (size_t j = 0; j < dimension_; j++) {
      const float noise = deviate(random_) * spectrum_[j] * spread_;
      out[j] = kind_ == Kind::random ? noise : centre[j] + noise;
      if (kind_ == Kind::positive && out[j] < 0) out[j] = 0;
    }
    normalise(out);
  }

  std::vector<float> some(size_t count) {
    std::vector<float> vectors(count * dimension_);
    for (size_t i = 0; i < count; i++) next(&vectors[i * dimension_]);
    return vectors;
  }

 private:
  void normalise(float* x) const {
    float sum = 0;
    for (size_t j = 0; j < dimension_; j++) sum += x[j] * x[j];
    for (size_t j = 0; j < dimension_; j++) x[j] /= std::sqrt(sum);
  }

  Kind kind_;
  size_t dimension_;
  size_t identities_;
  check::Random random_;
  std::vector<float> spectrum_;
  std::vector<float> centres_;
  float spread_ = 0;
};

struct Answer {
  std::vector<edge::Hit> hits;
  edge::SearchCounts counts;
};

inline Answer ask(const edge::VectorIndex& index, const float* query, const edge::Question& question) {
  edge::Search search;
  CHECK(search.init(index, query, question) == edge::Status::ok);
  while (search.step(index)) {
  }
  const edge::TopK& top = search.finish();
  Answer answer{{}, search.counts()};
  for (size_t i = 0; i < top.size(); i++) answer.hits.push_back(top[i]);
  return answer;
}

inline size_t shared_keys(const std::vector<edge::Hit>& a, const std::vector<edge::Hit>& b) {
  size_t count = 0;
  for (const edge::Hit& x : a) {
    for (const edge::Hit& y : b) count += x.key == y.key ? 1 : 0;
  }
  return count;
}

inline bool same_hits(const std::vector<edge::Hit>& a, const std::vector<edge::Hit>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); i++) {
    if (a[i].key != b[i].key || a[i].score != b[i].score || a[i].exact != b[i].exact) return false;
  }
  return true;
}

inline std::vector<uint64_t> keys_from(uint64_t first, size_t count) {
  std::vector<uint64_t> keys(count);
  for (size_t i = 0; i < count; i++) keys[i] = first + i;
  return keys;
}

inline edge::Status put(edge::VectorIndex& index, const std::vector<uint64_t>& keys, const std::vector<float>& vectors,
                        const edge::Columns& columns = {}) {
  size_t bad = 0;
  return index.upsert(keys.data(), keys.size(), vectors.data(), columns, bad);
}

}  // namespace space
