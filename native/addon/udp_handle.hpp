// A UDP socket on the event loop of one JavaScript environment. Linux only.
#pragma once

#include <napi.h>

#include <initializer_list>
#include <string>

#include "../core/udp_socket.hpp"

namespace edge::addon {

template <typename Owner>
class Poll;

// new UdpSocket({slab, offsets, sources, fresh}, onBatch(count, freshCount), onError(errno))
//
// Datagrams are laid into the caller's arrays, which are read and written during onBatch only. `sources[i]` is a number
// for where datagram i came from; those in `fresh` were given to another source than before, or to the first.
class UdpHandle : public Napi::ObjectWrap<UdpHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit UdpHandle(const Napi::CallbackInfo& info);
  ~UdpHandle() override;

  // From the loop: something can be done; and: the loop lets go of the socket.
  void ready(int status, int events);
  void released();

 private:
  // What is done before other events of the loop have their turn.
  static constexpr int kBatchesATurn = 4;
  static constexpr size_t kArrays = 4;
  enum Array { slab, offsets, sources, fresh };

  Napi::Value open(const Napi::CallbackInfo& info);
  Napi::Value local(const Napi::CallbackInfo& info);
  Napi::Value join(const Napi::CallbackInfo& info);
  Napi::Value multicast_via(const Napi::CallbackInfo& info);
  Napi::Value destination(const Napi::CallbackInfo& info);
  void forget_destinations(const Napi::CallbackInfo& info);
  Napi::Value queue(const Napi::CallbackInfo& info);
  Napi::Value flush(const Napi::CallbackInfo& info);
  Napi::Value queued_bytes(const Napi::CallbackInfo& info);
  Napi::Value source(const Napi::CallbackInfo& info);
  Napi::Value tally(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  bool is_open(Napi::Env env) const;
  bool read_text(const Napi::CallbackInfo& info, size_t index, const char* name, std::string& out) const;
  int flush_now();
  bool receive();
  bool lend(UdpSocket::Batch& batch) const;
  void report(int error);
  bool call(const Napi::FunctionReference& callback, std::initializer_list<napi_value> arguments);
  void stop();

  UdpSocket socket_;
  Poll<UdpHandle>* poll_ = nullptr;
  Napi::Reference<Napi::Value> arrays_[kArrays];
  Napi::FunctionReference on_batch_;
  Napi::FunctionReference on_error_;
  napi_async_context context_ = nullptr;
  bool waits_to_write_ = false;
};

}  // namespace edge::addon
