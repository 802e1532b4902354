#include "dcache/lsp/definition_features.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dcache/editor/help.h"
#include "dcache/lsp/links.h"
#include "dcache/lsp/markdown.h"
#include "dcache/lsp/navigation.h"
#include "dcache/plan/target.h"
#include "dcache/project/file_kinds.h"
#include "dcache/project/hcl/functions.h"
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

json location(const std::string& path, json range) {
  return {{"uri", uri_of(path)}, {"range", std::move(range)}};
}

std::string path_beside(const DefinitionRequest& request, const std::string& name) {
  return text::join_path(std::string(text::parent_path(request.document.path)), name);
}

bool is_written_out(std::string_view name) {
  return !name.empty() && name.find('$') == std::string_view::npos;
}

// What a mention leads to in the Dockerfile of its image.
struct Target {
  std::string path;
  std::shared_ptr<const editor::Workspace::ParsedDockerfile> parsed;  // null for a file that is not read
  Span span;
  std::string words;  // "`FROM alpine AS build` in line 3"
};

std::optional<Target> target_of(const DefinitionRequest& request, const Mention& mention,
                                const DefinedImages& images) {
  const project::Image* image = images.find(mention.image);
  if (image == nullptr || image->build.dockerfile_text || !image->remote.empty()) return std::nullopt;
  const bool is_file = mention.kind == Kind::kDockerfile || mention.kind == Kind::kContext;
  // A link may lead out of the repository, but shows nothing of what is there.
  if (!request.workspace().refusal(image->build.dockerfile).empty())
    return is_file ? std::optional(Target{image->build.dockerfile, nullptr, {}, {}}) : std::nullopt;
  const auto parsed = dockerfile_of(request.workspace(), image);
  if (!parsed) return std::nullopt;
  Target target{image->build.dockerfile, parsed, {}, {}};
  if (is_file) return target;
  if (mention.kind == Kind::kStage) {
    const plan::Stage* stage = plan::find_target(parsed->graph, mention.name);
    if (stage == nullptr || stage->from == nullptr) return std::nullopt;
    target.span = stage->from->span;
    target.words = fmt::format("{} in line {}", code(stage->from->one_line()), stage->from->start_line);
    return target;
  }
  for (const Occurrence& one : occurrences(*parsed)) {
    if (one.kind != Occurrence::Kind::kVariable || !one.defines || one.name != mention.name) continue;
    target.span = one.span;
    const uint32_t line = parsed->file.lines().line_of(one.span.begin);
    const Span whole = parsed->file.lines().line_span(line);
    target.words =
        fmt::format("{} in line {}", code(text::trim_right(whole.of(parsed->file.source()))), line);
    return target;
  }
  return std::nullopt;
}

// Where other files define an image that this one names.
void add_other_origins(const DefinitionRequest& request, const Mention& meant, json& all) {
  const DefinedImages images(request.workspace(), request.document.path);
  const project::Image* image = images.find(meant.name);
  if (image == nullptr) return;
  for (const project::Origin& origin : image->target.defined) {
    const json place = {{"line", origin.line == 0 ? 0 : origin.line - 1}, {"character", 0}};
    if (origin.path != request.document.path)
      all.push_back(location(origin.path, {{"start", place}, {"end", place}}));
  }
}

