// An address and a port of UDP, and the small numbers by which JavaScript knows them.
#pragma once

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <cstdint>
#include <cstdio>
#include <cstring>

#include "buffer.hpp"
#include "siphash.hpp"
#include "slot_table.hpp"

namespace edge {

struct Endpoint {
  // `[address]%zone` of IPv6 and a zero.
  static constexpr size_t kHostBytes = INET6_ADDRSTRLEN + 1 + IF_NAMESIZE;

  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  };

  Endpoint() { std::memset(static_cast<void*>(this), 0, sizeof *this); }

  // `host` is an address, of a link-local one with its interface: `fe80::1%eth0`. False for anything else.
  [[nodiscard]] bool parse(int family, const char* host, uint16_t port) {
    *this = Endpoint();
    if (family == 4) {
      v4.sin_family = AF_INET;
      v4.sin_port = htons(port);
      return inet_pton(AF_INET, host, &v4.sin_addr) == 1;
    }
    char bare[kHostBytes];
    const char* zone = std::strchr(host, '%');
    const size_t length = zone != nullptr ? static_cast<size_t>(zone - host) : std::strlen(host);
    if (length >= sizeof bare) return false;
    std::memcpy(bare, host, length);
    bare[length] = 0;
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    if (zone != nullptr) v6.sin6_scope_id = if_nametoindex(zone + 1);
    return (zone == nullptr || v6.sin6_scope_id != 0) && inet_pton(AF_INET6, bare, &v6.sin6_addr) == 1;
  }

  socklen_t length() const { return any.sa_family == AF_INET6 ? sizeof v6 : sizeof v4; }
  int family() const { return any.sa_family == AF_INET6 ? 6 : 4; }
  uint16_t port() const { return ntohs(any.sa_family == AF_INET6 ? v6.sin6_port : v4.sin_port); }

  void host(char (&out)[kHostBytes]) const {
    out[0] = 0;
    if (any.sa_family != AF_INET6) {
      inet_ntop(AF_INET, &v4.sin_addr, out, sizeof out);
      return;
    }
    inet_ntop(AF_INET6, &v6.sin6_addr, out, sizeof out);
    char name[IF_NAMESIZE];
    if (!IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr) || if_indextoname(v6.sin6_scope_id, name) == nullptr) return;
    const size_t at = std::strlen(out);
    std::snprintf(out + at, sizeof out - at, "%%%s", name);
  }

  // What tells endpoints apart: address, port and, for link-local ones, the interface. Flow labels do not.
  struct Identity {
    uint64_t words[3];
    bool operator==(const Identity&) const = default;
  };
  Identity identity() const {
    Identity id{};
    if (any.sa_family == AF_INET6) {
      std::memcpy(id.words, &v6.sin6_addr, 16);
      const uint64_t zone = IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr) ? v6.sin6_scope_id : 0;
      id.words[2] = zone << 32 | 6u << 16 | v6.sin6_port;
    } else {
      id.words[0] = v4.sin_addr.s_addr;
      id.words[2] = 4u << 16 | v4.sin_port;
    }
    return id;
  }
};

// Gives each endpoint a number below `slots`. When all are taken, clear() forgets all: whoever keeps something by these
// numbers is told of each that is `fresh`, and starts it anew.
class EndpointTable {
 public:
  [[nodiscard]] bool init(uint32_t slots, const SipKey& secret) {
    secret_ = secret;
    return endpoints_.resize(slots) && table_.reset(slots);
  }

  // SlotTable::kNone for a new endpoint when the table is full.
  uint32_t slot_of(const Endpoint& endpoint, bool& fresh) {
    const Endpoint::Identity id = endpoint.identity();
    const uint32_t hash = hash_of(id);
    const uint32_t found = table_.find(hash, [&](uint32_t slot) { return endpoints_[slot].identity() == id; });
    fresh = found == SlotTable::kNone && size_ < endpoints_.size();
    if (!fresh) return found;
    endpoints_[size_] = endpoint;
    table_.insert(hash, size_);
    return size_++;
  }

  void clear() {
    table_.clear();
    size_ = 0;
  }

  uint32_t size() const { return size_; }
  const Endpoint& operator[](uint32_t slot) const { return endpoints_[slot]; }
  size_t bytes() const { return endpoints_.bytes() + table_.bytes(); }

 private:
  uint32_t hash_of(const Endpoint::Identity& id) const {
    return static_cast<uint32_t>(siphash24(secret_, reinterpret_cast<const uint8_t*>(id.words), sizeof id.words));
  }

  SipKey secret_;
  Buffer<Endpoint> endpoints_;
  SlotTable table_;
  uint32_t size_ = 0;
};

}  // namespace edge
