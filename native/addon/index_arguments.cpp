#include "index_arguments.hpp"

#include <cmath>

namespace edge::addon {

namespace {

constexpr double kMaxHits = 65536;
constexpr double kMaxSafeInteger = 9007199254740991.0;

bool read_filter(Napi::Env env, napi_value options, Filter& filter) {
  napi_value value;
  bool present;
  double number;
  if (!read_property(env, options, "type", value, present)) return false;
  if (present) {
    if (!read_integer(env, value, "type", 0, UINT16_MAX, number)) return false;
    filter.by_type = true;
    filter.type = static_cast<uint16_t>(number);
  }
  if (!read_property(env, options, "node", value, present)) return false;
  if (present) {
    if (!read_integer(env, value, "node", 0, UINT32_MAX, number)) return false;
    filter.by_node = true;
    filter.node = static_cast<uint32_t>(number);
  }
  if (!read_property(env, options, "sinceMs", value, present)) return false;
  if (present && !read_number(env, value, "sinceMs", filter.since_ms)) return false;
  if (!read_property(env, options, "untilMs", value, present)) return false;
  return !present || read_number(env, value, "untilMs", filter.until_ms);
}

}  // namespace

bool check_count(Napi::Env env, const char* name, size_t actual, size_t wanted) {
  if (actual == wanted) return true;
  fail(env, kArgument, "%s has %zu entries where %zu are needed", name, actual, wanted);
  return false;
}

bool read_question(const Napi::CallbackInfo& info, size_t index, Question& out) {
  const Napi::Env env = info.Env();
  if (!info[index].IsObject()) {
    fail(env, kArgument, "options must be an object");
    return false;
  }
  napi_value value;
  bool present;
  double k;
  if (!read_property(env, info[index], "k", value, present) || !read_integer(env, value, "k", 1, kMaxHits, k) ||
      !read_filter(env, info[index], out.filter) || !read_property(env, info[index], "exact", value, present)) {
    return false;
  }
  out.k = static_cast<size_t>(k);
  if (!present || napi_get_value_bool(env, value, &out.exact) == napi_ok) return true;
  fail(env, kArgument, "exact must be true or false");
  return false;
}

bool ColumnReader::fetch(const Napi::CallbackInfo& info, size_t index) {
  if (info[index].IsUndefined()) return true;
  if (!info[index].IsObject()) {
    fail(info.Env(), kArgument, "columns must be an object");
    return false;
  }
  for (size_t i = 0; i < 3; i++) {
    if (!read_property(info.Env(), info[index], kNames[i], values_[i], present_[i])) return false;
  }
  return true;
}

bool ColumnReader::take(Napi::Env env, size_t count, Columns& columns) const {
  void* data[3] = {};
  for (size_t i = 0; i < 3; i++) {
    if (present_[i] && !read_column(env, values_[i], kNames[i], kTypes[i], count, &data[i])) return false;
  }
  columns = {static_cast<uint16_t*>(data[0]), static_cast<uint32_t*>(data[1]), static_cast<double*>(data[2])};
  for (size_t i = 0; columns.time_ms != nullptr && i < count; i++) {
    if (std::isfinite(columns.time_ms[i])) continue;
    fail(env, kArgument, "columns.timeMs[%zu] is not finite", i);
    return false;
  }
  return true;
}

bool IndexOptionsReader::read(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  double dimension;
  double capacity;
  if (!read_integer(info, 0, "dimension", 4, kMaxDimension, dimension) ||
      !read_integer(info, 1, "capacity", 1, VectorIndex::kMaxCapacity, capacity)) {
    return false;
  }
  if (std::fmod(dimension, 4) != 0) {
    fail(env, kArgument, "dimension must be a multiple of 4");
    return false;
  }
  options_.dimension = static_cast<size_t>(dimension);
  options_.capacity = static_cast<uint32_t>(capacity);
  if (!read_isa(info, 2)) return false;
  if (info[3].IsUndefined()) return true;
  if (!info[3].IsObject()) {
    fail(env, kArgument, "options must be an object");
    return false;
  }
  static constexpr const char* kNames[4] = {"exactPath", "rotationSeed", "maxBytes", "mean"};
  napi_value values[4];
  bool present[4];
  for (size_t i = 0; i < 4; i++) {
    if (!read_property(env, info[3], kNames[i], values[i], present[i])) return false;
  }
  double number;
  if (present[0] && !read_path(env, values[0])) return false;
  if (present[1]) {
    if (!read_integer(env, values[1], kNames[1], 0, kMaxSafeInteger, number)) return false;
    options_.rotation_seed = static_cast<uint64_t>(number);
  }
  if (present[2]) {
    if (!read_integer(env, values[2], kNames[2], 1, kMaxSafeInteger, number)) return false;
    options_.max_bytes = static_cast<uint64_t>(number);
  }
  return !present[3] || read_mean(env, values[3]);
}

bool IndexOptionsReader::read_isa(const Napi::CallbackInfo& info, size_t index) {
  const std::string name = info[index].IsString() ? info[index].As<Napi::String>().Utf8Value() : std::string();
  if (isa_from_name(name.c_str(), isa_) && isa_available(isa_)) return true;
  fail(info.Env(), "hotpath.isa", "this build or processor has no kernels for that instruction set");
  return false;
}

bool IndexOptionsReader::read_path(Napi::Env env, napi_value value) {
  const Napi::Value given(env, value);
  if (given.IsString()) path_ = given.As<Napi::String>().Utf8Value();
  if (path_.empty() || path_.find('\0') != std::string::npos) {
    fail(env, kArgument, "exactPath must be the path of a file");
    return false;
  }
  options_.exact_path = path_.c_str();
  return true;
}

bool IndexOptionsReader::read_mean(Napi::Env env, napi_value value) {
  void* data;
  size_t length;
  if (!read_array_value(env, value, "mean", napi_float32_array, &data, &length) ||
      !check_count(env, "mean", length, options_.dimension)) {
    return false;
  }
  options_.mean = static_cast<const float*>(data);
  for (size_t i = 0; i < length; i++) {
    if (std::isfinite(options_.mean[i])) continue;
    fail(env, kArgument, "mean[%zu] is not finite", i);
    return false;
  }
  return true;
}

}  // namespace edge::addon
