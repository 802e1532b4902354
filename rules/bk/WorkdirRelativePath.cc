#include <optional>
#include <vector>

#include "dcache/lint/rule.h"
#include "rules/dispatch.h"
#include "rules/stages.h"
#include "rules/twins.h"
#include "rules/variables.h"

namespace dcache::rules::WorkdirRelativePath {
namespace {

using dockerfile::Keyword;

// BuildKit knows drive letters only where it builds for Windows. Without `--platform` a base image may be one
// of Windows all the same.
bool is_absolute(lint::Dockerfile& dockerfile, const plan::Stage& stage, std::string_view path) {
  if (path.starts_with('/')) return true;
  const bool windows =
      stage.platform.starts_with("windows") || dockerfile.config().profile != lint::Profile::kBuildkit;
  return windows && !path.starts_with('$') && may_be_absolute(path);
}

// Whether a path begins with a variable that nothing in the file sets: the base image may set it, if it has
// one.
bool may_be_set_by_base(lint::Dockerfile& dockerfile, const plan::Stage& stage, std::string_view path) {
  const std::string_view name = leading_variable(path);
  if (name.empty() || names_set_in(dockerfile).contains(name)) return false;
  const plan::Graph& graph = dockerfile.graph();
  const plan::Stage* first = &stage;
  while (first->base_stage)
    first = &graph.stages[*first->base_stage];
  const auto words = first->from->arguments;
  return !words.empty() && graph.text_of(words.front()) != "scratch";
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const bool as_buildkit = answers_as_buildkit(dockerfile);
  const plan::Graph& graph = dockerfile.graph();
  std::vector<bool> is_set(graph.stages.size());
  std::optional<size_t> stage;
  for (const DispatchedInstruction& one : dispatched(dockerfile)) {
    for (size_t next = stage ? *stage + 1 : 0; stage != one.stage; stage = next++) {
      const auto& base = graph.stages[next].base_stage;
      is_set[next] = base && is_set[*base];
    }
    if (one.instruction->keyword != Keyword::kWorkdir || one.instruction->arguments.empty()) continue;
    const bool known = is_set[one.stage];
    is_set[one.stage] = true;
    const dockerfile::Word& path = one.instruction->arguments.front();
    if (known || is_absolute(dockerfile, graph.stages[one.stage], graph.text_of(path))) continue;
    if (!as_buildkit && may_be_set_by_base(dockerfile, graph.stages[one.stage], path.text)) continue;
    at_place(one, report_relative_workdir(reporter, *one.place, graph.text_of(path), path.span));
  }
}

constexpr std::string_view kCovers[] = {"DL3000"};

}  // namespace

lint::Rule rule() {
  return {.code = "WorkdirRelativePath",
          .name = "WorkdirRelativePath",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kBuildkit,
          .summary = "WORKDIR has a relative path, and no WORKDIR above has an absolute one",
          .rationale =
              "A relative WORKDIR starts at the working directory of the base image. If the base image "
              "changes it, the folder moves without a warning.\n\nA path that begins with a variable "
              "which the file does not set, such as `$HOME`, may be absolute because of the base image: "
              "only the profiles `buildkit` and `all` report it.",
          .bad = {"FROM debian:12\n"
                  "WORKDIR app\n"},
          .good = {"FROM debian:12\n"
                   "WORKDIR /app\n"},
          .covers = kCovers,
          .check = check};
}

}  // namespace dcache::rules::WorkdirRelativePath
