// A UDP socket that moves datagrams by the batch: recvmmsg with UDP_GRO into one slab, sendmmsg with UDP_SEGMENT out
// of another (udp(7)). It never blocks and knows no event loop. Linux only.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "buffer.hpp"
#include "endpoint.hpp"

namespace edge {

class UdpSocket {
 public:
  // Larger datagrams cannot be sent, and arrive cut to this.
  static constexpr size_t kFrameBytes = 2048;
  // Frames one receive gives at most; the rest wait for the next.
  static constexpr size_t kFrames = 512;
  // A slab this long has room for whatever one datagram of the kernel brings.
  static constexpr size_t kSlabBytes = 256 << 10;
  // Sources and destinations remembered. Sources beyond it make it forget all, destinations are the caller's to forget.
  static constexpr uint32_t kEndpoints = 4096;

  struct Options {
    int family = 4;
    const char* host = "";
    uint16_t port = 0;
    // Several sockets may listen on the port.
    bool share = false;
    int receive_bytes = 0;
    // Bytes that may wait for the kernel.
    uint32_t queue_bytes = 0;
  };

  struct Batch {
    uint8_t* slab;
    size_t slab_bytes;
    uint32_t* offsets;  // one more than frames
    uint32_t* sources;  // slots of the senders
    uint32_t* fresh;    // sources that were given a new slot by this batch
    size_t room;        // frames: entries of sources and fresh
    size_t fresh_count = 0;
  };

  // How often each thing happened, for tests and counters.
  struct Tally {
    uint64_t receives = 0;
    uint64_t sends = 0;
    uint64_t segmented = 0;
    uint64_t failed = 0;
  };

  UdpSocket() = default;
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;
  ~UdpSocket() { close(); }

  // These come back with an errno, 0 when all went well. A socket that could not be opened is closed.
  [[nodiscard]] int open(const Options& options, const SipKey& secret);
  // `member` is the address of an interface (IPv4) or its name (IPv6).
  [[nodiscard]] int join(const char* group, const char* member);
  [[nodiscard]] int multicast_via(const char* member);
  // Hands what is queued to the kernel. EAGAIN: some is left, wait until the socket can be written to. Any other
  // error: that datagram is gone, the others were sent all the same.
  [[nodiscard]] int flush();

  // Frames received; 0 when there are none. Errors of the socket are taken off it and left in `error`.
  size_t receive(Batch& batch, int& error);

  // A number for a destination, good until forget_destinations; -1 when there is no such address, or kEndpoints are
  // remembered.
  int64_t destination(const char* host, uint16_t port);
  void forget_destinations() { destinations_ = 0; }
  // False: the queue is full. `slot` must come from destination().
  [[nodiscard]] bool queue(uint32_t slot, const uint8_t* frame, size_t length);

  void close();

  int fd() const { return fd_; }
  uint32_t destinations() const { return destinations_; }
  size_t queued_bytes() const { return queue_end_ - queue_start_; }
  bool local(Endpoint& out) const;
  const Endpoint* source(uint32_t slot) const { return slot < sources_.size() ? &sources_[slot] : nullptr; }
  const Tally& tally() const { return tally_; }
  size_t bytes() const;

 private:
  friend struct UdpPeek;  // of the fuzzer

  // Messages of one system call.
  static constexpr size_t kReceives = 16;
  static constexpr size_t kSends = 32;
  // What UDP_GRO may join, and the kernel's limits for UDP_SEGMENT.
  static constexpr size_t kMessageBytes = 65536;
  static constexpr size_t kSegments = 64;
  static constexpr size_t kSegmentedBytes = 60000;
  static constexpr size_t kControlBytes = 64;

  struct Queued {
    uint32_t slot;
    uint32_t length;
    Endpoint to;
  };
  // One message of a system call that is being taken apart.
  struct Arrived {
    size_t length = 0;
    size_t segment = 0;
    size_t taken = 0;
    uint32_t slot = SlotTable::kNone;
    bool fresh = false;
  };
  struct Free {
    void operator()(uint8_t* memory) const { std::free(memory); }
  };

  int prepare(const Options& options);
  bool allocate(const Options& options, const SipKey& secret);
  bool refill(int& error);
  void note(size_t message, const msghdr& header, size_t length);
  bool take(Batch& batch, size_t& count);
  size_t group(size_t first, size_t& bytes) const;
  void drop_sent(size_t entries, size_t bytes);

  int fd_ = -1;
  bool segments_ = false;
  size_t unit_ = kFrameBytes;
  // malloc, not Buffer: pages that no datagram reaches are never touched.
  std::unique_ptr<uint8_t, Free> arrivals_;
  Endpoint from_[kReceives];
  Arrived arrived_[kReceives];
  size_t arrived_count_ = 0;
  size_t arrived_next_ = 0;
  EndpointTable sources_;

  Buffer<Endpoint> destination_;
  uint32_t destinations_ = 0;
  Buffer<uint8_t> queue_;
  Buffer<Queued> entries_;
  size_t queue_start_ = 0;
  size_t queue_end_ = 0;
  size_t first_entry_ = 0;
  size_t entry_count_ = 0;
  Tally tally_;
};

}  // namespace edge
