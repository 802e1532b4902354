#include "dcache/lsp/definition_features.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dcache/editor/help.h"
#include "dcache/lsp/fixes.h"
#include "dcache/lsp/links.h"
#include "dcache/lsp/markdown.h"
#include "dcache/lsp/navigation.h"
#include "dcache/plan/target.h"
#include "dcache/project/file_kinds.h"
#include "dcache/project/yaml.h"
#include "dcache/report/style.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"

namespace dcache::lsp {
namespace {

using nlohmann::json;
using text::Span;
using Kind = Mention::Kind;

std::vector<Mention> mentions(const DefinitionRequest& request) {
  std::vector<Mention> all = mentions_of(request.document.path, request.positions.text());
  std::erase_if(all, [](const Mention& one) { return one.kind == Kind::kBound; });
  return all;
}

std::optional<Mention> mention_at(const DefinitionRequest& request) {
  const uint32_t offset = request.offset();
  for (Mention& one : mentions(request)) {
    if (one.span.begin <= offset && offset <= one.span.end) return std::move(one);
  }
  return std::nullopt;
}

// Those that mean the same thing of this file.
std::vector<Mention> same_mentions(const DefinitionRequest& request) {
  const auto meant = mention_at(request);
  if (!meant || (meant->kind != Kind::kImage && meant->kind != Kind::kVariable)) return {};
  std::vector<Mention> all = mentions(request);
  std::erase_if(all, [&](const Mention& one) { return one.kind != meant->kind || one.name != meant->name; });
  return all;
}

json location(const std::string& path, json range) {
  return {{"uri", uri_of(path)}, {"range", std::move(range)}};
}

// What a mention leads to in the Dockerfile of its image.
struct Target {
  std::string path;
  std::shared_ptr<const editor::Workspace::ParsedDockerfile> parsed;  // null for a file that is not read
  Span span;
  std::string words;  // "`FROM alpine AS build` in line 3"
};

std::optional<Target> target_of(const DefinitionRequest& request, const Mention& mention) {
  const auto image = image_of(request.workspace(), request.document.path, mention.image);
  if (!image || image->build.dockerfile_text || !image->remote.empty()) return std::nullopt;
  const bool is_file = mention.kind == Kind::kDockerfile || mention.kind == Kind::kContext;
  // A link may lead out of the repository, but shows nothing of what is there.
  if (!request.workspace().refusal(image->build.dockerfile).empty())
    return is_file ? std::optional(Target{image->build.dockerfile, nullptr, {}, {}}) : std::nullopt;
  const auto parsed = request.workspace().parse(image->build.dockerfile);
  if (!parsed) return std::nullopt;
  Target target{image->build.dockerfile, *parsed, {}, {}};
  if (is_file) return target;
  if (mention.kind == Kind::kStage) {
    const plan::Stage* stage = plan::find_target((*parsed)->graph, mention.name);
    if (stage == nullptr || stage->from == nullptr) return std::nullopt;
    target.span = stage->from->span;
    target.words = fmt::format("{} in line {}", code(stage->from->one_line()), stage->from->start_line);
    return target;
  }
  for (const Occurrence& one : occurrences(**parsed)) {
    if (one.kind != Occurrence::Kind::kVariable || !one.defines || one.name != mention.name) continue;
    target.span = one.span;
    const uint32_t line = (*parsed)->file.lines().line_of(one.span.begin);
    const Span whole = (*parsed)->file.lines().line_span(line);
    target.words =
        fmt::format("{} in line {}", code(text::trim_right(whole.of((*parsed)->file.source()))), line);
    return target;
  }
  return std::nullopt;
}

Answer definition_of_mention(const DefinitionRequest& request) {
  json all = json::array();
  const auto meant = mention_at(request);
  if (!meant) return all;
  for (const Mention& one : same_mentions(request)) {
    if (one.defines) all.push_back(location(request.document.path, request.positions.range_of(one.span)));
  }
  if (meant->kind == Kind::kImage || meant->kind == Kind::kVariable || meant->kind == Kind::kKey) return all;
  if (const auto target = target_of(request, *meant)) {
    const Positions positions(target->parsed ? target->parsed->file.source() : std::string_view(),
                              request.client.encoding);
    all.push_back(location(target->path, positions.range_of(target->span)));
  }
  return all;
}

Answer mention_references(const DefinitionRequest& request) {
  const bool with_definitions = request.params.at("context").at("includeDeclaration");
  json all = json::array();
  for (const Mention& one : same_mentions(request)) {
    if (with_definitions || !one.defines)
      all.push_back(location(request.document.path, request.positions.range_of(one.span)));
  }
  return all;
}

Answer mention_highlights(const DefinitionRequest& request) {
  json all = json::array();
  for (const Mention& one : same_mentions(request))
    all.push_back({{"range", request.positions.range_of(one.span)}, {"kind", one.defines ? 3 : 2}});
  return all;
}

Answer prepare_mention_rename(const DefinitionRequest& request) {
  const auto meant = mention_at(request);
  if (!meant || same_mentions(request).empty())
    return refused(Code::kFailed, "only services, targets, groups and variables can be renamed");
  return json{{"range", request.positions.range_of(meant->span)}, {"placeholder", meant->name}};
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool consists_of(std::string_view name, std::string_view others) {
  return !name.empty() && std::ranges::all_of(name, [&](char c) {
    return is_letter_or_digit(c) || others.find(c) != std::string_view::npos;
  });
}

// Why a name can't be that of a service: Compose and YAML have to take it for one.
std::string objection_to_service(const std::string& name) {
  if (!consists_of(name, "_-.") || !(is_letter_or_digit(name.front()) || name.front() == '_'))
    return "the name of a service contains letters, digits, '_', '-' and '.', and starts with a letter, a "
           "digit or '_'";
  constexpr std::array<std::string_view, 8> kWords = {"true", "false", "yes", "no", "on", "off", "null", "y"};
  const auto read = project::yaml::parse(name, {}).values;
  const bool is_text = !read.empty() && read.front().is_text();
  if (!is_text || std::ranges::find(kWords, text::to_lower(name)) != kWords.end() ||
      text::to_lower(name) == "n")
    return fmt::format("YAML does not take {} for a text", name);
  return "";
}

std::string objection_in_bake(Kind kind, const std::string& name) {
  if (kind == Kind::kImage) {
    return consists_of(name, "_-") && name.front() != '-'
               ? ""
               : "the name of a target or group contains letters, digits, '_' and '-', and does not start "
                 "with '-'";
  }
  if (!consists_of(name, "_") || (name.front() >= '0' && name.front() <= '9'))
    return "the name of a variable contains letters, digits and '_', and does not start with a digit";
  constexpr std::array<std::string_view, 10> kReserved = {"true", "false", "null",  "for",    "in",
                                                          "if",   "else",  "endif", "target", "group"};
  return std::ranges::find(kReserved, name) == kReserved.end() ? "" : fmt::format("'{}' is reserved", name);
}

// Whether a template of the text has the variable at a place that is not among the mentions.
bool has_hidden_use(std::string_view text, const std::string& name, const std::vector<Mention>& all) {
  const std::string written = "${" + name;
  for (size_t at = text.find(written); at != std::string_view::npos; at = text.find(written, at + 1)) {
    const size_t begin = at + 2;
    const size_t end = begin + name.size();
    if ((at > 0 && text[at - 1] == '$') || (end < text.size() && consists_of(text.substr(end, 1), "_-")))
      continue;
    // They are in the order of the file.
    const auto mention =
        std::ranges::lower_bound(all, begin, {}, [](const Mention& one) { return size_t{one.span.begin}; });
    if (mention == all.end() || mention->span.begin != begin) return true;
  }
  return false;
}

// Why what is meant can't be called so; empty if it can.
std::string objection(const DefinitionRequest& request, const Mention& meant, const std::string& name) {
  const std::string& path = request.document.path;
  const bool compose = project::definition_kind(path) == project::DefinitionKind::kCompose;
  std::string why = compose ? objection_to_service(name) : objection_in_bake(meant.kind, name);
  if (!why.empty() || name == meant.name) return why;
  const std::vector<Mention> all = mentions_of(path, request.positions.text());
  for (const Mention& one : all) {
    const bool is_variable = meant.kind == Kind::kVariable && one.kind == Kind::kBound;
    if ((one.kind != meant.kind && !is_variable) || one.name != name) continue;
    return fmt::format("line {} has that name already", request.positions.place_of(one.span.begin).line + 1);
  }
  if (meant.kind == Kind::kVariable && has_hidden_use(request.positions.text(), meant.name, all))
    return fmt::format("not all uses of {} are known", meant.name);
  if (!compose && meant.kind == Kind::kImage && (meant.name == "default" || name == "default"))
    return "'default' is what bake builds if no target is named";
  if (meant.kind != Kind::kImage) return "";
  if (const auto image = image_of(request.workspace(), path, meant.name)) {
    for (const project::Origin& origin : image->target.defined) {
      if (origin.path != path) return fmt::format("{} names it too", origin.path);
    }
  }
  return "";
}

Answer rename_mention(const DefinitionRequest& request) {
  const std::string name = request.params.at("newName");
  const std::vector<Mention> same = same_mentions(request);
  if (same.empty())
    return refused(Code::kFailed, "only services, targets, groups and variables can be renamed");
  const bool defined = std::ranges::any_of(same, [](const Mention& one) { return one.defines; });
  if (!defined) return refused(Code::kFailed, "it is defined in another file");
  if (std::string why = objection(request, same.front(), name); !why.empty())
    return refused(Code::kFailed, std::move(why));
  json edits = json::array();
  for (const Mention& one : same)
    edits.push_back({{"range", request.positions.range_of(one.span)}, {"newText", name}});
  return edit_of(request.document, std::move(edits), request.client);
}

// "`web`: stage `app` of `web/Dockerfile`, context `web`".
std::string image_words(const project::Image& image, const std::string& folder) {
  const project::Target& target = image.target;
  const auto shown = [&](const std::string& path) {
    const bool below = text::is_within(path, folder) && path != folder && folder != "/";
    return code(below ? path.substr(folder.size() + 1) : path);
  };
  std::string words = code(target.name) + ": ";
  if (!target.target.empty()) words += fmt::format("stage {} of ", code(target.target));
  words += target.dockerfile_inline ? "a Dockerfile that is written here" : shown(image.build.dockerfile);
  if (!image.build.context.empty()) words += fmt::format(", context {}", shown(image.build.context));
  for (const auto& [name, value] : target.args)
    words += fmt::format("\n- {}", code(fmt::format("{}={}", name, value)));
  if (!target.platforms.empty())
    words += fmt::format("\n- platforms {}", code(text::list_words(target.platforms)));
  if (!image.remote.empty())
    words += fmt::format("\n\nIts files are not known: {}", report::printable(image.remote));
  return words;
}

std::string help_of(const DefinitionRequest& request, const Mention& mention) {
  if (mention.kind == Kind::kKey) {
    const editor::Help* help = editor::find_help(mention.name);
    return help == nullptr ? "" : editor::markdown_of(*help);
  }
  if (mention.kind == Kind::kImage) {
    const auto image = image_of(request.workspace(), request.document.path, mention.name);
    const std::string folder(text::parent_path(request.document.path));
    return image ? image_words(*image, folder) : "";
  }
  if (mention.kind == Kind::kVariable) {
    for (const Mention& one : same_mentions(request)) {
      if (!one.defines) continue;
      const uint32_t line = request.positions.place_of(one.span.begin).line;
      return fmt::format("{} in line {}", code(request.positions.line(line).of(request.positions.text())),
                         line + 1);
    }
    return "";
  }
  const auto target = target_of(request, mention);
  return target ? target->words : "";
}

Answer hover(const DefinitionRequest& request) {
  const auto mention = mention_at(request);
  std::string help = mention ? help_of(request, *mention) : "";
  if (help.empty()) return json();
  return json{{"contents", {{"kind", "markdown"}, {"value", std::move(help)}}},
              {"range", request.positions.range_of(mention->span)}};
}

Answer definition_links(const DefinitionRequest& request) {
  json all = json::array();
  for (const Mention& one : mentions(request)) {
    std::string target;
    if (one.kind == Kind::kReference && one.name.find('$') == std::string::npos)
      target = page_of_image(one.name);
    if (one.kind == Kind::kDockerfile || one.kind == Kind::kContext) {
      if (const auto found = target_of(request, one)) target = uri_of(found->path);
    }
    if (!target.empty()) all.push_back({{"range", request.positions.range_of(one.span)}, {"target", target}});
  }
  return all;
}

Answer definition_symbols(const DefinitionRequest& request) {
  constexpr int kPackage = 4;
  constexpr int kVariable = 13;
  json all = json::array();
  for (const Mention& one : mentions(request)) {
    if (!one.defines) continue;
    all.push_back({{"name", report::printable(one.name)},
                   {"kind", one.kind == Kind::kVariable ? kVariable : kPackage},
                   {"range", request.positions.range_of(one.span)},
                   {"selectionRange", request.positions.range_of(one.span)}});
  }
  return all;
}

Answer complete_definition(const DefinitionRequest& request) {
  return definition_completions(request, request.offset());
}

}  // namespace

std::span<const Feature<DefinitionRequest>> definition_features() {
  static constexpr Feature<DefinitionRequest> kFeatures[] = {
      {"textDocument/documentSymbol", definition_symbols},
      {"textDocument/documentLink", definition_links},
      {"textDocument/definition", definition_of_mention},
      {"textDocument/references", mention_references},
      {"textDocument/documentHighlight", mention_highlights},
      {"textDocument/prepareRename", prepare_mention_rename},
      {"textDocument/rename", rename_mention},
      {"textDocument/hover", hover},
      {"textDocument/completion", complete_definition},
  };
  return kFeatures;
}

std::optional<project::Image> image_of(const editor::Workspace& workspace, const std::string& path,
                                       const std::string& name) {
  const auto project = workspace.defined_in(path);
  for (const project::Image& image : project->images) {
    for (const project::Origin& origin : image.target.defined) {
      if (origin.path == path && (origin.name.empty() ? image.target.name : origin.name) == name)
        return image;
    }
  }
  const auto named = project->find(name);
  return named.size() == 1 ? std::optional(*named.front()) : std::nullopt;
}

}  // namespace dcache::lsp
