// Reading what JavaScript hands over. Every reader throws into JavaScript and returns false when it is not as it
// must be; nothing here trusts a type, a length or an object.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>

#include "../core/cpu.hpp"
#include "../core/status.hpp"

namespace edge::addon {

template <typename T>
struct Span {
  T* data = nullptr;
  size_t length = 0;
};

// Throws an error with a stable code, made by the factory that JavaScript has given. printf-like.
[[gnu::format(printf, 3, 4)]] void fail(Napi::Env env, const char* code, const char* format, ...);

// The error for a status of the core; `what` names the capacity or memory that is short. True when it was ok.
bool check(Napi::Env env, Status status, const char* full_code, const char* what);

// A typed array of just that kind, in memory it still has.
bool read_array_value(Napi::Env env, napi_value value, const char* name, napi_typedarray_type type, void** data,
                      size_t* length);
bool read_array(const Napi::CallbackInfo& info, size_t index, const char* name, napi_typedarray_type type, void** data,
                size_t* length);

inline bool read(const Napi::CallbackInfo& info, size_t index, const char* name, Span<uint8_t>& out) {
  return read_array(info, index, name, napi_uint8_array, reinterpret_cast<void**>(&out.data), &out.length);
}
inline bool read(const Napi::CallbackInfo& info, size_t index, const char* name, Span<int8_t>& out) {
  return read_array(info, index, name, napi_int8_array, reinterpret_cast<void**>(&out.data), &out.length);
}
inline bool read(const Napi::CallbackInfo& info, size_t index, const char* name, Span<uint32_t>& out) {
  return read_array(info, index, name, napi_uint32_array, reinterpret_cast<void**>(&out.data), &out.length);
}
inline bool read(const Napi::CallbackInfo& info, size_t index, const char* name, Span<int32_t>& out) {
  return read_array(info, index, name, napi_int32_array, reinterpret_cast<void**>(&out.data), &out.length);
}
inline bool read(const Napi::CallbackInfo& info, size_t index, const char* name, Span<float>& out) {
  return read_array(info, index, name, napi_float32_array, reinterpret_cast<void**>(&out.data), &out.length);
}
inline bool read(const Napi::CallbackInfo& info, size_t index, const char* name, Span<uint64_t>& out) {
  return read_array(info, index, name, napi_biguint64_array, reinterpret_cast<void**>(&out.data), &out.length);
}

// A column of a batch: a typed array of exactly `length` entries.
bool read_column(Napi::Env env, napi_value value, const char* name, napi_typedarray_type type, size_t length,
                 void** data);

bool read_integer(Napi::Env env, napi_value value, const char* name, double least, double most, double& out);
inline bool read_integer(const Napi::CallbackInfo& info, size_t index, const char* name, double least, double most,
                         double& out) {
  return read_integer(info.Env(), info[index], name, least, most, out);
}

// Any number, infinities included, that is not NaN.
bool read_number(Napi::Env env, napi_value value, const char* name, double& out);

inline constexpr double kMaxTimeMs = 9007199254740992.0;

// Milliseconds: a finite number from 0 to 2^53.
bool read_time(const Napi::CallbackInfo& info, size_t index, const char* name, double& out);

// A bigint of 64 bits without a sign.
bool read_id(const Napi::CallbackInfo& info, size_t index, const char* name, uint64_t& out);

// The name of an instruction set that this build has kernels for and this processor runs.
bool read_isa(const Napi::CallbackInfo& info, size_t index, Isa& out);

// The property's value; `present` is false when it is undefined.
bool read_property(Napi::Env env, napi_value object, const char* name, napi_value& out, bool& present);

}  // namespace edge::addon
