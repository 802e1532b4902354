// RUN, and the mounts of it.
#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "dcache/plan/planner.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"

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

// What a secret and an ssh agent are mounted with, defaults spelled out.
std::string file_words(const Mount& mount, uint32_t mode) {
  return fmt::format(",required={},mode={:04o},uid={},gid={}", mount.required, mount.mode.value_or(mode),
                     mount.uid.value_or(0), mount.gid.value_or(0));
}

std::string secret_words(const Mount& mount) {
  const std::string& given = mount.source.empty() ? mount.id : mount.source;
  const std::string id = given.empty() ? std::string(text::base_name(mount.target)) : given;
  std::string words = "id=" + id;
  if (mount.env) words += ",env=" + *mount.env;
  if (!mount.target.empty()) {
    words += ",target=" + mount.target;
  } else if (!mount.env) {
    words += fmt::format(",target=/run/secrets/{}", text::base_name(id));
  }
  return words + file_words(mount, 0400);
}

// An agent without an ID is the one called `default`, but has a key of its own.
std::string ssh_words(const Mount& mount, size_t number) {
  const std::string target =
      mount.target.empty() ? fmt::format("/run/buildkit/ssh_agent.{}", number) : mount.target;
  return fmt::format("id={},target={}", mount.id, target) + file_words(mount, 0600);
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
  add_run_options(instruction, parts);
  for (const Flag& flag : instruction.flags)
    add_run_flag(flag, step);
  add_mounts(instruction, step);
  add_step(std::move(step));
}

