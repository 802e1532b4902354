#include "dcache/lint/dockerfile.h"

#include <algorithm>

#include "dcache/lint/images.h"
#include "dcache/lint/suppress.h"
#include "dcache/plan/image.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"

namespace dcache::lint {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

// The program of a line such as `#!/usr/bin/env bash -e`.
std::string_view interpreter_of(std::string_view script) {
  std::string_view line = text::trim(script.substr(2, script.find('\n') - 2));
  const auto next_word = [&] {
    const std::string_view word = line.substr(0, line.find_first_of(" \t"));
    line = text::trim_left(line.substr(word.size()));
    return text::base_name(word);
  };
  const std::string_view program = next_word();
  return program == "env" ? next_word() : program;
}

shell::Command command_of_json(const Instruction& instruction) {
  shell::Command command;
  for (const dockerfile::Word& word : instruction.arguments) {
    command.words.push_back({.text = word.text, .spelling = {}});
  }
  command.wrappers = shell::count_wrappers(command.words);
  return command;
}

// Whether an image runs Windows, as far as its name tells. (Images to build for Windows run Linux.)
bool is_windows(const Instruction& from, std::string_view image) {
  const dockerfile::Flag* platform = from.find_flag("platform");
  return is_image(ImageKind::kWindows, image) ||
         (platform != nullptr && platform->value.starts_with("windows"));
}

// The SHELL in force while the instructions go by; null for the default, which is that of the base image's
// system unless a comment says what it is.
class ShellInForce {
 public:
  ShellInForce(const dockerfile::File& file, const plan::Graph& graph)
      : comments_(file.comments()), source_(file.source()), graph_(graph) {}

  void pass(const Instruction& instruction) {
    for (; !comments_.empty() && comments_.front().line < instruction.start_line;
         comments_ = comments_.subspan(1)) {
      if (const auto named = read_shell_pragma(comments_.front().span.of(source_))) named_ = *named;
    }
    if (instruction.keyword == Keyword::kShell) {
      stage_.shell = &instruction;
    } else if (instruction.keyword == Keyword::kFrom && !instruction.arguments.empty()) {
      const bool differs = stage_.shell != nullptr || stage_.windows;
      if (differs && !name_.empty()) by_name_[name_] = stage_;
      const std::string image = text::to_lower(graph_.text_of(instruction.arguments.front()));
      const auto base = by_name_.find(image);
      stage_ = base == by_name_.end() ? Stage{nullptr, is_windows(instruction, image)} : base->second;
      name_ = instruction.arguments.size() == 3 ? text::to_lower(instruction.arguments[2].text) : "";
    }
  }

  const Instruction* get() const { return stage_.shell; }
  std::string_view program() const {
    if (stage_.shell == nullptr) return named_.value_or(stage_.windows ? "cmd" : "sh");
    const auto words = stage_.shell->arguments;
    return words.empty() ? "" : text::base_name(words.front().text);
  }

 private:
  struct Stage {
    const Instruction* shell = nullptr;
    bool windows = false;
  };
  std::span<const dockerfile::Comment> comments_;  // that were not passed yet
  std::string_view source_;
  const plan::Graph& graph_;
  std::optional<std::string_view> named_;              // by a comment
  std::map<std::string, Stage, std::less<>> by_name_;  // stages that are not as by default
  std::string name_;
  Stage stage_;
};

Run make_run(const dockerfile::File& file, const Instruction& instruction, const ShellInForce& shell,
             text::Arena& texts) {
  Run run;
  run.instruction = &instruction;
  run.source = file.source();
  run.shell = shell.get();
  run.shell_program = shell.program();
  run.shell_form = !instruction.json;
  const bool whole_heredoc = !instruction.heredocs.empty() && !instruction.arguments.empty() &&
                             instruction.heredocs.front().marker == instruction.arguments[0].span;
  run.in_heredoc = whole_heredoc;
  run.script = whole_heredoc ? instruction.heredocs.front().content : instruction.rest;
  const bool shebang = whole_heredoc && run.script.starts_with("#!");
  if (shebang) run.shell_program = interpreter_of(run.script);
  run.posix_shell = !run.shell_form || shell::is_posix_shell(run.shell_program);
  if (!run.shell_form) {
    shell::Command command = command_of_json(instruction);
    const auto script = shell::inner_script(command.words);
    if (script) run.commands = shell::split(*script, texts);
    if (run.commands.empty()) run.commands.push_back(std::move(command));
  } else if (run.posix_shell) {
    run.commands = shell::split(run.script, texts);
  }
  const dockerfile::Lookup keep = [](std::string_view) { return std::nullopt; };
  for (const dockerfile::Flag& flag : instruction.flags) {
    if (flag.name != "mount") continue;
    auto mount = dockerfile::read_mount(flag.value, keep, {.escape = file.escape(), .keep_unset = true});
    if (!mount) continue;
    run.mounts.push_back(std::move(*mount));
    run.mount_flags.push_back(&flag);
  }
  return run;
}

// `runs` are in the order of the file.
auto find_run(auto& runs, const Instruction& instruction) {
  return std::ranges::lower_bound(runs, instruction.name_span.begin, {},
                                  [](const Run& run) { return run.instruction->name_span.begin; });
}

}  // namespace

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

