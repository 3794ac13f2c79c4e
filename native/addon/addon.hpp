// One instance for each JavaScript environment: worker threads load the addon too, so nothing is static.
#pragma once

#include <napi.h>

#include <cstdint>

#include "../core/siphash.hpp"

namespace edge::addon {

// Raised whenever the classes or their arguments change; src/native/load.ts refuses any other.
inline constexpr uint32_t kAbi = 4;

enum class HandleKind : uint64_t { dedup = 1, routes = 2 };

class Addon : public Napi::Addon<Addon> {
 public:
  Addon(Napi::Env env, Napi::Object exports);

  // False when there is no factory yet.
  bool throw_error(Napi::Env env, const char* code, const char* text);

  // Marks an object as a handle of this very instance, and tells one from anything else that is passed for it.
  void mark(Napi::Env env, napi_value object, HandleKind kind) const;
  bool is_marked(Napi::Env env, napi_value object, HandleKind kind) const;

 private:
  void set_error_factory(const Napi::CallbackInfo& info);
  Napi::Value trim(const Napi::CallbackInfo& info);
  napi_type_tag tag(HandleKind kind) const { return {mark_.k0, mark_.k1 ^ static_cast<uint64_t>(kind)}; }

  Napi::FunctionReference error_factory_;
  SipKey mark_;
};

// A secret from the operating system; throws into JavaScript and returns false when there is none.
bool draw_secret(Napi::Env env, SipKey& out);

}  // namespace edge::addon
