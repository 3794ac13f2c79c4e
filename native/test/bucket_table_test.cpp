#include "../core/bucket_table.hpp"

#include <map>

#include "check.hpp"

using edge::BucketTable;

namespace {

// Keys by slot; the hashes are as bad as asked for.
struct Subject {
  BucketTable table;
  std::map<uint32_t, uint64_t> keys{};
  uint32_t spread;

  explicit Subject(uint32_t slots, uint32_t how) : spread(how) { CHECK(table.reset(slots)); }

  uint32_t hash(uint64_t key) const { return static_cast<uint32_t>(key * 0x9e3779b97f4a7c15u >> 32) & spread; }
  uint32_t find(uint64_t key) const {
    return table.find(hash(key), [&](uint32_t slot) { return keys.count(slot) > 0 && keys.at(slot) == key; });
  }
};

void churn(check::Random& random, uint32_t slots, uint32_t spread) {
  Subject subject(slots, spread);
  std::vector<uint32_t> free;
  for (uint32_t slot = 0; slot < slots; slot++) free.push_back(slot);
  for (int step = 0; step < 4000; step++) {
    const uint64_t key = random.below(slots * 2);
    const uint32_t slot = subject.find(key);
    if (slot == BucketTable::kNone) {
      if (free.empty()) continue;
      subject.keys[free.back()] = key;
      subject.table.insert(subject.hash(key), free.back());
      free.pop_back();
    } else if (!free.empty() && random.below(2) == 0) {
      std::swap(free.front(), free.back());
      subject.table.move(subject.hash(key), slot, free.back());
      subject.keys[free.back()] = key;
      subject.keys.erase(slot);
      free.back() = slot;
    } else {
      subject.table.erase(subject.hash(key), slot);
      subject.keys.erase(slot);
      free.push_back(slot);
    }
  }
  for (const auto& [slot, key] : subject.keys) {
    CHECK(subject.find(key) == slot);
    // A guess is another slot of the same mark, this one, or what was named instead.
    const uint32_t guess = subject.table.guess(subject.hash(key), slots);
    CHECK(guess == slots || subject.keys.count(guess) > 0);
  }
  for (uint64_t key = slots * 2; key < slots * 2 + 100; key++) CHECK(subject.find(key) == BucketTable::kNone);
}

}  // namespace

TEST("slots come, move and go, and each is found by its key") {
  check::Random random(21);
  for (uint32_t slots = 1; slots < 200; slots += 7) churn(random, slots, UINT32_MAX);
}

TEST("hashes that all fall into few buckets, or are all one, only make it slower") {
  check::Random random(22);
  for (const uint32_t spread : {0u, 1u, 0xfu, 0xf000000fu, 0xffff0000u}) {
    for (const uint32_t slots : {1u, 9u, 10u, 11u, 60u, 150u}) churn(random, slots, spread);
  }
}

TEST("a table of many slots lies in whole pages, zeroed, and is empty again once cleared") {
  BucketTable table;
  constexpr uint32_t slots = 1u << 20;
  CHECK(table.reset(slots));
  CHECK(table.bytes() > (4u << 20) && table.bytes() < slots * 11ull);
  const auto hash = [](uint32_t slot) { return slot * 2654435761u; };
  const auto find = [&](uint32_t slot) { return table.find(hash(slot), [&](uint32_t at) { return at == slot; }); };
  for (uint32_t slot = 0; slot < slots; slot++) table.insert(hash(slot), slot);
  for (uint32_t slot = 0; slot < slots; slot += 97) CHECK(find(slot) == slot);
  table.clear();
  for (uint32_t slot = 0; slot < slots; slot += 97) CHECK(find(slot) == BucketTable::kNone);
  CHECK(table.reset(10) && table.bytes() < 1000);
  CHECK(find(3) == BucketTable::kNone);
}

int main() { return check::run_all(); }
