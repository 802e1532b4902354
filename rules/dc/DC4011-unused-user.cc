#include <algorithm>

#include <fmt/format.h>

#include "dcache/cache/selection.h"
#include "dcache/lint/rule.h"
#include "rules/final_image.h"
#include "rules/invocations.h"
#include "rules/root.h"
#include "rules/variables.h"

namespace dcache::rules::DC4011 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

constexpr std::string_view kPrograms[] = {"useradd", "adduser"};

// The name of the user that a command makes; empty where it can't be told.
std::string_view made_user(const Invocation& call) {
  const shell::Word& last = call.words.back();
  if (call.words.size() < 2 || !last.literal || last.text.starts_with('-')) return {};
  // `adduser USER GROUP` adds a user that exists to a group.
  if (call.program == "adduser" && call.words.size() == 3 && !call.words[1].text.starts_with('-')) return {};
  return last.text;
}

// How often commands that make users and groups, or change them, name it.
size_t times_named_by_makers(const lint::Run& run, std::string_view user) {
  constexpr std::string_view kMakers[] = {"useradd", "adduser",  "groupadd", "addgroup",
                                          "usermod", "groupmod", "passwd"};
  size_t count = 0;
  for (const shell::Command& command : run.commands) {
    const auto words = shell::invocation(command);
    if (std::ranges::find(kMakers, shell::program_of(words)) == std::end(kMakers)) continue;
    count += times_named(command.spelling, user);
  }
  return count;
}

bool is_used(const FinalImage& image, std::string_view user) {
  return std::ranges::any_of(image.instructions, [&](const Instruction* one) {
    size_t named = times_named(one->joined, user);
    for (const dockerfile::Heredoc& heredoc : one->heredocs)
      named += times_named(heredoc.content, user);
    if (named == 0 || one->keyword != Keyword::kRun) return named > 0;
    const auto run = std::ranges::find(image.runs, one, &lint::Run::instruction);
    return run == image.runs.end() || named > times_named_by_makers(**run, user);
  });
}

std::vector<const Invocation*> makers_in(lint::Dockerfile& dockerfile, const FinalImage& image) {
  std::vector<const Invocation*> makers;
  for (const std::string_view program : kPrograms) {
    for (const Invocation& call : invocations_of(dockerfile, program)) {
      if (std::ranges::find(image.runs, call.run) != image.runs.end()) makers.push_back(&call);
    }
  }
  return makers;
}

// Whether a small file that a COPY of the image may bring names the user: the configuration of a service that
// changes to it.
bool is_in_copied_file(lint::Dockerfile& dockerfile, const FinalImage& image, std::string_view user) {
  constexpr size_t kMostFiles = 64;
  constexpr uint64_t kLargest = 1U << 16U;
  const lint::BuildContext* context = dockerfile.build_context();
  if (context == nullptr) return false;
  size_t files = 0;
  for (const plan::Step& step : dockerfile.graph().steps) {
    if (std::ranges::find(image.instructions, step.instruction) == image.instructions.end()) continue;
    for (const plan::Read& read : step.reads) {
      if (read.origin != plan::Read::Origin::kContext) continue;
      for (const cache::SelectedFile& file : cache::select(context->files, read.selectors).files) {
        if (file.record->type != context::Type::kFile || file.record->size > kLargest) continue;
        if (++files > kMostFiles) return false;
        const auto text = context->read(file.record->path);
        if (text && times_named(*text, user) > 0) return true;
      }
    }
  }
  return false;
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const bool makes_user = std::ranges::any_of(
      kPrograms, [&](std::string_view program) { return !invocations_of(dockerfile, program).empty(); });
  if (!makes_user) return;
  const FinalImage& image = final_image(dockerfile);
  if (image.user != nullptr || image.starter() == nullptr || image.starts_script() || gives_up_root(image))
    return;
  const std::vector<const Invocation*> makers = makers_in(dockerfile, image);
  // Several are those of services, which start programs as them. Editors start containers as vscode.
  if (makers.size() != 1) return;
  const Invocation& call = *makers.front();
  const std::string_view user = made_user(call);
  if (user.size() < 2 || user == "vscode" || is_used(image, user) ||
      is_in_copied_file(dockerfile, image, user))
    return;
  auto& finding = reporter.report(
      call.run->instruction->span, fmt::format("the user {} is created, but nothing uses it", user),
      fmt::format("write USER {} before CMD or ENTRYPOINT, or do not create it", user));
  finding.focus = call.run->span_of(call.command->spelling);
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/building/best-practices/#user"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC4011",
      .name = "unused-user",
      .level = lint::Level::kInfo,
      .summary = "A user is made, and the container runs as root",
      .rationale =
          "A Dockerfile that makes a user usually means to run the program as that user. Without USER the "
          "program runs as root. The rule reports users that no other instruction and no copied file "
          "names, in images that start a program and not a script or a service, which could switch to the "
          "user itself.",
      .bad = {"FROM debian:12\n"
              "RUN useradd --system app\n"
              "COPY server /server\n"
              "CMD [\"/server\"]\n"},
      .good = {"FROM debian:12\n"
               "RUN useradd --system app\n"
               "COPY server /server\n"
               "USER app\n"
               "CMD [\"/server\"]\n"},
      .references = kReferences,
      .security_severity = "3.0",
      .check = check};
}

}  // namespace dcache::rules::DC4011
