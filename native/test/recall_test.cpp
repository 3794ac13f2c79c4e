// Two stages against the exact scan of the same index, in every shape of space.
#include <algorithm>

#include "../core/search_limit.hpp"
#include "space.hpp"

using edge::Question;
using edge::Status;
using edge::VectorIndex;
using space::Kind;

namespace {

constexpr size_t kEntries = 6000;
constexpr size_t kQueries = 24;

struct Outcome {
  double recall = 0;
  double exhaustive = 0;
};

// Recall of the two stages, with what the filter leaves (everything when there is none) as the truth.
Outcome measure(const VectorIndex& index, const std::vector<float>& queries, const Question& question) {
  Outcome outcome;
  size_t found = 0;
  size_t wanted = 0;
  for (size_t i = 0; i < kQueries; i++) {
    const float* query = &queries[i * index.dimension()];
    Question all = question;
    all.exact = true;
    const space::Answer truth = space::ask(index, query, all);
    const space::Answer answer = space::ask(index, query, question);
    CHECK(answer.hits.size() == truth.hits.size());
    for (size_t j = 0; j + 1 < answer.hits.size(); j++) CHECK(edge::better(answer.hits[j], answer.hits[j + 1]));
    found += space::shared_keys(answer.hits, truth.hits);
    wanted += truth.hits.size();
    outcome.exhaustive += static_cast<double>(answer.counts.exhaustive) / kQueries;
  }
  outcome.recall = wanted == 0 ? 1 : static_cast<double>(found) / static_cast<double>(wanted);
  return outcome;
}

}  // namespace

TEST("two stages find what the exact scan finds, in every space and dimension, and look at little where they can") {
  for (const size_t dimension : {128u, 256u, 512u, 768u, 1024u}) {
    for (const Kind kind : space::kKinds) {
      space::Space source(kind, dimension, 60, dimension + static_cast<size_t>(kind));
      VectorIndex index;
      CHECK(index.init({.dimension = dimension, .capacity = kEntries}, {1, 2}, edge::kernels_for(edge::best_isa())) ==
            Status::ok);
      for (size_t i = 0; i < kEntries; i += 500) {
        CHECK(space::put(index, space::keys_from(i, 500), source.some(500)) == Status::ok);
      }
      const std::vector<float> queries = source.some(kQueries);
      const Outcome outcome = measure(index, queries, {.k = 10});
      std::printf("     %s, %zu components: recall %.4f, full scans %.2f\n", space::name_of(kind), dimension,
                  outcome.recall, outcome.exhaustive);
      CHECK(outcome.recall >= 0.99);
      if (kind == Kind::random) {
        CHECK(outcome.exhaustive > 0.9);
      } else if (dimension >= 256 && kind != Kind::positive) {
        CHECK(outcome.exhaustive < 0.2);
      }
      // More hits than any identity has samples: the margin behind the last is thin.
      CHECK(measure(index, queries, {.k = 400}).recall >= 0.985);
    }
  }
}

namespace {

// How a full scan of rows compares with the vectors themselves.
struct Exactness {
  double missed = 0;   // of the true ten best, a share
  double squares = 0;  // of how far scores are off, the average
};

Exactness against_floats(const VectorIndex& index, const std::vector<float>& vectors,
                         const std::vector<float>& queries) {
  const size_t dimension = index.dimension();
  const size_t count = queries.size() / dimension;
  Exactness outcome;
  for (size_t i = 0; i < count; i++) {
    const float* query = &queries[i * dimension];
    std::vector<edge::Hit> truth;
    for (size_t row = 0; row < vectors.size() / dimension; row++) {
      truth.push_back({row, edge::exact_cosine(query, &vectors[row * dimension], dimension)});
    }
    const space::Answer answer = space::ask(index, query, {.k = 10, .exact = true});
    for (const edge::Hit& hit : answer.hits) {
      const double off = double{hit.score} - double{truth[hit.key].score};
      outcome.squares += off * off / static_cast<double>(10 * count);
    }
    std::sort(truth.begin(), truth.end(), edge::better);
    truth.resize(10);
    const auto found = static_cast<double>(space::shared_keys(answer.hits, truth));
    outcome.missed += (1 - found / 10) / static_cast<double>(count);
  }
  return outcome;
}

}  // namespace

