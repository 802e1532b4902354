#include <algorithm>

#include "dcache/lint/rule.h"
#include "dcache/text/path.h"
#include "rules/edits.h"

namespace dcache::rules {
namespace {

// Whether a step that can change stands below: another COPY or a RUN of the stage.
bool stands_on_something(const plan::Graph& graph, const plan::Step& copy) {
  for (std::optional<size_t> at = copy.below; at; at = graph.steps[*at].below) {
    const plan::Step& below = graph.steps[*at];
    if (below.stage != copy.stage) return true;
    if (below.kind == plan::Step::Kind::kRun || (below.kind == plan::Step::Kind::kCopy && !below.independent))
      return true;
  }
  return false;
}

// Owners by name are looked up in the layers below.
bool is_self_contained(const dockerfile::Instruction& copy) {
  return std::ranges::all_of(copy.flags, [](const dockerfile::Flag& flag) {
    if (flag.name == "chown") return flag.value.find_first_not_of("0123456789:") == std::string_view::npos;
    return flag.name == "from";
  });
}

// Where base images have links to folders, a linked layer would put a folder in their place.
bool goes_through_link(std::string_view destination) {
  constexpr std::string_view kLinks[] = {"/bin", "/sbin", "/lib", "/lib64", "/var/run", "/var/lock"};
  return std::ranges::any_of(kLinks,
                             [&](std::string_view link) { return text::is_within(destination, link); });
}

void check(lint::Subject& subject, lint::Reporter& reporter) {
  const plan::Graph& graph = subject.graph();
  const bool directive = subject.file().directive("syntax").has_value();
  for (const plan::Step& step : graph.steps) {
    const dockerfile::Instruction& instruction = *step.instruction;
    const bool copy = step.kind == plan::Step::Kind::kCopy &&
                      instruction.keyword == dockerfile::Keyword::kCopy &&
                      instruction.find_flag("from") != nullptr;
    if (!copy || !is_self_contained(instruction) || goes_through_link(step.destination) ||
        !stands_on_something(graph, step))
      continue;
    // A folder that the steps below may have made a link of.
    const text::Span place{instruction.name_span.end, instruction.name_span.end};
    lint::Diagnostic& diagnostic =
        reporter.report(instruction.span,
                        "this copies again whenever a step below it rebuilds, though the files are the same",
                        "write COPY --link");
    diagnostic.fix = replace(place, " --link", "add --link");
    diagnostic.fix->safe = directive;
  }
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/reference/dockerfile/#copy---link"};

}  // namespace

lint::Rule DC1017() {
  return {.code = "DC1017",
          .name = "copy-link",
          .level = lint::Level::kInfo,
          .origin = lint::Origin::kDcache,
          .fix = lint::FixKind::kSafe,
          .summary = "A COPY from another stage is not linked",
          .rationale =
              "Without `--link` a COPY is a change on top of the layer below, and rebuilds whenever "
              "something below changes, though the files are the same. With `--link` its layer stands on its "
              "own: it is reused as long as what is copied stays the same, and pulled or rebased without a "
              "look at the layers below.",
          .fix_note =
              "Adds `--link`. It is unsafe in a file without a `# syntax=` line, which older builders may "
              "refuse then.",
          .bad = {"FROM golang:1.22 AS build\n"
                  "RUN make\n"
                  "FROM debian:12\n"
                  "RUN apt-get update && apt-get install -y ca-certificates\n"
                  "COPY --from=build /out/app /usr/bin/app\n"},
          .good = {"FROM golang:1.22 AS build\n"
                   "RUN make\n"
                   "FROM debian:12\n"
                   "RUN apt-get update && apt-get install -y ca-certificates\n"
                   "COPY --link --from=build /out/app /usr/bin/app\n"},
          .references = kReferences,
          .needs_buildkit = true,
          .check = check};
}

}  // namespace dcache::rules
