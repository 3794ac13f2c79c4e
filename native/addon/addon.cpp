#include "addon.hpp"

#include <sys/random.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <cerrno>

#include "../core/cpu.hpp"
#include "arguments.hpp"
#include "handles.hpp"
#include "udp_handle.hpp"
#include "uv.hpp"

namespace edge::addon {

Addon::Addon(Napi::Env env, Napi::Object exports) {
  if (!draw_secret(env, mark_)) return;
  Napi::Array isas = Napi::Array::New(env);
  for (const Isa isa : kIsas) {
    if (isa_available(isa)) isas.Set(isas.Length(), Napi::String::New(env, isa_name(isa)));
  }
  DefineAddon(exports, {
                           InstanceValue("abi", Napi::Number::New(env, kAbi), napi_enumerable),
                           InstanceValue("isas", isas, napi_enumerable),
                           InstanceValue("bestIsa", Napi::String::New(env, isa_name(best_isa())), napi_enumerable),
                           InstanceMethod("trim", &Addon::trim, napi_enumerable),
                           InstanceMethod("setErrorFactory", &Addon::set_error_factory, napi_enumerable),
                       });
  exports.Set("VectorIndex", IndexHandle::define(env));
  exports.Set("DedupCache", DedupHandle::define(env));
  exports.Set("RoutingTable", RoutesHandle::define(env));
  exports.Set("FrameIngest", IngestHandle::define(env));
#if defined(__linux__)
  if (has_uv()) exports.Set("UdpSocket", UdpHandle::define(env));
#endif
}

// glibc keeps what a burst freed; on a small device others need it.
Napi::Value Addon::trim(const Napi::CallbackInfo& info) {
#ifdef __GLIBC__
  return Napi::Boolean::New(info.Env(), malloc_trim(0) == 1);
#else
  return Napi::Boolean::New(info.Env(), false);
#endif
}

void Addon::set_error_factory(const Napi::CallbackInfo& info) {
  if (!info[0].IsFunction()) {
    fail(info.Env(), "hotpath.argument", "the error factory must be a function");
    return;
  }
  error_factory_ = Napi::Persistent(info[0].As<Napi::Function>());
}

bool Addon::throw_error(Napi::Env env, const char* code, const char* text) {
  if (error_factory_.IsEmpty()) return false;
  const Napi::Value error = error_factory_.Call({Napi::String::New(env, code), Napi::String::New(env, text)});
  // Whatever the factory itself threw is pending already.
  if (!env.IsExceptionPending()) napi_throw(env, error);
  return true;
}

void Addon::mark(Napi::Env env, napi_value object, HandleKind kind) const {
  const napi_type_tag mine = tag(kind);
  napi_type_tag_object(env, object, &mine);
}

bool Addon::is_marked(Napi::Env env, napi_value object, HandleKind kind) const {
  const napi_type_tag mine = tag(kind);
  napi_valuetype type;
  bool same = false;
  return napi_typeof(env, object, &type) == napi_ok && type == napi_object &&
         napi_check_object_type_tag(env, object, &mine, &same) == napi_ok && same;
}

bool draw_secret(Napi::Env env, SipKey& out) {
  uint8_t bytes[16];
  size_t have = 0;
  while (have < sizeof bytes) {
    const ssize_t got = getrandom(bytes + have, sizeof bytes - have, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      fail(env, "hotpath.random", "the operating system gave no random bytes");
      return false;
    }
    have += static_cast<size_t>(got);
  }
  out = SipKey::from(bytes);
  return true;
}

}  // namespace edge::addon

using EdgeAgentAddon = edge::addon::Addon;
NODE_API_ADDON(EdgeAgentAddon)