// What the build tells every RUN. BuildKit takes only the names of additional hosts into the key, not their
// addresses.
void Planner::add_run_options(const Instruction& instruction, std::vector<Part>& parts) {
  if (options_.builder != Builder::kBuildkit) return;
  const RunOptions& run = options_.run;
  const auto add = [&](std::string_view name, std::string value) {
    if (!value.empty()) parts.push_back({Part::Kind::kOption, std::string(name), std::move(value)});
  };
  const auto given = options_.build_args.find("BUILDKIT_SANDBOX_HOSTNAME");
  const bool by_argument = given != options_.build_args.end() && !given->second.empty();
  add("hostname", by_argument ? given->second : run.hostname);
  std::string hosts;
  for (const std::string& host : run.add_hosts)
    hosts += (hosts.empty() ? "" : ", ") + text::to_lower(host.substr(0, host.find_first_of("=:")));
  add("add-host", std::move(hosts));
  std::map<std::string_view, std::string_view> limits_of;  // of two of one name the last counts
  for (const std::string& ulimit : run.ulimits) {
    const size_t equals = std::min(ulimit.find('='), ulimit.size());
    limits_of.insert_or_assign(std::string_view(ulimit).substr(0, equals),
                               std::string_view(ulimit).substr(std::min(equals + 1, ulimit.size())));
  }
  std::string ulimits;
  for (const auto& [name, limits] : limits_of) {
    const bool both = limits.find(':') != std::string_view::npos;
    ulimits += fmt::format("{}{}={}", ulimits.empty() ? "" : ", ", name, limits);
    if (!both) ulimits += fmt::format(":{}", limits);
  }
  add("ulimit", std::move(ulimits));
  if (!run.shm_size.empty()) {
    const auto bytes = dockerfile::read_size(run.shm_size);
    add("shm-size", bytes ? std::to_string(*bytes) : run.shm_size);
  }
  add("cgroup-parent", run.cgroup_parent);
  const Flag* network = instruction.find_flag("network");
  const bool own_network = network != nullptr && network->value != "default";
  if (!own_network && !run.network.empty() && run.network != "default")
    parts.push_back({Part::Kind::kNetwork, {}, run.network});
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

void Planner::add_run_flag(const Flag& flag, Step& step) {
  if (flag.name == "mount") return;
  const Part::Kind kind = flag.name == "network"    ? Part::Kind::kNetwork
                          : flag.name == "security" ? Part::Kind::kSecurity
                                                    : Part::Kind::kDevice;
  const bool is_default = flag.value == "default" || flag.value == "sandbox";
  if (!is_default) step.definition.push_back({kind, {}, std::string(flag.value)});
}

// BuildKit sorts mounts by where they are; those of secrets and ssh agents come after all others.
void Planner::add_mounts(const Instruction& instruction, Step& step) {
  struct Mounted {
    const Flag* flag;
    Mount mount;
    std::string target;
  };
  std::vector<Mounted> mounts;
  for (const Flag& flag : instruction.flags) {
    if (flag.name != "mount") continue;
    auto mount =
        dockerfile::read_mount(flag.value, noting_lookup(instruction, stage().environment), expand_options_);
    if (!mount) {
      fail(instruction, flag.span, "--mount can't be read: " + mount.error(),
           "see the options of each type of mount in the Dockerfile reference");
      continue;
    }
    std::string target = mount->target;
    if (!target.empty() && !target.starts_with('/')) target = rooted(stage().workdir + "/" + target);
    if (!target.empty()) step.mount_targets.push_back(target);
    mounts.push_back({&flag, std::move(*mount), std::move(target)});
  }
  const auto rank = [](const Mounted& mounted) {
    const Mount& mount = mounted.mount;
    if (mount.type == Mount::Type::kSsh) return 3;
    if (mount.type != Mount::Type::kSecret) return 0;
    return mount.env && mount.target.empty() ? 1 : 2;
  };
  std::stable_sort(mounts.begin(), mounts.end(), [&](const Mounted& a, const Mounted& b) {
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    return rank(a) == 0 && a.target < b.target;
  });
  size_t agents = 0;
  for (const Mounted& mounted : mounts) {
    const Mount& mount = mounted.mount;
    std::string words = mount.type == Mount::Type::kSecret ? secret_words(mount)
                        : mount.type == Mount::Type::kSsh  ? ssh_words(mount, agents++)
                                                           : mount_words(mount, mounted.target);
    step.definition.push_back(
        {Part::Kind::kMount, std::string(dockerfile::name_of(mount.type)), std::move(words)});
    const bool reads =
        mount.type == Mount::Type::kBind || (mount.type == Mount::Type::kCache && !mount.from.empty());
    if (!reads) continue;
    Read read = origin_of(instruction, mount.from, mounted.flag->span);
    const std::string source = rooted(mount.source);
    read.selectors.push_back({source, mount.source.empty() ? "." : mount.source, false, {}, {}});
    merge_read(std::move(read), step.reads);
  }
}

// What counts of a bind, cache or tmpfs mount. BuildKit leaves the ID and the sharing of a cache mount out of
// the key, but for a mount that has both as they are by default: that is keyed on its ID, with the namespace
// in front. Owner and mode count only where the root of something is mounted.
std::string Planner::mount_words(const Mount& mount, const std::string& target) const {
  std::string words = fmt::format("target={}", target);
  if (mount.read_only) words += ",readonly";
  if (mount.type == Mount::Type::kTmpfs) return words + fmt::format(",size={}", mount.size);
  if (mount.type != Mount::Type::kCache) return words;
  const auto given = options_.build_args.find("BUILDKIT_CACHE_MOUNT_NS");
  const std::string space = given == options_.build_args.end() ? "" : given->second;
  const std::string plain_id = mount.id.empty() ? text::clean_path(mount.target) : mount.id;
  const std::string id = space + '/' + plain_id;
  const bool shared = mount.sharing.empty() || mount.sharing == "shared";
  if (!shared || (id != target && id.substr(id.find('/') + 1) != target)) {
    words += ",named";  // or shared in another way; how does not matter
  } else {
    if (plain_id != target) words += ",id=" + plain_id;
    if (!space.empty()) words += ",namespace=" + space;
  }
  const bool owned = mount.mode || mount.uid || mount.gid;
  if (owned && rooted(mount.source) == "/") {
    words += fmt::format(",mode={:04o},uid={},gid={}", mount.mode.value_or(0755), mount.uid.value_or(0),
                         mount.gid.value_or(0));
  }
  return words;
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
    graph_.errors.back().before_steps = true;
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
