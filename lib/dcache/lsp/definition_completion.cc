// Completion in compose and bake files. A file that is being written seldom parses, so the text before the
// cursor says where it is.
#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dcache/editor/help.h"
#include "dcache/lsp/definition_features.h"
#include "dcache/lsp/navigation.h"
#include "dcache/project/discover.h"
#include "dcache/project/hcl/functions.h"
#include "dcache/report/style.h"
#include "dcache/text/path.h"

namespace dcache::lsp {
namespace {

using nlohmann::json;
using text::Span;

// The keys around the cursor, the outermost first, and what is typed of the word at it.
struct CursorPlace {
  std::vector<std::string> path;  // {"services", "web", "build", "target"}, {"target", "web", "args"}
  bool value = false;             // after `key:` or `key =`, or in a list
  bool variable = false;          // after `${`
  std::string_view typed;
};

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.' || c == '/';
}

std::string_view last_word(std::string_view text) {
  size_t begin = text.size();
  while (begin > 0 && is_word(text[begin - 1]))
    --begin;
  return text.substr(begin);
}

size_t indent_of(std::string_view line) {
  return std::min(line.find_first_not_of(' '), line.size());
}

// The key of `key:` at the start of a line, after a list's dash; empty for none.
std::string_view yaml_key(std::string_view line) {
  line.remove_prefix(indent_of(line));
  const size_t colon = line.find(':');
  const std::string_view key = line.substr(0, colon);
  return colon == std::string_view::npos || key.find_first_of(" #\"'{[") != std::string_view::npos ? "" : key;
}

// The words before an opening bracket in its line: {"target", "web"} of `target "web" {`, {"args"} of
// `args = {`.
std::vector<std::string> words_before_bracket(std::string_view line) {
  std::vector<std::string> words;
  for (size_t at = 0; at < line.size();) {
    if (!is_word(line[at])) {
      ++at;
      continue;
    }
    size_t end = at;
    while (end < line.size() && is_word(line[end]))
      ++end;
    words.emplace_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

struct OpenBracket {
  std::vector<std::string> words;  // before it, after the bracket or comma before that
  bool list = false;
};

// What is open at the end of a text.
struct OpenBrackets {
  std::vector<OpenBracket> brackets;  // the outermost first
  size_t begin = 0;                   // of what follows the last bracket, comma or line end
};

OpenBrackets open_brackets(std::string_view text) {
  OpenBrackets open;
  bool quoted = false;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\n') {
      open.begin = at + 1;
      quoted = false;
    } else if (c == '"' && (at == 0 || text[at - 1] != '\\')) {
      quoted = !quoted;
    } else if (quoted) {
      continue;
    } else if (c == '{' || c == '[') {
      open.brackets.push_back({words_before_bracket(text.substr(open.begin, at - open.begin)), c == '['});
      open.begin = at + 1;
    } else if (c == '}' || c == ']') {
      if (!open.brackets.empty()) open.brackets.pop_back();
      open.begin = at + 1;
    } else if (c == ',') {
      open.begin = at + 1;
    }
  }
  return open;
}

// The keys of `{a: {b: c` in a line of YAML.
void add_flow(std::string_view line, const OpenBrackets& open, CursorPlace& where) {
  where.path.clear();
  for (const OpenBracket& bracket : open.brackets) {
    if (!bracket.words.empty()) where.path.push_back(bracket.words.back());
    where.value = bracket.list;
  }
  const std::string_view key = yaml_key(line.substr(open.begin));
  if (where.value || key.empty()) return;
  where.path.emplace_back(key);
  where.value = true;
}

CursorPlace in_yaml(std::string_view before) {
  const size_t start = before.rfind('\n') + 1;
  std::string_view line = before.substr(start);
  CursorPlace where{{}, false, false, last_word(line)};
  size_t indent = indent_of(line);
  const OpenBrackets open = open_brackets(line);
  const bool flow = std::ranges::any_of(open.brackets, [](const OpenBracket& one) { return !one.list; });
  if (line.substr(indent).starts_with("- ")) {
    where.value = true;
    ++indent;  // an item belongs to a key that may be at the same place
  } else if (const std::string_view key = yaml_key(line); !key.empty()) {
    where.value = true;
    where.path.emplace_back(key);
  }
  if (flow) add_flow(line, open, where);
  for (std::string_view rest = before.substr(0, start); !rest.empty() && indent > 0;) {
    rest.remove_suffix(1);
    const size_t above = rest.rfind('\n') + 1;
    line = rest.substr(above);
    rest = rest.substr(0, above);
    const std::string_view key = yaml_key(line);
    if (key.empty() || indent_of(line) >= indent) continue;
    where.path.emplace(where.path.begin(), key);
    indent = indent_of(line);
  }
  return where;
}

CursorPlace in_hcl(std::string_view before) {
  CursorPlace where{{}, false, false, last_word(before)};
  const OpenBrackets open = open_brackets(before);
  for (const OpenBracket& bracket : open.brackets) {
    where.value = bracket.list;
    where.path.insert(where.path.end(), bracket.words.begin(), bracket.words.end());
  }
  const std::string_view written = before.substr(open.begin);
  const size_t equals = written.find('=');
  if (equals != std::string_view::npos && !where.value) {
    const auto words = words_before_bracket(written.substr(0, equals));
    where.path.insert(where.path.end(), words.begin(), words.end());
    where.value = true;
  }
  where.variable = before.substr(0, before.size() - where.typed.size()).ends_with("${");
  return where;
}

// The values that a key may have, where these are few.
struct KeyValues {
  std::string_view key;
  std::span<const std::string_view> values;
};

constexpr std::string_view kYesAndNo[] = {"true", "false"};
constexpr std::string_view kRestart[] = {"always", "on-failure", "unless-stopped"};
constexpr std::string_view kPullPolicy[] = {"always", "never", "missing", "build", "daily", "weekly"};
constexpr std::string_view kCondition[] = {"service_started", "service_healthy",
                                           "service_completed_successfully"};
constexpr std::string_view kNetworkMode[] = {"bridge", "host", "none"};
constexpr std::string_view kBuildNetwork[] = {"default", "host", "none"};
constexpr std::string_view kCall[] = {"build", "check", "outline", "targets"};
constexpr std::string_view kPlatforms[] = {"linux/amd64", "linux/arm64",   "linux/arm/v7",  "linux/386",
                                           "linux/s390x", "linux/ppc64le", "linux/riscv64", "windows/amd64"};
constexpr KeyValues kComposeValues[] = {{"restart", kRestart},      {"pull_policy", kPullPolicy},
                                        {"condition", kCondition},  {"network_mode", kNetworkMode},
                                        {"network", kBuildNetwork}, {"platform", kPlatforms},
                                        {"platforms", kPlatforms},  {"privileged", kYesAndNo},
                                        {"read_only", kYesAndNo},   {"tty", kYesAndNo},
                                        {"stdin_open", kYesAndNo},  {"init", kYesAndNo},
                                        {"no_cache", kYesAndNo},    {"pull", kYesAndNo},
                                        {"external", kYesAndNo},    {"internal", kYesAndNo},
                                        {"attachable", kYesAndNo}};
constexpr KeyValues kBakeValues[] = {{"network", kBuildNetwork}, {"call", kCall}, {"platforms", kPlatforms}};

std::span<const std::string_view> values_of_key(std::span<const KeyValues> all, std::string_view key) {
  const auto found = std::ranges::find(all, key, &KeyValues::key);
  return found == all.end() ? std::span<const std::string_view>() : found->values;
}

// What the keys of a service that name something of the file are about.
std::optional<Mention::Kind> kind_of_key(std::string_view key) {
  if (key == "networks") return Mention::Kind::kNetwork;
  if (key == "volumes") return Mention::Kind::kVolume;
  if (key == "configs") return Mention::Kind::kConfig;
  if (key == "secrets") return Mention::Kind::kSecret;
  if (key == "models") return Mention::Kind::kModel;
  return std::nullopt;
}

bool names_file(std::string_view key) {
  constexpr std::array<std::string_view, 4> kKeys = {"env_file", "label_file", "file", "path"};
  return std::ranges::find(kKeys, key) != kKeys.end();
}

class DefinitionCompletion {
 public:
  DefinitionCompletion(const DefinitionRequest& request, uint32_t offset)
      : request_(request), offset_(offset) {
    const std::string_view before = request.positions.text().substr(0, offset);
    compose_ = project::definition_kind(request.document.path) == project::DefinitionKind::kCompose;
    where_ = compose_ ? in_yaml(before) : in_hcl(before);
  }

