#include "addon.hpp"
#include "arguments.hpp"
#include "handles.hpp"

namespace edge::addon {

namespace {

// A typed array that is as it must be, or false and no error.
template <typename T>
bool look(Napi::Env env, napi_value value, Span<T>& out) {
  constexpr napi_typedarray_type wanted = sizeof(T) == 1 ? napi_uint8_array : napi_int32_array;
  napi_typedarray_type type;
  return napi_get_typedarray_info(env, value, &type, &out.length, reinterpret_cast<void**>(&out.data), nullptr,
                                  nullptr) == napi_ok &&
         type == wanted;
}

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
                         InstanceMethod<&IngestHandle::bind>("bind"),
                         InstanceMethod<&IngestHandle::turn>("turn"),
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
  Isa isa;
  if (!read_isa(info, 4, isa)) return;
  if (!info[6].IsArrayBuffer() || info[6].As<Napi::ArrayBuffer>().ByteLength() < sizeof(IngestControl)) {
    fail(env, "hotpath.argument", "control must be an ArrayBuffer of %zu bytes", sizeof(IngestControl));
    return;
  }
  turn_->dedup = DedupHandle::Unwrap(info[0].As<Napi::Object>())->core();
  turn_->routes = RoutesHandle::Unwrap(info[1].As<Napi::Object>())->core();
  turn_->control_buffer = Napi::Reference<Napi::ArrayBuffer>::New(info[6].As<Napi::ArrayBuffer>(), 1);
  turn_->control = static_cast<IngestControl*>(info[6].As<Napi::ArrayBuffer>().Data());
  turn_->ingest.init(self, static_cast<size_t>(most), isa, info[5].ToBoolean());
}

void IngestHandle::set_key(const Napi::CallbackInfo& info) {
  double epoch;
  if (!read_integer(info, 0, "epoch", 0, 255, epoch)) return;
  if (info[1].IsUndefined()) return turn_->ingest.set_key(static_cast<uint8_t>(epoch), nullptr);
  Span<uint8_t> key;
  if (!read(info, 1, "key", key)) return;
  if (key.length != 16) {
    fail(info.Env(), "hotpath.argument", "key must have 16 bytes, not %zu", key.length);
    return;
  }
  turn_->ingest.set_key(static_cast<uint8_t>(epoch), key.data);
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
      turn_->ingest.run(*turn_->dedup, *turn_->routes, slab.data, slab.length, offsets.data, count, now, out.data);
  return Napi::Number::New(env, static_cast<double>(accepted));
}

// bind(slab, out): whether turns may use these arrays from now on. Whoever takes a turn sees to it that they are still there.
Napi::Value IngestHandle::bind(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Span<uint8_t> slab;
  Span<int32_t> out;
  turn_->slab = {};
  turn_->out = {};
  const bool good = look(env, info[0], slab) && look(env, info[1], out) && slab.length > 0 && out.length > 0;
  if (good) {
    turn_->slab = slab;
    turn_->out = out;
  }
  return Napi::Boolean::New(env, good);
}

void IngestTurn::take() {
  const size_t count = control->count;
  const double now = control->now_ms;
  control->accepted = 0;
  if (count > IngestControl::kFrames || count > out.length / FrameIngest::kStride) return;
  if (!(now >= 0 && now <= kMaxTimeMs)) return;
  control->accepted = static_cast<uint32_t>(
      ingest.run(*dedup, *routes, slab.data, slab.length, control->offsets, count, now, out.data));
}

// turn(): a function that takes what the control asks for, without an argument or an answer.
Napi::Value IngestHandle::turn(const Napi::CallbackInfo& info) {
  using Shared = std::shared_ptr<IngestTurn>;
  const Napi::Env env = info.Env();
  if (turn_->control == nullptr) {
    fail(env, "hotpath.handle", "this ingest was never made");
    return {};
  }
  auto* shared = new Shared(turn_);
  const auto take = [](napi_env within, napi_callback_info call) -> napi_value {
    void* data = nullptr;
    if (napi_get_cb_info(within, call, nullptr, nullptr, nullptr, &data) == napi_ok) (*static_cast<Shared*>(data))->take();
    return nullptr;
  };
  const auto release = [](napi_env, void* data, void*) { delete static_cast<Shared*>(data); };
  napi_value function;
  if (napi_create_function(env, "turn", NAPI_AUTO_LENGTH, take, shared, &function) != napi_ok ||
      napi_add_finalizer(env, function, shared, release, nullptr, nullptr) != napi_ok) {
    delete shared;
    fail(env, "hotpath.memory", "the system gave no memory for a function");
    return {};
  }
  return Napi::Value(env, function);
}

}  // namespace edge::addon
