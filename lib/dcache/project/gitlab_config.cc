#include "dcache/project/gitlab_config.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "dcache/project/ci_text.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"

namespace dcache::project {
namespace {

using yaml::Member;
using yaml::Value;

constexpr size_t kDeepestGitlabInclude = 50;  // files that include files
constexpr size_t kDeepestExtends = 11;        // as GitLab has it
constexpr size_t kMostListed = 20'000;        // files that a pattern looks at
constexpr uint32_t kDeepestFolder = 12;

void overlay(Value& into, const Value& more) {
  if (!into.is_map() || !more.is_map()) {
    into = more;
    return;
  }
  std::unordered_map<std::string, size_t> own;
  for (const Member& member : into.members)
    own.emplace(member.name, own.size());
  for (const Member& member : more.members) {
    const auto found = own.find(member.name);
    if (found == own.end()) {
      into.members.push_back(member);
    } else {
      overlay(into.members[found->second].value, member.value);
    }
  }
}

// `**.yml` means files of all folders below.
std::string with_folders(std::string pattern) {
  for (size_t at = pattern.find("**"); at != std::string::npos; at = pattern.find("**", at + 2)) {
    if (at + 2 < pattern.size() && pattern[at + 2] != '/') pattern.insert(at + 2, "/*");
  }
  return pattern;
}

std::pair<std::string_view, std::string_view> split_path(std::string_view path) {
  const size_t slash = std::min(path.find('/'), path.size());
  return {path.substr(0, slash), path.substr(std::min(slash + 1, path.size()))};
}

// `steps` limits how often `**` is tried.
bool matches_glob(std::string_view pattern, std::string_view path, size_t& steps) {
  constexpr size_t kMostSteps = 10'000;
  if (++steps > kMostSteps) return false;
  if (pattern.empty()) return path.empty();
  const auto [first, rest] = split_path(pattern);
  if (first == "**") {
    if (matches_glob(rest, path, steps)) return true;
    return !path.empty() && matches_glob(pattern, split_path(path).second, steps);
  }
  if (path.empty()) return false;
  const auto [name, below] = split_path(path);
  return text::glob_match(first, name) && matches_glob(rest, below, steps);
}

// The value of `$[[ inputs.NAME ]]`, with what it may be changed by.
std::optional<std::string> input_value(std::string_view inside, const Value& declared, const Value* given) {
  inside = text::trim(inside.substr(0, inside.find('|')));
  constexpr std::string_view kInputPrefix = "inputs.";
  if (!inside.starts_with(kInputPrefix)) return std::nullopt;
  inside.remove_prefix(kInputPrefix.size());
  const Value* value = given == nullptr ? nullptr : given->find(inside);
  const Value* const input = declared.find(inside);
  if (value == nullptr && input != nullptr) value = input->find("default");
  if (value == nullptr || value->is_list() || value->is_map()) return std::nullopt;
  return yaml::printed(*value);
}

// GitLab replaces these before a shell sees the text.
bool is_interpolated(std::string_view inside) {
  constexpr std::array<std::string_view, 3> kKinds = {"inputs.", "component.", "matrix."};
  inside = text::trim(inside);
  return std::ranges::any_of(kKinds, [&](std::string_view kind) { return inside.starts_with(kind); });
}

// What is not known becomes `${{ $[[ inputs.NAME ]] }}` if it is marked: as one part that nobody knows.
enum class Marked : uint8_t { kNo, kYes };

void replace_inputs(std::string& text, const Value& declared, const Value* given, Marked marked) {
  constexpr size_t kLongest = size_t{1} << 20U;
  size_t at = 0;
  while ((at = text.find("$[[", at)) != std::string::npos && text.size() < kLongest) {
    const size_t end = text.find("]]", at);
    if (end == std::string::npos) return;
    const std::string_view inside = std::string_view(text).substr(at + 3, end - at - 3);
    auto value = input_value(inside, declared, given);
    if (!value && marked == Marked::kYes && is_interpolated(inside))
      value = as_expressions({text.substr(at, end + 2 - at), {text.substr(at, end + 2 - at)}});
    if (value) text.replace(at, end + 2 - at, *value);
    at = value ? at + value->size() : end + 2;
  }
}

void replace_inputs(Value& value, const Value& declared, const Value* given) {
  if (value.is_text()) replace_inputs(value.text, declared, given, Marked::kYes);
  for (Value& item : value.items)
    replace_inputs(item, declared, given);
  for (Member& member : value.members) {
    replace_inputs(member.name, declared, given, Marked::kNo);
    replace_inputs(member.value, declared, given);
  }
}

}  // namespace

bool GitlabConfig::read(const std::string& path, const yaml::Place* from) {
  values_ = load(path, nullptr, from);
  for (size_t i = 0; i < values_.members.size(); ++i)
    index_.emplace(values_.members[i].name, i);
  return values_.is_map();
}

bool GitlabConfig::merge(Value& into, const Value& more) {
  if (!files_.spend(size_of(more), more.place)) return false;
  overlay(into, more);
  return true;
}

Value GitlabConfig::load(const std::string& path, const Value* inputs, const yaml::Place* from) {
  const auto* const documents = files_.read(path, from);
  if (documents == nullptr) return {};
  const Value* const spec = documents->front().find("spec");
  const bool has_header = documents->size() > 1 && spec != nullptr;
  const Value& content = (*documents)[has_header ? 1 : 0];
  if (content.is_null()) return {};
  if (!content.is_map()) {
    files_.fail(content.place, fmt::format("the file is {}", yaml::words_of(content.kind)),
                "write a map of jobs");
    return {};
  }
  Value own = content;
  if (!files_.spend(size_of(own), own.place)) return {};
  const Value* const declared = has_header ? spec->find("inputs") : nullptr;
  replace_inputs(own, declared == nullptr ? Value() : *declared, inputs);
  open_.push_back(path);
  Value result;
  result.kind = yaml::Kind::kMap;
  result.place = own.place;
  if (const Value* const included = own.find("include")) include(*included, result);
  own.erase("include");
  merge(result, own);
  open_.pop_back();
  return result;
}

void GitlabConfig::include(const Value& what, Value& into) {
  for (const Value& item : what.items) {
    if (!item.is_list()) include(item, into);
  }
  const bool url = what.text.find("://") != std::string::npos;
  if (what.is_text() && !url) include_local(what.text, nullptr, what.place, into);
  const Value* const local = what.find("local");
  if (local != nullptr && local->is_text())
    include_local(local->text, what.find("inputs"), local->place, into);
}

void GitlabConfig::include_local(const std::string& path, const Value* inputs, yaml::Place place,
                                 Value& into) {
  if (path.find('$') != std::string::npos) return;
  std::vector<std::string> paths = {text::join_path(root_, path)};
  if (text::has_wildcard(path)) paths = matching_files(path);
  for (const std::string& one : paths) {
    if (std::ranges::find(open_, one) != open_.end() || open_.size() == kDeepestGitlabInclude) {
      files_.fail(place, fmt::format("{} includes itself", one), "remove this include");
      continue;
    }
    if (!merge(into, load(one, inputs, &place))) return;
  }
}

std::vector<std::string> GitlabConfig::matching_files(const std::string& pattern) const {
  std::vector<std::string> found;
  size_t looked_at = 0;
  const size_t first = std::min(pattern.find_first_not_of('/'), pattern.size());
  find_matching("", 0, with_folders(pattern.substr(first)), found, looked_at);
  return found;
}

void GitlabConfig::find_matching(const std::string& folder, uint32_t depth, const std::string& pattern,
                                 std::vector<std::string>& found, size_t& looked_at) const {
  for (const context::FolderEntry& one : options_.files->list(text::join_path(root_, folder))) {
    if (++looked_at > kMostListed) return;
    const std::string path = folder.empty() ? one.name : folder + "/" + one.name;
    size_t steps = 0;
    if (one.is_folder) {
      if (depth < kDeepestFolder && one.name != ".git")
        find_matching(path, depth + 1, pattern, found, looked_at);
    } else if (matches_glob(pattern, path, steps)) {
      found.push_back(text::join_path(root_, path));
    }
  }
}

const Value* GitlabConfig::member(const std::string& name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &values_.members[found->second].value;
}

std::optional<Value> GitlabConfig::job(const std::string& name) {
  if (const auto known = jobs_.find(name); known != jobs_.end()) return known->second;
  const Value* const own = member(name);
  if (own == nullptr || !own->is_map()) return std::nullopt;
  if (std::ranges::find(open_jobs_, name) != open_jobs_.end() || open_jobs_.size() == kDeepestExtends) {
    files_.fail(own->place, fmt::format("the job '{}' extends itself, or too many others", name),
                "remove its 'extends'");
    return std::nullopt;
  }
  open_jobs_.push_back(name);
  Value result;
  result.kind = yaml::Kind::kMap;
  result.place = own->place;
  const Value* const extends = own->find("extends");
  std::vector<const Value*> parents;
  if (extends != nullptr && extends->is_text()) parents.push_back(extends);
  if (extends != nullptr) {
    for (const Value& parent : extends->items)
      parents.push_back(&parent);
  }
  bool fits = true;
  for (const Value* const parent : parents) {
    // One that is not here is of a file that is not local.
    const auto from = job(parent->text);
    if (from) fits = fits && merge(result, *from);
  }
  fits = fits && merge(result, *own);
  open_jobs_.pop_back();
  if (!fits) return std::nullopt;
  return jobs_.insert_or_assign(name, std::move(result)).first->second;
}

const Value* GitlabConfig::referenced(const Value& value) const {
  constexpr uint32_t kMostSteps = 10;
  const Value* at = &value;
  for (uint32_t step = 0; at != nullptr && at->tag == "!reference"; ++step) {
    if (step == kMostSteps) return nullptr;
    const Value* found = nullptr;
    for (const Value& part : at->items) {
      const bool first = &part == at->items.data();
      if (first) found = member(yaml::printed(part));
      if (!first && found != nullptr) found = found->find(yaml::printed(part));
    }
    at = found;
  }
  return at;
}

}  // namespace dcache::project
