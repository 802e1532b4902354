#include "dcache/lsp/rename.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dcache/editor/help.h"
#include "dcache/lsp/navigation.h"
#include "dcache/text/unicode.h"

namespace dcache::lsp {
namespace {

using Kind = Occurrence::Kind;
using Parsed = editor::Workspace::Parsed;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_stage_name(std::string_view name) {
  return !name.empty() && is_letter(name.front()) && std::ranges::all_of(name, [](char c) {
    return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
  });
}
bool is_variable_name(std::string_view name) {
  return !name.empty() && (is_letter(name.front()) || name.front() == '_') &&
         std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

// Why a stage or a variable can't have that name; empty if it can.
std::string objection(const Parsed& parsed, const Occurrence& renamed, const std::string& name) {
  if (renamed.kind == Kind::kStage) {
    if (!is_stage_name(name))
      return "the name of a stage starts with a letter and contains letters, digits, '-', '_' and '.'";
    const std::string lower = text::to_lower(name);
    if (lower == "scratch" || lower == "context") return fmt::format("'{}' is reserved", lower);
    const plan::Stage* other = parsed.graph.find_stage(lower);
    return other == nullptr || other->name == renamed.name
               ? ""
               : fmt::format("line {} has a stage of that name", other->from->start_line);
  }
  if (!is_variable_name(name))
    return "the name of a variable contains letters, digits and '_', and does not start with a digit";
  if (editor::find_help("$" + name) != nullptr) return fmt::format("the builder sets {} itself", name);
  const std::vector<Occurrence> all = occurrences(parsed);
  const auto other = std::ranges::find_if(all, [&](const Occurrence& one) {
    return one.kind == Kind::kVariable && one.name == name && one.name != renamed.name;
  });
  return other == all.end() ? "" : "the file has a variable of that name";
}

}  // namespace

tl::expected<text::Span, std::string> renamed_span(const Parsed& parsed, uint32_t offset) {
  const auto found = occurrence_at(parsed, offset);
  if (!found)
    return tl::unexpected(std::string("only stages and variables that the file sets can be renamed"));
  if (found->kind == Kind::kStage && is_digit(found->name.front()))
    return tl::unexpected(std::string("the stage has no name"));
  if (found->kind == Kind::kVariable && editor::find_help("$" + found->name) != nullptr)
    return tl::unexpected(fmt::format("the builder sets {}, so it can't have another name", found->name));
  return found->span;
}

tl::expected<nlohmann::json, std::string> rename_edits(const Parsed& parsed, const Positions& positions,
                                                       uint32_t offset, const std::string& name) {
  const auto span = renamed_span(parsed, offset);
  if (!span) return tl::unexpected(span.error());
  const std::vector<Occurrence> all = same_occurrences(parsed, offset);
  if (std::string why = objection(parsed, all.front(), name); !why.empty())
    return tl::unexpected(std::move(why));
  nlohmann::json edits = nlohmann::json::array();
  for (const Occurrence& one : all) {
    // A stage can be referred to by its number too, which stays as it is.
    const bool number = one.kind == Kind::kStage && is_digit(one.span.of(positions.text()).front());
    if (!number) edits.push_back({{"range", positions.range_of(one.span)}, {"newText", name}});
  }
  return edits;
}

}  // namespace dcache::lsp
