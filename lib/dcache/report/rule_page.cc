#include "dcache/report/rule_page.h"

#include <algorithm>

#include <fmt/format.h>

#include "dcache/address.h"
#include "dcache/lint/shellcheck.h"
#include "dcache/text/json_writer.h"

namespace dcache::report {
namespace {

using lint::FixKind;
using lint::Rule;

constexpr size_t kTextWidth = 88;
constexpr size_t kNameWidth = 34;  // of a code, and the name after it

std::string_view fix_words(const Rule& rule) {
  switch (rule.fix) {
    case FixKind::kNone:
      return "no";
    case FixKind::kSafe:
      return "yes";
    case FixKind::kUnsafe:
      return "unsafe";
  }
  return "";
}

std::string_view origin_name(const Rule& rule) {
  switch (rule.origin) {
    case lint::Origin::kDcache:
      return "dcache";
    case lint::Origin::kBuildkit:
      return "BuildKit";
    case lint::Origin::kHadolint:
      return "hadolint";
  }
  return "";
}

std::string_view default_words(const Rule& rule) {
  if (rule.experimental) return "experimental: off unless `# check=experimental=` names it";
  if (!rule.on_by_default) return "off by default";
  return rule.not_in_default.empty() ? "on by default" : "off by default";
}

std::string title(const Rule& rule) {
  return rule.code == rule.name ? std::string(rule.code) : fmt::format("{} {}", rule.code, rule.name);
}

// One line of a text, without line ends.
std::string wrapped_line(std::string_view text, std::string_view first_indent, std::string_view indent) {
  std::string out(first_indent);
  size_t column = indent.size();
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    if (column + word.size() > kTextWidth && column > indent.size()) {
      out.append("\n").append(indent);
      column = indent.size();
    } else if (column > indent.size()) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + "\n";
}

// Paragraphs, with an empty line between them, and lists.
std::string wrapped(std::string_view text, std::string_view indent) {
  std::string out;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const std::string below = std::string(indent) + (line.starts_with("- ") ? "  " : "");
    out += line.empty() ? "\n" : wrapped_line(line, indent, below);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string indented(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    out += fmt::format("    {}\n", text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

// Of the text of its examples, as Markdown names it.
std::string_view language_of(const Rule& rule) {
  if (rule.about.empty()) return "dockerfile";
  return rule.about.front() == lint::RelatedFileKind::kIgnoreFile ? "gitignore" : "yaml";
}

// The files of an example that have a text to show: not the `…` that stands for any content.
std::string example_files(const lint::Example& example) {
  std::string text;
  for (const lint::ExampleFile& file : example.files) {
    if (file.content.size() <= std::string_view("…\n").size()) continue;
    text += fmt::format("\n    {}:\n{}", file.path, indented(indented(file.content)));
  }
  return text;
}

std::string files_note(const lint::Example& example) {
  std::string note = example.config.empty()
                         ? ""
                         : fmt::format("\nwith, in `.dcache.toml`,\n\n```toml\n{}```\n", example.config);
  if (example.files.empty()) return note;
  std::string names;
  for (const lint::ExampleFile& file : example.files) {
    const std::string size = file.size == 0 ? "" : fmt::format(" ({})", bytes_words(file.size));
    names += fmt::format("{}`{}`{}", names.empty() ? "" : ", ", file.path, size);
  }
  return note + fmt::format("\nwith these files next to it: {}.\n", names);
}

}  // namespace

std::string page_address(std::string_view code) {
  if (lint::is_shellcheck_code(code)) return fmt::format("https://www.shellcheck.net/wiki/{}", code);
  return fmt::format(DCACHE_RULE_PAGES "/{}.md", code);
}

std::string rule_page(const Rule& rule) {
  std::string page = fmt::format("# {}\n\n{}.\n\n", title(rule), rule.summary);
  page += fmt::format("Level: {} · Origin: {} · Fix: {} · {}\n\n", lint::name_of(rule.level),
                      origin_name(rule), fix_words(rule), default_words(rule));
  if (!rule.not_in_default.empty())
    page += fmt::format("It is not in the default profile because {}.\n\n", rule.not_in_default);
  if (!rule.covers.empty())
    page += fmt::format("In the default profile it also replaces {}.\n\n", fmt::join(rule.covers, " and "));
  page += fmt::format("## Why\n\n{}\n\n", rule.rationale);
  page += fmt::format("## Example\n\n```{}\n{}```\n{}\n", language_of(rule), rule.bad.dockerfile,
                      files_note(rule.bad));
  page += fmt::format("Use instead:\n\n```{}\n{}```\n{}\n", language_of(rule), rule.good.dockerfile,
                      files_note(rule.good));
  if (!rule.fix_note.empty()) page += fmt::format("## Fix\n\n{}\n\n", rule.fix_note);
  page += fmt::format(
      "## Silencing it\n\n`# dcache ignore={}` above {}, or `ignore = [\"{}\"]` in `.dcache.toml`.\n",
      rule.code, rule.about.empty() ? "an instruction" : "the line", rule.code);
  page += "\n## References\n\n";
  for (const std::string& reference : lint::references_of(rule))
    page += fmt::format("- <{}>\n", reference);
  return page;
}

std::string rule_index(std::span<const Rule> rules) {
  std::string page = "# Rules\n\nGenerated from the rules; `dcache rules CODE` prints the same text.\n\n";
  page += "| code | name | level | fix | finds |\n|---|---|---|---|---|\n";
  for (const Rule& rule : rules) {
    page += fmt::format("| [{0}]({0}.md) | {1} | {2} | {3} | {4} |\n", rule.code,
                        rule.code == rule.name ? "" : rule.name, lint::name_of(rule.level), fix_words(rule),
                        rule.summary);
  }
  return page;
}

void append_rule(const Rule& rule, const Style& style, std::string& out) {
  out += fmt::format("{}\n{}.\n\n", style.paint(Tone::kBold, title(rule)), rule.summary);
  out += fmt::format("level {}, from {}, fix: {}\n\n", lint::name_of(rule.level), origin_name(rule),
                     fix_words(rule));
  out += style.paint(Tone::kBold, "Why") + "\n" + wrapped(rule.rationale, "  ");
  out += "\n" + style.paint(Tone::kBold, "Instead of") + "\n" + indented(rule.bad.dockerfile) +
         example_files(rule.bad);
  out += "\n" + style.paint(Tone::kBold, "write") + "\n" + indented(rule.good.dockerfile) +
         example_files(rule.good);
  if (!rule.fix_note.empty())
    out += "\n" + style.paint(Tone::kBold, "Fix") + "\n" + wrapped(rule.fix_note, "  ");
  for (const std::string& reference : lint::references_of(rule))
    out += fmt::format("\n{}", reference);
  out += '\n';
}

void append_rule_list(std::span<const Rule> rules, const Style& style, std::string& out) {
  for (const Rule& rule : rules) {
    // BuildKit's checks have no code but their name.
    const std::string name = rule.code == rule.name
                                 ? std::string(kNameWidth - std::min(kNameWidth, rule.name.size()), ' ')
                                 : fmt::format("  {:<26}", rule.name);
    out +=
        fmt::format("{}{} {:<8} {}{}\n", style.paint(Tone::kBold, rule.code), name, lint::name_of(rule.level),
                    rule.summary,
                    rule.on_by_default && rule.not_in_default.empty() ? "" : " (not in the default profile)");
  }
}

void append_rules_json(std::span<const Rule> rules, std::string& out) {
  text::JsonWriter json(out);
  json.begin_array();
  for (const Rule& rule : rules) {
    json.begin_object()
        .member("code", rule.code)
        .member("name", rule.name)
        .member("level", lint::name_of(rule.level))
        .member("origin", origin_name(rule))
        .member("fix", fix_words(rule))
        .member("on_by_default", rule.on_by_default && rule.not_in_default.empty())
        .member("summary", rule.summary)
        .member("rationale", rule.rationale)
        .member("bad", rule.bad.dockerfile)
        .member("good", rule.good.dockerfile);
    if (!rule.security_severity.empty()) json.member("security_severity", rule.security_severity);
    json.key("references").begin_array();
    for (const std::string& reference : lint::references_of(rule))
      json.value(reference);
    json.end_array().end_object();
  }
  json.end_array();
  out += '\n';
}

}  // namespace dcache::report
