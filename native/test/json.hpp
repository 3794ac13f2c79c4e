// Reads the golden vectors of src/wire/vectors. Enough of JSON for trusted files: a broken one gives null values.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace json {

struct Value {
  enum class Kind { null, boolean, number, text, list, object } kind = Kind::null;
  bool boolean = false;
  double number = 0;
  std::string text;
  std::vector<Value> list;
  std::map<std::string, Value> object;

  const Value& operator[](const std::string& name) const {
    static const Value none;
    const auto found = object.find(name);
    return found == object.end() ? none : found->second;
  }
};

class Reader {
 public:
  explicit Reader(const std::string& text) : at_(text.c_str()) {}

  Value read() {
    skip();
    Value value;
    if (*at_ == '{') {
      value.kind = Value::Kind::object;
      each('}', [&] {
        const std::string name = string();
        skip();
        if (*at_ == ':') at_++;
        value.object[name] = read();
      });
    } else if (*at_ == '[') {
      value.kind = Value::Kind::list;
      each(']', [&] { value.list.push_back(read()); });
    } else if (*at_ == '"') {
      value.kind = Value::Kind::text;
      value.text = string();
    } else if (*at_ == 't' || *at_ == 'f') {
      value.kind = Value::Kind::boolean;
      value.boolean = *at_ == 't';
      word();
    } else if (*at_ == 'n') {
      word();
    } else {
      char* end = nullptr;
      value.number = std::strtod(at_, &end);
      value.kind = end != at_ ? Value::Kind::number : Value::Kind::null;
      at_ = end != at_ ? end : at_ + (*at_ != '\0' ? 1 : 0);
    }
    return value;
  }

 private:
  void skip() {
    while (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t') at_++;
  }
  void word() {
    while (*at_ >= 'a' && *at_ <= 'z') at_++;
  }

  template <typename Read>
  void each(char close, Read read_one) {
    at_++;
    for (skip(); *at_ != close && *at_ != '\0'; skip()) {
      read_one();
      skip();
      if (*at_ == ',') at_++;
      skip();
    }
    if (*at_ == close) at_++;
  }

  // Escapes are kept as they are: no vector's value has any.
  std::string string() {
    skip();
    std::string text;
    if (*at_ == '"') at_++;
    for (; *at_ != '"' && *at_ != '\0'; at_++) {
      if (*at_ == '\\' && at_[1] != '\0') text += *at_++;
      text += *at_;
    }
    if (*at_ == '"') at_++;
    return text;
  }

  const char* at_;
};

// Null when there is no such file.
inline Value read_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) return {};
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return Reader(text).read();
}

inline std::vector<uint8_t> from_hex(const std::string& hex) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(std::strtoul(hex.substr(i, 2).c_str(), nullptr, 16)));
  }
  return bytes;
}

}  // namespace json
