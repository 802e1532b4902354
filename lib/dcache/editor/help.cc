#include "dcache/editor/help.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "dcache/editor/help_text.h"

namespace dcache::editor {
namespace {

// Takes the text up to a separator, and the separator, off the front of a text.
std::string_view take(std::string_view& text, std::string_view separator) {
  const size_t end = text.find(separator);
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + separator.size());
  return taken;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// "TYPE bind (the default)"
Help::Word word_of(std::string_view line) {
  const std::string_view word = take(line, " ");
  return {word, line};
}

// One section without its "# NAME" line.
Help read_section(std::string_view section) {
  Help help;
  for (std::string_view rest = section; !rest.empty();) {
    help.text = rest;
    std::string_view line = take(rest, "\n");
    if (take_prefix(line, "form: ")) {
      help.forms.push_back(line);
    } else if (take_prefix(line, "word: ")) {
      help.words.push_back(word_of(line));
    } else if (take_prefix(line, "snippet: ")) {
      help.snippet = line;
    } else if (take_prefix(line, "link: ")) {
      help.link = line;
    } else {
      break;
    }
  }
  help.text = help.text.substr(0, help.text.find_last_not_of('\n') + 1);
  return help;
}

std::vector<Help> read_all() {
  std::vector<Help> all;
  std::string_view rest = kHelpText;
  take(rest, "\n# ");
  while (!rest.empty()) {
    std::string_view section = take(rest, "\n# ");
    std::string_view names = take(section, "\n");
    Help help = read_section(section);
    while (!names.empty()) {
      help.name = take(names, " | ");
      all.push_back(help);
    }
  }
  return all;
}

}  // namespace

std::span<const Help> all_help() {
  static const std::vector<Help> kAll = read_all();
  return kAll;
}

const Help* find_help(std::string_view name) {
  static const std::map<std::string_view, const Help*> kByName = [] {
    std::map<std::string_view, const Help*> by_name;
    for (const Help& help : all_help())
      by_name.emplace(help.name, &help);
    return by_name;
  }();
  const auto found = kByName.find(name);
  return found == kByName.end() ? nullptr : found->second;
}

std::string markdown_of(const Help& help) {
  std::string markdown;
  for (const std::string_view form : help.forms)
    markdown += fmt::format("{}{}\n", markdown.empty() ? "```dockerfile\n" : "", form);
  if (!markdown.empty()) markdown += "```\n\n";
  markdown += help.text;
  if (!help.link.empty()) markdown += fmt::format("\n\n[Reference]({})", help.link);
  return markdown;
}

std::string snippet_of(const Help& help) {
  std::string text;
  for (std::string_view rest = help.snippet; !rest.empty();) {
    text += take(rest, "\\n");
    if (!rest.empty()) text += '\n';
  }
  return text;
}

}  // namespace dcache::editor
