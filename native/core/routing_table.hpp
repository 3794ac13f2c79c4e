// Next hops by destination. Several are kept for each; the cheapest that has not expired serves, unless one is pinned.
#pragma once

#include <cstddef>
#include <cstdint>

#include "buffer.hpp"
#include "siphash.hpp"
#include "slot_table.hpp"
#include "status.hpp"

namespace edge {

struct Route {
  uint64_t destination;
  uint64_t next_hop;
  int32_t link;
  bool pinned;
  double cost;
  // Infinite for a pinned route.
  double expires_at_ms;
};

class RoutingTable {
 public:
  static constexpr uint32_t kMaxCapacity = 65536;
  static constexpr uint32_t kHops = 4;

  [[nodiscard]] Status init(uint32_t capacity, double ttl_ms, const SipKey& secret);

  // `changed`: a hop came, went or costs something else; a mere refresh is no change. An infinite cost withdraws the hop.
  // A fifth hop replaces an expired or a costlier one; one destination too many replaces the expired or the costliest.
  Status offer(uint64_t destination, uint64_t next_hop, int32_t link, double cost, double now_ms, bool& changed);

  // Status::full when every destination held is pinned.
  Status pin(uint64_t destination, uint64_t next_hop, int32_t link);
  bool unpin(uint64_t destination);

  bool lookup(uint64_t destination, double now_ms, Route& out) const;
  // For many lookups at once: what is fetched ahead by a destination's hash is there when link_to() asks for it.
  uint32_t hash(uint64_t destination) const { return table_hash(secret_, destination); }
  void prefetch(uint32_t hash) const { table_.prefetch(hash); }
  int32_t link_to(uint64_t destination, uint32_t hash, double now_ms) const;
  // The link to send on, -1 when there is no route.
  int32_t link_to(uint64_t destination, double now_ms) const;

  // Forgets all hops over a link, pinned ones too; how many destinations lost one.
  size_t drop_link(int32_t link);
  // Forgets expired hops; how many.
  size_t expire(double now_ms);
  // The serving routes by ascending destination; `out` has room for size(). How many there are.
  size_t snapshot(double now_ms, Route* out) const;

  uint32_t size() const { return size_; }
  size_t bytes() const { return sizeof *this + table_.bytes() + entries_.bytes(); }

 private:
  struct Hop {
    double cost;
    double expires_at_ms;
    uint64_t next_hop;
    int32_t link;

    bool is(uint64_t hop, int32_t over) const { return next_hop == hop && link == over; }
    bool alive(double now_ms) const { return now_ms < expires_at_ms; }
    bool before(const Hop& other) const;
  };

  // Hops in order of cost: the first that is alive serves, and mostly shares the destination's cache line.
  struct Entry {
    uint64_t destination;
    uint8_t hop_count;
    bool pinned;
    int32_t pin_link;
    Hop hops[kHops];
    uint64_t pin_next_hop;
  };

  uint32_t find(uint64_t destination) const { return find(destination, hash(destination)); }
  uint32_t find(uint64_t destination, uint32_t hash) const;
  uint32_t add(uint64_t destination, double now_ms, Status& status);
  uint32_t victim(double now_ms) const;
  bool resize(uint32_t room);
  void remove(uint32_t slot);
  static void place(Entry& entry, const Hop& hop);
  static void remove_hop(Entry& entry, size_t at);
  template <typename Goes>
  static size_t remove_hops(Entry& entry, Goes goes);
  static const Hop* serving(const Entry& entry, double now_ms);
  static bool route_of(const Entry& entry, double now_ms, Route& out);

  uint32_t capacity_ = 0;
  uint32_t size_ = 0;
  uint32_t room_ = 0;
  double ttl_ms_ = 0;
  // The latest time offered, for a pin that must make room.
  double now_ms_ = 0;
  SipKey secret_;
  SlotTable table_;
  Buffer<Entry> entries_;
};

}  // namespace edge
