#include "udp_handle.hpp"

#if defined(__linux__)

#include <cerrno>

#include "addon.hpp"
#include "arguments.hpp"
#include "poll_handle.hpp"

namespace edge::addon {

namespace {

constexpr const char* kArrayNames[] = {"slab", "offsets", "sources", "fresh"};
constexpr size_t kAddressText = 128;

}  // namespace

Napi::Function UdpHandle::define(Napi::Env env) {
  return DefineClass(env, "UdpSocket",
                     {
                         InstanceMethod<&UdpHandle::open>("open"),
                         InstanceMethod<&UdpHandle::local>("local"),
                         InstanceMethod<&UdpHandle::join>("join"),
                         InstanceMethod<&UdpHandle::multicast_via>("multicastVia"),
                         InstanceMethod<&UdpHandle::destination>("destination"),
                         InstanceMethod<&UdpHandle::forget_destinations>("forgetDestinations"),
                         InstanceMethod<&UdpHandle::queue>("queue"),
                         InstanceMethod<&UdpHandle::flush>("flush"),
                         InstanceMethod<&UdpHandle::source>("source"),
                         InstanceMethod<&UdpHandle::close>("close"),
                         InstanceAccessor<&UdpHandle::queued_bytes>("queuedBytes", napi_enumerable),
                         InstanceAccessor<&UdpHandle::tally>("tally", napi_enumerable),
                     });
}

UdpHandle::UdpHandle(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsObject() || !info[1].IsFunction() || !info[2].IsFunction()) {
    fail(env, "hotpath.argument", "a socket needs {slab, offsets, sources, fresh} and two functions");
    return;
  }
  constexpr napi_typedarray_type types[kArrays] = {napi_uint8_array, napi_uint32_array, napi_uint32_array,
                                                   napi_uint32_array};
  constexpr size_t least[kArrays] = {UdpSocket::kFrameBytes, 2, 1, 1};
  for (size_t i = 0; i < kArrays; i++) {
    napi_value value;
    bool present;
    napi_typedarray_type type;
    size_t length;
    if (!read_property(env, info[0], kArrayNames[i], value, present)) return;
    const bool good = napi_get_typedarray_info(env, value, &type, &length, nullptr, nullptr, nullptr) == napi_ok &&
                      type == types[i] && length >= least[i];
    if (!good) {
      fail(env, "hotpath.argument", "%s must be a typed array with room for a datagram", kArrayNames[i]);
      return;
    }
    arrays_[i] = Napi::Reference<Napi::Value>::New(Napi::Value(env, value), 1);
  }
  on_batch_ = Napi::Persistent(info[1].As<Napi::Function>());
  on_error_ = Napi::Persistent(info[2].As<Napi::Function>());
}

UdpHandle::~UdpHandle() { stop(); }

bool UdpHandle::is_open(Napi::Env env) const {
  if (poll_ != nullptr) return true;
  fail(env, "socket.closed", "the socket is not open");
  return false;
}

bool UdpHandle::read_text(const Napi::CallbackInfo& info, size_t index, const char* name, std::string& out) const {
  if (info[index].IsString()) {
    out = info[index].As<Napi::String>().Utf8Value();
    // The system's calls would take the text for shorter than it is.
    if (out.size() < kAddressText && out.find('\0') == std::string::npos) return true;
  }
  fail(info.Env(), "hotpath.argument", "%s must be a short string", name);
  return false;
}