Answer definition_of_mention(const DefinitionRequest& request) {
  json all = json::array();
  const auto meant = mention_at(request);
  if (!meant) return all;
  for (const Mention& one : same_mentions(request)) {
    if (one.defines) all.push_back(location(request.document.path, request.positions.range_of(one.span)));
  }
  if (all.empty() && meant->kind == Kind::kImage) add_other_origins(request, *meant, all);
  if (meant->kind == Kind::kFile && is_written_out(meant->name))
    all.push_back(location(path_beside(request, meant->name), range_at_start()));
  const bool in_dockerfile = meant->kind == Kind::kContext || meant->kind == Kind::kDockerfile ||
                             meant->kind == Kind::kStage || meant->kind == Kind::kArgument;
  if (!in_dockerfile) return all;
  const DefinedImages images(request.workspace(), request.document.path);
  if (const auto target = target_of(request, *meant, images)) {
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

// "`web`: stage `app` of `web/Dockerfile`, context `web`".
std::string image_words(const project::Image& image, const std::string& folder) {
  const project::Target& target = image.target;
  const auto shown = [&](const std::string& path) {
    const bool below = text::is_within(path, folder) && path != folder && !text::is_root(folder);
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

// The text that defines what is meant, as far as it is short.
std::string definition_words(const DefinitionRequest& request, const Mention& defined) {
  constexpr uint32_t kMostLines = 15;
  constexpr size_t kLongest = 200;
  const Positions& positions = request.positions;
  const uint32_t first = positions.place_of(defined.whole.begin).line;
  const uint32_t last = positions.place_of(defined.whole.end).line;
  const size_t indent = positions.line(first).of(positions.text()).find_first_not_of(" \t");
  std::string lines;
  for (uint32_t number = first; number <= last && number - first < kMostLines; ++number) {
    std::string_view line = positions.line(number).of(positions.text());
    line.remove_prefix(std::min({indent, line.size(), line.find_first_not_of(" \t")}));
    lines += report::shortened(report::printable(line), kLongest) + "\n";
  }
  if (last - first >= kMostLines) lines += "…\n";
  // A text with the fence in it would end it.
  std::string fence = "```";
  while (lines.find(fence) != std::string::npos)
    fence += '`';
  return fmt::format("{}{}\n{}{}\n\nin line {}", fence, is_compose(request.document.path) ? "yaml" : "hcl",
                     lines, fence, first + 1);
}

std::string signature_of(const project::hcl::Function& function) {
  std::vector<std::string> parameters;
  for (const project::hcl::Parameter& one : function.parameters)
    parameters.push_back(one.type.name());
  if (function.variadic && !parameters.empty()) parameters.back() += "…";
  return fmt::format("{}({})", function.name, fmt::join(parameters, ", "));
}

std::string help_of(const DefinitionRequest& request, const Mention& mention) {
  if (mention.kind == Kind::kKey) {
    const editor::Help* help = editor::find_help(mention.name);
    return help == nullptr ? "" : editor::markdown_of(*help);
  }
  const DefinedImages images(request.workspace(), request.document.path);
  if (mention.kind == Kind::kImage) {
    const project::Image* image = images.find(mention.name);
    const std::string folder(text::parent_path(request.document.path));
    if (image != nullptr) return image_words(*image, folder);
  }
  if (is_name(mention.kind)) {
    for (const Mention& one : same_mentions(request)) {
      if (one.defines) return definition_words(request, one);
    }
    const auto* const function =
        mention.kind == Kind::kFunction ? project::hcl::find_function(mention.name) : nullptr;
    return function == nullptr ? "" : code(signature_of(*function));
  }
  const auto target = target_of(request, mention, images);
  return target ? target->words : "";
}

Answer definition_links(const DefinitionRequest& request) {
  json all = json::array();
  const DefinedImages images(request.workspace(), request.document.path);
  std::set<std::pair<uint32_t, std::string>> known;  // services that use one anchor lead to the same
  for (const Mention& one : mentions(request)) {
    std::string target;
    if (one.kind == Kind::kReference && is_written_out(one.name)) target = page_of_image(one.name);
    if (one.kind == Kind::kFile && is_written_out(one.name)) target = uri_of(path_beside(request, one.name));
    if (one.kind == Kind::kDockerfile || one.kind == Kind::kContext) {
      if (const auto found = target_of(request, one, images)) target = uri_of(found->path);
    }
    if (!target.empty() && known.emplace(one.span.begin, target).second)
      all.push_back({{"range", request.positions.range_of(one.span)}, {"target", target}});
  }
  return all;
}

Answer complete_definition(const DefinitionRequest& request) {
  return definition_completions(request, request.offset());
}

}  // namespace

bool is_compose(const std::string& path) {
  return project::definition_kind(path) == project::DefinitionKind::kCompose;
}

bool is_bake_json(const std::string& path) {
  return !is_compose(path) && path.ends_with(".json");
}

std::optional<Mention> mention_at(const DefinitionRequest& request) {
  const uint32_t offset = request.offset();
  for (Mention& one : mentions(request)) {
    if (one.span.begin <= offset && offset <= one.span.end) return std::move(one);
  }
  return std::nullopt;
}

std::vector<Mention> same_mentions(const DefinitionRequest& request) {
  const auto meant = mention_at(request);
  if (!meant || !is_name(meant->kind)) return {};
  std::vector<Mention> all = mentions(request);
  std::erase_if(all, [&](const Mention& one) { return one.kind != meant->kind || one.name != meant->name; });
  return all;
}

Answer definition_hover(const DefinitionRequest& request) {
  const auto mention = mention_at(request);
  std::string help = mention ? help_of(request, *mention) : "";
  if (help.empty()) return json();
  return json{{"contents", {{"kind", "markdown"}, {"value", std::move(help)}}},
              {"range", request.positions.range_of(mention->span)}};
}

std::span<const Feature<DefinitionRequest>> definition_features() {
  static constexpr Feature<DefinitionRequest> kFeatures[] = {
      {"textDocument/documentSymbol", definition_symbols},
      {"textDocument/foldingRange", definition_folds},
      {"textDocument/selectionRange", definition_selections},
      {"textDocument/formatting", format_definition},
      {"textDocument/rangeFormatting", format_definition_range},
      {"textDocument/onTypeFormatting", format_typed_definition},
      {"textDocument/documentLink", definition_links},
      {"textDocument/definition", definition_of_mention},
      {"textDocument/references", mention_references},
      {"textDocument/documentHighlight", mention_highlights},
      {"textDocument/prepareRename", prepare_mention_rename},
      {"textDocument/rename", rename_mention},
      {"textDocument/hover", definition_hover},
      {"textDocument/semanticTokens/full", definition_tokens},
      {"textDocument/semanticTokens/range", definition_tokens_of_range},
      {"textDocument/signatureHelp", definition_signature},
      {"textDocument/completion", complete_definition},
  };
  return kFeatures;
}

DefinedImages::DefinedImages(const editor::Workspace& workspace, const std::string& path)
    : project_(workspace.defined_in(path)) {
  for (const project::Image& image : project_->images) {
    for (const project::Origin& origin : image.target.defined) {
      if (origin.path == path)
        by_name_.emplace(origin.name.empty() ? image.target.name : origin.name, &image);
    }
  }
  for (const project::Image& image : project_->images)
    by_name_.emplace(image.target.name, &image);
}

const project::Image* DefinedImages::find(const std::string& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

std::shared_ptr<const editor::Workspace::ParsedDockerfile> dockerfile_of(const editor::Workspace& workspace,
                                                                         const project::Image* image) {
  if (image == nullptr || image->build.dockerfile_text || !image->remote.empty() ||
      !workspace.refusal(image->build.dockerfile).empty())
    return nullptr;
  const auto parsed = workspace.parse(image->build.dockerfile);
  return parsed ? *parsed : nullptr;
}

}  // namespace dcache::lsp