  json run() {
    const auto& path = where_.path;
    if (is_bake_json(request_.document.path)) return std::move(items_);
    if (where_.variable) {
      add_expressions();
    } else if (compose_) {
      if (path.empty() && !where_.value) add_top_keys();
      if (path.size() >= 2 && path[0] == "services") {
        complete_in(path[1], {path.begin() + 2, path.end()});
      } else if (!path.empty()) {
        complete_in_section(path);
      }
    } else if (path.size() >= 2) {
      complete_in_block(path[0], path[1], {path.begin() + 2, path.end()});
    } else if (path.empty()) {
      add_keys("bake ");
      add_stages_as_targets();
    }
    return std::move(items_);
  }

 private:
  enum class Item : uint8_t {
    kFunction = 3,
    kVariable = 6,
    kModule = 9,
    kProperty = 10,
    kValue = 12,
    kSnippet = 15,
    kFile = 17,
    kFolder = 19,
    kConstant = 21
  };

  void add(const std::string& label, Item kind, const editor::Help* help = nullptr, std::string text = {},
           const std::string& detail = {}) {
    const std::string_view typed = where_.typed;
    if (!label.starts_with(typed) || !seen_.insert(label).second) return;
    json item = {{"label", report::printable(label)}, {"kind", static_cast<int>(kind)}};
    if (!detail.empty()) item["detail"] = report::printable(detail);
    if (help != nullptr)
      item["documentation"] = {{"kind", "markdown"}, {"value", editor::markdown_of(*help)}};
    const bool snippet = help != nullptr && request_.client.snippets && !help->snippet.empty();
    if (snippet) {
      item["insertTextFormat"] = 2;
      text = editor::snippet_of(*help);
    }
    const auto length = static_cast<uint32_t>(typed.size());
    item["textEdit"] = {{"range", request_.positions.range_of({offset_ - length, offset_})},
                        {"newText", text.empty() ? label : text}};
    items_.push_back(std::move(item));
  }

