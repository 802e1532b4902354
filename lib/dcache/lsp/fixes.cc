#include "dcache/lsp/fixes.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dcache/lint/catalogue.h"
#include "dcache/lint/ignore_comment.h"
#include "dcache/report/style.h"

namespace dcache::lsp {
namespace {

using lint::Diagnostic;
using nlohmann::json;
using text::Span;

int severity_of(lint::Level level) {
  switch (level) {
    case lint::Level::kError:
      return 1;
    case lint::Level::kWarning:
      return 2;
    case lint::Level::kInfo:
      return 3;
    case lint::Level::kStyle:
      return 4;
  }
  return 4;
}

json text_edit(Span span, std::string replacement, const Positions& positions) {
  return {{"range", positions.range_of(span)}, {"newText", std::move(replacement)}};
}

json diagnostic_of(const Diagnostic& diagnostic, const Positions& positions) {
  json result = {{"range", positions.range_of(diagnostic.shown())},
                 {"severity", severity_of(diagnostic.level)},
                 {"code", diagnostic.rule},
                 {"source", "dcache"},
                 {"message", report::printable(diagnostic.sentence())}};
  const lint::Rule* rule = lint::find_rule(lint::catalogue(), diagnostic.rule);
  const auto references = rule == nullptr ? std::vector<std::string>() : lint::references_of(*rule);
  if (!references.empty()) result["codeDescription"] = {{"href", references.front()}};
  return result;
}

json edits_of(const lint::Fix& fix, const Positions& positions) {
  json edits = json::array();
  for (const text::Edit& edit : fix.edits)
    edits.push_back(text_edit(edit.span, edit.replacement, positions));
  return edits;
}

json file_creation(const lint::Fix& fix) {
  const std::string uri = uri_of(fix.new_file);
  return json::array(
      {{{"kind", "create"}, {"uri", uri}, {"options", {{"overwrite", false}, {"ignoreIfExists", true}}}},
       {{"textDocument", {{"uri", uri}, {"version", nullptr}}},
        {"edits", json::array({{{"range", range_at_start()}, {"newText", fix.new_file_content}}})}}});
}

// Adds to a WorkspaceEdit what a fix writes next to its text: to a file that is there, as edits of what it
// says. False if the client can't do that.
bool add_file(const lint::Fix& fix, const FileState& state, const Client& client, json& edit) {
  if (!state.exists) {
    if (!client.creates_files || !client.versioned_edits) return false;
    for (json& change : file_creation(fix))
      edit["documentChanges"].push_back(std::move(change));
    return true;
  }
  if (!state.text) return false;
  json edits = replacement(Positions(*state.text, client.encoding), fix.new_file_content);
  const std::string uri = state.open ? state.open->uri : uri_of(fix.new_file);
  if (client.versioned_edits) {
    const OpenText file = state.open.value_or(OpenText{uri});
    edit["documentChanges"].push_back({{"textDocument", file.identifier()}, {"edits", std::move(edits)}});
  } else {
    edit["changes"][uri] = std::move(edits);
  }
  return true;
}

std::optional<json> fix_action(const Diagnostic& diagnostic, const json& shown, const Positions& positions,
                               const OpenText& open, const Client& client, const StateOf& state_of) {
  if (!diagnostic.fix) return std::nullopt;
  const lint::Fix& fix = *diagnostic.fix;
  const bool writes_file = !fix.new_file.empty();
  json edit = json::object();
  if (!writes_file || !fix.edits.empty()) edit = edit_of(open, edits_of(fix, positions), client);
  if (writes_file && !add_file(fix, state_of(fix.new_file), client, edit)) return std::nullopt;
  return json{{"title", fmt::format("{} ({}){}", report::printable(fix.description), diagnostic.rule,
                                    fix.is_safe() ? "" : "; may change the image")},
              {"kind", "quickfix"},
              {"diagnostics", json::array({shown})},
              {"isPreferred", fix.is_safe()},
              {"edit", std::move(edit)}};
}

}  // namespace

json edit_of(const OpenText& open, json changes, const Client& client) {
  if (!client.versioned_edits) return {{"changes", {{open.uri, std::move(changes)}}}};
  return {{"documentChanges",
           json::array({{{"textDocument", open.identifier()}, {"edits", std::move(changes)}}})}};
}

json diagnostics_of(const editor::Workspace::LintAnswer& linted, const Positions& positions) {
  json all = json::array();
  for (const Diagnostic& diagnostic : linted.findings.diagnostics)
    all.push_back(diagnostic_of(diagnostic, positions));
  return all;
}

json code_actions(const editor::Workspace::LintAnswer& linted, Span range, const Positions& positions,
                  const OpenText& open, const Client& client, const StateOf& state_of) {
  json fixes = json::array();
  json silences = json::array();
  const lint::IgnoreComments comments = linted.parsed
                                            ? lint::IgnoreComments(linted.parsed->file)
                                            : lint::IgnoreComments(linted.plain->kind, linted.text());
  for (const Diagnostic& diagnostic : linted.findings.diagnostics) {
    const Span span = diagnostic.shown();
    if (span.begin > range.end || span.end < range.begin) continue;
    const json shown = diagnostic_of(diagnostic, positions);
    if (auto action = fix_action(diagnostic, shown, positions, open, client, state_of))
      fixes.push_back(std::move(*action));
    const auto place = comments.place_of(diagnostic);
    if (!place) continue;
    const text::Edit comment = comments.comment(*place, {&diagnostic.rule, 1}, "");
    silences.push_back(
        {{"title", fmt::format("Silence {} here", diagnostic.rule)},
         {"kind", "quickfix"},
         {"diagnostics", json::array({shown})},
         {"edit",
          edit_of(open, json::array({text_edit(comment.span, comment.replacement, positions)}), client)}});
  }
  for (json& silence : silences)
    fixes.push_back(std::move(silence));
  return fixes;
}

json replacement(const Positions& before, std::string_view after) {
  const std::string_view text = before.text();
  if (text == after) return json::array();
  const auto is_inside = [](std::string_view of, size_t at) {
    return at < of.size() && is_continuation(of[at]);
  };
  size_t start = static_cast<size_t>(std::ranges::mismatch(text, after).in1 - text.begin());
  while (start > 0 && (is_inside(text, start) || is_inside(after, start)))
    --start;
  size_t end = 0;  // bytes that both end with
  const size_t most = std::min(text.size(), after.size()) - start;
  while (end < most && text[text.size() - 1 - end] == after[after.size() - 1 - end])
    ++end;
  // Neither a character nor a line end is cut in two.
  while (end > 0 && (is_inside(text, text.size() - end) || text[text.size() - end] == '\n'))
    --end;
  const Span span{static_cast<uint32_t>(start), static_cast<uint32_t>(text.size() - end)};
  return json::array({text_edit(span, std::string(after.substr(start, after.size() - end - start)), before)});
}

}  // namespace dcache::lsp
