#include "../core/udp_socket.hpp"

#include <poll.h>

#include <cerrno>
#include <set>
#include <vector>

#include "check.hpp"

using edge::Endpoint;
using edge::EndpointTable;
using edge::UdpSocket;

namespace {

constexpr edge::SipKey kSecret{5, 6};

struct Arrays {
  std::vector<uint8_t> slab;
  std::vector<uint32_t> offsets, sources, fresh;
  UdpSocket::Batch batch;

  explicit Arrays(size_t room = UdpSocket::kFrames, size_t bytes = UdpSocket::kSlabBytes)
      : slab(bytes), offsets(room + 1), sources(room), fresh(room) {
    batch = {slab.data(), bytes, offsets.data(), sources.data(), fresh.data(), room};
  }
};

UdpSocket::Options on_loopback(uint32_t queue_bytes = 1 << 20) {
  UdpSocket::Options options;
  options.host = "127.0.0.1";
  options.receive_bytes = 1 << 20;
  options.queue_bytes = queue_bytes;
  return options;
}

uint16_t port_of(const UdpSocket& socket) {
  Endpoint at;
  return socket.local(at) ? at.port() : uint16_t{0};
}

// Waits for the next batch; 0 when none came in a second.
size_t next(UdpSocket& socket, Arrays& arrays) {
  int error = 0;
  const size_t count = socket.receive(arrays.batch, error);
  CHECK(error == 0);
  if (count > 0) return count;
  pollfd wait{socket.fd(), POLLIN, 0};
  return poll(&wait, 1, 1000) == 1 ? socket.receive(arrays.batch, error) : 0;
}

}  // namespace

TEST("endpoints are read and written as people write them, and nothing else is read") {
  Endpoint at;
  char host[Endpoint::kHostBytes];
  CHECK(at.parse(4, "192.0.2.7", 9999));
  at.host(host);
  CHECK(std::string(host) == "192.0.2.7" && at.port() == 9999 && at.family() == 4);
  CHECK(at.parse(6, "fe80::1%lo", 7));
  at.host(host);
  CHECK(std::string(host) == "fe80::1%lo" && at.family() == 6);
  for (const char* wrong : {"", "localhost", "1.2.3", "::1", "1.2.3.4%lo"}) CHECK(!at.parse(4, wrong, 1));
  for (const char* wrong : {"", "127.0.0.1", "::1%nosuch", "::g"}) CHECK(!at.parse(6, wrong, 1));
}

TEST("a full table of endpoints says so, and starts again when it is cleared") {
  EndpointTable table;
  CHECK(table.init(100, kSecret));
  Endpoint at;
  bool fresh = false;
  for (int round = 0; round < 2; round++) {
    for (uint16_t i = 0; i < 100; i++) {
      CHECK(at.parse(4, "127.0.0.1", static_cast<uint16_t>(1000 + i)));
      CHECK(table.slot_of(at, fresh) == i && fresh);
      CHECK(table.slot_of(at, fresh) == i && !fresh);
    }
    CHECK(at.parse(6, "::1", 1000));
    CHECK(table.slot_of(at, fresh) == edge::SlotTable::kNone && !fresh);
    table.clear();
  }
}

TEST("frames that do not fit a batch come with the next, in order") {
  UdpSocket to;
  UdpSocket from;
  CHECK(to.open(on_loopback(), kSecret) == 0 && from.open(on_loopback(), kSecret) == 0);
  const auto slot = static_cast<uint32_t>(from.destination("127.0.0.1", port_of(to)));
  check::Random random(1);
  std::vector<std::vector<uint8_t>> sent;
  for (int i = 0; i < 400; i++) {
    // Runs of equal length, so that the kernel joins and cuts them.
    const size_t length = i % 40 == 39 ? 1 + random.below(2048) : 700;
    sent.emplace_back(length);
    for (uint8_t& byte : sent.back()) byte = static_cast<uint8_t>(random.next());
    CHECK(from.queue(slot, sent.back().data(), length));
  }
  CHECK(from.flush() == 0);
  Arrays arrays(7, 4096);
  size_t got = 0;
  while (got < sent.size()) {
    const size_t count = next(to, arrays);
    if (count == 0) break;
    CHECK(count <= 7);
    for (size_t i = 0; i < count && got < sent.size(); i++, got++) {
      const size_t length = arrays.offsets[i + 1] - arrays.offsets[i];
      CHECK(length == sent[got].size());
      CHECK(length == sent[got].size() &&
            std::memcmp(arrays.slab.data() + arrays.offsets[i], sent[got].data(), length) == 0);
    }
  }
  CHECK(got == sent.size());
}

