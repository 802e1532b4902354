#include "dcache/report/tree_json.h"

#include <fmt/format.h>

#include "dcache/text/json_writer.h"
#include "dcache/text/unicode.h"

namespace dcache::report {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;
using text::JsonWriter;

void write_arguments(const Instruction& instruction, JsonWriter& json) {
  json.key("arguments").begin_array();
  const bool pairs = instruction.keyword == Keyword::kEnv || instruction.keyword == Keyword::kLabel;
  if (instruction.keyword == Keyword::kUnknown) json.value("");
  for (size_t i = 0; i < instruction.arguments.size(); ++i) {
    json.value(instruction.arguments[i].text);
    if (pairs && i % 2 == 1) json.value(instruction.legacy ? "" : "=");
  }
  json.end_array();
}

void write_heredocs(const Instruction& instruction, JsonWriter& json) {
  json.key("heredocs").begin_array();
  for (const dockerfile::Heredoc& heredoc : instruction.heredocs) {
    json.begin_object()
        .member("name", heredoc.name)
        .member("fd", heredoc.file_descriptor)
        .member("expand", heredoc.expand)
        .member("chomp", heredoc.chomp)
        .member("content", heredoc.content)
        .end_object();
  }
  json.end_array();
}

// The instruction that ONBUILD carries has no lines of its own: they are those of the ONBUILD.
void write_instruction(const Instruction& instruction, bool carried, JsonWriter& json) {
  json.begin_object().member("instruction", text::to_lower(instruction.name));
  json.key("flags").begin_array();
  for (const dockerfile::Flag& flag : instruction.flags)
    json.value(flag.text);
  json.end_array();
  write_arguments(instruction, json);
  json.member("json", instruction.json)
      .member("start_line", carried ? 0 : instruction.start_line)
      .member("end_line", carried ? 0 : instruction.end_line);
  if (!instruction.heredocs.empty()) write_heredocs(instruction, json);
  if (instruction.onbuild != nullptr) {
    json.key("onbuild");
    write_instruction(*instruction.onbuild, true, json);
  }
  json.end_object();
}

}  // namespace

void append_tree(const dockerfile::File& file, std::string_view name, std::string& out) {
  JsonWriter json(out);
  json.begin_object().member("file", name);
  if (const auto* error = file.first_error(dockerfile::Error::Phase::kSyntax)) {
    json.key("error")
        .begin_object()
        .member("message", error->message)
        .member("line", error->line)
        .end_object();
  } else {
    json.member("escape", std::string_view(std::string(1, file.escape())));
    json.key("instructions").begin_array();
    for (const Instruction& instruction : file.instructions())
      write_instruction(instruction, false, json);
    json.end_array();
    if (const auto* refused = file.first_error(dockerfile::Error::Phase::kInstruction)) {
      json.member("instruction_error", fmt::format("error on line {}: {}", refused->line, refused->message));
    }
  }
  json.end_object();
  out += '\n';
}

}  // namespace dcache::report
