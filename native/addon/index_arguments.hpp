// What the calls of a VectorIndex are given, read and checked. Reading a property may run a getter, which may do
// anything to any memory: so all properties are fetched before the first pointer into an array is taken.
#pragma once

#include <string>

#include "../core/search.hpp"
#include "arguments.hpp"

namespace edge::addon {

inline constexpr const char* kArgument = "hotpath.argument";

bool check_count(Napi::Env env, const char* name, size_t actual, size_t wanted);

// {k, type?, node?, sinceMs?, untilMs?, exact?}
bool read_question(const Napi::CallbackInfo& info, size_t index, Question& out);

// The columns of a batch.
class ColumnReader {
 public:
  bool fetch(const Napi::CallbackInfo& info, size_t index);
  bool take(Napi::Env env, size_t count, Columns& columns) const;

 private:
  static constexpr const char* kNames[3] = {"type", "node", "timeMs"};
  static constexpr napi_typedarray_type kTypes[3] = {napi_uint16_array, napi_uint32_array, napi_float64_array};

  napi_value values_[3] = {};
  bool present_[3] = {};
};

// (dimension, capacity, isa, {exactPath?, mean?, rotationSeed?, maxBytes?}). What it has read lives as long as it does.
class IndexOptionsReader {
 public:
  bool read(const Napi::CallbackInfo& info);
  const IndexOptions& options() const { return options_; }
  Isa isa() const { return isa_; }

 private:
  bool read_isa(const Napi::CallbackInfo& info, size_t index);
  bool read_path(Napi::Env env, napi_value value);
  bool read_mean(Napi::Env env, napi_value value);

  IndexOptions options_;
  Isa isa_ = Isa::scalar;
  std::string path_;
};

}  // namespace edge::addon
