#include "udp_socket.hpp"

#if defined(__linux__)

#include <fcntl.h>
#include <netinet/udp.h>
#include <unistd.h>

#include <cerrno>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace edge {

namespace {

template <typename T>
bool set(int fd, int level, int name, const T& value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

// Small enough to come in thousands, so that a full queue is full of bytes rather than of entries.
constexpr size_t kLeastQueued = 16;

}  // namespace

int UdpSocket::open(const Options& options, const SipKey& secret) {
  if (!allocate(options, secret)) return ENOMEM;
  const int error = prepare(options);
  if (error != 0) close();
  return error;
}

bool UdpSocket::allocate(const Options& options, const SipKey& secret) {
  arrivals_.reset(static_cast<uint8_t*>(std::malloc(kReceives * kMessageBytes)));
  return arrivals_ && sources_.init(kEndpoints, secret) && destination_.resize(kEndpoints) &&
         queue_.resize(options.queue_bytes) && entries_.resize(options.queue_bytes / kLeastQueued + 1);
}

int UdpSocket::prepare(const Options& options) {
  Endpoint bound;
  if (!bound.parse(options.family, options.host, options.port)) return EINVAL;
  fd_ = socket(bound.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return errno;
  if (options.share && !set(fd_, SOL_SOCKET, SO_REUSEADDR, 1)) return errno;
  if (options.family == 6 && !set(fd_, IPPROTO_IPV6, IPV6_V6ONLY, 1)) return errno;
  // As large as the system allows; less is no failure.
  if (options.receive_bytes > 0) set(fd_, SOL_SOCKET, SO_RCVBUF, options.receive_bytes);
  // Kernels from 4.18 and 5.0 on: without them datagrams simply go one by one.
  segments_ = set(fd_, SOL_UDP, UDP_SEGMENT, 0);
  unit_ = set(fd_, SOL_UDP, UDP_GRO, 1) ? kMessageBytes : kFrameBytes;
  return bind(fd_, &bound.any, bound.length()) == 0 ? 0 : errno;
}

void UdpSocket::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  arrived_next_ = arrived_count_ = 0;
  first_entry_ = entry_count_ = 0;
  queue_start_ = queue_end_ = 0;
}

bool UdpSocket::local(Endpoint& out) const {
  socklen_t length = sizeof out.v6;
  return getsockname(fd_, &out.any, &length) == 0;
}

size_t UdpSocket::bytes() const {
  return sizeof *this + kReceives * unit_ + sources_.bytes() + destination_.bytes() + queue_.bytes() + entries_.bytes();
}

int UdpSocket::join(const char* group, const char* member) {
  ip_mreqn four{};
  if (inet_pton(AF_INET, group, &four.imr_multiaddr) == 1) {
    if (inet_pton(AF_INET, member, &four.imr_address) != 1) return EINVAL;
    return set(fd_, IPPROTO_IP, IP_ADD_MEMBERSHIP, four) ? 0 : errno;
  }
  ipv6_mreq six{};
  six.ipv6mr_interface = if_nametoindex(member);
  if (six.ipv6mr_interface == 0 || inet_pton(AF_INET6, group, &six.ipv6mr_multiaddr) != 1) return EINVAL;
  return set(fd_, IPPROTO_IPV6, IPV6_JOIN_GROUP, six) ? 0 : errno;
}

int UdpSocket::multicast_via(const char* member) {
  ip_mreqn four{};
  if (inet_pton(AF_INET, member, &four.imr_address) == 1)
    return set(fd_, IPPROTO_IP, IP_MULTICAST_IF, four) ? 0 : errno;
  const auto index = static_cast<int>(if_nametoindex(member));
  if (index == 0) return EINVAL;
  return set(fd_, IPPROTO_IPV6, IPV6_MULTICAST_IF, index) ? 0 : errno;
}

// Receiving

size_t UdpSocket::receive(Batch& batch, int& error) {
  error = 0;
  batch.fresh_count = 0;
  size_t count = 0;
  batch.offsets[0] = 0;
  for (;;) {
    while (arrived_next_ < arrived_count_) {
      if (!take(batch, count)) return count;
    }
    // What is there now was worth a call; whether more has come since, the event loop knows.
    if (count > 0 || !refill(error)) return count;
  }
}

bool UdpSocket::refill(int& error) {
  mmsghdr messages[kReceives];
  iovec vectors[kReceives];
  alignas(cmsghdr) char controls[kReceives][kControlBytes];
  std::memset(messages, 0, sizeof messages);
  for (size_t i = 0; i < kReceives; i++) {
    vectors[i] = {arrivals_.get() + i * kMessageBytes, unit_};
    msghdr& header = messages[i].msg_hdr;
    header.msg_name = &from_[i];
    header.msg_namelen = sizeof from_[i];
    header.msg_iov = &vectors[i];
    header.msg_iovlen = 1;
    header.msg_control = controls[i];
    header.msg_controllen = kControlBytes;
  }
  arrived_next_ = arrived_count_ = 0;
  const int got = recvmmsg(fd_, messages, kReceives, MSG_DONTWAIT, nullptr);
  if (got <= 0) {
    if (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) error = errno;
    return false;
  }
  tally_.receives++;
  arrived_count_ = static_cast<size_t>(got);
  for (size_t i = 0; i < arrived_count_; i++) note(i, messages[i].msg_hdr, messages[i].msg_len);
  return true;
}

// How long the datagrams are that the kernel has joined in this message.
void UdpSocket::note(size_t message, const msghdr& header, size_t length) {
  size_t segment = length;
  // CMSG_NXTHDR wants a header that is not const.
  msghdr walk = header;
  for (cmsghdr* each = CMSG_FIRSTHDR(&walk); each != nullptr; each = CMSG_NXTHDR(&walk, each)) {
    if (each->cmsg_level != SOL_UDP || each->cmsg_type != UDP_GRO) continue;
    int size = 0;
    // Whatever a header says of its length, its number must lie within what was given.
    const auto* end = static_cast<const unsigned char*>(header.msg_control) + header.msg_controllen;
    if (end - CMSG_DATA(each) < static_cast<ptrdiff_t>(sizeof size)) break;
    std::memcpy(&size, CMSG_DATA(each), sizeof size);
    if (size > 0 && static_cast<size_t>(size) < segment) segment = static_cast<size_t>(size);
  }
  arrived_[message] = {length, segment};
}

// Moves the next message, or as much of it as fits, into the batch; false when that is full.
bool UdpSocket::take(Batch& batch, size_t& count) {
  Arrived& message = arrived_[arrived_next_];
  if (message.slot == SlotTable::kNone) {
    message.slot = sources_.slot_of(from_[arrived_next_], message.fresh);
    if (message.slot == SlotTable::kNone) {
      // Slots of this batch must stay what they are until it has been read.
      if (count > 0) return false;
      sources_.clear();
      message.slot = sources_.slot_of(from_[arrived_next_], message.fresh);
    }
  }
  const uint8_t* data = arrivals_.get() + arrived_next_ * kMessageBytes;
  // An empty datagram is one too.
  do {
    const size_t left = message.length - message.taken;
    const size_t whole = message.segment < left ? message.segment : left;
    const size_t length = whole < kFrameBytes ? whole : kFrameBytes;
    const size_t at = batch.offsets[count];
    if (count == batch.room || at + length > batch.slab_bytes) return false;
    if (message.fresh) {
      batch.fresh[batch.fresh_count++] = message.slot;
      message.fresh = false;
    }
    std::memcpy(batch.slab + at, data + message.taken, length);
    batch.sources[count++] = message.slot;
    batch.offsets[count] = static_cast<uint32_t>(at + length);
    message.taken += whole;
  } while (message.taken < message.length);
  arrived_next_++;
  return true;
}

// Sending

int64_t UdpSocket::destination(const char* host, uint16_t port) {
  Endpoint self;
  Endpoint to;
  if (destinations_ == kEndpoints || !local(self) || !to.parse(self.family(), host, port)) return -1;
  destination_[destinations_] = to;
  return destinations_++;
}

bool UdpSocket::queue(uint32_t slot, const uint8_t* frame, size_t length) {
  const bool is_short = queue_.size() - queue_end_ < length || first_entry_ + entry_count_ == entries_.size();
  if (is_short && first_entry_ > 0) {
    // What the kernel took at the front makes room.
    std::memmove(queue_.data(), queue_.data() + queue_start_, queued_bytes());
    std::memmove(static_cast<void*>(entries_.data()), &entries_[first_entry_], entry_count_ * sizeof(Queued));
    queue_end_ -= queue_start_;
    queue_start_ = first_entry_ = 0;
  }
  if (queue_.size() - queue_end_ < length || first_entry_ + entry_count_ == entries_.size()) return false;
  std::memcpy(queue_.data() + queue_end_, frame, length);
  queue_end_ += length;
  // The address itself, because the slot may be forgotten before its turn comes.
  entries_[first_entry_ + entry_count_++] = {slot, static_cast<uint32_t>(length), destination_[slot]};
  return true;
}

// Entries from `first` on that can go as one message: of one length to one destination, the last perhaps shorter.
size_t UdpSocket::group(size_t first, size_t& bytes) const {
  const Queued& head = entries_[first];
  bytes = head.length;
  size_t count = 1;
  if (!segments_ || head.length == 0) return count;
  const size_t end = first_entry_ + entry_count_;
  const Endpoint::Identity to = head.to.identity();
  while (first + count < end && count < kSegments && bytes + head.length <= kSegmentedBytes) {
    const Queued& next = entries_[first + count];
    if (next.length > head.length || next.length == 0 || !(next.to.identity() == to)) break;
    bytes += next.length;
    count++;
    if (next.length < head.length) break;
  }
  return count;
}

void UdpSocket::drop_sent(size_t entries, size_t bytes) {
  first_entry_ += entries;
  entry_count_ -= entries;
  queue_start_ += bytes;
  if (entry_count_ == 0) first_entry_ = queue_start_ = queue_end_ = 0;
}

int UdpSocket::flush() {
  int failure = 0;
  while (entry_count_ > 0) {
    mmsghdr messages[kSends];
    iovec vectors[kSends];
    alignas(cmsghdr) char controls[kSends][CMSG_SPACE(sizeof(uint16_t))];
    size_t counts[kSends];
    std::memset(messages, 0, sizeof messages);
    std::memset(controls, 0, sizeof controls);
    size_t used = 0;
    size_t at = queue_start_;
    for (size_t i = first_entry_; used < kSends && i < first_entry_ + entry_count_; used++) {
      size_t bytes = 0;
      counts[used] = group(i, bytes);
      vectors[used] = {queue_.data() + at, bytes};
      msghdr& header = messages[used].msg_hdr;
      header.msg_name = &entries_[i].to;
      header.msg_namelen = entries_[i].to.length();
      header.msg_iov = &vectors[used];
      header.msg_iovlen = 1;
      if (counts[used] > 1) {
        header.msg_control = controls[used];
        header.msg_controllen = sizeof controls[used];
        cmsghdr* control = CMSG_FIRSTHDR(&header);
        control->cmsg_level = SOL_UDP;
        control->cmsg_type = UDP_SEGMENT;
        control->cmsg_len = CMSG_LEN(sizeof(uint16_t));
        const auto segment = static_cast<uint16_t>(entries_[i].length);
        std::memcpy(CMSG_DATA(control), &segment, sizeof segment);
        tally_.segmented++;
      }
      at += bytes;
      i += counts[used];
    }
    tally_.sends++;
    const int sent = sendmmsg(fd_, messages, static_cast<unsigned>(used), MSG_DONTWAIT);
    if (sent > 0) {
      for (int i = 0; i < sent; i++) drop_sent(counts[i], vectors[i].iov_len);
      continue;
    }
    const int error = errno;
    if (error == EINTR) continue;
    if (error == EAGAIN || error == EWOULDBLOCK) return EAGAIN;
    if (counts[0] > 1) {
      // This kernel or interface does not cut them: then one by one, from here on.
      segments_ = false;
      continue;
    }
    tally_.failed++;
    if (failure == 0) failure = error;
    drop_sent(1, vectors[0].iov_len);
  }
  return failure;
}

}  // namespace edge

#endif
