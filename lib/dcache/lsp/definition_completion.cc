// Completion in compose and bake files. A file that is being written seldom parses, so the text before the
// cursor says where it is.
#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dcache/editor/help.h"
#include "dcache/lsp/definition_features.h"
#include "dcache/lsp/navigation.h"
#include "dcache/project/discover.h"
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
    if (where_.variable) {
      add_variables();
    } else if (compose_) {
      if (path.empty() && !where_.value) add_top_keys();
      if (path.size() >= 2 && path[0] == "services") complete_in(path[1], {path.begin() + 2, path.end()});
    } else if (path.size() >= 2) {
      complete_in_block(path[0], path[1], {path.begin() + 2, path.end()});
    } else if (path.empty()) {
      add_keys("bake ");
    }
    return std::move(items_);
  }

 private:
  enum class Item : uint8_t { kVariable = 6, kModule = 9, kProperty = 10, kFile = 17, kConstant = 21 };

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
      if (key.find('.') == std::string::npos && key != "include")
        add(key, Item::kProperty, &help, compose_ ? key + ": " : prefix == "bake " ? key : key + " = ");
    }
  }

  // Of a Compose file.
  void add_top_keys() {
    for (const char* key : {"services", "include", "name", "networks", "volumes", "configs", "secrets"})
      add(key, Item::kProperty, editor::find_help(std::string("compose ") + key), std::string(key) + ":");
  }

  void add_variables() {
    for (const Mention& one : mentions_of(request_.document.path, text_around())) {
      if (one.kind == Mention::Kind::kVariable && one.defines) add(one.name, Item::kVariable);
    }
  }

  void complete_in(const std::string& service, const std::vector<std::string>& keys) {
    if (keys.empty()) {
      if (!where_.value) add_keys("compose ");
    } else if (keys.front() == "depends_on" || keys.front() == "extends") {
      add_images(service);
    } else if (keys.front() == "build") {
      complete_in_build(service, {keys.begin() + 1, keys.end()});
    }
  }

  void complete_in_build(const std::string& service, const std::vector<std::string>& keys) {
    if (keys.empty()) {
      if (!where_.value) add_keys("compose build.");
    } else {
      complete_attribute(service, keys.front());
    }
  }

  void complete_in_block(const std::string& block, const std::string& image,
                         const std::vector<std::string>& keys) {
    if (keys.empty()) {
      add_keys("bake " + block + ".");
    } else if (keys.front() == "inherits" || keys.front() == "targets") {
      add_images(image);
    } else {
      complete_attribute(image, keys.front());
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
    const auto image = image_of(request_.workspace(), request_.document.path, name);
    if (image) return {image->build.context, image->build.dockerfile};
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

  void add_dockerfiles(const std::string& folder) {
    for (const auto& [name, is_folder] : request_.workspace().files_inside()->list(folder)) {
      if (!is_folder && project::is_dockerfile_name(name)) add(name, Item::kFile);
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
