#include "dcache/plan/planner.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "dcache/plan/image.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"

namespace dcache::plan {

using dockerfile::Flag;
using dockerfile::Heredoc;
using dockerfile::Instruction;
using dockerfile::Keyword;
using dockerfile::Word;

namespace {

constexpr std::string_view kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
// ONBUILD can't nest, but stages can inherit from each other.
constexpr size_t kMostTriggers = 10000;

bool has_digest(std::string_view image) {
  return image == "scratch" || image.find("@sha256:") != std::string_view::npos;
}

struct Platform {
  std::string os, architecture, variant;
};

Platform split_platform(std::string_view platform) {
  Platform split;
  const size_t first = std::min(platform.find('/'), platform.size());
  split.os = platform.substr(0, first);
  const std::string_view rest = platform.substr(std::min(first + 1, platform.size()));
  const size_t second = std::min(rest.find('/'), rest.size());
  split.architecture = rest.substr(0, second);
  split.variant = rest.substr(std::min(second + 1, rest.size()));
  return split;
}

// The platform as BuildKit compares it: in lower case, with the usual names, and without what is the default.
// Source: https://github.com/containerd/platforms
std::string normal_platform(std::string_view text) {
  Platform platform = split_platform(text::to_lower(text));
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kNames = {{{"x86_64", "amd64"},
                                                                                    {"x86-64", "amd64"},
                                                                                    {"aarch64", "arm64"},
                                                                                    {"i386", "386"},
                                                                                    {"i686", "386"},
                                                                                    {"armhf", "arm"},
                                                                                    {"armel", "arm"}}};
  constexpr std::array<std::string_view, 4> kSystems = {"linux", "windows", "darwin", "freebsd"};
  const bool alone = platform.architecture.empty() && !platform.os.empty();
  if (alone && std::ranges::find(kSystems, platform.os) == kSystems.end())
    platform.architecture = std::exchange(platform.os, "linux");
  if (platform.architecture.empty() && !platform.os.empty()) platform.architecture = "amd64";
  if (platform.architecture == "armel") platform.variant = "v6";
  for (const auto& [name, usual] : kNames) {
    if (platform.architecture == name) platform.architecture = usual;
  }
  const bool is_default =
      (platform.architecture == "amd64" && platform.variant == "v1") ||
      (platform.architecture == "arm64" && (platform.variant == "v8" || platform.variant == "8"));
  if (is_default) platform.variant.clear();
  if (platform.architecture == "arm" && platform.variant.empty()) platform.variant = "v7";
  std::string normal = platform.os;
  for (const std::string& part : {platform.architecture, platform.variant}) {
    if (!part.empty()) normal += '/' + part;
  }
  return normal;
}

// Build arguments that need no ARG, in lower case.
constexpr std::array<std::string_view, 5> kProxies = {"http_proxy", "https_proxy", "ftp_proxy", "no_proxy",
                                                      "all_proxy"};

void inherit(const Stage& parent, Stage& child) {
  child.base_stage = parent.index;
  child.last_step = parent.last_step;
  child.environment = parent.environment;
  child.workdir = parent.workdir;
  child.user = parent.user;
  child.shell = parent.shell;
}

std::optional<uint16_t> read_port(std::string_view text) {
  uint16_t port = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

// `[[ADDRESS:]PORTS:]PORTS[/PROTOCOL]`; what comes before the last ports counts for nothing.
bool is_exposable(std::string_view text) {
  const size_t slash = std::min(text.find('/'), text.size());
  const std::string protocol = text::to_lower(text.substr(std::min(slash + 1, text.size())));
  std::string_view range = text.substr(0, slash);
  range.remove_prefix(range.rfind(':') + 1);
  const size_t dash = std::min(range.find('-'), range.size());
  const bool known = protocol.empty() || protocol == "tcp" || protocol == "udp" || protocol == "sctp";
  const auto first = read_port(range.substr(0, dash));
  const auto last = dash == range.size() ? first : read_port(range.substr(dash + 1));
  return known && first && last && *first <= *last;
}

}  // namespace

std::string rooted(std::string_view path) {
  return text::clean_path("/" + std::string(path));
}

std::string owner_id(std::string_view owner) {
  const auto number = [](std::string_view name) {
    if (name == "root") return std::string("0");
    const bool digits = !name.empty() && name.find_first_not_of("0123456789") == std::string_view::npos;
    if (digits) name.remove_prefix(std::min(name.find_first_not_of('0'), name.size() - 1));
    return std::string(name);
  };
  const size_t colon = owner.find(':');
  if (colon == std::string_view::npos) return number(owner);
  return number(owner.substr(0, colon)) + ':' + number(owner.substr(colon + 1));
}

// Leading tabs off each line, as `<<-` asks for.
std::string heredoc_text(const Heredoc& heredoc) {
  std::string text;
  bool line_start = true;
  for (const char c : heredoc.content) {
    if (heredoc.chomp && line_start && c == '\t') continue;
    line_start = c == '\n';
    text += c;
  }
  return text;
}

Graph Planner::run() {
  options_.platform = normal_platform(options_.platform);
  set_platform_arguments();
  for (const Instruction& instruction : file_.instructions()) {
    if (instruction.keyword == Keyword::kFrom) {
      if (graph_.stages.empty()) read_epoch(instruction);
      add_stage(instruction);
    } else if (!graph_.stages.empty()) {
      dispatch(instruction);
    } else if (instruction.keyword == Keyword::kArg) {
      add_global_arguments(instruction);
    }
  }
  choose_target();
  return std::move(graph_);
}

void Planner::fail(const Instruction& instruction, text::Span span, std::string message, std::string remedy) {
  graph_.errors.push_back({std::move(message), std::move(remedy), span, instruction.start_line, false});
}

std::string Planner::expand(const Instruction& instruction, std::string_view word, text::Span span,
                            const Environment& environment) {
  auto expanded = dockerfile::expand(word, noting_lookup(instruction, environment), expand_options_);
  if (expanded) return std::move(*expanded);
  fail(
      instruction, span, fmt::format("'{}' can't be expanded: {}", word, expanded.error().message),
      "write ${NAME}, ${NAME:-default}, ${NAME:+text}, ${NAME:?message}, ${NAME#pattern}, ${NAME%pattern} or "
      "${NAME/pattern/text}, and close every quote");
  return std::string(word);
}

std::string Planner::expand(const Instruction& instruction, const Word& word,
                            const Environment& environment) {
  std::string expanded = expand(instruction, word.text, word.span, environment);
  if (expanded != word.text) graph_.expanded[&word] = expanded;
  return expanded;
}

dockerfile::Lookup Planner::noting_lookup(const Instruction& instruction, const Environment& environment) {
  return [this, &instruction, &environment](std::string_view name) {
    const auto value = environment.get(name);
    if (!value) note_undeclared(instruction, name);
    return value;
  };
}

bool Planner::is_declared_in_stage(std::string_view name) {
  for (std::optional<size_t> at = stage().index; at; at = graph_.stages[*at].base_stage) {
    if (graph_.stages[*at].declared.contains(name)) return true;
  }
  return false;
}

void Planner::note_undeclared(const Instruction& instruction, std::string_view name) {
  const bool from = instruction.keyword == Keyword::kFrom;
  if (instruction.keyword == Keyword::kExpose || (!from && graph_.stages.empty())) return;
  if (from ? declared_globals_.contains(name) : is_declared_in_stage(name)) return;
  graph_.undeclared.push_back(
      {&instruction, from ? std::nullopt : std::optional(stage().index), std::string(name)});
}

void Planner::set_platform_arguments() {
  const Platform platform = split_platform(options_.platform);
  // Without a target it is the last stage.
  std::string target = options_.target;
  for (const Instruction& instruction : file_.instructions()) {
    if (!options_.target.empty() || instruction.keyword != Keyword::kFrom) continue;
    target = instruction.arguments.size() == 3 ? text::to_lower(instruction.arguments[2].text) : "";
  }
  set_global("BUILDPLATFORM", options_.platform, 0);
  set_global("BUILDOS", platform.os, 0);
  set_global("BUILDARCH", platform.architecture, 0);
  set_global("BUILDVARIANT", platform.variant, 0);
  set_global("TARGETPLATFORM", options_.platform, 0);
  set_global("TARGETOS", platform.os, 0);
  set_global("TARGETARCH", platform.architecture, 0);
  set_global("TARGETVARIANT", platform.variant, 0);
  set_global("TARGETSTAGE", target.empty() ? "default" : std::move(target), 0);
}

void Planner::set_global(std::string name, std::string value, uint32_t line) {
  const auto given = options_.build_args.find(name);
  if (given != options_.build_args.end()) value = given->second;
  globals_.set(std::move(name), std::move(value), line);
}

void Planner::add_global_arguments(const Instruction& instruction) {
  for (const Word& word : instruction.arguments) {
    const size_t equals = word.text.find('=');
    const std::string name = expand(instruction, word.text.substr(0, equals), word.span, globals_);
    declared_globals_.insert(name);
    if (equals != std::string_view::npos) {
      set_global(name, expand(instruction, word.text.substr(equals + 1), word.span, globals_),
                 instruction.start_line);
    } else if (options_.build_args.contains(name)) {
      set_global(name, {}, instruction.start_line);
    }
  }
}

void Planner::add_stage(const Instruction& from) {
  Stage added;
  added.index = graph_.stages.size();
  added.from = &from;
  added.platform = options_.platform;
  if (const Flag* platform = from.find_flag("platform")) {
    added.platform = normal_platform(expand(from, platform->value, platform->span, globals_));
    if (added.platform.empty()) {
      fail(from, platform->span, "the platform is empty",
           "give its ARG a default value above the first FROM, or pass --build-arg");
    }
  }
  const size_t errors_before = graph_.errors.size();
  if (from.arguments.size() == 3) added.name = text::to_lower(from.arguments[2].text);
  const std::string base = from.arguments.empty() ? std::string() : expand(from, from.arguments[0], globals_);
  if (base.empty() && !from.arguments.empty()) {
    fail(from, from.arguments[0].span, "the name of the base image is empty",
         "give its ARG a default value above the first FROM, or pass --build-arg");
  }
  const Stage* parent = base_stage(base);
  const bool unreadable = graph_.errors.size() > errors_before;
  const bool valid = unreadable || parent != nullptr || base.empty() ||
                     options_.named_contexts.contains(base) || is_valid_reference(base);
  if (!valid) {
    fail(from, from.arguments[0].span, fmt::format("'{}' is no name of an image", base),
         "names are in lower case, and behind a colon there is a tag");
  }
  if (parent != nullptr) {
    inherit(*parent, added);
    if (options_.builder != Builder::kBuildkit) added.environment.forget_arguments();
  } else {
    added.environment.set("PATH", std::string(kDefaultPath), 0);
  }
  const bool from_image = !added.base_stage;
  if (!added.name.empty()) graph_.stage_names[added.name] = added.index;
  graph_.stages.push_back(std::move(added));
  if (from_image) add_image_step(from, base);
  if (!from_image) run_triggers(*graph_.stages.back().base_stage);
}

const Stage* Planner::base_stage(std::string_view name) const {
  const auto known = graph_.stage_names.find(name);
  const bool hidden =
      known == graph_.stage_names.end() || options_.named_contexts.contains(std::string(name));
  return hidden ? nullptr : &graph_.stages[known->second];
}

void Planner::run_triggers(size_t parent) {
  if (options_.builder == Builder::kBuildah) return;
  const std::vector<const Instruction*> triggers = graph_.stages[parent].onbuild;
  for (const Instruction* trigger : triggers) {
    if (++triggered_ > kMostTriggers) return;
    dispatch(*trigger);
  }
}

void Planner::add_image_step(const Instruction& from, const std::string& base) {
  const auto named = options_.named_contexts.find(base);
  const std::string source = named == options_.named_contexts.end() ? base : named->second;
  const bool folder = named != options_.named_contexts.end() && !source.starts_with(kImageScheme);
  if (source == "scratch") return;
  Step step;
  step.kind = Step::Kind::kImage;
  step.instruction = &from;
  step.image = source.starts_with(kImageScheme) ? source.substr(kImageScheme.size()) : source;
  step.needs_network = !folder && !has_digest(step.image);
  step.definition = {{Part::Kind::kImage, {}, step.image}, {Part::Kind::kPlatform, {}, stage().platform}};
  if (folder) step.reads.push_back({Read::Origin::kNamedContext, 0, base, {}});
  add_step(std::move(step));
  // BuildKit knows a folder by its content alone, and a step by the key of what it starts from: there is
  // none.
  if (folder && options_.builder == Builder::kBuildkit) graph_.steps.back().ignores_cache = true;
}

void Planner::add_step(Step step) {
  step.stage = stage().index;
  step.below = stage().last_step;
  // BuildKit makes folders of WORKDIR without a look at --no-cache, and one in an empty image in every build.
  const bool buildkit = options_.builder == Builder::kBuildkit;
  const bool workdir = step.kind == Step::Kind::kWorkdir;
  step.ignores_cache = skips_cache() && step.kind != Step::Kind::kImage && !(buildkit && workdir);
  step.runs_always = buildkit && workdir && !step.below;
  stage().last_step = graph_.steps.size();
  stage().steps.push_back(graph_.steps.size());
  graph_.steps.push_back(std::move(step));
}

bool Planner::skips_cache() const {
  const Stage& current = graph_.stages.back();
  return options_.no_cache || std::ranges::any_of(options_.no_cache_filter, [&](const std::string& name) {
           return text::equals_ignoring_case(name, current.name);
         });
}

void Planner::dispatch(const Instruction& instruction) {
  if (options_.builder == Builder::kClassic) refuse_new_features(instruction);
  apply(instruction);
  const bool makes_step = instruction.keyword == Keyword::kRun || instruction.keyword == Keyword::kCopy ||
                          instruction.keyword == Keyword::kAdd || instruction.keyword == Keyword::kWorkdir;
  if (options_.builder != Builder::kBuildkit && !makes_step) add_metadata(instruction);
}

void Planner::refuse_new_features(const Instruction& instruction) {
  for (const Flag& flag : instruction.flags) {
    const bool known = flag.name == "from" || flag.name == "chown" || flag.name == "platform" ||
                       instruction.keyword == Keyword::kHealthcheck;
    if (!known) {
      fail(instruction, flag.span, fmt::format("the classic builder has no --{}", flag.name),
           "build with BuildKit, or leave the flag out");
    }
  }
  if (!instruction.heredocs.empty()) {
    fail(instruction, instruction.heredocs.front().marker, "the classic builder has no here-documents",
         "build with BuildKit, or write the text into a file");
  }
}

void Planner::add_metadata(const Instruction& instruction) {
  Step step;
  step.kind = Step::Kind::kMetadata;
  step.instruction = &instruction;
  if (options_.builder == Builder::kBuildah) {  // which compares the line as it is written
    step.definition.push_back({Part::Kind::kArguments, {}, std::string(instruction.joined)});
    if (instruction.keyword == Keyword::kArg) {
      for (const auto& [name, value] : options_.build_args) {
        if (is_proxy(name) || is_declared(name))
          step.definition.push_back({Part::Kind::kVariable, name, "given"});
      }
    }
    return add_step(std::move(step));
  }
  step.definition.push_back({Part::Kind::kOperation, {}, std::string(name_of(instruction.keyword))});
  const bool expands = instruction.keyword == Keyword::kLabel || instruction.keyword == Keyword::kExpose ||
                       instruction.keyword == Keyword::kUser || instruction.keyword == Keyword::kVolume ||
                       instruction.keyword == Keyword::kStopsignal || instruction.keyword == Keyword::kEnv;
  for (const Word& word : instruction.arguments) {
    step.definition.push_back(
        {Part::Kind::kArguments, {}, expands ? expand(instruction, word) : std::string(word.text)});
  }
  if (instruction.onbuild != nullptr)
    step.definition.push_back({Part::Kind::kArguments, {}, instruction.onbuild->one_line()});
  add_step(std::move(step));
}

void Planner::apply(const Instruction& instruction) {
  switch (instruction.keyword) {
    case Keyword::kArg:
      return set_arguments(instruction);
    case Keyword::kEnv:
      return set_environment(instruction);
    case Keyword::kWorkdir:
      return change_workdir(instruction);
    case Keyword::kUser:
      if (!instruction.arguments.empty()) stage().user = expand(instruction, instruction.arguments[0]);
      return;
    case Keyword::kShell:
      stage().shell.clear();
      for (const Word& word : instruction.arguments)
        stage().shell.emplace_back(word.text);
      return;
    case Keyword::kExpose:
      return expose(instruction);
    case Keyword::kLabel:
    case Keyword::kVolume:
    case Keyword::kStopsignal:
      for (const Word& word : instruction.arguments)
        expand(instruction, word);
      return;
    case Keyword::kOnbuild:
      if (instruction.onbuild != nullptr) stage().onbuild.push_back(instruction.onbuild);
      return;
    case Keyword::kRun:
      return add_run(instruction);
    case Keyword::kCopy:
    case Keyword::kAdd:
      return add_copy(instruction);
    default:
      return;  // changes the image's configuration, and no step
  }
}

void Planner::expose(const Instruction& instruction) {
  for (const Word& word : instruction.arguments) {
    const Environment& environment = stage().environment;
    expand(instruction, word);  // for Graph::text_of, and to report what can't be expanded
    const auto ports =
        dockerfile::expand_words(word.text, noting_lookup(instruction, environment), expand_options_);
    if (!ports) continue;
    for (const dockerfile::ExpandedWord& port : *ports) {
      if (is_exposable(port.text)) continue;
      fail(instruction, word.span, fmt::format("'{}' is not a port", port.text),
           "write a number up to 65535 or a range of them, followed by /tcp, /udp or /sctp if needed");
    }
  }
}

void Planner::set_arguments(const Instruction& instruction) {
  for (const Word& word : instruction.arguments) {
    const size_t equals = word.text.find('=');
    const std::string name = expand(instruction, word.text.substr(0, equals), word.span, stage().environment);
    const auto given = options_.build_args.find(name);
    if (given != options_.build_args.end()) {
      stage().environment.set(name, given->second, instruction.start_line, true);
    } else if (equals != std::string_view::npos) {
      std::string value = expand(instruction, word.text.substr(equals + 1), word.span, stage().environment);
      stage().environment.set(name, std::move(value), instruction.start_line, true);
    } else if (const auto global = globals_.get(name)) {
      stage().environment.set(name, std::string(*global), instruction.start_line, true);
    }
    stage().declared.insert(name);
  }
}

void Planner::set_environment(const Instruction& instruction) {
  // All values of one ENV see the variables as they were in front of it.
  std::vector<std::pair<std::string, std::string>> pairs;
  for (size_t i = 0; i + 1 < instruction.arguments.size(); i += 2) {
    pairs.emplace_back(expand(instruction, instruction.arguments[i]),
                       expand(instruction, instruction.arguments[i + 1]));
  }
  for (auto& [name, value] : pairs) {
    stage().environment.set(std::move(name), std::move(value), instruction.start_line);
  }
}

void Planner::change_workdir(const Instruction& instruction) {
  if (instruction.arguments.empty()) return;
  const std::string path = expand(instruction, instruction.arguments[0]);
  stage().workdir = path.starts_with('/') ? text::clean_path(path) : rooted(stage().workdir + "/" + path);
  if (stage().workdir == "/" && options_.builder == Builder::kBuildkit) return;
  Step step;
  step.kind = Step::Kind::kWorkdir;
  step.instruction = &instruction;
  step.destination = stage().workdir;
  step.definition = {{Part::Kind::kOperation, {}, "mkdir"}, {Part::Kind::kWorkdir, {}, stage().workdir}};
  const bool buildkit = options_.builder == Builder::kBuildkit;
  if (!stage().user.empty()) {
    step.definition.push_back({Part::Kind::kUser, {}, buildkit ? owner_id(stage().user) : stage().user});
  }
  if (epoch_) step.definition.push_back(*epoch_);
  add_step(std::move(step));
}

void Planner::read_epoch(const Instruction& first_stage) {
  constexpr std::string_view kName = "SOURCE_DATE_EPOCH";
  if (options_.builder != Builder::kBuildkit) return;
  Part part{Part::Kind::kVariable, std::string(kName), {}};
  if (const auto given = options_.build_args.find(kName); given != options_.build_args.end()) {
    part.value = given->second;
  } else if (declared_globals_.contains(kName)) {
    part.value = globals_.get(kName).value_or("");
    for (const Instruction& instruction : file_.instructions()) {
      const bool is_its = instruction.keyword == Keyword::kArg &&
                          std::ranges::any_of(instruction.arguments, [&](const Word& word) {
                            return word.text.substr(0, word.text.find('=')) == kName;
                          });
      if (&instruction == &first_stage) break;
      if (is_its) part.line = instruction.start_line;
    }
  }
  // The builder knows no time of a local context.
  if (part.value.empty() || part.value == "context") return;
  int64_t seconds = 0;
  const char* const first = part.value.data() + (part.value.starts_with('+') ? 1 : 0);
  const char* const last = part.value.data() + part.value.size();
  const auto [end, failure] = std::from_chars(first, last, seconds);
  const bool is_time = failure == std::errc() && end == last;
  const auto is_stage = [&](const Instruction& instruction) {
    return instruction.keyword == Keyword::kFrom && instruction.arguments.size() == 3 &&
           text::equals_ignoring_case(instruction.arguments[2].text, part.value);
  };
  if (is_time) {
    part.value = std::to_string(seconds);
  } else if (!options_.named_contexts.contains(part.value) &&
             std::ranges::none_of(file_.instructions(), is_stage)) {
    return fail(
        first_stage, first_stage.name_span,
        fmt::format("SOURCE_DATE_EPOCH is '{}', which is not a time", part.value),
        "set it to seconds since 1970, to 'context', or to the name of a stage that downloads one file");
  }
  epoch_ = std::move(part);
}

bool Planner::is_proxy(std::string_view name) {
  return std::find(kProxies.begin(), kProxies.end(), text::to_lower(name)) != kProxies.end();
}

bool Planner::is_declared(std::string_view name) {
  const auto variables = stage().environment.variables();
  return std::any_of(variables.begin(), variables.end(),
                     [&](const Variable* variable) { return variable->argument && variable->name == name; });
}

void Planner::choose_target() {
  if (graph_.stages.empty()) return;
  const Stage* target = options_.target.empty() ? &graph_.stages.back() : graph_.find_stage(options_.target);
  if (target == nullptr) {
    std::string names;
    for (const Stage& known : graph_.stages)
      names += (names.empty() ? "" : ", ") + known.label();
    graph_.errors.push_back({fmt::format("there is no stage '{}'", options_.target),
                             fmt::format("known stages: {}", names),
                             {},
                             0,
                             false});
    return;
  }
  graph_.target = target->index;
  std::vector<size_t> todo = {target->index};
  // The classic builder goes through all stages in front of the target, whether it needs them or not.
  for (size_t i = 0; options_.builder == Builder::kClassic && i < target->index; ++i)
    todo.push_back(i);
  while (!todo.empty()) {
    Stage& needed = graph_.stages[todo.back()];
    todo.pop_back();
    if (needed.needed) continue;
    needed.needed = true;
    if (needed.base_stage) todo.push_back(*needed.base_stage);
    for (const size_t index : needed.steps) {
      graph_.steps[index].needed = true;
      for (const Read& read : graph_.steps[index].reads) {
        if (read.origin == Read::Origin::kStage) todo.push_back(read.stage);
      }
    }
  }
}

}  // namespace dcache::plan
