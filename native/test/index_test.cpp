#include "../core/search.hpp"

#include <map>

#include "check.hpp"

using edge::Search;
using edge::Status;
using edge::VectorIndex;

namespace {

constexpr size_t kDimension = 20;

struct Entry {
  std::vector<float> vector;
  uint32_t node;
};

std::vector<float> some_vector(check::Random& random) {
  std::vector<float> vector(kDimension);
  for (float& x : vector) x = random.component();
  return vector;
}

std::vector<edge::Hit> search(const VectorIndex& index, const float* query, size_t k, const edge::Filter& filter = {}) {
  Search search;
  CHECK(search.init(index, query, {.k = k, .filter = filter}) == Status::ok);
  while (search.step(index)) {
  }
  const edge::TopK& top = search.finish();
  std::vector<edge::Hit> hits;
  for (size_t i = 0; i < top.size(); i++) hits.push_back(top[i]);
  return hits;
}

}  // namespace

TEST("an index does what a map of its entries does, pinned or not") {
  check::Random random(7);
  for (int round = 0; round < 30; round++) {
    const auto capacity = static_cast<uint32_t>(round < 20 ? 1 + random.below(60) : 1500 + random.below(2000));
    VectorIndex index;
    const edge::Kernels& kernels = edge::kernels_for(edge::best_isa());
    CHECK(index.init({.dimension = kDimension, .capacity = capacity}, {5, 6}, kernels) == Status::ok);
    std::map<uint64_t, Entry> model;
    uint32_t stamp = 0;
    int pins = 0;
    for (int step = 0; step < 200; step++) {
      if (random.below(6) == 0) {
        index.pin();
        pins++;
      }
      if (pins > 0 && random.below(5) == 0) {
        index.unpin();
        pins--;
      }
      const size_t count = random.below(capacity / 8 + 4);
      std::vector<uint64_t> keys(count);
      for (uint64_t& key : keys) key = random.below(capacity * 2) << 31;
      if (random.below(3) == 0) {
        size_t erased = 0;
        size_t expected = 0;
        for (const uint64_t key : keys) expected += model.erase(key);
        CHECK(index.erase(keys.data(), count, erased) == Status::ok && erased == expected);
      } else {
        std::map<uint64_t, Entry> after = model;
        std::vector<float> vectors;
        std::vector<uint32_t> nodes;
        for (const uint64_t key : keys) {
          after[key] = {some_vector(random), ++stamp};
          vectors.insert(vectors.end(), after[key].vector.begin(), after[key].vector.end());
          nodes.push_back(stamp);
        }
        size_t bad = 0;
        edge::Columns columns;
        columns.node = nodes.data();
        const Status status = index.upsert(keys.data(), count, vectors.data(), columns, bad);
        CHECK(status == (after.size() > capacity ? Status::full : Status::ok));
        if (status == Status::ok) model = std::move(after);
      }
      CHECK(index.size() == model.size());
    }
    const std::vector<float> query = some_vector(random);
    const std::vector<edge::Hit> hits = search(index, query.data(), capacity);
    CHECK(hits.size() == model.size());
    for (size_t i = 0; i + 1 < hits.size(); i++) CHECK(edge::better(hits[i], hits[i + 1]));
    for (const auto& [key, entry] : model) {
      edge::Filter filter;
      filter.by_node = true;
      filter.node = entry.node;
      const std::vector<edge::Hit> own = search(index, entry.vector.data(), 3, filter);
      CHECK(own.size() == 1 && own[0].key == key && own[0].score > 0.999f);
    }
    while (pins-- > 0) index.unpin();
    CHECK(search(index, query.data(), capacity).size() == model.size());
  }
}

TEST("what a batch that does not fit has taken is given back, holes and all") {
  VectorIndex index;
  const edge::Kernels& kernels = edge::kernels_for(edge::best_isa());
  CHECK(index.init({.dimension = kDimension, .capacity = 8}, {5, 6}, kernels) == Status::ok);
  const std::vector<float> vectors(12 * kDimension, 1.0f);
  const std::vector<uint64_t> first{1, 2, 3, 4, 5, 6};
  const std::vector<uint64_t> many{10, 11, 12, 13, 14, 15, 16, 17, 18};
  size_t bad = 0;
  size_t erased = 0;
  CHECK(index.upsert(first.data(), 6, vectors.data(), {}, bad) == Status::ok);
  index.pin();
  CHECK(index.erase(first.data(), 3, erased) == Status::ok && erased == 3);
  CHECK(index.upsert(many.data(), 9, vectors.data(), {}, bad) == Status::full);
  CHECK(index.size() == 3);
  CHECK(index.upsert(many.data(), 5, vectors.data(), {}, bad) == Status::ok);
  CHECK(index.size() == 8);
  index.unpin();
  CHECK(search(index, vectors.data(), 20).size() == 8);
  CHECK(index.erase(many.data(), 9, erased) == Status::ok && erased == 5);
  CHECK(index.size() == 3);
}

int main() { return check::run_all(); }