TEST("more sources than are remembered are all named rightly") {
  UdpSocket to;
  CHECK(to.open(on_loopback(), kSecret) == 0);
  Arrays arrays;
  std::vector<uint16_t> names(UdpSocket::kEndpoints);
  size_t right = 0;
  const size_t total = UdpSocket::kEndpoints + 300;
  for (size_t sent = 0; sent < total;) {
    // Each from a port of its own, and its datagram says which.
    for (int i = 0; i < 50 && sent < total; i++, sent++) {
      UdpSocket from;
      CHECK(from.open(on_loopback(4096), kSecret) == 0);
      const uint16_t port = port_of(from);
      CHECK(from.queue(static_cast<uint32_t>(from.destination("127.0.0.1", port_of(to))),
                       reinterpret_cast<const uint8_t*>(&port), sizeof port));
      CHECK(from.flush() == 0);
    }
    const size_t most = sent;
    while (right < most) {
      const size_t count = next(to, arrays);
      if (count == 0) break;
      for (size_t i = 0; i < arrays.batch.fresh_count; i++) {
        const uint32_t slot = arrays.fresh[i];
        names[slot] = to.source(slot)->port();
      }
      for (size_t i = 0; i < count; i++) {
        uint16_t port = 0;
        std::memcpy(&port, arrays.slab.data() + arrays.offsets[i], sizeof port);
        right += names[arrays.sources[i]] == port ? 1 : 0;
      }
    }
    if (right < most) break;
  }
  CHECK(right == total);
}

TEST("a queue holds what it was given room for, and moves up as the kernel takes from it") {
  UdpSocket from;
  CHECK(from.open(on_loopback(4096), kSecret) == 0);
  const auto slot = static_cast<uint32_t>(from.destination("127.0.0.1", 9));
  const std::vector<uint8_t> frame(1000);
  for (int round = 0; round < 10; round++) {
    int queued = 0;
    while (from.queue(slot, frame.data(), frame.size())) queued++;
    CHECK(queued == 4 && from.queued_bytes() == 4000);
    CHECK(from.flush() == 0 && from.queued_bytes() == 0);
  }
  const uint8_t byte = 0;
  int small = 0;
  while (from.queue(slot, &byte, 1)) small++;
  CHECK(small > 200 && small < 4096);
}

TEST("destinations are refused when their place is full or they are none") {
  UdpSocket from;
  CHECK(from.open(on_loopback(), kSecret) == 0);
  CHECK(from.destination("::1", 9) == -1);
  CHECK(from.destination("nowhere", 9) == -1);
  for (uint32_t i = 0; i < UdpSocket::kEndpoints; i++) CHECK(from.destination("127.0.0.1", 9) == i);
  CHECK(from.destination("127.0.0.1", 9) == -1);
  from.forget_destinations();
  CHECK(from.destination("127.0.0.1", 9) == 0);
}

TEST("a socket that cannot be had says why and holds nothing") {
  UdpSocket one;
  UdpSocket other;
  CHECK(one.open(on_loopback(), kSecret) == 0);
  UdpSocket::Options taken = on_loopback();
  taken.port = port_of(one);
  CHECK(other.open(taken, kSecret) == EADDRINUSE);
  CHECK(other.fd() == -1);
  taken.host = "nowhere";
  CHECK(other.open(taken, kSecret) == EINVAL);
  CHECK(one.join("239.1.2.3", "192.0.2.1") != 0);
  CHECK(one.join("ff02::1", "nosuch") == EINVAL);
  CHECK(one.multicast_via("nosuch") == EINVAL);
}

int main() { return check::run_all(); }
