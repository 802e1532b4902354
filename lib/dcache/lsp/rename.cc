#include "dcache/lsp/rename.h"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dcache/editor/help.h"
#include "dcache/lsp/occurrences.h"
#include "dcache/text/unicode.h"

namespace dcache::lsp {
namespace {

using OccurrenceKind = Occurrence::Kind;
using ParsedDockerfile = editor::Workspace::ParsedDockerfile;

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

// Variables that shells and other programs know by their names.
bool is_known_to_programs(std::string_view name) {
  constexpr std::array<std::string_view, 32> kKnown = {"BASH_ENV",
                                                       "CDPATH",
                                                       "DEBIAN_FRONTEND",
                                                       "ENV",
                                                       "GOFLAGS",
                                                       "GOPATH",
                                                       "HOME",
                                                       "HOSTNAME",
                                                       "IFS",
                                                       "JAVA_HOME",
                                                       "LANG",
                                                       "LANGUAGE",
                                                       "LOGNAME",
                                                       "MAIL",
                                                       "NODE_ENV",
                                                       "NODE_OPTIONS",
                                                       "OLDPWD",
                                                       "PATH",
                                                       "PIP_INDEX_URL",
                                                       "PPID",
                                                       "PS1",
                                                       "PS4",
                                                       "PWD",
                                                       "PYTHONPATH",
                                                       "PYTHONHOME",
                                                       "PYTHONUNBUFFERED",
                                                       "RUSTFLAGS",
                                                       "SHELL",
                                                       "TERM",
                                                       "TMPDIR",
                                                       "TZ",
                                                       "USER"};
  return std::ranges::find(kKnown, name) != kKnown.end() || name.starts_with("LC_") ||
         name.starts_with("LD_") || text::to_lower(name).ends_with("_proxy");
}

std::string objection_to_stage(const ParsedDockerfile& parsed, const Names& names, const Occurrence& renamed,
                               const std::string& name) {
  if (!is_stage_name(name))
    return "the name of a stage starts with a letter and contains letters, digits, '-', '_' and '.'";
  const std::string lower = text::to_lower(name);
  if (lower == "scratch" || lower == "context") return fmt::format("'{}' is reserved", lower);
  for (const plan::Stage& other : parsed.graph.stages) {
    if (other.name == lower && other.index != renamed.meaning && other.from != nullptr)
      return fmt::format("line {} has a stage of that name", other.from->start_line);
  }
  for (const OtherName& other : names.others) {
    if (other.kind == OccurrenceKind::kStage && other.name == lower)
      return fmt::format("line {} uses the image {}, and would mean the stage", other.line, other.name);
  }
  return "";
}

std::string objection_to_variable(const Names& names, const Occurrence& renamed, const std::string& name) {
  if (!is_variable_name(name))
    return "the name of a variable contains letters, digits and '_', and does not start with a digit";
  if (editor::find_help("$" + name) != nullptr) return fmt::format("the builder sets {} itself", name);
  if (is_known_to_programs(name)) return fmt::format("programs look at {}", name);
  for (const Occurrence& one : names.occurrences) {
    if (one.kind == OccurrenceKind::kVariable && one.name == name && one.name != renamed.name)
      return "the file has a variable of that name";
  }
  const auto stages = names.stages_of.find(renamed.meaning);
  const bool is_above = std::ranges::any_of(names.occurrences, [&](const Occurrence& one) {
    return one.kind == OccurrenceKind::kVariable && one.meaning == renamed.meaning && one.above_stages;
  });
  for (const OtherName& other : names.others) {
    if (other.kind != OccurrenceKind::kVariable || other.name != name || name == renamed.name) continue;
    const bool is_seen = other.above_stages
                             ? is_above
                             : stages != names.stages_of.end() && stages->second.contains(other.stage);
    if (is_seen) return fmt::format("line {} has another variable of that name", other.line);
  }
  return "";
}

const dockerfile::Heredoc* find_heredoc(std::span<const dockerfile::Heredoc> heredocs, size_t meaning) {
  const auto found = std::ranges::find(heredocs, meaning, [](const auto& one) { return one.body.begin; });
  return found == heredocs.end() ? nullptr : &*found;
}

// Whether COPY or ADD makes files with the names of its heredocs: in a folder.
bool names_files(const dockerfile::Instruction& instruction) {
  if (instruction.keyword != dockerfile::Keyword::kCopy && instruction.keyword != dockerfile::Keyword::kAdd)
    return false;
  if (instruction.arguments.size() != 2) return true;
  const std::string_view destination = instruction.arguments.back().text;
  return destination.ends_with('/') || destination == "." || destination == ".." ||
         destination.ends_with("/.") || destination.ends_with("/..");
}

std::string objection_to_heredoc(const ParsedDockerfile& parsed, const Occurrence& renamed,
                                 const std::string& name) {
  if (!is_variable_name(name))
    return "the name of a heredoc contains letters, digits and '_', and does not start with a digit";
  for (const dockerfile::Instruction& written : parsed.file.instructions()) {
    const dockerfile::Instruction& one = written.onbuild == nullptr ? written : *written.onbuild;
    const dockerfile::Heredoc* const heredoc = find_heredoc(one.heredocs, renamed.meaning);
    if (heredoc == nullptr) continue;
    if (names_files(one))
      return fmt::format("line {} makes a file with the name of the heredoc", one.start_line);
    const auto is_same = [&](const dockerfile::Heredoc& other) {
      return &other != heredoc && other.name == name;
    };
    if (std::ranges::any_of(one.heredocs, is_same)) return "the instruction has a heredoc of that name";
    std::string_view text = heredoc->body.of(parsed.file.source());
    if (heredoc->terminator.size() == 0) return "the heredoc has no end";
    while (!text.empty()) {
      std::string_view line = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(text.size(), line.size() + 1));
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (heredoc->chomp) line.remove_prefix(std::min(line.find_first_not_of('\t'), line.size()));
      if (line == name) return fmt::format("a line of the heredoc is {}, and would end it", name);
    }
  }
  return "";
}

// Why not all uses are known of what is renamed; empty if they are.
std::string doubt_about(const Names& names, const Occurrence& renamed) {
  for (const Doubt& doubt : names.doubts) {
    if (doubt.kind == renamed.kind && (doubt.meaning == renamed.meaning || doubt.meaning == Doubt::kAll))
      return fmt::format("line {} {}, so the build could change", doubt.line, doubt.reason);
  }
  return "";
}

}  // namespace

