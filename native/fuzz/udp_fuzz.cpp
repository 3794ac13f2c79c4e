// What a UDP socket is told by others: addresses as text, and messages with control data as the kernel gives them, taken
// apart into small batches.
//
// Input: rounds of a kind (1) and its bytes.
#include <algorithm>
#include <memory>
#include <string>

#include "../core/udp_socket.hpp"
#include "input.hpp"

namespace edge {

// Puts a message where the kernel would have.
struct UdpPeek {
  static constexpr size_t kReceives = UdpSocket::kReceives;
  static constexpr size_t kControlBytes = UdpSocket::kControlBytes;

  static bool has_room(const UdpSocket& socket) { return socket.arrived_next_ == socket.arrived_count_; }

  static void arrive(UdpSocket& socket, size_t message, const std::vector<uint8_t>& data, const Endpoint& from,
                     std::vector<uint8_t>& control) {
    if (!data.empty()) std::memcpy(socket.arrivals_.get() + message * UdpSocket::kMessageBytes, data.data(), data.size());
    socket.from_[message] = from;
    msghdr header{};
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    socket.note(message, header, data.size());
    socket.arrived_next_ = 0;
    socket.arrived_count_ = message + 1;
  }
};

}  // namespace edge

namespace {

using edge::Endpoint;
using edge::UdpPeek;
using edge::UdpSocket;

constexpr edge::SipKey kSecret{5, 6};
constexpr size_t kRoundsMost = 64;

std::unique_ptr<UdpSocket> open_socket() {
  auto socket = std::make_unique<UdpSocket>();
  UdpSocket::Options options;
  options.host = "127.0.0.1";
  options.queue_bytes = 4096;
  MUST(socket->open(options, kSecret) == 0);
  return socket;
}

void parse_address(fuzz::Input& input) {
  const int family = input.flag() ? 6 : 4;
  const auto port = input.take<uint16_t>();
  const std::vector<uint8_t> text = input.bytes(input.byte());
  const std::string host(text.begin(), text.end());
  Endpoint at;
  if (!at.parse(family, host.c_str(), port)) return;
  MUST(at.family() == family && at.port() == port);
  // What is written of an address is read back as the same one.
  char written[Endpoint::kHostBytes];
  at.host(written);
  Endpoint again;
  MUST(again.parse(family, written, port));
  MUST(again.identity() == at.identity());
}

// As many messages as one system call brings at most, with lengths and joined lengths as the input wants them.
size_t fill(fuzz::Input& input, UdpSocket& socket) {
  const size_t messages = 1 + input.below(UdpPeek::kReceives);
  size_t bytes = 0;
  for (size_t i = 0; i < messages; i++) {
    Endpoint from;
    MUST(from.parse(4, "127.0.0.1", input.byte()));
    // An even mark: control data of the kernel's shape; odd: any.
    std::vector<uint8_t> control;
    if (input.flag()) {
      control = input.bytes(input.below(UdpPeek::kControlBytes + 1));
    } else {
      control.resize(CMSG_SPACE(sizeof(int)));
      const int segment = input.take<int16_t>();
      const cmsghdr head{CMSG_LEN(sizeof segment), 17, 104};
      std::memcpy(control.data(), &head, sizeof head);
      std::memcpy(control.data() + CMSG_LEN(0), &segment, sizeof segment);
    }
    const std::vector<uint8_t> data = input.bytes(input.below(5000));
    bytes += data.size();
    UdpPeek::arrive(socket, i, data, from, control);
  }
  return bytes;
}

void drain(fuzz::Input& input, UdpSocket& socket, size_t arrived) {
  const size_t room = 1 + input.below(20);
  std::vector<uint8_t> slab(UdpSocket::kFrameBytes + input.below(4096));
  std::vector<uint32_t> offsets(room + 1);
  std::vector<uint32_t> sources(room);
  std::vector<uint32_t> fresh(room);
  size_t bytes = 0;
  for (size_t last = 0; !UdpPeek::has_room(socket);) {
    UdpSocket::Batch batch{slab.data(), slab.size(), offsets.data(), sources.data(), fresh.data(), room};
    int error = 0;
    const size_t count = socket.receive(batch, error);
    MUST(count > 0 && count <= room && batch.fresh_count <= count && error == 0);
    for (size_t i = 0; i < count; i++) {
      MUST(offsets[i] <= offsets[i + 1] && offsets[i + 1] - offsets[i] <= UdpSocket::kFrameBytes);
      MUST(socket.source(sources[i]) != nullptr);
    }
    MUST(offsets[count] <= slab.size());
    bytes += offsets[count];
    MUST(++last < 100000);
  }
  MUST(bytes <= arrived);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::unique_ptr<UdpSocket> socket = open_socket();
  fuzz::Input input(data, size);
  for (size_t round = 0; round < kRoundsMost && !input.empty(); round++) {
    if (input.byte() % 2 == 0) {
      parse_address(input);
    } else {
      const size_t arrived = fill(input, *socket);
      drain(input, *socket, arrived);
    }
  }
  return 0;
}
