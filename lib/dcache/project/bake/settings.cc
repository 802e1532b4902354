#include "dcache/project/bake/settings.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "dcache/project/bake/entries.h"
#include "dcache/project/hcl/convert.h"
#include "dcache/project/hcl/csv.h"
#include "dcache/text/unicode.h"

namespace dcache::project::bake {
namespace {

using hcl::Kind;
using hcl::Type;
using hcl::Value;

constexpr std::array kAttributes = {
    AttributeInfo{"annotations", Shape::kList, Merge::kAppend},
    AttributeInfo{"args", Shape::kMap, Merge::kAppend},
    AttributeInfo{"attest", Shape::kOther, Merge::kAppend},
    AttributeInfo{"cache-from", Shape::kCaches, Merge::kAppend},
    AttributeInfo{"cache-to", Shape::kCaches, Merge::kReplace},
    AttributeInfo{"call", Shape::kText, Merge::kReplace},
    AttributeInfo{"context", Shape::kText, Merge::kReplace},
    AttributeInfo{"contexts", Shape::kFullMap, Merge::kAppend},
    AttributeInfo{"description", Shape::kText, Merge::kReplace},
    AttributeInfo{"dockerfile", Shape::kText, Merge::kReplace},
    AttributeInfo{"dockerfile-inline", Shape::kText, Merge::kReplace},
    AttributeInfo{"entitlements", Shape::kList, Merge::kAppend},
    AttributeInfo{"extra-hosts", Shape::kMap, Merge::kAppend},
    AttributeInfo{"inherits", Shape::kList, Merge::kAppend},
    AttributeInfo{"labels", Shape::kMap, Merge::kAppend},
    AttributeInfo{"network", Shape::kText, Merge::kReplace},
    AttributeInfo{"no-cache", Shape::kFlag, Merge::kReplace},
    AttributeInfo{"no-cache-filter", Shape::kList, Merge::kAppend},
    AttributeInfo{"output", Shape::kOther, Merge::kReplace},
    AttributeInfo{"platforms", Shape::kList, Merge::kReplace},
    AttributeInfo{"pull", Shape::kFlag, Merge::kReplace},
    AttributeInfo{"secret", Shape::kOther, Merge::kAppend},
    AttributeInfo{"shm-size", Shape::kText, Merge::kReplace},
    AttributeInfo{"ssh", Shape::kOther, Merge::kAppend},
    AttributeInfo{"tags", Shape::kList, Merge::kReplace},
    AttributeInfo{"target", Shape::kText, Merge::kReplace},
    AttributeInfo{"ulimits", Shape::kList, Merge::kAppend},
};

Text text_of_value(const Value& value) {
  if (value.is_null()) hcl::fail("a value is null where a text is required");
  if (value.is_unknown()) return {{}, value.reason()};
  return {value.as_string(), {}};
}

Value value_of_text(const Text& text) {
  return text.unknown.empty() ? Value::string(text.value) : Value::unknown(Type::string(), text.unknown);
}

std::vector<Text> texts_of(const Value& value) {
  std::vector<Text> texts;
  for (const Value& item : value.items())
    texts.push_back(text_of_value(item));
  return texts;
}

CacheEntry entry_of_members(const Value& value) {
  CacheEntry entry;
  const Value texts = hcl::convert(value, Type::map(Type::string()));
  for (const auto& [name, member] : texts.members()) {
    const Text text = text_of_value(member);
    if (!text.unknown.empty()) entry.unknown = text.unknown;
    (name == "type" ? entry.type : entry.attributes[name]) = text.value;
  }
  if (entry.type.empty() && entry.unknown.empty()) hcl::fail("a cache needs a type");
  return entry;
}

std::vector<CacheEntry> caches_of(const Value& value) {
  if (!value.type().is(Kind::kTuple) && !value.type().is(Kind::kList))
    hcl::fail("a list is required, and this is " + value.type().phrase());
  std::vector<CacheEntry> entries;
  for (const Value& item : value.items()) {
    if (item.is_null()) hcl::fail("an element of the list is null");
    if (item.is_unknown()) {
      entries.push_back({.unknown = item.reason()});
    } else if (!item.type().is(Kind::kString)) {
      entries.push_back(entry_of_members(item));
    } else if (!item.as_string().empty()) {
      std::vector<CacheEntry> more = cache_entries_of(item.as_string());
      std::ranges::move(more, std::back_inserter(entries));
    }
  }
  return entries;
}

CacheEntry entry_of(const std::string& text) {
  const std::vector<std::string> fields = hcl::read_csv_fields(text);
  CacheEntry entry;
  if (fields.size() == 1 && fields[0].find('=') == std::string::npos)
    return {.type = "registry", .attributes = {{"ref", fields[0]}}};
  for (const std::string& field : fields) {
    const size_t equals = field.find('=');
    if (equals == std::string::npos) hcl::fail("\"" + field + "\" is not NAME=VALUE");
    const std::string name = text::to_lower(field.substr(0, equals));
    (name == "type" ? entry.type : entry.attributes[name]) = field.substr(equals + 1);
  }
  if (entry.type.empty()) hcl::fail("the cache \"" + text + "\" has no type");
  return entry;
}

// A field of CSV, in quotes where it has to be.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

Setting setting_of_map(const AttributeInfo& info, const Value& value) {
  Setting setting;
  const Value texts = hcl::convert(value, Type::map(Type::string()));
  for (const auto& [name, member] : texts.members()) {
    if (member.is_null() && info.shape == Shape::kFullMap) hcl::fail("the value of \"" + name + "\" is null");
    setting.map.emplace(name, member.is_null() ? std::nullopt : std::optional(text_of_value(member)));
  }
  return setting;
}

// The first of texts that are the same; empty ones are dropped.
void remove_duplicates(std::vector<Text>& list) {
  std::set<std::pair<std::string, std::string>> seen;
  std::vector<Text> kept;
  for (Text& text : list) {
    const bool empty = text.value.empty() && text.unknown.empty();
    if (!empty && seen.emplace(text.value, text.unknown).second) kept.push_back(std::move(text));
  }
  list = std::move(kept);
}

// As buildx does it: from the back, and the last one takes the place of a duplicate.
void remove_duplicates(std::vector<CacheEntry>& entries) {
  for (size_t i = entries.size() < 2 ? 0 : entries.size() - 1; i-- > 0;) {
    for (size_t j = i + 1; j < entries.size(); ++j) {
      if (entries[i] != entries[j]) continue;
      std::swap(entries[j], entries.back());
      entries.pop_back();
      break;
    }
  }
}

bool is_list(const Value& value) {
  return value.type().is(Kind::kTuple) || value.type().is(Kind::kList);
}

Value joined(const Value& first, const Value& second) {
  if (!is_list(first)) return second;
  if (!is_list(second)) return first;
  Value::Items items = first.items();
  // Each once, and one that is not known: a target may inherit from another one in many ways.
  for (const Value& item : second.items()) {
    const bool known = item.wholly_known();
    const auto is_same = [&](const Value& other) {
      return other.wholly_known() == known && (!known || hcl::equal(item, other));
    };
    if (std::ranges::none_of(items, is_same)) items.push_back(item);
  }
  return Value::tuple(std::move(items));
}

void append(Setting& to, const Setting& from) {
  to.list.insert(to.list.end(), from.list.begin(), from.list.end());
  to.caches.insert(to.caches.end(), from.caches.begin(), from.caches.end());
  remove_duplicates(to.caches);
  for (const auto& [name, text] : from.map) {
    if (!text) continue;
    to.map.insert_or_assign(name, text);
    to.unset.erase(name);
  }
  for (const auto& [name, variables] : from.unset)
    to.unset.insert_or_assign(name, variables);
  to.other = joined(to.other, from.other);
  if (!from.unknown.empty()) to.unknown = from.unknown;
}

}  // namespace

std::string CacheEntry::text() const {
  std::string text = csv_field("type=" + type);
  for (const auto& [name, value] : attributes)
    text += "," + csv_field(name + "=" + value);
  return text;
}

std::span<const AttributeInfo> target_attributes() {
  return kAttributes;
}

const AttributeInfo* find_attribute(std::string_view name) {
  const auto found = std::ranges::lower_bound(kAttributes, name, {}, &AttributeInfo::name);
  return found != kAttributes.end() && found->name == name ? &*found : nullptr;
}

std::optional<Setting> setting_of(const AttributeInfo& info, const Value& value) {
  if (value.is_null() && info.name == "description") hcl::fail("a description can't be null");
  if (value.is_null()) return std::nullopt;
  Setting setting;
  if (value.is_unknown()) {
    setting.unknown = value.reason();
    if (info.shape == Shape::kText) setting.text.unknown = value.reason();
    return setting;
  }
  switch (info.shape) {
    case Shape::kText:
      setting.text = text_of_value(hcl::convert(value, Type::string()));
      break;
    case Shape::kFlag:
      setting.flag = hcl::convert(value, Type::boolean()).is_true();
      break;
    case Shape::kList:
      setting.list = texts_of(hcl::convert(value, Type::list(Type::string())));
      break;
    case Shape::kMap:
    case Shape::kFullMap:
      return setting_of_map(info, value);
    case Shape::kCaches:
      setting.caches = caches_of(value);
      break;
    case Shape::kOther:
      if (!is_list(value)) hcl::fail("a list is required, and this is " + value.type().phrase());
      check_entries(info.name, value);
      setting.other = value;
      break;
  }
  return setting;
}

Value value_of(const AttributeInfo& info, const Setting* setting) {
  const Type text = Type::string();
  if (setting != nullptr && !setting->unknown.empty()) return Value::unknown({}, setting->unknown);
  switch (info.shape) {
    case Shape::kText:
      if (setting == nullptr) return info.name == "description" ? Value::string("") : Value::null(text);
      return value_of_text(setting->text);
    case Shape::kFlag:
      return setting == nullptr ? Value::null(Type::boolean()) : Value::boolean(setting->flag);
    case Shape::kList: {
      if (setting == nullptr) return Value::null(Type::list(text));
      Value::Items items;
      for (const Text& item : setting->list)
        items.push_back(value_of_text(item));
      return Value::list(text, std::move(items));
    }
    case Shape::kMap:
    case Shape::kFullMap: {
      if (setting == nullptr) return Value::null(Type::map(text));
      Value::Members members;
      for (const auto& [name, member] : setting->map)
        members.emplace(name, member ? value_of_text(*member) : Value::null(text));
      return Value::map(text, std::move(members));
    }
    case Shape::kCaches: {
      Value::Items items;
      for (const CacheEntry& entry : setting == nullptr ? std::vector<CacheEntry>() : setting->caches) {
        Value::Members members{{"type", Value::string(entry.type)}};
        for (const auto& [name, member] : entry.attributes)
          members.emplace(name, Value::string(member));
        items.push_back(Value::map(text, std::move(members)));
      }
      return Value::list(Type::map(text), std::move(items));
    }
    case Shape::kOther:
      return setting == nullptr ? Value::list(Type::map(text), {}) : setting->other;
  }
  return {};
}

std::vector<CacheEntry> cache_entries_of(const std::string& text) {
  if (text.find('=') != std::string::npos) return {entry_of(text)};
  std::vector<CacheEntry> entries;
  for (const std::string& field : hcl::read_csv_fields(text))
    entries.push_back(entry_of(field));
  return entries;
}

void merge(Settings& to, const Settings& from) {
  for (const auto& [name, setting] : from) {
    const AttributeInfo& info = *find_attribute(name);
    // An empty description says nothing.
    if (name == "description" && setting.text == Text{}) continue;
    if (info.merge == Merge::kReplace) {
      to.insert_or_assign(name, setting);
    } else {
      append(to[name], setting);
    }
  }
}

void normalize(Settings& settings) {
  for (auto& [name, setting] : settings) {
    remove_duplicates(setting.list);
    remove_duplicates(setting.caches);
    // A null argument is not passed.
    std::erase_if(setting.map, [](const auto& member) { return !member.second; });
    if (name != "contexts") continue;
    std::erase_if(setting.map, [](const auto& member) { return *member.second == Text{}; });
  }
  // An empty list of caches does not override one that is inherited by another way.
  std::erase_if(settings, [](const auto& entry) {
    return find_attribute(entry.first)->shape == Shape::kCaches && entry.second.caches.empty() &&
           entry.second.unknown.empty();
  });
}

}  // namespace dcache::project::bake