  // Those with documentation whose name is the prefix and one more word.
  void add_keys(std::string_view prefix) {
    for (const editor::Help& help : editor::all_help()) {
      if (!help.name.starts_with(prefix)) continue;
      const std::string key(help.name.substr(prefix.size()));
      if (key.find('.') == std::string::npos && key != "include" && key != "services")
        add(key, Item::kProperty, &help, compose_ ? key + ": " : prefix == "bake " ? key : key + " = ");
    }
  }

  // Of a Compose file.
  void add_top_keys() {
    for (const char* key :
         {"services", "include", "name", "networks", "volumes", "configs", "secrets", "models"})
      add(key, Item::kProperty, editor::find_help(std::string("compose ") + key), std::string(key) + ":");
  }

  // What an expression of bake can be made of: variables, and functions of the file and of bake.
  void add_expressions() {
    for (const Mention& one : mentions_of(request_.document.path, text_around())) {
      if (one.kind == Mention::Kind::kVariable && one.defines) add(one.name, Item::kVariable);
      if (one.kind == Mention::Kind::kFunction && one.defines)
        add(one.name, Item::kFunction, nullptr, one.name + "(");
    }
    if (compose_) return;
    using project::hcl::Function;
    for (const std::span<const Function> group :
         {project::hcl::text_functions(), project::hcl::format_functions(), project::hcl::number_functions(),
          project::hcl::collection_functions(), project::hcl::set_functions(),
          project::hcl::encoding_functions(), project::hcl::pattern_functions(),
          project::hcl::network_functions(), project::hcl::time_functions(),
          project::hcl::version_functions()}) {
      for (const Function& function : group)
        add(std::string(function.name), Item::kFunction, nullptr, std::string(function.name) + "(",
            "function of bake");
    }
  }

  void add_values(std::span<const std::string_view> values) {
    for (const std::string_view value : values)
      add(std::string(value), Item::kValue);
  }

  void add_named(Mention::Kind kind) {
    for (const Mention& one : mentions_of(request_.document.path, text_around())) {
      if (one.kind == kind && one.defines) add(one.name, Item::kModule);
    }
  }

