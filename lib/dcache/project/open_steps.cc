#include "dcache/project/open_steps.h"

#include <optional>

#include "dcache/cache/keys.h"
#include "dcache/plan/graph.h"

namespace dcache::project {
namespace {

using cache::Cause;
using cache::Verdict;

constexpr const char* kOtherValue = "another-value";

bool is_reused(const cache::StepReport& step) {
  return step.verdict == Verdict::kHit || step.verdict == Verdict::kUnknown;
}

// The verdicts if the argument had another value; nothing if there were other steps then.
std::optional<cache::Report> with_other_value(const cache::Build& build, const std::string& name) {
  plan::Options options = build.options().plan;
  options.build_args[name] = kOtherValue;
  const plan::Graph graph = plan::build_graph(build.file(), options);
  if (graph.steps.size() != build.graph().steps.size()) return std::nullopt;
  const cache::Contexts contexts = build.contexts();
  const auto keys = cache::compute_keys(build.graph(), contexts);
  const auto other_keys = cache::compute_keys(graph, contexts);
  return cache::compare({&build.graph(), &keys}, {&graph, &other_keys});
}

Cause cause_in(const cache::Build& build, const cache::StepReport& step) {
  Cause cause;
  cause.line = build.graph().steps[step.step].instruction->start_line;
  return cause;
}

}  // namespace

void open_steps(const cache::Build& build, const std::vector<OpenArgument>& arguments,
                cache::Report& report) {
  for (const OpenArgument& argument : arguments) {
    const auto other = with_other_value(build, argument.name);
    for (cache::StepReport& step : report.steps) {
      if (!is_reused(step) || (other && is_reused(other->steps[step.step]))) continue;
      step.verdict = Verdict::kDepends;
      step.follows = other ? other->steps[step.step].follows : std::nullopt;
      step.cause = cause_in(build, step);
      step.cause.kind = Cause::Kind::kVariable;
      step.cause.change = "unknown";
      step.cause.name = argument.name;
      step.cause.after = argument.reason;
    }
  }
}

void open_steps(const cache::Build& build, const std::string& definition, cache::Report& report) {
  for (cache::StepReport& step : report.steps) {
    if (!is_reused(step)) continue;
    step.verdict = Verdict::kDepends;
    step.cause = cause_in(build, step);
    step.cause.kind = Cause::Kind::kFile;
    step.cause.path = definition;
    step.cause.change = "build";
  }
}

}  // namespace dcache::project
