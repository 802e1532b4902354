#include "dcache/lint/subject.h"

#include <algorithm>
#include <array>

#include "dcache/text/path.h"

namespace dcache::lint {
namespace {

using dockerfile::Instruction;

bool is_posix_shell(const std::vector<std::string>& shell) {
  if (shell.empty()) return false;
  constexpr std::array<std::string_view, 7> kShells = {"sh", "bash", "ash", "dash", "zsh", "ksh", "busybox"};
  return std::find(kShells.begin(), kShells.end(), text::base_name(shell.front())) != kShells.end();
}

shell::Command command_of_json(const Instruction& instruction) {
  shell::Command command;
  for (const dockerfile::Word& word : instruction.arguments) {
    command.words.push_back({.text = word.text, .spelling = {}});
  }
  return command;
}

// The shell in force when the step runs.
std::vector<std::string> shell_of(const plan::Step& step) {
  std::vector<std::string> shell;
  for (const plan::Part& part : step.definition) {
    if (part.kind == plan::Part::Kind::kShell) shell.push_back(part.value);
  }
  return shell;
}

Run make_run(const dockerfile::File& file, const plan::Graph& graph, size_t index, text::Arena& texts) {
  const plan::Step& step = graph.steps[index];
  Run run;
  run.step = index;
  run.instruction = step.instruction;
  run.source = file.source();
  run.shell_form = !step.instruction->json;
  const bool whole_heredoc = !step.instruction->heredocs.empty() && !step.instruction->arguments.empty() &&
                             step.instruction->heredocs.front().marker == step.instruction->arguments[0].span;
  run.in_heredoc = whole_heredoc;
  run.script = whole_heredoc ? step.instruction->heredocs.front().content : step.instruction->rest;
  const bool shebang = whole_heredoc && run.script.starts_with("#!");
  run.posix_shell = shebang ? run.script.substr(0, run.script.find('\n')).find("sh") != std::string_view::npos
                            : !run.shell_form || is_posix_shell(shell_of(step));
  if (!run.shell_form) {
    run.commands.push_back(command_of_json(*step.instruction));
  } else if (run.posix_shell) {
    run.commands = shell::split(run.script, texts);
  }
  const dockerfile::Lookup keep = [](std::string_view) { return std::nullopt; };
  for (const dockerfile::Flag& flag : step.instruction->flags) {
    if (flag.name != "mount") continue;
    auto mount = dockerfile::read_mount(flag.value, keep, {.escape = file.escape(), .keep_unset = true});
    if (mount) run.mounts.push_back(std::move(*mount));
  }
  return run;
}

}  // namespace

std::span<const context::Record* const> Surroundings::called(std::string_view name) const {
  const auto name_of = [](const context::Record* record) { return text::base_name(record->path); };
  const std::scoped_lock lock(mutex_);
  if (by_name_.empty()) {
    for (const context::Record& record : files.records())
      by_name_.push_back(&record);
    std::ranges::stable_sort(by_name_, {}, name_of);
  }
  return std::ranges::equal_range(by_name_, name, {}, name_of);
}

const std::string& Surroundings::remembered(std::string_view rule,
                                            const std::function<std::string()>& make) const {
  const std::scoped_lock lock(mutex_);
  auto known = remembered_.find(rule);
  if (known == remembered_.end()) known = remembered_.emplace(rule, make()).first;
  return known->second;
}

text::Span Run::span_of(std::string_view part) const {
  const auto inside = [&](std::string_view whole) {
    return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
  };
  if (part.data() != nullptr && inside(source)) {
    const auto begin = static_cast<uint32_t>(part.data() - source.data());
    return {begin, begin + static_cast<uint32_t>(part.size())};
  }
  if (part.data() != nullptr && inside(instruction->joined)) return instruction->source_span(part);
  return instruction->span;
}

Subject::Subject(const dockerfile::File& file, const Config& config, LoadSurroundings load)
    : file_(file), config_(config), load_(std::move(load)) {}

const plan::Graph& Subject::graph() {
  if (!graph_) graph_ = std::make_unique<plan::Graph>(plan::build_graph(file_, {}));
  return *graph_;
}

const std::vector<Run>& Subject::runs() {
  if (!runs_) {
    runs_ = std::make_unique<std::vector<Run>>();
    for (size_t i = 0; i < graph().steps.size(); ++i) {
      if (graph().steps[i].kind == plan::Step::Kind::kRun)
        runs_->push_back(make_run(file_, graph(), i, texts_));
    }
  }
  return *runs_;
}

const Run& Subject::run_of(size_t step) {
  return *std::lower_bound(runs().begin(), runs().end(), step,
                           [](const Run& run, size_t wanted) { return run.step < wanted; });
}

const Surroundings* Subject::surroundings() {
  if (!surroundings_asked_) {
    surroundings_asked_ = true;
    if (load_) surroundings_ = load_();
  }
  return surroundings_.get();
}

}  // namespace dcache::lint
