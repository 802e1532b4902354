#include "dcache/lsp/word_help.h"

#include <algorithm>

#include <fmt/format.h>

#include "dcache/dockerfile/file.h"
#include "dcache/lsp/markdown.h"
#include "dcache/lsp/navigation.h"
#include "dcache/text/words.h"

namespace dcache::lsp {
namespace {

using dockerfile::Flag;
using dockerfile::Instruction;
using dockerfile::Keyword;
using editor::find_help;
using editor::Help;
using editor::markdown_of;
using text::Span;
using ParsedDockerfile = editor::Workspace::ParsedDockerfile;

// How the options of a mount are called in help.md.
std::string_view usual_name(std::string_view option) {
  if (option == "src") return "source";
  if (option == "dst" || option == "destination") return "target";
  if (option == "readonly") return "ro";
  if (option == "readwrite") return "rw";
  return option;
}

// The part of a list around an offset.
Span part_at(std::string_view source, Span list, uint32_t offset) {
  const std::string_view text = list.of(source);
  const size_t at = offset - list.begin;
  const size_t before = at == 0 ? std::string_view::npos : text.rfind(',', at - 1);
  const size_t begin = before == std::string_view::npos ? 0 : before + 1;
  const size_t end = std::min(text.find(',', at), text.size());
  return {list.begin + static_cast<uint32_t>(begin), list.begin + static_cast<uint32_t>(end)};
}

std::optional<WordHelp> told(const Help* help, Span span, bool keyword = false) {
  if (help == nullptr) return std::nullopt;
  return WordHelp{markdown_of(*help), span, keyword};
}

std::optional<WordHelp> help_of_flag(std::string_view source, const Instruction& instruction,
                                     const Flag& flag, uint32_t offset) {
  const std::string_view text = flag.span.of(source);
  const size_t equals = text.find('=');
  const auto whole = [&] { return told(flag_help(instruction.keyword, flag.name), flag.span); };
  if (equals == std::string_view::npos || offset <= flag.span.begin + equals) return whole();
  const Span list{flag.span.begin + static_cast<uint32_t>(equals) + 1, flag.span.end};
  if (flag.name != "mount") {
    const auto* value =
        find_help(fmt::format("{} --{}={}", name_of(instruction.keyword), flag.name, list.of(source)));
    return value == nullptr ? whole() : told(value, list);
  }
  const Span part = part_at(source, list, offset);
  const std::string_view option = part.of(source);
  const bool on_value = offset > part.begin + std::min(option.find('='), option.size());
  auto help = told(mount_help(option, on_value), part);
  return help ? help : whole();
}

// What sets a variable: "`ARG VERSION=1` in line 3".
std::string setting_words(const ParsedDockerfile& parsed, Span definition) {
  for (const Instruction& one : parsed.file.instructions()) {
    if (!one.span.contains(definition)) continue;
    const size_t count = one.arguments.size();
    for (size_t i = 0; i < count; ++i) {
      if (!one.arguments[i].span.contains(definition)) continue;
      std::string words(one.arguments[i].text);
      if (one.keyword == Keyword::kEnv && i + 1 < count)
        words += fmt::format("={}", parsed.graph.text_of(one.arguments[i + 1]));
      if (one.keyword == Keyword::kArg) words = parsed.graph.text_of(one.arguments[i]);
      return fmt::format("{} in line {}", code(fmt::format("{} {}", name_of(one.keyword), words)),
                         one.start_line);
    }
  }
  return {};
}

std::optional<WordHelp> of_variable(const ParsedDockerfile& parsed, const Occurrence& variable) {
  std::vector<std::string> settings;
  for (const Span definition : definitions(parsed, variable.span.begin)) {
    if (std::string words = setting_words(parsed, definition); !words.empty()) settings.push_back(words);
  }
  std::string markdown;
  if (!settings.empty())
    markdown = fmt::format("{} is set by {}", code(variable.name), text::list_words(settings));
  const Help* predefined = find_help("$" + variable.name);
  if (predefined != nullptr)
    markdown += (markdown.empty() ? "" : "\n\n") + fmt::format("{}: ", code(variable.name)) +
                std::string(predefined->text);
  if (markdown.empty()) return std::nullopt;
  return WordHelp{std::move(markdown), variable.span};
}

std::optional<WordHelp> of_stage(const ParsedDockerfile& parsed, const Occurrence& reference) {
  const plan::Stage* stage = parsed.graph.find_stage(reference.name);
  if (stage == nullptr || stage->from == nullptr) return std::nullopt;
  return WordHelp{fmt::format("Stage {} in line {}: {}, {}", code(reference.name), stage->from->start_line,
                              code(stage->from->one_line()), text::counted(stage->steps.size(), "step")),
                  reference.span};
}

// A variable that the builder sets and that nothing here declares: `$TARGETARCH`.
std::optional<WordHelp> of_undeclared(std::string_view source, uint32_t offset) {
  const Span name = name_at(source, offset);
  const std::string_view before = source.substr(0, name.begin);
  if (name.empty() || !(before.ends_with('$') || before.ends_with("${"))) return std::nullopt;
  return told(find_help(fmt::format("${}", name.of(source))), name);
}

std::optional<WordHelp> help_of_instruction(const ParsedDockerfile& parsed, const Instruction& instruction,
                                            uint32_t offset) {
  const Help* help = find_help(name_of(instruction.keyword));
  if (instruction.name_span.contains(offset)) return told(help, instruction.name_span, true);
  if (instruction.onbuild != nullptr && instruction.onbuild->span.contains(offset))
    return help_of_instruction(parsed, *instruction.onbuild, offset);
  const std::string_view source = parsed.file.source();
  const auto occurrence = occurrence_at(parsed, offset);
  if (occurrence && occurrence->kind != Occurrence::Kind::kHeredoc) {
    auto told = occurrence->kind == Occurrence::Kind::kStage ? of_stage(parsed, *occurrence)
                                                             : of_variable(parsed, *occurrence);
    if (told) return told;
  }
  for (const Flag& flag : instruction.flags) {
    if (flag.span.contains(offset)) return help_of_flag(source, instruction, flag, offset);
  }
  return of_undeclared(source, offset);
}

}  // namespace

const Help* flag_help(Keyword keyword, std::string_view flag) {
  return find_help(fmt::format("{} --{}", name_of(keyword), flag));
}

const Help* mount_help(std::string_view option, bool value) {
  const size_t equals = option.find('=');
  const std::string_view key = usual_name(option.substr(0, equals));
  if (key == "type") return find_help(fmt::format("RUN --mount={}", option));
  const Help* of_value = nullptr;
  if (value && equals != std::string_view::npos)
    of_value = find_help(fmt::format("RUN --mount,{}={}", key, option.substr(equals + 1)));
  return of_value != nullptr ? of_value : find_help(fmt::format("RUN --mount,{}", key));
}

std::optional<WordHelp> word_help(const ParsedDockerfile& parsed, uint32_t offset) {
  for (const dockerfile::Directive& directive : parsed.file.directives()) {
    if (directive.span.contains(offset))
      return told(find_help(fmt::format("# {}", directive.name)), directive.span);
  }
  for (const Instruction& instruction : parsed.file.instructions()) {
    if (instruction.span.contains(offset)) return help_of_instruction(parsed, instruction, offset);
  }
  return std::nullopt;
}

}  // namespace dcache::lsp
