#include "arguments.hpp"

#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <string>

#include "addon.hpp"

namespace edge::addon {

namespace {

constexpr const char* kArgument = "hotpath.argument";

const char* array_name(napi_typedarray_type type) {
  switch (type) {
    case napi_int8_array:
      return "an Int8Array";
    case napi_uint8_array:
      return "a Uint8Array";
    case napi_uint16_array:
      return "a Uint16Array";
    case napi_int32_array:
      return "an Int32Array";
    case napi_uint32_array:
      return "a Uint32Array";
    case napi_float32_array:
      return "a Float32Array";
    case napi_float64_array:
      return "a Float64Array";
    case napi_biguint64_array:
      return "a BigUint64Array";
    default:
      return "another typed array";
  }
}

}  // namespace

void fail(Napi::Env env, const char* code, const char* format, ...) {
  char text[256];
  va_list rest;
  va_start(rest, format);
  std::vsnprintf(text, sizeof text, format, rest);
  va_end(rest);
  if (env.IsExceptionPending()) return;
  Addon* addon = env.GetInstanceData<Addon>();
  if (addon != nullptr && addon->throw_error(env, code, text)) return;
  Napi::Error error = Napi::Error::New(env, text);
  error.Set("code", Napi::String::New(env, code));
  error.ThrowAsJavaScriptException();
}

bool check(Napi::Env env, Status status, const char* full_code, const char* what) {
  if (status == Status::ok) return true;
  if (status == Status::memory) {
    fail(env, "hotpath.memory", "the system gave no memory for %s", what);
  } else {
    fail(env, full_code, "%s is full", what);
  }
  return false;
}

bool read_array_value(Napi::Env env, napi_value value, const char* name, napi_typedarray_type type, void** data,
                      size_t* length) {
  napi_typedarray_type actual;
  napi_value buffer;
  size_t offset;
  const napi_status status = napi_get_typedarray_info(env, value, &actual, length, data, &buffer, &offset);
  if (status != napi_ok || actual != type) {
    fail(env, kArgument, "%s must be %s", name, array_name(type));
    return false;
  }
  if (*length > 0) return true;
  // A detached array looks empty: taking it for one would hide a mistake.
  bool detached = false;
  if (napi_is_detached_arraybuffer(env, buffer, &detached) == napi_ok && detached) {
    fail(env, "hotpath.detached", "%s lies in an ArrayBuffer that was transferred away", name);
    return false;
  }
  return true;
}

bool read_array(const Napi::CallbackInfo& info, size_t index, const char* name, napi_typedarray_type type, void** data,
                size_t* length) {
  return read_array_value(info.Env(), info[index], name, type, data, length);
}

bool read_property(Napi::Env env, napi_value object, const char* name, napi_value& out, bool& present) {
  napi_valuetype type;
  if (napi_get_named_property(env, object, name, &out) != napi_ok || napi_typeof(env, out, &type) != napi_ok) {
    fail(env, kArgument, "%s cannot be read", name);
    return false;
  }
  present = type != napi_undefined;
  return true;
}

bool read_column(Napi::Env env, napi_value value, const char* name, napi_typedarray_type type, size_t length,
                 void** data) {
  size_t actual;
  if (!read_array_value(env, value, name, type, data, &actual)) return false;
  if (actual == length) return true;
  fail(env, kArgument, "columns.%s has %zu entries for %zu keys", name, actual, length);
  return false;
}

bool read_number(Napi::Env env, napi_value value, const char* name, double& out) {
  if (napi_get_value_double(env, value, &out) == napi_ok && !std::isnan(out)) return true;
  fail(env, kArgument, "%s must be a number", name);
  return false;
}

bool read_integer(Napi::Env env, napi_value value, const char* name, double least, double most, double& out) {
  const bool number = napi_get_value_double(env, value, &out) == napi_ok;
  if (number && out >= least && out <= most && std::floor(out) == out) return true;
  fail(env, kArgument, "%s must be a whole number from %.0f to %.0f", name, least, most);
  return false;
}

bool read_time(const Napi::CallbackInfo& info, size_t index, const char* name, double& out) {
  const bool number = napi_get_value_double(info.Env(), info[index], &out) == napi_ok;
  if (number && out >= 0 && out <= kMaxTimeMs) return true;
  fail(info.Env(), kArgument, "%s must be milliseconds from 0 to 2^53", name);
  return false;
}

bool read_id(const Napi::CallbackInfo& info, size_t index, const char* name, uint64_t& out) {
  bool lossless = false;
  const bool bigint = napi_get_value_bigint_uint64(info.Env(), info[index], &out, &lossless) == napi_ok;
  if (bigint && lossless) return true;
  fail(info.Env(), kArgument, "%s must be a bigint from 0 to 2^64 - 1", name);
  return false;
}

bool read_isa(const Napi::CallbackInfo& info, size_t index, Isa& out) {
  const std::string name = info[index].IsString() ? info[index].As<Napi::String>().Utf8Value() : std::string();
  if (isa_from_name(name.c_str(), out) && isa_available(out)) return true;
  fail(info.Env(), "hotpath.isa", "this build or processor has no kernels for that instruction set");
  return false;
}

}  // namespace edge::addon
