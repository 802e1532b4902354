#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/stages.h"
#include "rules/variables.h"

namespace dcache::rules::DC4010 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

constexpr size_t kMostArguments = 500;  // nobody declares more, and each is looked for in the whole file

// Arguments that the builder itself reads.
bool is_read_by_builder(std::string_view name) {
  return name.starts_with("BUILDKIT_") || name == "SOURCE_DATE_EPOCH" || name.ends_with("_proxy") ||
         name.ends_with("_PROXY");
}

std::string_view name_of(const dockerfile::Word& word) {
  return word.text.substr(0, word.text.find('='));
}

// Whether an instruction names the argument, or runs something that may read it.
bool may_use(const Instruction& instruction, std::string_view name) {
  if (instruction.keyword == Keyword::kRun || instruction.keyword == Keyword::kUnknown) return true;
  if (times_named(instruction.joined, name) > 0) return true;
  return std::ranges::any_of(instruction.heredocs, [&](const dockerfile::Heredoc& heredoc) {
    return times_named(heredoc.content, name) > 0;
  });
}

// Where a use of an argument can be: after it in its stage; of one above the first FROM in the whole file.
bool is_used(std::span<const Instruction> where, bool global, const Instruction& arg,
             const dockerfile::Word& word) {
  const std::string_view name = name_of(word);
  return std::ranges::any_of(where,
                             [&](const Instruction& one) {
                               if (&one <= &arg) return false;
                               if (global && one.keyword == Keyword::kRun) return false;
                               return may_use(one, name);
                             }) ||
         std::ranges::any_of(arg.arguments, [&](const dockerfile::Word& other) {
           return &other > &word && times_named(other.text, name) > 0;
         });
}

// The builder knows no comments after an instruction: each word declares an argument.
void report_comment(const Instruction& arg, const dockerfile::Word& word, lint::Reporter& reporter) {
  auto& finding = reporter.report(
      arg.span, "a comment can't follow ARG in its line: every word of it declares a build argument",
      "write the comment on a line of its own, above");
  finding.focus = word.span;
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  std::vector<bool> is_base(stages.size());
  for (const WrittenStage& stage : stages) {
    if (stage.base) is_base[*stage.base] = true;
  }
  size_t arguments = 0;
  for (size_t i = 0; i < stages.size(); ++i) {
    const WrittenStage& stage = stages[i];
    const bool global = stage.from == nullptr;
    if (!global && is_base[i]) continue;
    for (const Instruction& arg : stage.body) {
      if (arg.keyword != Keyword::kArg) continue;
      for (const dockerfile::Word& word : arg.arguments) {
        if (word.text.starts_with('#')) {
          report_comment(arg, word, reporter);
          break;
        }
        if (++arguments > kMostArguments) return;
        const std::string_view name = name_of(word);
        const auto where = global ? dockerfile.file().instructions() : stage.body;
        if (name.empty() || is_read_by_builder(name) || is_used(where, global, arg, word)) continue;
        auto& finding = reporter.report(
            arg.span, fmt::format("nothing uses the build argument {}", name),
            global ? "use it in a FROM, declare it again in the stage that needs it, or remove it"
                   : "remove it, or move it to the stage that uses it");
        finding.focus = word.span;
      }
    }
  }
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/building/variables/#scoping"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC4010",
      .name = "unused-arg",
      .level = lint::Level::kInfo,
      .summary = "A build argument is declared and nothing uses it",
      .rationale =
          "An ARG counts from its line to the end of its stage, and one above the first FROM only in FROM. "
          "If nothing there names it and no RUN follows that could read it, `--build-arg` has no effect: "
          "the argument is left over, or it is in the wrong stage.",
      .bad = {"FROM debian:12\n"
              "COPY app /app\n"
              "ARG VERSION\n"
              "CMD [\"/app\"]\n"},
      .good = {"FROM debian:12\n"
               "COPY app /app\n"
               "ARG VERSION\n"
               "LABEL version=$VERSION\n"
               "CMD [\"/app\"]\n"},
      .references = kReferences,
      .check = check};
}

}  // namespace dcache::rules::DC4010
