// RUN, and the mounts of it.
#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "dcache/plan/planner.h"
#include "dcache/text/path.h"

namespace dcache::plan {

using dockerfile::Flag;
using dockerfile::Heredoc;
using dockerfile::Instruction;
using dockerfile::Mount;
using dockerfile::Word;

namespace {

// Several mounts of one origin are hashed together.
void merge_read(Read read, std::vector<Read>& reads) {
  const auto same = std::find_if(reads.begin(), reads.end(), [&](const Read& other) {
    return other.origin == read.origin && other.stage == read.stage && other.name == read.name;
  });
  if (same == reads.end()) {
    reads.push_back(std::move(read));
  } else {
    std::move(read.selectors.begin(), read.selectors.end(), std::back_inserter(same->selectors));
  }
}

}  // namespace

void Planner::add_run(const Instruction& instruction) {
  Step step;
  step.kind = Step::Kind::kRun;
  step.instruction = &instruction;
  std::vector<Part>& parts = step.definition;
  parts.push_back({Part::Kind::kOperation, {}, "run"});
  add_command(instruction, parts);
  step.environment = stage().environment;
  parts.push_back({Part::Kind::kWorkdir, {}, stage().workdir});
  if (!stage().user.empty()) parts.push_back({Part::Kind::kUser, {}, stage().user});
  parts.push_back({Part::Kind::kPlatform, {}, stage().platform});
  if (options_.builder == Builder::kBuildah)
    parts.push_back(
        {Part::Kind::kArguments, {}, std::string(instruction.joined.substr(instruction.name.size()))});
  if (options_.builder == Builder::kClassic && has_only_proxies())
    parts.push_back({Part::Kind::kVariable, "HTTP_PROXY and the like", "given"});
  for (const Flag& flag : instruction.flags)
    add_run_flag(instruction, flag, step);
  add_step(std::move(step));
}

bool Planner::has_only_proxies() {
  const bool proxies = std::any_of(options_.build_args.begin(), options_.build_args.end(),
                                   [](const auto& argument) { return is_proxy(argument.first); });
  if (!proxies) return false;
  const auto variables = stage().environment.variables();
  return std::none_of(variables.begin(), variables.end(), [](const Variable* v) { return v->argument; });
}

void Planner::add_command(const Instruction& instruction, std::vector<Part>& parts) {
  const auto argument = [&](std::string_view text) {
    parts.push_back({Part::Kind::kArguments, {}, std::string(text)});
  };
  if (!instruction.json) {
    for (const std::string& word : stage().shell)
      parts.push_back({Part::Kind::kShell, {}, word});
  }
  if (instruction.heredocs.empty() || instruction.json || instruction.arguments.empty()) {
    for (const Word& word : instruction.arguments)
      argument(word.text);
    return;
  }
  const Heredoc& first = instruction.heredocs.front();
  const bool whole = first.marker == instruction.arguments[0].span;  // nothing but the heredoc
  const std::string content = heredoc_text(first);
  if (whole && content.starts_with("#!")) {
    argument("/dev/pipes/" + std::string(first.name));
    parts.push_back({Part::Kind::kHeredoc, std::string(first.name), content});
  } else if (whole) {
    argument(content);
  } else {
    std::string text(instruction.arguments[0].text);
    for (const Heredoc& heredoc : instruction.heredocs) {
      text += fmt::format("\n{}{}", heredoc.content, heredoc.name);
    }
    argument(text);
  }
}

void Planner::add_run_flag(const Instruction& instruction, const Flag& flag, Step& step) {
  if (flag.name == "mount") {
    auto mount =
        dockerfile::read_mount(flag.value, noting_lookup(instruction, stage().environment), expand_options_);
    if (mount) return add_mount(instruction, flag, *mount, step);
    fail(instruction, flag.span, "--mount can't be read: " + mount.error(),
         "see the options of each type of mount in the Dockerfile reference");
  }
  const Part::Kind kind = flag.name == "network"    ? Part::Kind::kNetwork
                          : flag.name == "security" ? Part::Kind::kSecurity
                                                    : Part::Kind::kDevice;
  const bool is_default = flag.value == "default" || flag.value == "sandbox";
  if (!is_default) step.definition.push_back({kind, {}, std::string(flag.value)});
}

void Planner::add_mount(const Instruction& instruction, const Flag& flag, const Mount& mount, Step& step) {
  std::string target = mount.target;
  if (!target.empty() && !target.starts_with('/')) target = rooted(stage().workdir + "/" + target);
  if (!target.empty()) step.mount_targets.push_back(target);
  const auto number = [](const std::optional<uint32_t>& value) {
    return value ? std::to_string(*value) : "-";
  };
  const std::string id =
      mount.type == Mount::Type::kCache && mount.id.empty() ? text::clean_path(target) : mount.id;
  step.definition.push_back(
      {Part::Kind::kMount, std::string(dockerfile::name_of(mount.type)),
       fmt::format("target={} id={} sharing={} ro={} required={} size={} mode={} uid={} gid={} env={}",
                   target, id, mount.sharing == "shared" ? "" : mount.sharing, mount.read_only,
                   mount.required, mount.size, number(mount.mode), number(mount.uid), number(mount.gid),
                   mount.env.value_or("-"))});
  const bool reads =
      mount.type == Mount::Type::kBind || (mount.type == Mount::Type::kCache && !mount.from.empty());
  if (!reads) return;
  Read read = origin_of(instruction, mount.from, flag.span);
  const std::string source = rooted(mount.source);
  read.selectors.push_back({source, mount.source.empty() ? "." : mount.source, false, {}, {}});
  merge_read(std::move(read), step.reads);
}

Read Planner::origin_of(const Instruction& instruction, std::string_view from, text::Span span) {
  Read read;
  if (from.empty()) return read;
  const auto named = options_.named_contexts.find(from);
  if (named != options_.named_contexts.end()) {
    const bool image = named->second.starts_with(kImageScheme);
    read.origin = image ? Read::Origin::kImage : Read::Origin::kNamedContext;
    read.name = image ? named->second.substr(kImageScheme.size()) : named->first;
    return read;
  }
  const Stage* source = graph_.find_stage(from);
  if (source != nullptr && source->index == stage().index) {
    fail(instruction, span, fmt::format("the stage '{}' reads from itself", from),
         "name another stage, or copy within the stage with RUN cp");
    source = nullptr;
  }
  if (source == nullptr && from.find_first_not_of("0123456789") == std::string_view::npos) {
    fail(instruction, span, fmt::format("there is no stage of number {}", from), "name a stage above");
    graph_.errors.back().before_steps = true;
  }
  if (source == nullptr) {
    read.origin = Read::Origin::kImage;
    read.name = from;
    return read;
  }
  read.origin = Read::Origin::kStage;
  read.stage = source->index;
  return read;
}

}  // namespace dcache::plan
