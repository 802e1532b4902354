#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "dcache/project/hcl/convert.h"
#include "dcache/project/hcl/csv.h"
#include "dcache/project/hcl/functions.h"
#include "dcache/project/hcl/json_reader.h"
#include "dcache/text/base64.h"
#include "dcache/text/digest.h"
#include "dcache/text/unicode.h"

namespace dcache::project::hcl {
namespace {

using dcache::text::hexadecimal;
using dcache::text::md5;
using dcache::text::sha1;
using dcache::text::sha256;
using dcache::text::sha512;

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

Value base64encode(const Call& call) {
  return call.result(text::to_base64(call.text(0)));
}

Value base64decode(const Call& call) {
  std::string digits;
  for (const char c : call.text(0)) {
    if (c != '\n' && c != '\r') digits += c;
  }
  const size_t padding = digits.ends_with("==") ? 2 : digits.ends_with("=") ? 1 : 0;
  if (digits.size() % 4 != 0) fail("the text is not base64");
  std::string result;
  uint32_t bits = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    const bool pad = i + padding >= digits.size();
    const size_t value = pad ? 0 : kBase64.find(digits[i]);
    if (value == std::string_view::npos) fail("the text is not base64");
    bits = (bits << 6U) | static_cast<uint32_t>(value);
    if (i % 4 != 3) continue;
    for (const unsigned shift : {16U, 8U, 0U})
      result += static_cast<char>((bits >> shift) & 255U);
    bits = 0;
  }
  result.resize(result.size() - padding);
  if (!text::is_utf8(result)) fail("what the base64 text means is not UTF-8");
  return call.result(std::move(result));
}

Value urlencode(const Call& call) {
  std::string result;
  for (const char c : call.text(0)) {
    const char small = text::ascii_lower(c);
    const bool plain = (small >= 'a' && small <= 'z') || (c >= '0' && c <= '9') ||
                       std::string_view("-_.~").find(c) != std::string_view::npos;
    if (plain) {
      result += c;
    } else if (c == ' ') {
      result += '+';
    } else {
      const std::string digits = hexadecimal({&c, 1});
      result += '%';
      result += text::ascii_upper(digits[0]);
      result += text::ascii_upper(digits[1]);
    }
  }
  return call.result(std::move(result));
}

// As Go writes texts: with escapes for what HTML gives a meaning.
void append_json_text(std::string& to, std::string_view text) {
  static constexpr std::string_view kNames = "nrtbf";
  static constexpr std::string_view kMeanings = "\n\r\t\b\f";
  to += '"';
  while (!text.empty()) {
    const text::Rune rune = text::decode_rune(text);
    const char c = text[0];
    const size_t name = rune.value < 0x80 ? kMeanings.find(c) : std::string_view::npos;
    const bool code = rune.value < 0x20 || rune.value == '<' || rune.value == '>' || rune.value == '&' ||
                      rune.value == 0x2028 || rune.value == 0x2029;
    if (c == '"' || c == '\\') {
      to += '\\';
      to += c;
    } else if (name != std::string_view::npos) {
      to += '\\';
      to += kNames[name];
    } else if (code) {
      const std::string bytes = {static_cast<char>(rune.value >> 8U), static_cast<char>(rune.value & 255U)};
      to += "\\u" + hexadecimal(bytes);
    } else if (rune.value == text::kReplacementRune && rune.width == 1) {
      to += "\\ufffd";
    } else {
      to += text.substr(0, rune.width);
    }
    text.remove_prefix(rune.width);
  }
  to += '"';
}

void append_json(std::string& to, const Value& value, Budget& budget) {
  budget.spend(1);
  if (to.size() > Value::kLargest) Budget::stop("the text is too long");
  if (value.is_null()) {
    to += "null";
    return;
  }
  switch (value.type().kind()) {
    case Kind::kAny:
      return;
    case Kind::kBool:
      to += value.is_true() ? "true" : "false";
      return;
    case Kind::kNumber:
      if (value.as_number().infinite()) fail("JSON has no infinite numbers");
      to += value.as_number().text();
      return;
    case Kind::kString:
      append_json_text(to, value.as_string());
      return;
    default:
      break;
  }
  const bool mapping = value.type().is_mapping();
  to += mapping ? '{' : '[';
  bool first = true;
  const auto separate = [&] {
    if (!std::exchange(first, false)) to += ',';
  };
  for (const Value& item : value.items()) {
    separate();
    append_json(to, item, budget);
  }
  for (const auto& [name, member] : value.members()) {
    separate();
    append_json_text(to, name);
    to += ':';
    append_json(to, member, budget);
  }
  to += mapping ? '}' : ']';
}

Value value_of(const JsonValue& json, Budget& budget) {
  budget.spend(1);
  switch (json.kind) {
    case JsonKind::kNull:
      return {};
    case JsonKind::kTrue:
    case JsonKind::kFalse:
      return Value::boolean(json.kind == JsonKind::kTrue);
    case JsonKind::kString:
      return Value::string(json.text);
    case JsonKind::kNumber: {
      std::optional<Number> number = Number::parse(json.text);
      if (!number) fail("\"" + json.text + "\" is not a number, or one that is too large");
      return Value::number(*std::move(number));
    }
    case JsonKind::kArray: {
      Value::Items items;
      for (const JsonValue& item : json.items)
        items.push_back(value_of(item, budget));
      return Value::tuple(std::move(items));
    }
    case JsonKind::kObject:
      break;
  }
  Value::Members members;
  for (const JsonMember& member : json.members)
    members.insert_or_assign(member.name, value_of(member.value, budget));
  return Value::object(std::move(members));
}

Value jsonencode(const Call& call) {
  return call.result(to_json(call[0], call.budget));
}

Value jsondecode(const Call& call) {
  return from_json(call.text(0), call.budget);
}

Value csvdecode(const Call& call) {
  const std::vector<std::vector<std::string>> records = read_csv_records(call.text(0));
  if (records.empty()) fail("the header line is missing");
  const std::vector<std::string>& names = records[0];
  Type::Attributes attributes;
  for (const std::string& name : names) {
    if (!attributes.emplace(name, Type::string()).second) fail("the column \"" + name + "\" is there twice");
  }
  Value::Items rows;
  for (size_t i = 1; i < records.size(); ++i) {
    if (records[i].size() != names.size())
      fail("record " + std::to_string(i + 1) + " has " + std::to_string(records[i].size()) + " fields, not " +
           std::to_string(names.size()));
    Value::Members members;
    for (size_t j = 0; j < names.size(); ++j)
      members.emplace(names[j], Value::string(records[i][j]));
    call.budget.spend(1 + names.size());
    rows.push_back(Value::object(std::move(members)));
  }
  return Value::list(Type::object(std::move(attributes)), std::move(rows));
}

template <std::string (*hash)(std::string_view)>
Value digest(const Call& call) {
  call.budget.spend(call.text(0).size() / 16);
  return Value::string(hexadecimal(hash(call.text(0))));
}

// What depends on chance, or on a key that is not to be read here.
Value bcrypt(const Call& call) {
  if (call.size() > 2) fail("bcrypt() takes a text and a cost");
  return Value::unknown(Type::string(), "bcrypt()");
}
Value rsadecrypt(const Call&) {
  return Value::unknown(Type::string(), "rsadecrypt()");
}
Value uuidv4(const Call&) {
  return Value::unknown(Type::string(), "uuidv4()");
}

constexpr size_t kUuidBytes = 16;

// The bytes of a UUID, or of one of the namespaces that RFC 9562 names; nothing for another text.
std::optional<std::string> uuid_bytes(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kNames = {{
      {"dns", "6ba7b8109dad11d180b400c04fd430c8"},
      {"url", "6ba7b8119dad11d180b400c04fd430c8"},
      {"oid", "6ba7b8129dad11d180b400c04fd430c8"},
      {"x500", "6ba7b8149dad11d180b400c04fd430c8"},
  }};
  for (const auto& [name, uuid] : kNames) {
    if (text == name) text = uuid;
  }
  if (text.starts_with("urn:uuid:")) text.remove_prefix(std::string_view("urn:uuid:").size());
  if (text.starts_with('{') && text.ends_with('}')) text = text.substr(1, text.size() - 2);
  std::string digits;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = text.size() == 36 && (i == 8 || i == 13 || i == 18 || i == 23);
    if (dash != (text[i] == '-')) return std::nullopt;
    if (!dash) digits += text::ascii_lower(text[i]);
  }
  if (digits.size() != 2 * kUuidBytes) return std::nullopt;
  std::string bytes;
  for (size_t i = 0; i < digits.size(); i += 2) {
    const size_t high = std::string_view("0123456789abcdef").find(digits[i]);
    const size_t low = std::string_view("0123456789abcdef").find(digits[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

Value uuidv5(const Call& call) {
  const std::optional<std::string> space = uuid_bytes(call.text(0));
  if (!space) fail("uuidv5() does not know the namespace \"" + call.text(0) + "\"");
  std::string bytes = sha1(*space + call.text(1)).substr(0, kUuidBytes);
  bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0FU) | 0x50U);
  bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3FU) | 0x80U);
  std::string text = hexadecimal(bytes);
  for (const size_t at : {8U, 13U, 18U, 23U})
    text.insert(at, "-");
  return Value::string(std::move(text));
}

}  // namespace

