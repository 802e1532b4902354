#include "dcache/project/compose_forms.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "dcache/text/suggest.h"

namespace dcache::project {
namespace {

using yaml::Kind;
using yaml::Member;
using yaml::Value;

// Of a name that others are compared with.
constexpr size_t kLongestBuildKey = 40;

// The form of a member of `build`.
enum class MemberForm : uint8_t { kText, kSwitch, kNumber, kTexts, kPairs, kHosts, kMap, kAny };

struct KnownMember {
  std::string_view name;
  MemberForm form;
};

constexpr std::array<KnownMember, 24> kKnown = {{
    {"additional_contexts", MemberForm::kPairs},
    {"args", MemberForm::kPairs},
    {"cache_from", MemberForm::kTexts},
    {"cache_to", MemberForm::kTexts},
    {"context", MemberForm::kText},
    {"dockerfile", MemberForm::kText},
    {"dockerfile_inline", MemberForm::kText},
    {"entitlements", MemberForm::kTexts},
    {"extra_hosts", MemberForm::kHosts},
    {"isolation", MemberForm::kText},
    {"labels", MemberForm::kPairs},
    {"network", MemberForm::kText},
    {"no_cache", MemberForm::kSwitch},
    {"platforms", MemberForm::kTexts},
    {"privileged", MemberForm::kSwitch},
    {"provenance", MemberForm::kSwitch},
    {"pull", MemberForm::kSwitch},
    {"sbom", MemberForm::kSwitch},
    {"secrets", MemberForm::kAny},
    {"shm_size", MemberForm::kNumber},
    {"ssh", MemberForm::kAny},
    {"tags", MemberForm::kTexts},
    {"target", MemberForm::kText},
    {"ulimits", MemberForm::kMap},
}};

std::string_view words_of_form(MemberForm form) {
  switch (form) {
    case MemberForm::kText:
      return "text";
    case MemberForm::kSwitch:
      return "true or false";
    case MemberForm::kNumber:
      return "a number or text";
    case MemberForm::kTexts:
      return "a list of texts";
    case MemberForm::kPairs:
      return "a map of texts, or a list of NAME=VALUE";
    case MemberForm::kHosts:
      return "a map of addresses, or a list of NAME=ADDRESS";
    case MemberForm::kMap:
      return "a map";
    case MemberForm::kAny:
      break;
  }
  return "a value";
}

bool are_texts(const Value& value) {
  return value.is_list() && std::ranges::all_of(value.items, &Value::is_text);
}

// What is wrong with an element of a map; empty for nothing.
std::string fault_of_element(const Member& member, MemberForm form) {
  const Value& value = member.value;
  if (form == MemberForm::kHosts)
    return value.is_text() || are_texts(value) ? "" : fmt::format("'{}' has no address", member.name);
  if (member.name.empty()) return "a name is empty";
  if (value.is_null() || (value.is_scalar() && value.kind != Kind::kTime)) return "";
  return fmt::format("the value of '{}' is {}", member.name, yaml::words_of(value.kind));
}

// Adds a failure for each element of a map or list that has another form.
bool check_elements(const Member& parent, MemberForm form, ComposeModel& model) {
  if (form != MemberForm::kPairs && form != MemberForm::kHosts) return true;
  bool fine = true;
  const auto fail = [&](yaml::Place place, std::string_view fault, const Value& value) {
    fine = false;
    model.fail(place, fmt::format("'{}' of 'build': {}", parent.name, fault),
               value.is_scalar() ? "put it in quotes" : "");
  };
  for (const Member& member : parent.value.members) {
    const std::string fault = fault_of_element(member, form);
    if (!fault.empty()) fail(member.place, fault, member.value);
  }
  for (const Value& item : parent.value.items) {
    if (!item.is_text()) fail(item.place, fmt::format("an element is {}", yaml::words_of(item.kind)), item);
  }
  return fine;
}

bool is_of(const Value& value, MemberForm form) {
  switch (form) {
    case MemberForm::kText:
      return value.is_text();
    case MemberForm::kSwitch:
      return value.kind == Kind::kBool || value.is_text();
    case MemberForm::kNumber:
      return value.kind == Kind::kInteger || value.is_text();
    case MemberForm::kTexts:
      return are_texts(value);
    case MemberForm::kPairs:
    case MemberForm::kHosts:
      return value.is_map() || value.is_list();
    case MemberForm::kMap:
      return value.is_map();
    case MemberForm::kAny:
      break;
  }
  return true;
}

}  // namespace

bool check_compose_build(const Value& build, ComposeModel& model) {
  bool fine = true;
  for (const Member& member : build.members) {
    if (member.name.starts_with("x-")) continue;
    const auto* const known = std::ranges::find(kKnown, member.name, &KnownMember::name);
    if (known == kKnown.end()) {
      // It may be newer than this: the others are read.
      std::vector<std::string_view> names;
      std::ranges::transform(kKnown, std::back_inserter(names), &KnownMember::name);
      model.fail(
          member.place, fmt::format("unknown key '{}' of 'build'", member.name),
          text::did_you_mean(std::string_view(member.name).substr(0, kLongestBuildKey), names, "remove it"));
    } else if (!is_of(member.value, known->form)) {
      fine = false;
      model.fail(member.value.place,
                 fmt::format("'{}' of 'build' is not {}", member.name, words_of_form(known->form)));
    } else {
      fine = check_elements(member, known->form, model) && fine;
    }
  }
  return fine;
}

std::vector<ComposePair> compose_pairs(const Value* value) {
  std::vector<ComposePair> pairs;
  if (value == nullptr) return pairs;
  for (const Value& item : value->items) {
    const std::string text = yaml::printed(item);
    const size_t equals = text.find('=');
    const bool alone = equals == std::string::npos;
    pairs.push_back(
        {text.substr(0, equals), alone ? std::nullopt : std::optional(text.substr(equals + 1)), item.place});
  }
  for (const Member& member : value->members) {
    const Value& of = member.value;
    pairs.push_back({member.name, of.is_null() ? std::nullopt : std::optional(yaml::printed(of)), of.place});
  }
  return pairs;
}

}  // namespace dcache::project
