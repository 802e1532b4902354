// RUN, and the mounts of it.
#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "dcache/plan/planner.h"
#include "dcache/plan/values.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"

namespace dcache::plan {

using dockerfile::Flag;
using dockerfile::Heredoc;
using dockerfile::Instruction;
using dockerfile::Keyword;
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

// Whether the file may be built by a frontend that knows RUN --device: that of Docker does with -labs alone,
// and of others nothing is known. Source: https://docs.docker.com/reference/dockerfile/#run---device
bool may_know_devices(const dockerfile::File& file) {
  const auto syntax = file.directive("syntax");
  if (!syntax) return false;
  std::string_view name = *syntax;
  if (name.starts_with("docker.io/")) name.remove_prefix(name.find('/') + 1);
  const bool is_of_docker = name == "docker/dockerfile" || name.starts_with("docker/dockerfile:");
  return !is_of_docker || name.find("labs") != std::string_view::npos;
}

}  // namespace

void Planner::add_run(const Instruction& instruction) {
  if (instruction.json && instruction.arguments.empty() && instruction.heredocs.empty() &&
      options_.builder == Builder::kBuildkit)
    fail(instruction, instruction.span, "RUN has no command", "for example: RUN [\"make\"]");
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
  const Flag* const device = instruction.find_flag("device");
  if (device != nullptr && options_.builder == Builder::kBuildkit && !may_know_devices(file_))
    fail(instruction, device->span, "RUN --device is not in this version of the Dockerfile syntax",
         "write # syntax=docker/dockerfile:1-labs in the first line");
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
  struct PlannedMount {
    const Flag* flag;
    Mount mount;
    std::string target;
    bool open = false;
    bool unknown = false;  // it is in a WORKDIR of the base image, or has a variable of it
  };
  std::vector<PlannedMount> mounts;
  for (const Flag& flag : instruction.flags) {
    if (flag.name != "mount") continue;
    open_ = image_value_ = false;
    auto mount =
        dockerfile::read_mount(flag.value, noting_lookup(instruction, stage().environment), expand_options_);
    if (!mount) {
      const dockerfile::MountError& error = mount.error();
      if (!error.field.empty()) {
        open_ = image_value_ = false;
        (void)dockerfile::expand(error.field, noting_lookup(instruction, stage().environment),
                                 expand_options_);
      }
      Error& added = fail(instruction, flag.span, "--mount can't be read: " + error.message, error.remedy);
      added.open = added.open || open_;
      continue;
    }
    note_source_of(instruction, flag, *mount);
    std::string target = mount->target;
    const bool has_place = mount->type != Mount::Type::kSecret && mount->type != Mount::Type::kSsh &&
                           options_.builder == Builder::kBuildkit;
    const bool relative = !target.starts_with('/') && (!target.empty() || has_place);
    if (relative) target = rooted(stage().workdir + "/" + target);
    if (!target.empty()) step.mount_targets.push_back(target);
    const bool open = open_ || (relative && stage().open_workdir);
    const bool unknown =
        image_value_ || (relative && !mount->target.empty() && stage().workdir == "/" && starts_from_image());
    mounts.push_back({&flag, std::move(*mount), std::move(target), open, unknown});
  }
  for (const PlannedMount& mounted : mounts) {
    if (options_.builder == Builder::kBuildkit && !mounted.unknown)
      check_mount(instruction, mounted.flag->span, mounted.mount, mounted.target, mounted.open);
  }
  const auto rank = [](const PlannedMount& mounted) {
    const Mount& mount = mounted.mount;
    if (mount.type == Mount::Type::kSsh) return 3;
    if (mount.type != Mount::Type::kSecret) return 0;
    return mount.env && mount.target.empty() ? 1 : 2;
  };
  std::stable_sort(mounts.begin(), mounts.end(), [&](const PlannedMount& a, const PlannedMount& b) {
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    return rank(a) == 0 && a.target < b.target;
  });
  size_t agents = 0;
  for (const PlannedMount& mounted : mounts) {
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
// the key, except for a mount that has both as they are by default: that is keyed on its ID, with the
// namespace before it. Owner and mode count only where the root of something is mounted.
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

// To BuildKit a mount without `from` is one from scratch, and so from a stage of that name.
void Planner::note_source_of(const Instruction& instruction, const Flag& flag, const Mount& mount) {
  const std::string_view from = mount.from.empty() ? "scratch" : std::string_view(mount.from);
  const auto index = stage_named(instruction, from);
  if (!index) return number_source(from);
  if (!mount.from.empty() || options_.builder != Builder::kBuildkit) return;
  references_[stage().index].push_back({*index, &instruction, trigger_ ? stage().from->span : flag.span});
  if (*index != stage().index) return;
  fail(instruction, flag.span,
       "a mount without 'from' reads from the stage 'scratch', which is this "
       "stage",
       "give the stage another name")
      .phase = Error::Phase::kDependencies;
}

void Planner::check_mount(const Instruction& instruction, text::Span span, const Mount& mount,
                          std::string_view target, bool open) {
  const auto refuse = [&](std::string message, std::string remedy) {
    Error& error = fail(instruction, span, std::move(message), std::move(remedy));
    error.open = error.open || open;
  };
  if (mount.type == Mount::Type::kSsh && !mount.source.empty())
    return refuse("an ssh mount has no 'source'", "name the agent with 'id'");
  if (target != "/") return;
  if (mount.target.empty()) {
    refuse(fmt::format("the {} mount has no target", dockerfile::name_of(mount.type)),
           "add target= and the folder for the mount");
  } else {
    refuse("a mount can't replace the root folder", "mount it on another folder");
  }
}

std::optional<size_t> Planner::stage_named(const Instruction& instruction, std::string_view from) const {
  const bool buildkit = options_.builder == Builder::kBuildkit;
  // With BuildKit only COPY takes a number.
  const auto number = buildkit && instruction.keyword != Keyword::kCopy ? std::nullopt : read_whole(from);
  if (number) return *number < 0 ? stage_count_ : static_cast<size_t>(*number);
  const auto& names = buildkit ? all_names_ : graph_.stage_names;
  const auto named = names.find(text::to_lower(from));
  return named == names.end() ? std::nullopt : std::optional(named->second);
}

void Planner::number_source(std::string_view name) {
  const bool counts = options_.builder == Builder::kBuildkit && !in_trigger_;
  if (counts) numbered_sources_.emplace_back(name);
}

Read Planner::origin_of(const Instruction& instruction, std::string_view from, text::Span span) {
  const bool copies = instruction.keyword == Keyword::kCopy && !from.empty();
  const auto stage_or_number = stage_named(instruction, from);
  if (copies && !stage_or_number) number_source(from);
  const auto index = options_.named_contexts.contains(from) ? std::nullopt : stage_or_number;
  if (!index) return image_or_context(instruction, from, span);
  if (*index >= stage_count_ && *index - stage_count_ < numbered_sources_.size()) {
    const std::string name = numbered_sources_[*index - stage_count_];
    number_source(name);
    return image_or_context(instruction, name, span);
  }
  const auto refuse = [&](std::string message, std::string remedy, Error::Phase phase) {
    fail(instruction, span, std::move(message), std::move(remedy)).phase = phase;
    return Read{.origin = Read::Origin::kImage, .name = std::string(from)};
  };
  if (*index >= stage_count_) {
    return refuse(fmt::format("there is no stage with number {}", from),
                  fmt::format("the last stage above has number {}; use that number", stage().index),
                  Error::Phase::kDependencies);
  }
  if (*index == stage().index) {
    return refuse(fmt::format("the stage '{}' reads from itself", from),
                  "name another stage, or copy within the stage with RUN cp", Error::Phase::kDependencies);
  }
  references_[stage().index].push_back({*index, &instruction, trigger_ ? stage().from->span : span});
  if (*index > stage().index) {
    return refuse(fmt::format("the stage '{}' is not above this one", from), "move that stage above this one",
                  Error::Phase::kSteps);
  }
  return Read{.origin = Read::Origin::kStage, .stage = *index};
}

Read Planner::image_or_context(const Instruction& instruction, std::string_view from, text::Span span) {
  Read read;
  if (from.empty()) return read;
  read.origin = Read::Origin::kImage;
  read.name = from;
  const auto named = options_.named_contexts.find(from);
  if (named == options_.named_contexts.end()) {
    // BuildKit expands the word, and refuses it if that changes it. The others look for such an image.
    const bool is_copy = instruction.keyword == Keyword::kCopy;
    const bool of_buildkit = options_.builder == Builder::kBuildkit;
    const auto phase = of_buildkit ? Error::Phase::kDependencies : Error::Phase::kImages;
    if (is_copy && from.find('$') != std::string_view::npos) {
      fail(instruction, span, "--from can't contain a variable",
           fmt::format("give the image its own stage, FROM {} AS NAME, with an ARG above the first FROM, and "
                       "write --from=NAME",
                       from))
          .phase = phase;
    } else if (is_copy && of_buildkit && from.find_first_of("'\"") != std::string_view::npos) {
      fail(instruction, span, "--from can't contain quotes", "write the name without quotes").phase = phase;
    } else if (from != "scratch") {
      check_image(instruction, span, from);
    }
  } else if (named->second.starts_with(kImageScheme)) {
    read.name = named->second.substr(kImageScheme.size());
  } else {
    read.origin = Read::Origin::kNamedContext;
    read.name = named->first;
  }
  return read;
}

}  // namespace dcache::plan
