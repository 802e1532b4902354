#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "rules/dispatch.h"

namespace dcache::rules::CopyIgnoredFile {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

constexpr lint::ExampleFile kFiles[] = {{".dockerignore", "*.md\n"}, {"app", ""}, {"notes.md", ""}};

void report(lint::Reporter& reporter, const DispatchedInstruction& one, const lint::BuildContext& context,
            std::string_view path, text::Span focus) {
  report_at(reporter, one,
            fmt::format("{} excludes {} from the context", text::base_name(context.ignore_file), path),
            fmt::format("add !{} to it, or copy something else", path))
      .focus = focus;
}

// As BuildKit has it: what the patterns say of the text of the source, unless there are exceptions.
bool is_ignored_for_buildkit(const lint::BuildContext& context, std::string_view source) {
  const auto& patterns = context.ignore->patterns();
  if (std::ranges::any_of(patterns, &ignore::Pattern::exception)) return false;
  const std::string path = text::clean_path(source);
  if (path != "." && path != "/") return !path.starts_with('/') && context.ignore->decide(path).ignored;
  return std::ranges::any_of(patterns, [](const ignore::Pattern& pattern) {
    return pattern.path == "*" || pattern.path == "**" || pattern.path == "**/*";
  });
}

// Whether the builder looks for the path and finds nothing, because it is ignored. A wildcard may match
// nothing, and an exception may have kept something below an ignored folder. Where there is no such file even
// without the ignore file, another folder is the context.
bool is_missed(const lint::BuildContext& context, std::string_view path) {
  return !path.empty() && !text::has_wildcard(path) && context.ignore->decide(path).ignored &&
         context.files.find(path) == nullptr && context.files.below(path).empty() &&
         context.file_system->exists(text::join_path(context.folder, path));
}

void check_sources(lint::Dockerfile& dockerfile, lint::Reporter& reporter, const DispatchedInstruction& one,
                   const lint::BuildContext& context) {
  const bool as_buildkit = dockerfile.config().profile == lint::Profile::kBuildkit;
  const Instruction& instruction = *one.instruction;
  for (const dockerfile::Word& word : instruction.arguments.first(instruction.arguments.size() - 1)) {
    const std::string_view source = dockerfile.graph().text_of(word);
    if (plan::is_remote(source) || word.text.starts_with("<<")) continue;
    const std::string path = text::clean_path("/" + std::string(source)).substr(1);
    if (as_buildkit ? is_ignored_for_buildkit(context, source) : is_missed(context, path))
      report(reporter, one, context, as_buildkit ? text::clean_path(source) : path, word.span);
  }
}

// BuildKit has no check for what a mount reads.
void check_mounts(lint::Dockerfile& dockerfile, lint::Reporter& reporter, const DispatchedInstruction& one,
                  const lint::BuildContext& context) {
  const lint::Run& run = dockerfile.run_at(*one.instruction);
  for (size_t i = 0; i < run.mounts.size(); ++i) {
    const dockerfile::Mount& mount = run.mounts[i];
    const bool reads = mount.type == dockerfile::Mount::Type::kBind && mount.from.empty();
    const std::string path = text::clean_path("/" + mount.source).substr(1);
    if (reads && path.find('$') == std::string::npos && is_missed(context, path))
      report(reporter, one, context, path, run.mount_flags[i]->span);
  }
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const DispatchedInstruction& one : dispatched(dockerfile)) {
    const Instruction& instruction = *one.instruction;
    const bool copies = (instruction.keyword == Keyword::kCopy || instruction.keyword == Keyword::kAdd) &&
                        instruction.find_flag("from") == nullptr && instruction.arguments.size() > 1;
    const bool mounts = instruction.keyword == Keyword::kRun && instruction.find_flag("mount") != nullptr &&
                        dockerfile.config().profile != lint::Profile::kBuildkit;
    if (!copies && !mounts) continue;
    const lint::BuildContext* context = dockerfile.build_context();
    if (context == nullptr || !context->ignore) return;
    if (copies) check_sources(dockerfile, reporter, one, *context);
    if (mounts) check_mounts(dockerfile, reporter, one, *context);
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "CopyIgnoredFile",
          .name = "CopyIgnoredFile",
          .level = lint::Level::kError,
          .origin = lint::Origin::kBuildkit,
          .summary = "An instruction reads a file that the ignore file excludes from the context",
          .rationale =
              "Builders never see a file that `.dockerignore` excludes, so a COPY, ADD or bind mount that "
              "names it fails: not found. Name another file, or add an exception with `!` to the ignore "
              "file. The profile `buildkit` reports what BuildKit's own check reports: it compares the "
              "pattern as text, reports nothing if the ignore file has exceptions, and does not look at "
              "mounts.",
          .bad = {"FROM debian:12\n"
                  "COPY notes.md /\n",
                  kFiles},
          .good = {"FROM debian:12\n"
                   "COPY app /\n",
                   kFiles},
          .check = check};
}

}  // namespace dcache::rules::CopyIgnoredFile