  void complete_in(const std::string& service, const std::vector<std::string>& keys) {
    if (keys.empty()) {
      if (!where_.value) add_keys("compose ");
      return;
    }
    const std::string& key = keys.front();
    const std::string& last = keys.back();
    if (const auto kind = kind_of_key(key); kind && !is_path()) add_named(*kind);
    if (key == "depends_on" || (key == "extends" && last != "file")) {
      if (last != "condition") add_images(service);
    } else if (key == "build") {
      complete_in_build(service, {keys.begin() + 1, keys.end()});
    }
    if (names_file(last) || (key == "volumes" && is_path())) add_paths(false);
    if (where_.value) add_values(values_of_key(kComposeValues, last));
  }

  void complete_in_build(const std::string& service, const std::vector<std::string>& keys) {
    if (keys.empty()) {
      if (!where_.value) add_keys("compose build.");
      if (where_.value) add_paths(true);
    } else if (keys.front() == "context") {
      add_paths(true);
    } else if (keys.front() == "secrets") {
      add_named(Mention::Kind::kSecret);
    } else {
      complete_attribute(service, keys.front());
    }
  }

  // In what services refer to, and in `include`.
  void complete_in_section(const std::vector<std::string>& path) {
    if (path.size() == 2 && !where_.value) add_keys("compose " + path[0] + ".");
    const bool includes = path[0] == "include" && where_.value;
    if (includes || names_file(path.back())) add_paths(false);
    if (where_.value) add_values(values_of_key(kComposeValues, path.back()));
  }

  void complete_in_block(const std::string& block, const std::string& image,
                         const std::vector<std::string>& keys) {
    if (keys.empty()) return add_keys("bake " + block + ".");
    const std::string& key = keys.front();
    if (key == "inherits" || key == "targets") return add_images(image);
    if (where_.value && !is_quoted()) {
      if (key == "pull" || key == "no-cache") add_values(kYesAndNo);
      return add_expressions();
    }
    const std::string_view before = request_.positions.text().substr(0, offset_ - where_.typed.size());
    if (key == "contexts" && before.ends_with("target:")) return add_images(image);
    if (keys.size() == 1) complete_attribute(image, key);
    if (key == "context") add_paths(true);
    add_values(values_of_key(kBakeValues, key));
  }

  // Whether the cursor is in a text of HCL.
  bool is_quoted() const {
    const std::string_view before = request_.positions.text().substr(0, offset_);
    const std::string_view line = before.substr(before.rfind('\n') + 1);
    bool quoted = false;
    for (size_t i = 0; i < line.size(); ++i) {
      if (line[i] == '\\')
        ++i;
      else if (line[i] == '"')
        quoted = !quoted;
    }
    return quoted;
  }

  bool is_path() const { return where_.typed.starts_with('.') || where_.typed.starts_with('/'); }

  // The files and folders, or the folders alone, in the folder that what is typed leads to.
  void add_paths(bool folders) {
    const std::string_view typed = where_.typed;
    const std::string above(typed.substr(0, typed.rfind('/') + 1));
    const std::string folder =
        text::join_path(std::string(text::parent_path(request_.document.path)), above.empty() ? "." : above);
    for (const auto& [name, is_folder] : request_.workspace().files_inside()->list(folder)) {
      if (is_folder) {
        add(above + name, Item::kFolder);
      } else if (!folders) {
        add(above + name, Item::kFile);
      }
    }
  }

  // A target for each stage of the Dockerfile next to the file.
  void add_stages_as_targets() {
    const std::string path =
        text::join_path(std::string(text::parent_path(request_.document.path)), "Dockerfile");
    if (!request_.workspace().refusal(path).empty()) return;
    const auto parsed = request_.workspace().parse(path);
    if (!parsed) return;
    std::set<std::string> known;
    for (const Mention& one : mentions_of(request_.document.path, text_around())) {
      if (one.kind == Mention::Kind::kImage && one.defines) known.insert(one.name);
    }
    for (const plan::Stage& stage : (*parsed)->graph.stages) {
      if (stage.from == nullptr || stage.name.empty() || known.contains(stage.name)) continue;
      add(fmt::format("target \"{}\"", stage.name), Item::kSnippet, nullptr,
          fmt::format("target \"{0}\" {{\n  target = \"{0}\"\n}}", stage.name), stage.from->one_line());
    }
  }

