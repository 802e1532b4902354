#include "dcache/project/compose_forms.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "dcache/plan/values.h"
#include "dcache/project/option_faults.h"
#include "dcache/text/suggest.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"

namespace dcache::project {
namespace {

using yaml::Kind;
using yaml::Member;
using yaml::Value;

// Of a name that others are compared with.
constexpr size_t kLongestBuildKey = 40;

// The form of a member of `build`.
enum class MemberForm : uint8_t {
  kText,
  kSwitch,     // true or false
  kStatement,  // true or false, or a text that says more
  kSize,
  kTexts,
  kPairs,
  kFolders,
  kHosts,
  kLimits,
  kSecrets,
};

struct KnownMember {
  std::string_view name;
  MemberForm form;
};

constexpr std::array<KnownMember, 24> kKnown = {{
    {"additional_contexts", MemberForm::kFolders},
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
    {"provenance", MemberForm::kStatement},
    {"pull", MemberForm::kSwitch},
    {"sbom", MemberForm::kStatement},
    {"secrets", MemberForm::kSecrets},
    {"shm_size", MemberForm::kSize},
    {"ssh", MemberForm::kPairs},
    {"tags", MemberForm::kTexts},
    {"target", MemberForm::kText},
    {"ulimits", MemberForm::kLimits},
}};

std::string_view words_of_form(MemberForm form) {
  switch (form) {
    case MemberForm::kText:
      return "text";
    case MemberForm::kSwitch:
      return "true or false";
    case MemberForm::kStatement:
      return "true or false, or text";
    case MemberForm::kSize:
      return "a size such as 64m";
    case MemberForm::kTexts:
      return "a list of texts";
    case MemberForm::kPairs:
      return "a map of texts, or a list of NAME=VALUE";
    case MemberForm::kFolders:
      return "a map of folders, or a list of NAME=FOLDER";
    case MemberForm::kHosts:
      return "a map of addresses, or a list of NAME=ADDRESS";
    case MemberForm::kLimits:
      return "a map of numbers";
    case MemberForm::kSecrets:
      break;
  }
  return "a list of names, or of maps with 'source'";
}

bool are_texts(const Value& value) {
  return value.is_list() && std::ranges::all_of(value.items, &Value::is_text);
}

// Whether it is a number, written with quotes or without. What a variable without a value leaves may be one.
bool is_whole(const Value& value, const ComposeModel& model) {
  return value.kind == Kind::kInteger ||
         (value.is_text() && (model.unset.contains(value.place) || plan::read_whole(value.text)));
}

}  // namespace

std::string fault_of_compose_limit(const Member& limit, const ComposeModel& model) {
  const Value& value = limit.value;
  const Value* const soft = value.is_map() ? value.find("soft") : &value;
  const Value* const hard = value.is_map() ? value.find("hard") : &value;
  const bool has_both =
      soft != nullptr && hard != nullptr && is_whole(*soft, model) && is_whole(*hard, model);
  const bool has_more = std::ranges::any_of(value.members, [](const Member& member) {
    return member.name != "soft" && member.name != "hard" && !member.name.starts_with("x-");
  });
  return has_both && !has_more
             ? ""
             : fmt::format("the limit '{}' is not a number, or 'soft' and 'hard'", limit.name);
}

namespace {

std::string fault_of_secret(const Value& secret) {
  constexpr std::array<std::string_view, 5> kMembers = {"source", "target", "uid", "gid", "mode"};
  if (secret.is_text()) return {};
  if (!secret.is_map()) return fmt::format("an element is {}", yaml::words_of(secret.kind));
  for (const Member& member : secret.members) {
    if (!member.name.starts_with("x-") && !text::is_one_of(member.name, kMembers))
      return fmt::format("a secret has no '{}'", member.name);
  }
  return {};
}

// What is wrong with an element of a map; empty for nothing.
std::string fault_of_element(const Member& member, MemberForm form, const ComposeModel& model) {
  const Value& value = member.value;
  if (form == MemberForm::kLimits) return fault_of_compose_limit(member, model);
  if (form == MemberForm::kHosts)
    return value.is_text() || are_texts(value) ? "" : fmt::format("'{}' has no address", member.name);
  if (member.name.empty()) return "a name is empty";
  const bool is_pair = value.is_null() || (value.is_scalar() && value.kind != Kind::kTime);
  if (form == MemberForm::kFolders ? value.is_text() : is_pair) return "";
  return fmt::format("the value of '{}' is {}", member.name, yaml::words_of(value.kind));
}

// The same for an element of a list.
std::string fault_of_item(const Value& item, MemberForm form) {
  if (form == MemberForm::kSecrets) return fault_of_secret(item);
  return item.is_text() ? "" : fmt::format("an element is {}", yaml::words_of(item.kind));
}

// Adds a failure for each element of a map or list that has another form.
bool check_elements(const Member& parent, MemberForm form, ComposeModel& model) {
  constexpr std::array kOfElements = {MemberForm::kPairs, MemberForm::kFolders, MemberForm::kHosts,
                                      MemberForm::kLimits, MemberForm::kSecrets};
  if (std::ranges::find(kOfElements, form) == kOfElements.end()) return true;
  bool fine = true;
  const auto check = [&](yaml::Place place, std::string_view fault, const Value& value) {
    if (fault.empty()) return;
    fine = false;
    const bool may_be_quoted = value.is_scalar() && form != MemberForm::kLimits;
    model.fail(place, fmt::format("'{}' of 'build': {}", parent.name, fault),
               may_be_quoted ? "put it in quotes" : "");
  };
  for (const Member& member : parent.value.members)
    check(member.place, fault_of_element(member, form, model), member.value);
  for (const Value& item : parent.value.items)
    check(item.place, fault_of_item(item, form), item);
  return fine;
}

}  // namespace

bool is_compose_switch(const Value& value, const ComposeModel& model) {
  constexpr std::array<std::string_view, 8> kWords = {"true", "false", "y", "yes", "on", "n", "no", "off"};
  if (value.kind == Kind::kBool) return true;
  return value.is_text() &&
         (text::is_one_of(text::to_lower(value.text), kWords) || model.unset.contains(value.place));
}

namespace {

bool is_size(const Value& value, const ComposeModel& model) {
  return value.kind == Kind::kInteger || value.kind == Kind::kFloat ||
         (value.is_text() && (model.unset.contains(value.place) || fault_of_size(value.text).empty()));
}

bool is_of(const Value& value, MemberForm form, const ComposeModel& model) {
  switch (form) {
    case MemberForm::kText:
      return value.is_text();
    case MemberForm::kSwitch:
      return is_compose_switch(value, model);
    case MemberForm::kStatement:
      return value.kind == Kind::kBool || value.is_text();
    case MemberForm::kSize:
      return is_size(value, model);
    case MemberForm::kTexts:
      return are_texts(value);
    case MemberForm::kPairs:
    case MemberForm::kFolders:
    case MemberForm::kHosts:
      return value.is_map() || value.is_list();
    case MemberForm::kLimits:
      return value.is_map();
    case MemberForm::kSecrets:
      break;
  }
  return value.is_list();
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
    } else if (!is_of(member.value, known->form, model)) {
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