Dockerfile::Dockerfile(const dockerfile::File& file, const Config& config, BuildFacts facts)
    : file_(file), config_(config), facts_(std::move(facts)) {}

const project::Image* Dockerfile::image() {
  if (!image_asked_) {
    image_asked_ = true;
    image_ = facts_.image();
  }
  return image_.get();
}

plan::Builder builder_for(const Config& config, const BuildFacts& facts) {
  const auto known = facts.builder();
  return known ? *known : config.builder.value_or(plan::Builder::kBuildkit);
}

plan::Builder Dockerfile::builder() {
  if (!builder_) builder_ = builder_for(config_, facts_);
  return *builder_;
}

bool Dockerfile::is_defined(std::string_view name) {
  if (!names_asked_) {
    names_asked_ = true;
    names_ = facts_.names();
  }
  return names_ != nullptr && !name.empty() && names_->contains(plan::normal_reference(name));
}

bool Dockerfile::has_defined_workdir(std::string_view name) {
  const auto image = built_image(name);
  return image && image->sets_workdir;
}

const plan::Graph& Dockerfile::graph() {
  if (graph_) return *graph_;
  plan::Options options{.builder = builder()};
  if (const project::Image* meant = image()) {
    options.named_contexts = meant->build.plan.named_contexts;
    options.build_args = meant->build.plan.build_args;
    for (const project::UnknownAttribute& unknown : meant->target.unknown) {
      constexpr std::string_view kArgs = "args.";
      if (unknown.attribute.starts_with(kArgs))
        options.build_args.erase(unknown.attribute.substr(kArgs.size()));
    }
  }
  graph_ = std::make_unique<plan::Graph>(plan::build_graph(file_, options));
  return *graph_;
}

const std::vector<Run>& Dockerfile::runs() {
  if (runs_) return *runs_;
  runs_ = std::make_unique<std::vector<Run>>();
  ShellInForce shell(file_, graph());
  for (const Instruction& instruction : file_.instructions()) {
    shell.pass(instruction);
    const bool onbuild = instruction.onbuild != nullptr;
    const Instruction& carried = onbuild ? *instruction.onbuild : instruction;
    if (carried.keyword != Keyword::kRun) continue;
    runs_->push_back(make_run(file_, carried, shell, texts_));
    runs_->back().onbuild = onbuild;
  }
  for (size_t i = graph().steps.size(); i-- > 0;) {
    if (graph().steps[i].kind == plan::Step::Kind::kRun)
      find_run(*runs_, *graph().steps[i].instruction)->step = i;
  }
  return *runs_;
}

const Run& Dockerfile::run_of(size_t step) {
  return run_at(*graph().steps[step].instruction);
}

const Run& Dockerfile::run_at(const Instruction& instruction) {
  return *find_run(runs(), instruction);
}

const BuildContext* Dockerfile::build_context() {
  if (!build_context_asked_) {
    build_context_asked_ = true;
    build_context_ = facts_.build_context(&graph());
  }
  return build_context_.get();
}

}  // namespace dcache::lint
