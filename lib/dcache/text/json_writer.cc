#include "dcache/text/json_writer.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "dcache/text/plain.h"
#include "dcache/text/shown.h"
#include "dcache/text/unicode.h"

namespace dcache::text {
namespace {

// How many bytes at the start need no escape.
size_t unescaped_bytes(std::string_view text) {
  return plain_bytes<'"', '\\', '#'>(text);
}

void append_escape(Rune rune, unsigned char byte, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  if (byte == '"' || byte == '\\') {
    out += '\\';
    out += static_cast<char>(byte);
  } else if (byte == '\n') {
    out += "\\n";
  } else if (byte == '\t') {
    out += "\\t";
  } else {
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4)
      out += kHex[(rune.value >> shift) & 15U];
  }
}

}  // namespace

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  quote(name);
  out_ += indent_ > 0 ? ": " : ":";
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::plain_key(std::string_view name) {
  separate();
  out_ += '"';
  out_ += name;
  out_ += indent_ > 0 ? "\": " : "\":";
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  quote(text);
  return *this;
}

JsonWriter& JsonWriter::value(bool yes) {
  return raw(yes ? "true" : "false");
}

JsonWriter& JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  std::string text = fmt::format("{:.3f}", number);
  text.erase(std::max(text.find_last_not_of('0') + 1, text.find('.') + 2));
  return raw(text);
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  ++depth_;
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  --depth_;
  if (!first_) new_line();
  out_ += bracket;
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view text) {
  separate();
  out_ += text;
  return *this;
}

void JsonWriter::separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (!first_) out_ += ',';
  first_ = false;
  if (depth_ > 0) new_line();
}

void JsonWriter::new_line() {
  if (indent_ == 0) return;
  out_ += '\n';
  out_.append(static_cast<size_t>(indent_) * static_cast<size_t>(depth_), ' ');
}

void JsonWriter::quote(std::string_view text) {
  out_ += '"';
  size_t plain = 0;
  for (size_t at = unescaped_bytes(text); at < text.size(); at += unescaped_bytes(text.substr(at))) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const Rune rune = byte < 0x80 ? Rune{byte, 1} : decode_rune(text.substr(at));
    const bool shows = byte == '#' ? !starts_log_command(text.substr(at)) : !is_control(rune.value);
    if (shows && (rune.width > 1 || byte == '#')) {
      at += rune.width;
      continue;
    }
    out_.append(text, plain, at - plain);
    append_escape(rune, byte, out_);
    plain = at += rune.width;
  }
  out_.append(text, plain, text.size() - plain);
  out_ += '"';
}

}  // namespace dcache::text