tl::expected<text::Span, std::string> renamed_span(const ParsedDockerfile& parsed, uint32_t offset) {
  const auto found = occurrence_at(parsed, offset);
  if (!found)
    return tl::unexpected(
        std::string("only stages, heredocs and variables that the file sets can be renamed"));
  if (found->kind == OccurrenceKind::kStage && is_digit(found->name.front()))
    return tl::unexpected(std::string("the stage has no name"));
  if (found->kind == OccurrenceKind::kVariable && editor::find_help("$" + found->name) != nullptr)
    return tl::unexpected(fmt::format("the builder sets {}, so it can't have another name", found->name));
  if (found->kind == OccurrenceKind::kVariable && is_known_to_programs(found->name))
    return tl::unexpected(fmt::format("programs look at {}, so it can't have another name", found->name));
  return found->span;
}

tl::expected<nlohmann::json, std::string> rename_edits(const ParsedDockerfile& parsed,
                                                       const Positions& positions, uint32_t offset,
                                                       const std::string& name) {
  const auto span = renamed_span(parsed, offset);
  if (!span) return tl::unexpected(span.error());
  const Names names = names_of(parsed);
  const Occurrence renamed = *occurrence_at(parsed, offset);
  std::string why = renamed.kind == OccurrenceKind::kStage ? objection_to_stage(parsed, names, renamed, name)
                    : renamed.kind == OccurrenceKind::kHeredoc ? objection_to_heredoc(parsed, renamed, name)
                                                               : objection_to_variable(names, renamed, name);
  if (why.empty()) why = doubt_about(names, renamed);
  if (!why.empty()) return tl::unexpected(std::move(why));
  nlohmann::json edits = nlohmann::json::array();
  for (const Occurrence& one : names.occurrences) {
    if (one.kind != renamed.kind || one.meaning != renamed.meaning) continue;
    // A stage can be referred to by its number too, which stays as it is.
    const bool number = one.kind == OccurrenceKind::kStage && is_digit(one.span.of(positions.text()).front());
    if (!number) edits.push_back({{"range", positions.range_of(one.span)}, {"newText", name}});
  }
  return edits;
}

}  // namespace dcache::lsp
