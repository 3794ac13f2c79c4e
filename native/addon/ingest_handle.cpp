#include "addon.hpp"
#include "arguments.hpp"
#include "handles.hpp"

namespace edge::addon {

namespace {

// Offsets are the caller's own work: one that leaves the slab is a mistake to report, not a frame to count.
bool check_offsets(Napi::Env env, const Span<uint32_t>& offsets, size_t count, size_t slab_bytes) {
  uint32_t last = 0;
  for (size_t i = 0; i <= count; i++) {
    if (offsets.data[i] < last || offsets.data[i] > slab_bytes) {
      fail(env, "hotpath.argument", "offsets[%zu] is below the one before or outside the slab", i);
      return false;
    }
    last = offsets.data[i];
  }
  return true;
}

}  // namespace

Napi::Function IngestHandle::define(Napi::Env env) {
  return DefineClass(env, "FrameIngest",
                     {
                         InstanceMethod<&IngestHandle::set_key>("setKey"),
                         InstanceMethod<&IngestHandle::run>("run"),
                     });
}

IngestHandle::IngestHandle(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const Napi::Env env = info.Env();
  const Addon* addon = env.GetInstanceData<Addon>();
  if (!addon->is_marked(env, info[0], HandleKind::dedup)) {
    fail(env, "hotpath.handle", "dedup must come from the same hot path");
    return;
  }
  if (!addon->is_marked(env, info[1], HandleKind::routes)) {
    fail(env, "hotpath.handle", "routes must come from the same hot path");
    return;
  }
  uint64_t self;
  double most;
  if (!read_id(info, 2, "self", self) || !read_integer(info, 3, "maxFrameBytes", 1, kMaxFrameBytes, most)) return;
  dedup_ = DedupHandle::Unwrap(info[0].As<Napi::Object>())->core();
  routes_ = RoutesHandle::Unwrap(info[1].As<Napi::Object>())->core();
  Isa isa;
  if (!read_isa(info, 4, isa)) return;
  ingest_.init(self, static_cast<size_t>(most), isa, info[5].ToBoolean());
}

void IngestHandle::set_key(const Napi::CallbackInfo& info) {
  double epoch;
  if (!read_integer(info, 0, "epoch", 0, 255, epoch)) return;
  if (info[1].IsUndefined()) return ingest_.set_key(static_cast<uint8_t>(epoch), nullptr);
  Span<uint8_t> key;
  if (!read(info, 1, "key", key)) return;
  if (key.length != 16) {
    fail(info.Env(), "hotpath.argument", "key must have 16 bytes, not %zu", key.length);
    return;
  }
  ingest_.set_key(static_cast<uint8_t>(epoch), key.data);
}

Napi::Value IngestHandle::run(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Span<uint8_t> slab;
  Span<uint32_t> offsets;
  Span<int32_t> out;
  double wanted;
  double now;
  if (!read(info, 0, "slab", slab) || !read(info, 1, "offsets", offsets) ||
      !read_integer(info, 2, "count", 0, UINT32_MAX, wanted) || !read_time(info, 3, "nowMs", now) ||
      !read(info, 4, "out", out)) {
    return {};
  }
  const auto count = static_cast<size_t>(wanted);
  if (offsets.length < count + 1 || out.length / FrameIngest::kStride < count) {
    fail(env, "hotpath.argument", "%zu frames need %zu offsets and %zu words of out", count, count + 1,
         count * FrameIngest::kStride);
    return {};
  }
  if (!check_offsets(env, offsets, count, slab.length)) return {};
  const size_t accepted =
      ingest_.run(*dedup_, *routes_, slab.data, slab.length, offsets.data, count, now, out.data);
  return Napi::Number::New(env, static_cast<double>(accepted));
}

}  // namespace edge::addon
