// Renaming what a compose or bake file defines, as far as no other file knows the name.
#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dcache/lsp/definition_features.h"
#include "dcache/lsp/fixes.h"
#include "dcache/project/hcl/functions.h"
#include "dcache/project/yaml.h"
#include "dcache/text/unicode.h"

namespace dcache::lsp {
namespace {

using nlohmann::json;
using Kind = Mention::Kind;

constexpr const char* kNothingToRename =
    "only services, targets, groups, variables, functions, networks, volumes, configs, secrets, models and "
    "anchors "
    "can be renamed";

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool consists_of(std::string_view name, std::string_view others) {
  return !name.empty() && std::ranges::all_of(name, [&](char c) {
    return is_letter_or_digit(c) || others.find(c) != std::string_view::npos;
  });
}

std::string_view words_of_kind(Kind kind) {
  switch (kind) {
    case Kind::kNetwork:
      return "network";
    case Kind::kVolume:
      return "volume";
    case Kind::kConfig:
      return "config";
    case Kind::kSecret:
      return "secret";
    case Kind::kModel:
      return "model";
    case Kind::kAnchor:
      return "anchor";
    default:
      return "service";
  }
}

// Why a name can't be one of a compose file: Compose and YAML have to take it for one.
std::string objection_in_compose(Kind kind, const std::string& name) {
  if (!consists_of(name, "_-.") || !(is_letter_or_digit(name.front()) || name.front() == '_'))
    return fmt::format(
        "the name of a {} contains letters, digits, '_', '-' and '.', and starts with a letter, a digit or "
        "'_'",
        words_of_kind(kind));
  if (kind == Kind::kAnchor) return "";
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
    return fmt::format("the name of a {} contains letters, digits and '_', and does not start with a digit",
                       kind == Kind::kFunction ? "function" : "variable");
  if (kind == Kind::kFunction && project::hcl::find_function(name) != nullptr)
    return fmt::format("bake has a function {} already", name);
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
  const bool compose = is_compose(path);
  std::string why = compose ? objection_in_compose(meant.kind, name) : objection_in_bake(meant.kind, name);
  if (!why.empty() || name == meant.name) return why;
  const std::vector<Mention> all = mentions_of(path, request.positions.text());
  for (const Mention& one : all) {
    const bool is_variable = meant.kind == Kind::kVariable && one.kind == Kind::kBound;
    if ((one.kind != meant.kind && !is_variable) || one.name != name) continue;
    return fmt::format("line {} has that name already", request.positions.place_of(one.span.begin).line + 1);
  }
  if (meant.kind == Kind::kVariable && has_hidden_use(request.positions.text(), meant.name, all))
    return fmt::format("not all uses of {} are known", meant.name);
  if (meant.kind == Kind::kNetwork && (meant.name == "default" || name == "default"))
    return "'default' is the network of services that name none";
  if (!compose && meant.kind == Kind::kImage && (meant.name == "default" || name == "default"))
    return "'default' is what bake builds if no target is named";
  if (meant.kind != Kind::kImage) return "";
  const DefinedImages images(request.workspace(), path);
  if (const project::Image* image = images.find(meant.name)) {
    for (const project::Origin& origin : image->target.defined) {
      if (origin.path != path) return fmt::format("{} names it too", origin.path);
    }
  }
  return "";
}

}  // namespace

Answer prepare_mention_rename(const DefinitionRequest& request) {
  const auto meant = mention_at(request);
  if (!meant || same_mentions(request).empty()) return refused(Code::kFailed, kNothingToRename);
  return json{{"range", request.positions.range_of(meant->span)}, {"placeholder", meant->name}};
}

Answer rename_mention(const DefinitionRequest& request) {
  const std::string name = request.params.at("newName");
  const std::vector<Mention> same = same_mentions(request);
  if (same.empty()) return refused(Code::kFailed, kNothingToRename);
  const bool defined = std::ranges::any_of(same, [](const Mention& one) { return one.defines; });
  if (!defined) return refused(Code::kFailed, "it is not defined in this file");
  if (std::string why = objection(request, same.front(), name); !why.empty())
    return refused(Code::kFailed, std::move(why));
  json edits = json::array();
  for (const Mention& one : same)
    edits.push_back({{"range", request.positions.range_of(one.span)}, {"newText", name}});
  return edit_of(request.document, std::move(edits), request.client);
}

}  // namespace dcache::lsp