std::string to_json(const Value& value, Budget& budget) {
  std::string text;
  append_json(text, value, budget);
  return text;
}

Value from_json(std::string_view text, Budget& budget) {
  try {
    return value_of(read_json(text), budget);
  } catch (Error& error) {
    error.span = {};  // which is in the text
    throw;
  }
}

std::span<const Function> encoding_functions() {
  const Type text = Type::string();
  const Type any = Type::any();
  static const std::array kFunctions = {
      Function{"base64decode", {{text}}, false, text, base64decode},
      Function{"base64encode", {{text}}, false, text, base64encode},
      Function{"bcrypt", {{text}, {Type::number()}}, true, text, bcrypt},
      Function{"csvdecode", {{text}}, false, any, csvdecode},
      Function{"jsondecode", {{text}}, false, any, jsondecode},
      Function{"jsonencode", {{any, KnownPart::kWholly, true}}, false, text, jsonencode},
      Function{"md5", {{text}}, false, text, digest<md5>},
      Function{"rsadecrypt", {{text}, {text}}, false, text, rsadecrypt},
      Function{"sha1", {{text}}, false, text, digest<sha1>},
      Function{"sha256", {{text}}, false, text, digest<sha256>},
      Function{"sha512", {{text}}, false, text, digest<sha512>},
      Function{"urlencode", {{text}}, false, text, urlencode},
      Function{"uuidv4", {}, false, text, uuidv4},
      Function{"uuidv5", {{text}, {text}}, false, text, uuidv5},
  };
  return kFunctions;
}

}  // namespace dcache::project::hcl