// open(family, host, port, share, receiveBytes, queueBytes): 0 or an errno
Napi::Value UdpHandle::open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  double family;
  std::string host;
  double port;
  double receive_bytes;
  double queue_bytes;
  if (!read_integer(info, 0, "family", 4, 6, family) || !read_text(info, 1, "host", host) ||
      !read_integer(info, 2, "port", 0, UINT16_MAX, port) ||
      !read_integer(info, 4, "receiveBytes", 0, 1 << 30, receive_bytes) ||
      !read_integer(info, 5, "queueBytes", UdpSocket::kFrameBytes, 64 << 20, queue_bytes)) {
    return {};
  }
  if (poll_ != nullptr || context_ != nullptr) {
    fail(env, "socket.open", "a socket opens once");
    return {};
  }
  SipKey secret;
  if (!draw_secret(env, secret)) return {};
  const UdpSocket::Options options = {
      .family = family == 6 ? 6 : 4,
      .host = host.c_str(),
      .port = static_cast<uint16_t>(port),
      .share = info[3].ToBoolean(),
      .receive_bytes = static_cast<int>(receive_bytes),
      .queue_bytes = static_cast<uint32_t>(queue_bytes),
  };
  const int error = socket_.open(options, secret);
  if (error != 0) return Napi::Number::New(env, error);
  poll_ = Poll<UdpHandle>::begin(env, socket_.fd(), this);
  if (poll_ == nullptr) {
    socket_.close();
    return Napi::Number::New(env, ENOSYS);
  }
  napi_async_init(env, info.This(), Napi::String::New(env, "edge-agent:udp"), &context_);
  // As long as it is open it is in use, whoever holds it.
  Ref();
  poll_->watch(kUvReadable);
  return Napi::Number::New(env, 0);
}

Napi::Value UdpHandle::local(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Endpoint at;
  if (!is_open(env) || !socket_.local(at)) return env.Undefined();
  return Napi::Number::New(env, at.port());
}

Napi::Value UdpHandle::join(const Napi::CallbackInfo& info) {
  std::string group;
  std::string member;
  if (!is_open(info.Env()) || !read_text(info, 0, "group", group) || !read_text(info, 1, "member", member)) return {};
  return Napi::Number::New(info.Env(), socket_.join(group.c_str(), member.c_str()));
}

Napi::Value UdpHandle::multicast_via(const Napi::CallbackInfo& info) {
  std::string member;
  if (!is_open(info.Env()) || !read_text(info, 0, "member", member)) return {};
  return Napi::Number::New(info.Env(), socket_.multicast_via(member.c_str()));
}

Napi::Value UdpHandle::destination(const Napi::CallbackInfo& info) {
  std::string host;
  double port;
  if (!is_open(info.Env()) || !read_text(info, 0, "host", host) ||
      !read_integer(info, 1, "port", 1, UINT16_MAX, port)) {
    return {};
  }
  const int64_t slot = socket_.destination(host.c_str(), static_cast<uint16_t>(port));
  return Napi::Number::New(info.Env(), static_cast<double>(slot));
}

void UdpHandle::forget_destinations(const Napi::CallbackInfo&) { socket_.forget_destinations(); }

// queue(destination, frame): false when there is no room
Napi::Value UdpHandle::queue(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Span<uint8_t> frame;
  double slot;
  if (!is_open(env) || !read_integer(info, 0, "destination", 0, UINT32_MAX, slot) || !read(info, 1, "frame", frame)) {
    return {};
  }
  if (slot >= socket_.destinations()) {
    fail(env, "hotpath.argument", "there is no destination of that number");
    return {};
  }
  if (frame.length > UdpSocket::kFrameBytes) {
    fail(env, "hotpath.argument", "a frame of %zu bytes is too long", frame.length);
    return {};
  }
  return Napi::Boolean::New(env, socket_.queue(static_cast<uint32_t>(slot), frame.data, frame.length));
}

// 0, or the errno of a datagram that was not sent; what must wait is sent when the kernel takes it
Napi::Value UdpHandle::flush(const Napi::CallbackInfo& info) {
  if (!is_open(info.Env())) return {};
  return Napi::Number::New(info.Env(), flush_now());
}

int UdpHandle::flush_now() {
  const int error = socket_.flush();
  const bool waits = error == EAGAIN;
  if (waits != waits_to_write_) {
    waits_to_write_ = waits;
    poll_->watch(waits ? kUvReadable | kUvWritable : kUvReadable);
  }
  return waits ? 0 : error;
}

Napi::Value UdpHandle::queued_bytes(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(socket_.queued_bytes()));
}

