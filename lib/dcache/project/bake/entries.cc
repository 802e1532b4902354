#include "dcache/project/bake/entries.h"

#include <array>
#include <map>
#include <string>

#include "dcache/project/hcl/convert.h"
#include "dcache/project/hcl/csv.h"
#include "dcache/text/booleans.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"

namespace dcache::project::bake {
namespace {

using hcl::Kind;
using hcl::Type;
using hcl::Value;

using Pairs = std::map<std::string, std::string, std::less<>>;  // by name, in small letters

constexpr std::array<std::string_view, 5> kOfSecrets = {"env", "id", "source", "src", "type"};

Pairs pairs_of_text(const std::string& text) {
  Pairs pairs;
  for (const std::string& field : hcl::read_csv_fields(text)) {
    const size_t equals = field.find('=');
    if (equals == std::string::npos) hcl::fail("\"" + field + "\" is not NAME=VALUE");
    pairs.insert_or_assign(text::to_lower(text::trim(field.substr(0, equals))), field.substr(equals + 1));
  }
  return pairs;
}

Pairs pairs_of_object(const Value& object) {
  Pairs pairs;
  const Value texts = hcl::convert(object, Type::map(Type::string()));
  for (const auto& [name, member] : texts.members()) {
    if (member.is_null()) hcl::fail("the value of \"" + name + "\" is null");
    pairs.emplace(name, member.as_string());
  }
  return pairs;
}

std::string_view value_in(const Pairs& pairs, std::string_view name) {
  const auto found = pairs.find(name);
  return found == pairs.end() ? std::string_view() : found->second;
}

Pairs pairs_of(const Value& entry) {
  return entry.type().is(Kind::kString) ? pairs_of_text(entry.as_string()) : pairs_of_object(entry);
}

void check_attestation(const Value& entry) {
  const Pairs pairs = pairs_of(entry);
  if (entry.type().is(Kind::kString) && value_in(pairs, "type").empty())
    hcl::fail("the attestation \"" + entry.as_string() + "\" has no type");
  const auto disabled = pairs.find("disabled");
  if (disabled != pairs.end() && !text::parse_bool(disabled->second))
    hcl::fail("\"" + disabled->second + "\" is not true or false");
}

// A text without a type is the folder of a local output.
void check_output(const Value& entry) {
  const bool is_text = entry.type().is(Kind::kString);
  if (is_text && !entry.as_string().starts_with("type=") &&
      hcl::read_csv_fields(entry.as_string()).size() == 1)
    return;
  const Pairs pairs = pairs_of(entry);
  const std::string_view type = value_in(pairs, "type"), folder = value_in(pairs, "dest");
  if (type.empty()) hcl::fail("an output needs a type");
  if (type == "local" && (folder.empty() || folder == "-"))
    hcl::fail("a local output needs dest=, with the folder that it is written to");
}

void check_secret(const Value& entry) {
  if (!entry.type().is(Kind::kString)) {
    Value::Members known;
    for (const auto& [name, member] : entry.members()) {
      if (!member.is_null() && text::is_one_of(name, kOfSecrets)) known.emplace(name, member);
    }
    if (value_in(pairs_of_object(Value::object(std::move(known))), "id").empty())
      hcl::fail("a secret needs an id");
    return;
  }
  const Pairs pairs = pairs_of_text(entry.as_string());
  for (const auto& [name, value] : pairs) {
    if (!text::is_one_of(name, kOfSecrets)) hcl::fail("a secret has no \"" + name + "\"");
    if (name == "type" && value != "file" && value != "env")
      hcl::fail("\"" + value + "\" is not a type of secrets: they come from file or env");
  }
  if (value_in(pairs, "id").empty()) hcl::fail("the secret \"" + entry.as_string() + "\" needs id=");
}

void check_key(const Value& entry) {
  if (entry.type().is(Kind::kString)) return;
  for (const auto& [name, member] : entry.members()) {
    if (name == "id") hcl::convert(member, Type::string());
    if (name == "paths") hcl::convert(member, Type::list(Type::string()));
  }
}

}  // namespace

void check_entries(std::string_view attribute, const Value& entries) {
  for (const Value& entry : entries.items()) {
    if (!entry.wholly_known()) continue;
    if (entry.is_null()) hcl::fail("an element of the list is null");
    const bool is_text = entry.type().is(Kind::kString);
    if (!is_text && !entry.type().is_mapping())
      hcl::fail("an element is " + entry.type().phrase() + ", not a text or an object");
    if (is_text && entry.as_string().empty()) continue;
    if (attribute == "attest") check_attestation(entry);
    if (attribute == "output") check_output(entry);
    if (attribute == "secret") check_secret(entry);
    if (attribute == "ssh") check_key(entry);
  }
}

}  // namespace dcache::project::bake