  // What closes the brackets that are open in the last line of a text.
  static std::string closers(std::string_view before) {
    const auto open = open_brackets(before.substr(before.rfind('\n') + 1)).brackets;
    std::string text;
    for (auto bracket = open.rbegin(); bracket != open.rend(); ++bracket)
      text += bracket->list ? ']' : '}';
    return text;
  }

  // The text without the line of the cursor, and with the brackets closed that are open at its end: what
  // keeps a file from being read while it is written.
  std::string text_around() const {
    std::string text(request_.positions.text());
    const std::string flow = compose_ ? closers(text.substr(0, offset_)) : "";
    const Span line = request_.positions.line(request_.positions.place_of(offset_).line);
    if (!flow.empty()) return text.replace(offset_, line.end - offset_, flow);
    std::fill(text.begin() + line.begin, text.begin() + line.end, ' ');
    if (compose_) return text;
    const std::vector<OpenBracket> open = open_brackets(text).brackets;
    for (auto bracket = open.rbegin(); bracket != open.rend(); ++bracket)
      text += bracket->list ? "\n]" : "\n}";
    return text;
  }

  struct Files {
    std::string context;
    std::string dockerfile;
  };
  // Of an image, as it is read, or as its attributes are written.
  Files files_of(const std::string& name) const {
    const DefinedImages images(request_.workspace(), request_.document.path);
    const project::Image* image = images.find(name);
    if (image != nullptr) return {image->build.context, image->build.dockerfile};
    std::string context = ".";
    std::string dockerfile = "Dockerfile";
    for (const Mention& one : mentions_of(request_.document.path, text_around())) {
      if (one.image != name) continue;
      if (one.kind == Mention::Kind::kContext) context = one.name;
      if (one.kind == Mention::Kind::kDockerfile) dockerfile = one.name;
    }
    const std::string folder(text::parent_path(request_.document.path));
    const std::string root = text::join_path(folder, context);
    return {root, text::join_path(root, dockerfile)};
  }

  void complete_attribute(const std::string& name, const std::string& key) {
    if (key != "dockerfile" && key != "target" && key != "args") return;
    const Files files = files_of(name);
    if (key == "dockerfile") return add_dockerfiles(files.context);
    if (!request_.workspace().refusal(files.dockerfile).empty()) return;
    const auto parsed = request_.workspace().parse(files.dockerfile);
    if (!parsed) return;
    if (key == "target") {
      for (const plan::Stage& stage : (*parsed)->graph.stages) {
        if (stage.from != nullptr && !stage.name.empty())
          add(stage.name, Item::kModule, nullptr, {}, stage.from->one_line());
      }
      return;
    }
    for (const Occurrence& one : occurrences(**parsed)) {
      const bool argument = one.kind == Occurrence::Kind::kVariable && one.defines;
      if (argument) add(one.name, Item::kConstant, nullptr, {}, "of the Dockerfile");
    }
  }

  // The Dockerfiles, and the folders to go on in, in the folder of a context that what is typed leads to.
  void add_dockerfiles(const std::string& context) {
    const std::string above(where_.typed.substr(0, where_.typed.rfind('/') + 1));
    const std::string folder = above.empty() ? context : text::join_path(context, above);
    for (const auto& [name, is_folder] : request_.workspace().files_inside()->list(folder)) {
      if (is_folder && name != ".git") add(above + name, Item::kFolder);
      if (!is_folder && project::is_dockerfile_name(name)) add(above + name, Item::kFile);
    }
  }

  void add_images(const std::string& but) {
    for (const Mention& one : mentions_of(request_.document.path, text_around())) {
      if (one.kind == Mention::Kind::kImage && one.defines && one.name != but) add(one.name, Item::kModule);
    }
  }

  const DefinitionRequest& request_;
  const uint32_t offset_;
  bool compose_ = false;
  CursorPlace where_;
  std::set<std::string> seen_;
  json items_ = json::array();
};

}  // namespace

json definition_completions(const DefinitionRequest& request, uint32_t offset) {
  return DefinitionCompletion(request, offset).run();
}

}  // namespace dcache::lsp
