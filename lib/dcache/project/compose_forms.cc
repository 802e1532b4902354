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

struct Known {
  std::string_view name;
  MemberForm form;
};

constexpr std::array<Known, 24> kKnown = {{
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
      return are_texts(value) ||
             (value.is_map() && std::ranges::all_of(value.members, [](const Member& m) {
                return !m.name.empty() &&
                       (m.value.is_null() || (m.value.is_scalar() && m.value.kind != Kind::kTime));
              }));
    case MemberForm::kHosts:
      return are_texts(value) || (value.is_map() && std::ranges::all_of(value.members, [](const Member& m) {
                                    return m.value.is_text() || are_texts(m.value);
                                  }));
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
    const auto* const known = std::ranges::find(kKnown, member.name, &Known::name);
    if (known == kKnown.end()) {
      // It may be newer than this: the others are read.
      std::vector<std::string_view> names;
      std::ranges::transform(kKnown, std::back_inserter(names), &Known::name);
      model.fail(
          member.place, fmt::format("unknown key '{}' of 'build'", member.name),
          text::did_you_mean(std::string_view(member.name).substr(0, kLongestBuildKey), names, "remove it"));
    } else if (!is_of(member.value, known->form)) {
      fine = false;
      model.fail(member.value.place,
                 fmt::format("'{}' of 'build' is not {}", member.name, words_of_form(known->form)));
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
