#include "../core/dedup_cache.hpp"

#include <deque>
#include <map>

#include "check.hpp"

using edge::DedupCache;

namespace {

constexpr edge::SipKey kSecret{3, 4};

// The same by a queue in order of arrival.
struct Model {
  size_t capacity;
  double ttl;
  std::deque<std::pair<std::string, double>> queue{};
  std::map<std::string, int> known{};

  void drop() {
    known.erase(queue.front().first);
    queue.pop_front();
  }
  bool seen(const std::string& id, double now) {
    while (!queue.empty() && now - queue.front().second >= ttl) drop();
    if (known.count(id) > 0) return true;
    if (queue.size() == capacity) drop();
    queue.emplace_back(id, now);
    known[id] = 1;
    return false;
  }
};

}  // namespace

TEST("a dedup cache does what a queue in order of arrival does") {
  check::Random random(5);
  for (int round = 0; round < 60; round++) {
    const auto capacity = static_cast<uint32_t>(1 + random.below(round < 50 ? 50 : 3000));
    const uint32_t ttl = static_cast<uint32_t>(1 + random.below(500));
    const uint64_t distinct = 1 + random.below(capacity * 3);
    DedupCache cache;
    CHECK(cache.init(capacity, ttl, kSecret, round % 2 == 0 ? edge::Isa::scalar : edge::best_isa()) == edge::Status::ok);
    Model model{capacity, static_cast<double>(ttl)};
    double now = 1000;
    for (int batch = 0; batch < 60; batch++) {
      now += static_cast<double>(random.below(ttl / 2 + 2));
      std::vector<uint8_t> ids(random.below(100) * 16);
      for (size_t i = 0; i < ids.size(); i += 16) {
        const uint64_t id = random.below(distinct);
        for (size_t j = 0; j < 16; j++) ids[i + j] = static_cast<uint8_t>(id >> (8 * (j % 8)));
      }
      std::vector<uint8_t> out(ids.size() / 16, 9);
      size_t fresh = 0;
      const size_t counted = cache.seen_many(ids.data(), out.size(), now, out.data());
      for (size_t i = 0; i < out.size(); i++) {
        const bool seen = model.seen(std::string(ids.begin() + i * 16, ids.begin() + i * 16 + 16), now);
        CHECK(out[i] == (seen ? 1 : 0));
        fresh += seen ? 0 : 1;
      }
      CHECK(counted == fresh);
      if (!out.empty()) CHECK(cache.size() == model.queue.size());
    }
  }
}

TEST("a million ids take at most 32 bytes each") {
  DedupCache cache;
  CHECK(cache.init(1000000, 1000, kSecret) == edge::Status::ok);
  CHECK(cache.bytes() <= 32u * 1000000);
}

int main() { return check::run_all(); }
