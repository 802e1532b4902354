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

void remove_word(const lint::Run& run, const shell::Word& word, std::vector<text::Edit>& edits) {
  text::Span span = run.span_of(word.spelling);
  if (span.begin > 0 && run.source[span.begin - 1] == ' ') --span.begin;
  edits.push_back({span, ""});
}

bool remove_command(const lint::Run& run, size_t index, std::vector<text::Edit>& edits) {
  if (index == 0 || !run.shell_form) return false;
  const shell::Command& command = run.commands[index];
  const shell::Command& above = run.commands[index - 1];
  const bool last = index + 1 == run.commands.size();
  // What follows `&&` could count on what is in front of it having worked; so it still does.
  const bool listed =
      command.connector == shell::Connector::kAnd || (last && command.connector == shell::Connector::kThen);
  const bool piped_on = !last && run.commands[index + 1].connector == shell::Connector::kPipe;
  const bool alternative = !last && run.commands[index + 1].connector == shell::Connector::kOr;
  if (!listed || piped_on || alternative || command.depth != 0 || above.depth != 0) return false;
  if (!last && run.commands[index + 1].depth != 0) return false;
  edits.push_back({{run.span_of(above.spelling).end, run.span_of(command.spelling).end}, ""});
  return true;
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