// {family, host, port} of a source's number
Napi::Value UdpHandle::source(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  double slot;
  if (!read_integer(info, 0, "source", 0, UINT32_MAX, slot)) return {};
  const Endpoint* from = socket_.source(static_cast<uint32_t>(slot));
  if (from == nullptr) return env.Undefined();
  char host[Endpoint::kHostBytes];
  from->host(host);
  Napi::Object out = Napi::Object::New(env);
  out.Set("family", Napi::Number::New(env, from->family()));
  out.Set("host", Napi::String::New(env, host));
  out.Set("port", Napi::Number::New(env, from->port()));
  return out;
}

Napi::Value UdpHandle::tally(const Napi::CallbackInfo& info) {
  const UdpSocket::Tally& tally = socket_.tally();
  Napi::Object out = Napi::Object::New(info.Env());
  out.Set("receives", static_cast<double>(tally.receives));
  out.Set("sends", static_cast<double>(tally.sends));
  out.Set("segmented", static_cast<double>(tally.segmented));
  out.Set("failed", static_cast<double>(tally.failed));
  return out;
}

void UdpHandle::close(const Napi::CallbackInfo&) { stop(); }

void UdpHandle::stop() {
  if (poll_ != nullptr) poll_->end();
}

void UdpHandle::released() {
  poll_ = nullptr;
  socket_.close();
  if (context_ != nullptr) napi_async_destroy(Env(), context_);
  Unref();
}

// From the loop

void UdpHandle::ready(int status, int events) {
  const Napi::HandleScope scope(Env());
  // A handler of ours may close the socket, which may be the last that kept this object.
  [[maybe_unused]] const Napi::Value self = Value();
  if (status < 0) return report(-status);
  if ((events & kUvWritable) != 0) {
    const int error = flush_now();
    if (error != 0) report(error);
  }
  for (int i = 0; i < kBatchesATurn && poll_ != nullptr; i++) {
    if (!receive()) break;
  }
}

// The caller's arrays as they are now; false when one was taken away.
bool UdpHandle::lend(UdpSocket::Batch& batch) const {
  void* data[kArrays];
  size_t length[kArrays];
  for (size_t i = 0; i < kArrays; i++) {
    napi_typedarray_type type;
    if (napi_get_typedarray_info(Env(), arrays_[i].Value(), &type, &length[i], &data[i], nullptr, nullptr) != napi_ok) {
      return false;
    }
  }
  if (length[slab] < UdpSocket::kFrameBytes || length[offsets] < 2) return false;
  size_t room = length[offsets] - 1;
  if (length[sources] < room) room = length[sources];
  if (length[fresh] < room) room = length[fresh];
  if (room == 0) return false;
  batch = {static_cast<uint8_t*>(data[slab]),      length[slab],
           static_cast<uint32_t*>(data[offsets]),  static_cast<uint32_t*>(data[sources]),
           static_cast<uint32_t*>(data[fresh]),    room};
  return true;
}

// One batch; false when there was nothing.
bool UdpHandle::receive() {
  const Napi::HandleScope scope(Env());
  UdpSocket::Batch batch{};
  if (!lend(batch)) {
    stop();
    return false;
  }
  int error = 0;
  const size_t count = socket_.receive(batch, error);
  if (error != 0) report(error);
  if (count == 0 || poll_ == nullptr) return false;
  return call(on_batch_, {Napi::Number::New(Env(), static_cast<double>(count)),
                          Napi::Number::New(Env(), static_cast<double>(batch.fresh_count))});
}

void UdpHandle::report(int error) {
  const Napi::HandleScope scope(Env());
  call(on_error_, {Napi::Number::New(Env(), error)});
}

// False when the environment takes no more calls.
bool UdpHandle::call(const Napi::FunctionReference& callback, std::initializer_list<napi_value> arguments) {
  const napi_env env = Env();
  napi_value result;
  const napi_status status = napi_make_callback(env, context_, Value(), callback.Value(), arguments.size(),
                                                arguments.begin(), &result);
  if (status != napi_pending_exception) return status == napi_ok;
  napi_value thrown;
  if (napi_get_and_clear_last_exception(env, &thrown) != napi_ok) return false;
  return napi_fatal_exception(env, thrown) == napi_ok;
}

}  // namespace edge::addon

#endif