TEST("blocks of their own scales make the scores nearer by a third than one scale a row, and miss less") {
  constexpr size_t kRows = 2000;
  constexpr size_t kAsked = 100;
  for (const size_t dimension : {256u, 512u}) {
    space::Space source(Kind::clustered, dimension, 20, 77);
    const std::vector<float> vectors = source.some(kRows);
    const std::vector<float> queries = source.some(kAsked);
    VectorIndex rows;
    VectorIndex plain;
    for (VectorIndex* index : {&rows, &plain}) {
      CHECK(index->init({.dimension = dimension, .capacity = kRows}, {1, 2}, edge::kernels_for(edge::best_isa())) ==
            Status::ok);
    }
    const std::vector<uint64_t> keys = space::keys_from(0, kRows);
    CHECK(space::put(rows, keys, vectors) == Status::ok);
    std::vector<int8_t> values(vectors.size());
    for (size_t row = 0; row < kRows; row++) {
      const float* x = &vectors[row * dimension];
      const double peak = edge::scalar_kernels().peak(x, dimension);
      for (size_t j = 0; j < dimension; j++) {
        values[row * dimension + j] = static_cast<int8_t>(std::nearbyint(double{x[j]} * (127 / peak)));
      }
    }
    const std::vector<float> scales(kRows, 1.0f);
    size_t bad = 0;
    CHECK(plain.upsert_int8(keys.data(), kRows, values.data(), scales.data(), {}, bad) == Status::ok);
    const Exactness finer = against_floats(rows, vectors, queries);
    const Exactness coarser = against_floats(plain, vectors, queries);
    const double error = std::sqrt(finer.squares / coarser.squares);
    std::printf("     %zu components: error × %.3f, recall %.4f for %.4f\n", dimension, error, 1 - finer.missed,
                1 - coarser.missed);
    CHECK(error < 0.72);
    CHECK(finer.missed < 0.012 && finer.missed < coarser.missed);
  }
}

TEST("a filter is kept to, whatever it leaves") {
  constexpr size_t kDimension = 128;
  constexpr size_t kMany = 30000;
  space::Space source(Kind::clustered, kDimension, 100, 5);
  VectorIndex index;
  CHECK(index.init({.dimension = kDimension, .capacity = kMany}, {1, 2}, edge::kernels_for(edge::best_isa())) ==
        Status::ok);
  for (size_t i = 0; i < kMany; i += 1000) {
    std::vector<uint16_t> type(1000);
    std::vector<uint32_t> node(1000);
    std::vector<double> time(1000);
    for (size_t j = 0; j < 1000; j++) {
      type[j] = static_cast<uint16_t>((i + j) % 50 == 0 ? 7 : 1);
      node[j] = i < 26000 ? 3 : 4;
      time[j] = static_cast<double>(i + j);
    }
    CHECK(space::put(index, space::keys_from(i, 1000), source.some(1000), {type.data(), node.data(), time.data()}) ==
          Status::ok);
  }
  const std::vector<float> queries = source.some(kQueries);
  Question question{.k = 10};
  question.filter.by_type = true;
  for (const uint16_t type : {uint16_t{1}, uint16_t{7}, uint16_t{9}}) {
    question.filter.type = type;
    CHECK(measure(index, queries, question).recall >= 0.985);
    const space::Answer answer = space::ask(index, queries.data(), question);
    CHECK(answer.hits.size() == (type == 9 ? 0 : 10));
    for (const edge::Hit& hit : answer.hits) CHECK((hit.key % 50 == 0) == (type == 7));
  }
  question.filter.by_type = false;
  question.filter.by_node = true;
  question.filter.node = 3;
  CHECK(measure(index, queries, question).recall >= 0.985);
  CHECK(space::ask(index, queries.data(), question).counts.exhaustive == 0);
  question.filter.since_ms = 5000;
  question.filter.until_ms = 24999;
  CHECK(measure(index, queries, question).recall >= 0.985);
  for (const edge::Hit& hit : space::ask(index, queries.data(), question).hits) {
    CHECK(hit.key >= 5000 && hit.key <= 24999);
  }
}

TEST("more hits than entries, entries that are all the same, and opposite queries are no trouble") {
  constexpr size_t kDimension = 128;
  VectorIndex index;
  CHECK(index.init({.dimension = kDimension, .capacity = 4000}, {1, 2}, edge::kernels_for(edge::best_isa())) ==
        Status::ok);
  std::vector<float> same(3000 * kDimension);
  for (size_t i = 0; i < same.size(); i++) same[i] = static_cast<float>(i % kDimension) - 60.5f;
  CHECK(space::put(index, space::keys_from(100, 3000), same) == Status::ok);
  std::vector<float> query(same.begin(), same.begin() + kDimension);
  for (const float sign : {1.0f, -1.0f}) {
    for (float& x : query) x *= sign;
    for (const size_t k : {1u, 50u, 5000u}) {
      const space::Answer answer = space::ask(index, query.data(), {.k = k});
      CHECK(answer.hits.size() == std::min<size_t>(k, 3000));
      for (const edge::Hit& hit : answer.hits) CHECK(std::fabs(hit.score - sign) < 1e-3f);
      CHECK(answer.hits[0].key == 100);
    }
  }
}

int main() { return check::run_all(); }
