#include "../core/routing_table.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "check.hpp"

using edge::Route;
using edge::RoutingTable;
using edge::Status;

TEST("thousands of destinations come and go, and lookups agree with a map") {
  check::Random random(6);
  RoutingTable table;
  CHECK(table.init(4000, 1e9, {1, 2}) == Status::ok);
  std::map<uint64_t, std::pair<uint64_t, double>> model;
  for (int step = 0; step < 60000; step++) {
    const uint64_t destination = random.below(3000) * 0x9e3779b97f4a7c15u;
    if (random.below(4) == 0) {
      bool changed = false;
      const auto known = model.find(destination);
      const uint64_t hop = known == model.end() ? 1 : known->second.first;
      CHECK(table.offer(destination, hop, 1, INFINITY, 0, changed) == Status::ok);
      CHECK(changed == (known != model.end()));
      model.erase(destination);
    } else if (model.count(destination) == 0) {
      const double cost = static_cast<double>(random.below(100));
      const uint64_t hop = random.next();
      bool changed = false;
      CHECK(table.offer(destination, hop, 1, cost, 0, changed) == Status::ok && changed);
      model[destination] = {hop, cost};
    }
  }
  CHECK(table.size() == model.size());
  Route route;
  for (const auto& [destination, hop] : model) {
    CHECK(table.lookup(destination, 0, route) && route.next_hop == hop.first && route.cost == hop.second);
  }
  CHECK(table.drop_link(1) == model.size());
  CHECK(table.size() == 0);
}

TEST("a table that is full keeps the cheapest, and pinned ones whatever they cost") {
  RoutingTable table;
  CHECK(table.init(100, 1000, {1, 2}) == Status::ok);
  bool changed = false;
  CHECK(table.pin(1u << 20, 5, 9) == Status::ok);
  for (uint64_t i = 0; i < 300; i++) {
    CHECK(table.offer(i, 1, 1, 1000.0 - static_cast<double>(i), 0, changed) == Status::ok);
  }
  CHECK(table.size() == 100);
  Route route;
  CHECK(table.lookup(1u << 20, 1e15, route) && route.pinned && route.link == 9);
  for (uint64_t i = 0; i < 300; i++) CHECK(table.lookup(i, 0, route) == (i >= 201));
  std::vector<Route> all(table.size());
  CHECK(table.snapshot(0, all.data()) == 100);
  CHECK(std::is_sorted(all.begin(), all.end(),
                       [](const Route& a, const Route& b) { return a.destination < b.destination; }));
  CHECK(table.expire(1000) == 99);
  CHECK(table.size() == 1);
}

TEST("many destinations asked for at once get what each gets alone") {
  check::Random random(8);
  RoutingTable table;
  CHECK(table.init(50, 100, {1, 2}, edge::best_isa()) == Status::ok);
  double now = 0;
  size_t linked = 0;
  for (int step = 0; step < 20000; step++) {
    const auto any = [&] { return random.below(70) << 40; };
    const auto link = static_cast<int32_t>(random.below(5));
    bool changed = false;
    switch (random.below(12)) {
      case 0:
        CHECK(table.pin(any(), 7, link) != Status::memory);
        break;
      case 1:
      case 2:
        table.unpin(any());
        break;
      case 3:
        if (random.below(10) == 0) table.drop_link(link);
        break;
      case 4:
        if (random.below(10) == 0) table.expire(now);
        break;
      case 5:
        CHECK(table.offer(any(), random.below(3), link, INFINITY, now, changed) == Status::ok);
        break;
      case 6:
        now += static_cast<double>(random.below(20));
        break;
      default:
        CHECK(table.offer(any(), random.below(3), link, static_cast<double>(random.below(9)), now, changed) == Status::ok);
    }
    uint64_t destinations[RoutingTable::kChunk];
    int32_t links[RoutingTable::kChunk];
    const size_t count = 1 + random.below(RoutingTable::kChunk);
    for (size_t i = 0; i < count; i++) destinations[i] = any();
    RoutingTable::Asked asked;
    table.ask(destinations, count, asked);
    table.fetch(count, asked);
    table.answer(destinations, count, asked, now, links);
    for (size_t i = 0; i < count; i++) {
      Route route;
      const int32_t alone = table.lookup(destinations[i], now, route) ? route.link : -1;
      CHECK(links[i] == alone && table.link_to(destinations[i], now) == alone);
      linked += alone >= 0 ? 1 : 0;
    }
  }
  CHECK(linked > 10000);
}

int main() { return check::run_all(); }
