#include "dcache/plan/vertex_name.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "dcache/dockerfile/expand.h"
#include "dcache/dockerfile/mount.h"
#include "dcache/plan/image.h"
#include "dcache/plan/values.h"
#include "dcache/text/unicode.h"

namespace dcache::plan {
namespace {

// Whether a step refers to something that BuildKit counts as one more stage: an image or a named context. A
// mount without `from` counts as one from scratch.
bool makes_hidden_stage(const Graph& graph, const Step& step) {
  const bool mounts = step.kind == Step::Kind::kRun && step.find(Part::Kind::kMount) != nullptr;
  const bool reads_other =
      step.kind != Step::Kind::kImage && std::ranges::any_of(step.reads, [](const Read& read) {
        return read.origin == Read::Origin::kImage || read.origin == Read::Origin::kNamedContext;
      });
  return reads_other || (mounts && graph.builder == Builder::kBuildkit);
}

// Whether ONBUILD of an earlier stage or of another Dockerfile put it off.
bool is_trigger(const Step& step, const Stage& stage) {
  return step.trigger || step.instruction->start_line < stage.from->start_line;
}

// FROM of a named context has a name of another kind.
bool is_numbered(const Step& step) {
  if (step.kind == Step::Kind::kMetadata) return false;
  if (step.kind != Step::Kind::kImage) return true;
  return step.reads.empty() && is_valid_reference(step.image);
}

// "alpine" as "docker.io/library/alpine:latest".
std::string full_reference(std::string_view text) {
  const std::string normal = normal_reference(text);
  const size_t slash = normal.find('/');
  const std::string_view host = std::string_view(normal).substr(0, slash);
  const bool has_host = slash != std::string::npos &&
                        (host.find_first_of(".:") != std::string_view::npos || host == "localhost");
  if (has_host) return normal;
  return (slash == std::string::npos ? "docker.io/library/" : "docker.io/") + normal;
}

// Variables of the environment whose value comes from a secret.
std::set<std::string, std::less<>> secret_variables(const Step& step, char escape) {
  std::set<std::string, std::less<>> names;
  for (const dockerfile::Flag& flag : step.instruction->flags) {
    if (flag.name != "mount") continue;
    const auto mount = dockerfile::read_mount(flag.value, step.environment->lookup(), {.escape = escape});
    if (mount && mount->type == dockerfile::Mount::Type::kSecret && mount->env) names.insert(*mount->env);
  }
  return names;
}

// With the keyword in capitals.
std::string in_capitals(std::string text) {
  for (char& c : text) {
    if (c == ' ') break;
    c = text::ascii_upper(c);
  }
  return text;
}

// The line without what is before the keyword: ONBUILD.
std::string_view words_of(const dockerfile::Instruction& instruction) {
  const auto before = static_cast<size_t>(instruction.name.data() - instruction.joined.data());
  return text::trim(instruction.joined.substr(std::min(before, instruction.joined.size())));
}

std::string first_line(std::string_view text) {
  text = text::trim(text);
  const size_t end = text.find('\n');
  std::string line(text::trim_right(text.substr(0, end)));
  return end == std::string_view::npos ? line : line + "...";
}

// The platform that the variables of a step name, if it is not `base`.
std::string target_platform(const Step& step, const Stage& stage) {
  const Environment& variables = step.environment ? *step.environment : stage.environment;
  const std::string& base = stage.platform;
  if (step.kind == Step::Kind::kImage) return "";
  const auto get = [&](std::string_view name) { return std::string(variables.get(name).value_or("")); };
  std::string named = get("TARGETPLATFORM");
  const Platform own = split_platform(base);
  if (named.empty()) {
    const std::string os = get("TARGETOS");
    const std::string architecture = get("TARGETARCH");
    const std::string variant = get("TARGETVARIANT");
    if (os.empty() && architecture.empty() && variant.empty()) return "";
    named = fmt::format("{}/{}", os.empty() ? own.os : os,
                        architecture.empty() ? own.architecture : architecture);
    if (!variant.empty()) named += '/' + variant;
  }
  const std::string target = normal_platform(named);
  const Platform other = split_platform(target);
  if (other.os != own.os) return "->" + target;
  if (other.architecture == own.architecture) return "";
  return "->" + other.architecture + (other.variant.empty() ? "" : "/" + other.variant);
}

// Whether an instruction makes a step, as BuildKit counts.
bool is_counted(const dockerfile::Instruction& instruction) {
  using dockerfile::Keyword;
  return instruction.keyword == Keyword::kRun || instruction.keyword == Keyword::kCopy ||
         instruction.keyword == Keyword::kAdd || instruction.keyword == Keyword::kWorkdir;
}

}  // namespace

VertexNames::VertexNames(const dockerfile::File& file, const Graph& graph) : file_(file), graph_(graph) {
  count();
  const bool alone = is_alone();
  for (const Stage& stage : graph.stages)
    stages_.push_back(alone ? "" : stage.name.empty() ? fmt::format("stage-{}", stage.index) : stage.name);
}

void VertexNames::count() {
  totals_.resize(graph_.stages.size());
  numbers_.resize(graph_.steps.size());
  next_run_.resize(graph_.steps.size());
  std::optional<size_t> stage;
  for (const dockerfile::Instruction& instruction : file_.instructions()) {
    if (instruction.keyword == dockerfile::Keyword::kFrom) stage = stage ? *stage + 1 : 0;
    if (stage && *stage < totals_.size() && is_counted(instruction)) ++totals_[*stage];
  }
  for (const Stage& planned : graph_.stages) {
    size_t number = 0;
    for (const size_t step : planned.steps) {
      const Step& counted = graph_.steps[step];
      if (is_numbered(counted)) numbers_[step] = ++number;
      // FROM, and what ONBUILD put off, is not among the instructions of the stage.
      const bool is_extra = counted.kind == Step::Kind::kImage ||
                            (is_counted(*counted.instruction) && is_trigger(counted, planned));
      if (is_extra) ++totals_[planned.index];
    }
    std::optional<size_t> next;
    for (auto step = planned.steps.rbegin(); step != planned.steps.rend(); ++step) {
      if (graph_.steps[*step].environment) next = *step;
      next_run_[*step] = next;
    }
  }
}

bool VertexNames::is_alone() const {
  return graph_.stages.size() == 1 && std::ranges::none_of(graph_.steps, [&](const Step& step) {
           return makes_hidden_stage(graph_, step);
         });
}

std::string VertexNames::text(size_t step) const {
  const Step& planned = graph_.steps[step];
  if (planned.kind == Step::Kind::kImage) return "FROM " + full_reference(planned.image);
  return planned.environment ? run_text(planned) : other_text(planned);
}

std::string VertexNames::run_text(const Step& step) const {
  const dockerfile::Instruction& run = *step.instruction;
  std::string text(words_of(run));
  const bool is_heredoc = !run.json && !run.heredocs.empty() && !run.arguments.empty() &&
                          run.heredocs.front().marker == run.arguments.front().span;
  if (is_heredoc) text += fmt::format(" ({})", first_line(run.heredocs.front().content));
  const char escape = file_.escape();
  const std::set<std::string, std::less<>> secrets = secret_variables(step, escape);
  const dockerfile::Lookup known = step.environment->lookup();
  const auto lookup = [&](std::string_view name) -> std::optional<std::string_view> {
    return secrets.contains(name) ? "****" : known(name);
  };
  const auto expanded =
      dockerfile::expand(text, lookup, {.escape = escape, .keep_quotes = true, .keep_unset = true});
  return in_capitals(expanded ? *expanded : text);
}

// COPY, ADD and WORKDIR. The graph keeps what RUN steps see, and what is set at the end of a stage: of the
// values that are known of a variable, the last one that was set above the step counts.
std::string VertexNames::other_text(const Step& step) const {
  std::string text(words_of(*step.instruction));
  const auto index = static_cast<size_t>(&step - graph_.steps.data());
  const Stage& stage = graph_.stages[step.stage];
  std::vector<const Environment*> environments{&stage.environment};
  if (next_run_[index]) environments.push_back(&*graph_.steps[*next_run_[index]].environment);
  if (step.below && graph_.steps[*step.below].environment)
    environments.push_back(&*graph_.steps[*step.below].environment);
  const uint32_t line = is_trigger(step, stage) ? stage.from->start_line : step.instruction->start_line;
  const auto lookup = [&](std::string_view name) -> std::optional<std::string_view> {
    const Variable* last = nullptr;
    for (const Environment* environment : environments) {
      const Variable* variable = environment->find(name);
      const bool is_later = variable != nullptr && (last == nullptr || variable->line > last->line);
      // What another Dockerfile puts off has the lines of FROM.
      const bool is_above = variable != nullptr && variable->line < line + (step.trigger ? 1 : 0);
      if (is_later && is_above) last = variable;
    }
    return last == nullptr ? std::nullopt : std::optional<std::string_view>(last->value);
  };
  const auto expanded = dockerfile::expand(text, lookup, {.escape = file_.escape()});
  return in_capitals(expanded ? *expanded : std::move(text));
}

std::string VertexNames::name(size_t step, const VertexPrefix& prefix) const {
  if (!numbers_[step]) return text(step);
  const Step& planned = graph_.steps[step];
  const Stage& stage = graph_.stages[planned.stage];
  std::string name = "[";
  const auto add = [&](std::string_view word) {
    if (!word.empty()) name += fmt::format("{} ", word);
  };
  add(prefix.image);
  if (prefix.platform) add(stage.platform + target_platform(planned, stage));
  add(stages_[stage.index]);
  const std::string total = std::to_string(totals_[stage.index]);
  name += fmt::format("{:>{}}/{}] {}", *numbers_[step], total.size(), total,
                      is_trigger(planned, stage) ? "ONBUILD " : "");
  return name + text(step);
}

}  // namespace dcache::plan
