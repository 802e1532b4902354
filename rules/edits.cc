#include "rules/edits.h"

namespace dcache::rules {

std::string_view line_end(const dockerfile::File& file) {
  const size_t newline = file.source().find('\n');
  const bool crlf = newline != std::string_view::npos && newline > 0 && file.source()[newline - 1] == '\r';
  return crlf ? "\r\n" : "\n";
}

lint::Fix replace(text::Span span, std::string text, std::string description) {
  lint::Fix fix;
  fix.description = std::move(description);
  fix.edits.push_back({span, std::move(text)});
  return fix;
}

text::Edit insert_flags(const lint::Run& run, const dockerfile::File& file,
                        const std::vector<std::string>& flags) {
  text::Edit edit;
  edit.span = {run.instruction->name_span.end, run.instruction->name_span.end};
  const bool one_line = !run.instruction->heredocs.empty();
  for (const std::string& flag : flags) {
    edit.replacement += ' ' + flag;
    if (one_line) continue;
    edit.replacement += ' ';
    edit.replacement += file.escape();
    edit.replacement += line_end(file);
    edit.replacement += "   ";  // with the blank that stands behind RUN
  }
  return edit;
}

}  // namespace dcache::rules
