#include "../core/shared_index.hpp"

#include <thread>

#include "../core/search_many.hpp"
#include "space.hpp"

using edge::SharedIndex;
using edge::Status;

TEST("searches on other threads see every entry that stays exactly once") {
  constexpr size_t kDimension = 64;
  constexpr uint64_t kStay = 6000;
  SharedIndex index;
  CHECK(index.owner().init({.dimension = kDimension, .capacity = 20000}, {1, 2},
                           edge::kernels_for(edge::best_isa())) == Status::ok);
  check::Random random(13);
  std::vector<float> vectors(500 * kDimension);
  for (float& x : vectors) x = random.component();
  std::vector<uint64_t> keys(500);
  const auto put = [&](uint64_t from) {
    for (size_t i = 0; i < keys.size(); i++) keys[i] = from + i;
    size_t bad = 0;
    CHECK(index.edit([&](edge::VectorIndex& i) {
      return i.upsert(keys.data(), keys.size(), vectors.data(), {}, bad);
    }) == Status::ok);
  };
  const auto take = [&](uint64_t from) {
    for (size_t i = 0; i < keys.size(); i++) keys[i] = from + i;
    size_t erased = 0;
    CHECK(index.edit([&](edge::VectorIndex& i) { return i.erase(keys.data(), keys.size(), erased); }) == Status::ok);
  };
  // Entries that go lie before and among those that stay.
  for (uint64_t from = 0; from < 3000; from += 500) put(1000000 + from);
  for (uint64_t from = 0; from < kStay; from += 500) put(from);

  for (int round = 0; round < 4; round++) {
    edge::Search searches[3];
    std::vector<std::thread> threads;
    for (edge::Search& search : searches) {
      CHECK(index.begin_search());
      CHECK(search.init(index.owner(), vectors.data(), {.k = 20000}) == Status::ok);
      threads.emplace_back([&index, &search] { index.scan(search); });
    }
    for (int turn = 0; turn < 10; turn++) {
      take(1000000 + 500 * (static_cast<uint64_t>(turn) % 6));
      put(2000000 + 500 * static_cast<uint64_t>(turn));
      take(2000000 + 500 * static_cast<uint64_t>(turn));
      put(1000000 + 500 * (static_cast<uint64_t>(turn) % 6));
    }
    for (std::thread& thread : threads) thread.join();
    for (edge::Search& search : searches) {
      index.end_search();
      std::vector<int> times(kStay, 0);
      const edge::TopK& top = search.finish();
      for (size_t i = 0; i < top.size(); i++) {
        if (top[i].key < kStay) times[top[i].key]++;
      }
      for (const int count : times) CHECK(count == 1);
    }
    CHECK(index.owner().size() == 9000);
  }
}

TEST("two-stage searches on other threads find what stays, while entries churn and a mean is adopted") {
  constexpr size_t kDimension = 128;
  constexpr size_t kStay = 3000;
  space::Space source(space::Kind::positive, kDimension, 20, 5);
  SharedIndex index;
  CHECK(index.owner().init({.dimension = kDimension, .capacity = 14000}, {1, 2},
                           edge::kernels_for(edge::best_isa())) == Status::ok);
  const std::vector<float> stay = source.some(kStay);
  CHECK(space::put(index.owner(), space::keys_from(0, kStay), stay) == Status::ok);
  size_t found = 0;
  size_t asked = 0;
  for (uint64_t round = 0; round < 6; round++) {
    edge::Search alone[2];
    edge::SearchMany many;
    std::vector<std::thread> threads;
    size_t bad = 0;
    for (size_t i = 0; i < 2; i++) {
      CHECK(index.begin_search());
      CHECK(alone[i].init(index.owner(), &stay[(round * 3 + i) * kDimension], {.k = 5}) == Status::ok);
      threads.emplace_back([&index, &search = alone[i]] { index.scan(search); });
    }
    CHECK(index.begin_search());
    CHECK(many.init(index.owner(), &stay[round * 20 * kDimension], 20, {.k = 5}, bad) == Status::ok);
    threads.emplace_back([&index, &many] { index.scan(many); });
    for (uint64_t turn = 0; turn < 12; turn++) {
      const std::vector<uint64_t> keys = space::keys_from(100000 + (round * 12 + turn) % 40 * 250, 250);
      const std::vector<float> vectors = source.some(250);
      CHECK(index.edit([&](edge::VectorIndex& one) { return space::put(one, keys, vectors); }) == Status::ok);
      size_t erased = 0;
      const std::vector<uint64_t> gone = space::keys_from(100000 + turn * 400, 130);
      CHECK(index.edit([&](edge::VectorIndex& one) { return one.erase(gone.data(), gone.size(), erased); }) ==
            Status::ok);
    }
    for (std::thread& thread : threads) thread.join();
    for (size_t i = 0; i < 2; i++) {
      const edge::TopK& top = alone[i].finish();
      found += top.size() > 0 && top[0].key == round * 3 + i ? 1 : 0;
      asked++;
    }
    for (size_t i = 0; i < 20; i++) {
      size_t count = 0;
      const edge::Hit* hits = many.hits(i, count);
      found += count > 0 && hits[0].key == round * 20 + i ? 1 : 0;
      asked++;
    }
    for (int i = 0; i < 3; i++) index.end_search();
  }
  CHECK(found == asked);
}

TEST("more searches than the limit are refused") {
  SharedIndex index;
  CHECK(index.owner().init({.dimension = 4, .capacity = 10}, {1, 2}, edge::scalar_kernels()) == Status::ok);
  for (uint32_t i = 0; i < SharedIndex::kMaxSearches; i++) CHECK(index.begin_search());
  CHECK(!index.begin_search());
  index.end_search();
  CHECK(index.begin_search());
}

int main() { return check::run_all(); }
