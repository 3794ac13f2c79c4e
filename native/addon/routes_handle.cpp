#include "addon.hpp"
#include "arguments.hpp"
#include "handles.hpp"

namespace edge::addon {

namespace {

constexpr double kMaxLink = 2147483647;
constexpr double kMaxTtlMs = 9007199254740992.0;

bool read_link(const Napi::CallbackInfo& info, size_t index, int32_t& out) {
  double link;
  if (!read_integer(info, index, "link", 0, kMaxLink, link)) return false;
  out = static_cast<int32_t>(link);
  return true;
}

Napi::Object to_object(Napi::Env env, const Route& route) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("destination", Napi::BigInt::New(env, route.destination));
  object.Set("nextHop", Napi::BigInt::New(env, route.next_hop));
  object.Set("link", Napi::Number::New(env, route.link));
  object.Set("cost", Napi::Number::New(env, route.cost));
  object.Set("expiresAtMs", Napi::Number::New(env, route.expires_at_ms));
  object.Set("pinned", Napi::Boolean::New(env, route.pinned));
  return object;
}

}  // namespace

Napi::Function RoutesHandle::define(Napi::Env env) {
  return DefineClass(env, "RoutingTable",
                     {
                         InstanceAccessor<&RoutesHandle::size>("size", napi_enumerable),
                         InstanceAccessor<&RoutesHandle::bytes>("bytes", napi_enumerable),
                         InstanceMethod<&RoutesHandle::offer>("offer"),
                         InstanceMethod<&RoutesHandle::pin>("pin"),
                         InstanceMethod<&RoutesHandle::unpin>("unpin"),
                         InstanceMethod<&RoutesHandle::lookup>("lookup"),
                         InstanceMethod<&RoutesHandle::drop_link>("dropLink"),
                         InstanceMethod<&RoutesHandle::expire>("expire"),
                         InstanceMethod<&RoutesHandle::snapshot>("snapshot"),
                     });
}

RoutesHandle::RoutesHandle(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const Napi::Env env = info.Env();
  double capacity;
  double ttl;
  SipKey secret;
  if (!read_integer(info, 0, "capacity", 1, RoutingTable::kMaxCapacity, capacity) ||
      !read_integer(info, 1, "ttlMs", 1, kMaxTtlMs, ttl) || !draw_secret(env, secret)) {
    return;
  }
  Isa isa;
  if (!read_isa(info, 2, isa)) return;
  const Status status = table_->init(static_cast<uint32_t>(capacity), ttl, secret, isa);
  if (!check(env, status, "routes.full", "the routing table")) return;
  env.GetInstanceData<Addon>()->mark(env, info.This(), HandleKind::routes);
}

Napi::Value RoutesHandle::size(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), table_->size()); }

Napi::Value RoutesHandle::bytes(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(table_->bytes()));
}

Napi::Value RoutesHandle::offer(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint64_t destination;
  uint64_t next_hop;
  int32_t link;
  double cost;
  double now;
  if (!read_id(info, 0, "destination", destination) || !read_id(info, 1, "nextHop", next_hop) ||
      !read_link(info, 2, link) || !read_number(env, info[3], "cost", cost) || !read_time(info, 4, "nowMs", now)) {
    return {};
  }
  if (cost < 0) {
    fail(env, "hotpath.argument", "cost must not be negative");
    return {};
  }
  bool changed;
  const Status status = table_->offer(destination, next_hop, link, cost, now, changed);
  if (!check(env, status, "routes.full", "the routing table")) return {};
  return Napi::Boolean::New(env, changed);
}

void RoutesHandle::pin(const Napi::CallbackInfo& info) {
  uint64_t destination;
  uint64_t next_hop;
  int32_t link;
  if (!read_id(info, 0, "destination", destination) || !read_id(info, 1, "nextHop", next_hop) ||
      !read_link(info, 2, link)) {
    return;
  }
  check(info.Env(), table_->pin(destination, next_hop, link), "routes.full", "the routing table, all of it pinned,");
}

Napi::Value RoutesHandle::unpin(const Napi::CallbackInfo& info) {
  uint64_t destination;
  if (!read_id(info, 0, "destination", destination)) return {};
  return Napi::Boolean::New(info.Env(), table_->unpin(destination));
}

Napi::Value RoutesHandle::lookup(const Napi::CallbackInfo& info) {
  uint64_t destination;
  double now;
  if (!read_id(info, 0, "destination", destination) || !read_time(info, 1, "nowMs", now)) return {};
  Route route;
  if (!table_->lookup(destination, now, route)) return info.Env().Undefined();
  return to_object(info.Env(), route);
}

Napi::Value RoutesHandle::drop_link(const Napi::CallbackInfo& info) {
  int32_t link;
  if (!read_link(info, 0, link)) return {};
  return Napi::Number::New(info.Env(), static_cast<double>(table_->drop_link(link)));
}

Napi::Value RoutesHandle::expire(const Napi::CallbackInfo& info) {
  double now;
  if (!read_time(info, 0, "nowMs", now)) return {};
  return Napi::Number::New(info.Env(), static_cast<double>(table_->expire(now)));
}

Napi::Value RoutesHandle::snapshot(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  double now;
  if (!read_time(info, 0, "nowMs", now)) return {};
  Buffer<Route> routes;
  if (!routes.resize(table_->size())) {
    check(env, Status::memory, "routes.full", "a snapshot of the routes");
    return {};
  }
  const size_t count = table_->snapshot(now, routes.data());
  Napi::Array list = Napi::Array::New(env, count);
  for (size_t i = 0; i < count; i++) {
    const Napi::HandleScope scope(env);
    list.Set(static_cast<uint32_t>(i), to_object(env, routes[i]));
  }
  return list;
}

}  // namespace edge::addon
