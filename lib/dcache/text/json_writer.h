// Writes JSON as it comes, without a tree in between: reports of many files are large, and their key order is
// part of the format. Bytes that are not UTF-8 are written as U+FFFD, each for itself. What a terminal or the
// log of a CI job would act on (see shown.h) is escaped. (Reading JSON is nlohmann/json's work.)
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace dcache::text {

class JsonWriter {
 public:
  // Appends to `out`, which has to outlive the writer. `indent` 0 writes everything on one line. A `depth`
  // above 0 goes on inside of what another writer opened.
  explicit JsonWriter(std::string& out, int indent = 0, int depth = 0)
      : out_(out), indent_(indent), depth_(depth) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);
  // A name spelled in the source needs no escapes.
  template <size_t N>
  JsonWriter& key(const char (&name)[N]) {
    return plain_key({name, N - 1});
  }
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool yes);
  JsonWriter& value(std::integral auto number) { return raw(std::to_string(number)); }
  // To three decimals; null for what is not a finite number.
  JsonWriter& value(double number);
  JsonWriter& null() { return raw("null"); }

  template <typename T>
  JsonWriter& member(std::string_view name, const T& member_value) {
    return key(name).value(member_value);
  }
  template <size_t N, typename T>
  JsonWriter& member(const char (&name)[N], const T& member_value) {
    return key(name).value(member_value);
  }

 private:
  JsonWriter& plain_key(std::string_view name);
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& raw(std::string_view text);
  void separate();
  void new_line();
  void quote(std::string_view text);

  std::string& out_;
  int indent_;
  int depth_;
  bool first_ = true;
  bool after_key_ = false;
};

}  // namespace dcache::text
