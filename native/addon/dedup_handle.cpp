#include "addon.hpp"
#include "arguments.hpp"
#include "handles.hpp"

namespace edge::addon {

Napi::Function DedupHandle::define(Napi::Env env) {
  return DefineClass(env, "DedupCache",
                     {
                         InstanceAccessor<&DedupHandle::size>("size", napi_enumerable),
                         InstanceAccessor<&DedupHandle::bytes>("bytes", napi_enumerable),
                         InstanceMethod<&DedupHandle::seen_many>("seenMany"),
                         InstanceMethod<&DedupHandle::clear>("clear"),
                     });
}

DedupHandle::DedupHandle(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const Napi::Env env = info.Env();
  double capacity;
  double ttl;
  SipKey secret;
  if (!read_integer(info, 0, "capacity", 1, DedupCache::kMaxCapacity, capacity) ||
      !read_integer(info, 1, "ttlMs", 1, DedupCache::kMaxTtlMs, ttl) || !draw_secret(env, secret)) {
    return;
  }
  Isa isa;
  if (!read_isa(info, 2, isa)) return;
  const Status status = cache_->init(static_cast<uint32_t>(capacity), static_cast<uint32_t>(ttl), secret, isa);
  if (!check(env, status, "dedup.full", "the dedup cache")) return;
  env.GetInstanceData<Addon>()->mark(env, info.This(), HandleKind::dedup);
}

Napi::Value DedupHandle::size(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), cache_->size()); }

Napi::Value DedupHandle::bytes(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(cache_->bytes()));
}

Napi::Value DedupHandle::seen_many(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Span<uint8_t> ids;
  double now;
  Span<uint8_t> out;
  if (!read(info, 0, "ids", ids) || !read_time(info, 1, "nowMs", now) || !read(info, 2, "out", out)) return {};
  if (ids.length % DedupCache::kIdBytes != 0) {
    fail(env, "hotpath.argument", "ids must be a whole number of 16-byte ids, not %zu bytes", ids.length);
    return {};
  }
  const size_t count = ids.length / DedupCache::kIdBytes;
  if (out.length < count) {
    fail(env, "hotpath.argument", "out has %zu bytes for %zu ids", out.length, count);
    return {};
  }
  return Napi::Number::New(env, static_cast<double>(cache_->seen_many(ids.data, count, now, out.data)));
}

void DedupHandle::clear(const Napi::CallbackInfo&) { cache_->clear(); }

}  // namespace edge::addon
