#include "dcache/project/action_inputs.h"

#include <algorithm>
#include <array>

#include "dcache/project/discover.h"
#include "dcache/text/unicode.h"

namespace dcache::project {
namespace {

enum class InputForm : uint8_t { kText, kLines, kLinesOrCommas };

struct Input {
  std::string_view name;
  BuildField field;
  InputForm form;
};
using enum BuildField;
constexpr std::array<Input, 22> kInputs = {{{"context", kContext, InputForm::kText},
                                            {"file", kFile, InputForm::kText},
                                            {"target", kTarget, InputForm::kText},
                                            {"call", kCall, InputForm::kText},
                                            {"network", kNetwork, InputForm::kText},
                                            {"shm-size", kShmSize, InputForm::kText},
                                            {"cgroup-parent", kCgroupParent, InputForm::kText},
                                            {"no-cache", kNoCache, InputForm::kText},
                                            {"pull", kPull, InputForm::kText},
                                            {"ssh", kSsh, InputForm::kLines},
                                            {"build-args", kArg, InputForm::kLines},
                                            {"build-contexts", kNamedContext, InputForm::kLines},
                                            {"labels", kLabel, InputForm::kLines},
                                            {"annotations", kAnnotation, InputForm::kLines},
                                            {"cache-from", kCacheFrom, InputForm::kLines},
                                            {"cache-to", kCacheTo, InputForm::kLines},
                                            {"ulimit", kUlimit, InputForm::kLines},
                                            {"tags", kTag, InputForm::kLinesOrCommas},
                                            {"platforms", kPlatform, InputForm::kLinesOrCommas},
                                            {"no-cache-filters", kNoCacheFilter, InputForm::kLinesOrCommas},
                                            {"no-cache-filter", kNoCacheFilter, InputForm::kLinesOrCommas},
                                            {"add-hosts", kAddHost, InputForm::kLinesOrCommas}}};

// Those that make no difference to what is built, and that are only named.
constexpr std::array<std::string_view, 8> kOtherInputs = {"allow", "attests", "outputs",      "provenance",
                                                          "sbom",  "secrets", "secret-files", "secret-envs"};

constexpr std::array<std::string_view, 3> kBuildActions = {
    "docker/build-push-action", "depot/build-push-action", "useblacksmith/build-push-action"};
constexpr std::array<std::string_view, 2> kBakeActions = {"docker/bake-action", "depot/bake-action"};

template <size_t N>
bool is_action_of(std::string_view uses, const std::array<std::string_view, N>& actions) {
  const std::string_view name = uses.substr(0, uses.find('@'));
  return std::ranges::any_of(actions,
                             [&](std::string_view one) { return text::equals_ignoring_case(name, one); });
}

// The repository, as the builder fetches it; "{{defaultContext}}:FOLDER" is a folder of it.
constexpr std::string_view kDefaultContext = "{{defaultContext}}";

CiText context_of(std::string text) {
  if (!text.starts_with(kDefaultContext)) return text_with_expressions(std::move(text));
  text.erase(0, kDefaultContext.size());
  if (text.starts_with(':')) text.erase(0, 1);
  return text.empty() ? CiText{"."} : text_with_expressions(std::move(text));
}

}  // namespace

bool is_build_action(std::string_view uses) {
  return is_action_of(uses, kBuildActions);
}

bool is_bake_action(std::string_view uses) {
  return is_action_of(uses, kBakeActions);
}

std::vector<std::string> list_of_input(std::string_view text, bool commas) {
  std::vector<std::string> values;
  std::string value;
  bool quoted = false;
  bool start = true;  // of a value
  bool closed = true;
  const auto finish = [&] {
    if (const std::string_view one = text::trim(value); !one.empty()) values.emplace_back(one);
    value.clear();
    start = true;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (closed && c == '$') {
      const size_t size = expression_size(text.substr(i));
      if (size == 0 && text.substr(i).starts_with("${{")) closed = false;
      if (size > 0) {
        value += text.substr(i, size);
        i += size - 1;
        start = false;
        continue;
      }
    }
    if (quoted && c == '"') {
      if (text.substr(i + 1).starts_with('"')) {
        value += text[i++];
      } else {
        quoted = false;
      }
    } else if (quoted) {
      value += c;
    } else if (c == '\n' || c == '\r' || (commas && c == ',')) {
      finish();
    } else if (c == '"' && start) {
      quoted = true;
      start = false;
    } else {
      value += c;
      start = start && text::is_ascii_space(c);
    }
  }
  finish();
  return values;
}

std::optional<CiBuild> read_build_action(const yaml::Value& inputs) {
  CiBuild build;
  for (const yaml::Member& member : inputs.members) {
    const std::string name = text::to_lower(member.name);
    const bool other = std::ranges::find(kOtherInputs, name) != kOtherInputs.end();
    if (other && member.value.is_scalar() && !member.value.text.empty())
      build.values.emplace_back(kOtherInput, CiText{name});
    const auto* const input = std::ranges::find(kInputs, name, &Input::name);
    if (input == kInputs.end() || !member.value.is_scalar()) continue;
    const std::string text = yaml::printed(member.value);
    if (input->form != InputForm::kText) {
      for (std::string& one : list_of_input(text, input->form == InputForm::kLinesOrCommas))
        build.values.emplace_back(input->field, text_with_expressions(std::move(one)));
      continue;
    }
    std::string value(text::trim(text));
    if (value.empty()) continue;
    if (input->field == kContext && value.starts_with(kDefaultContext)) build.file_base = FileBase::kContext;
    build.values.emplace_back(input->field, input->field == kContext
                                                ? context_of(std::move(value))
                                                : text_with_expressions(std::move(value)));
  }
  const CiText* const call = build.find(kCall);
  if (call != nullptr && !call->text.empty() && call->text != "build") return std::nullopt;
  return build;
}

std::optional<CiBuild> read_other_action(const yaml::Value& inputs) {
  constexpr std::array<std::string_view, 6> kFiles = {"dockerfile",    "dockerfilepath", "pathtodockerfile",
                                                      "containerfile", "containerfiles", "file"};
  constexpr std::array<std::string_view, 4> kContexts = {"context", "buildcontext", "dockercontext",
                                                         "contextpath"};
  CiBuild build;
  build.file_base = FileBase::kFolderOrContext;
  for (const yaml::Member& member : inputs.members) {
    if (!member.value.is_scalar()) continue;
    std::string name = text::to_lower(member.name);
    std::erase_if(name, [](char c) { return c == '-' || c == '_'; });
    const std::vector<std::string> values = list_of_input(yaml::printed(member.value), false);
    if (values.empty()) continue;
    if (std::ranges::find(kFiles, name) != kFiles.end() && is_dockerfile_name(values.front()))
      build.values.emplace_back(kFile, text_with_expressions(values.front()));
    if (std::ranges::find(kContexts, name) != kContexts.end())
      build.values.emplace_back(kContext, text_with_expressions(values.front()));
  }
  if (build.find(kFile) == nullptr || build.find(kContext) == nullptr) return std::nullopt;
  return build;
}

}  // namespace dcache::project
