#include "dcache/plan/planner.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "dcache/dockerfile/check.h"
#include "dcache/dockerfile/expand_limits.h"
#include "dcache/plan/image.h"
#include "dcache/plan/target.h"
#include "dcache/plan/values.h"
#include "dcache/text/path.h"
#include "dcache/text/suggest.h"
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
constexpr std::string_view kLongValueRemedy = "write a long value to a file, and copy that";

bool has_digest(std::string_view image) {
  return image == "scratch" || image.find("@sha256:") != std::string_view::npos;
}

// Build arguments that need no ARG, in lower case.
constexpr std::array<std::string_view, 5> kProxies = {"http_proxy", "https_proxy", "ftp_proxy", "no_proxy",
                                                      "all_proxy"};

void inherit(const Stage& parent, Stage& child) {
  child.base_stage = parent.index;
  child.last_step = parent.last_step;
  child.environment = parent.environment;
  child.workdir = parent.workdir;
  child.open_workdir = parent.open_workdir;
  child.user = parent.user;
  child.shell = parent.shell;
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
  name_stages();
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
  if (graph_.stages.empty() && !file_.instructions().empty()) {
    const Instruction& last = file_.instructions().back();
    fail(last, last.name_span, "the file has no stage to build", "write FROM and the base image").phase =
        Error::Phase::kStages;
  }
  find_circles();
  choose_target();
  return std::move(graph_);
}

void Planner::name_stages() {
  size_t index = 0;
  for (const Instruction& instruction : file_.instructions()) {
    if (instruction.keyword != Keyword::kFrom) continue;
    if (instruction.arguments.size() == 3) all_names_[text::to_lower(instruction.arguments[2].text)] = index;
    ++index;
  }
  stage_count_ = index;
}

Error& Planner::fail(const Instruction& instruction, text::Span span, std::string message,
                     std::string remedy) {
  Error error;
  if (trigger_) {  // whose spans are those of another file
    message = fmt::format("ONBUILD in {}:{}: {}", trigger_->dockerfile, trigger_->line, message);
    span = stage().from->span;
  }
  error.message = std::move(message);
  error.remedy = std::move(remedy);
  error.span = span;
  error.line = instruction.start_line;
  if (!graph_.stages.empty()) {
    error.stage = stage().index;
    error.open = in_trigger_ && stage().open_base;
  } else if (instruction.keyword == Keyword::kArg) {
    error.phase = Error::Phase::kArguments;
  }
  if (image_value_) return unknown_error_ = std::move(error);
  return graph_.errors.emplace_back(std::move(error));
}

std::string Planner::expand(const Instruction& instruction, std::string_view word, text::Span span,
                            const Environment& environment) {
  open_ = image_value_ = false;
  auto expanded = dockerfile::expand(word, noting_lookup(instruction, environment), expand_options_);
  if (expanded && may_use(instruction, span, expanded->size())) return std::move(*expanded);
  if (expanded) return {};
  fail_to_expand(instruction, word, span, expanded.error());
  return std::string(word);
}

Error& Planner::fail_to_expand(const Instruction& instruction, std::string_view word, text::Span span,
                               const dockerfile::ExpandError& error) {
  image_value_ = image_value_ && error.by_value;
  Error& added = fail(instruction, span, fmt::format("'{}' can't be expanded: {}", word, error.message),
                      dockerfile::is_of_limit(error)
                          ? std::string(kLongValueRemedy)
                          : "write ${NAME}, ${NAME:-default}, ${NAME:+text}, ${NAME:?message}, "
                            "${NAME#pattern}, ${NAME%pattern} or ${NAME/pattern/text}, and close "
                            "every quote");
  added.open = added.open || (error.by_value && open_);
  return added;
}

bool Planner::may_use(const Instruction& instruction, text::Span span, size_t bytes) {
  constexpr size_t kMost = 32'000'000;
  const bool is_first = used_bytes_ <= kMost;
  used_bytes_ += bytes;
  if (used_bytes_ > kMost && is_first)
    fail(instruction, span, "the variables of this file have more than 32 MB of values, counted for each use",
         std::string(kLongValueRemedy));
  return used_bytes_ <= kMost;
}

std::string Planner::expand(const Instruction& instruction, const Word& word,
                            const Environment& environment) {
  std::string expanded = expand(instruction, word.text, word.span, environment);
  if (expanded != word.text) graph_.expanded[&word] = expanded;
  return expanded;
}

dockerfile::Lookup Planner::noting_lookup(const Instruction& instruction, const Environment& environment) {
  return [this, &instruction, &environment](std::string_view name) -> std::optional<std::string_view> {
    const Variable* variable = environment.find(name);
    if (variable == nullptr) {
      note_undeclared(instruction, name);
      const bool is_in_stage = instruction.keyword != Keyword::kFrom && !graph_.stages.empty();
      open_ = open_ || may_be_given(instruction, name);
      if (is_in_stage && !is_declared_in_stage(name)) image_value_ = image_value_ || starts_from_image();
      return std::nullopt;
    }
    const bool inherited =
        !graph_.stages.empty() && stage().open_base && variable->line < stage().from->start_line;
    open_ = open_ || variable->open || inherited;
    const text::Span span = instruction.arguments.empty() ? text::Span() : instruction.arguments[0].span;
    if (!may_use(instruction, span, variable->value.size())) return std::string_view();
    return variable->value;
  };
}

bool Planner::may_be_given(const Instruction& instruction, std::string_view name) {
  if (instruction.keyword == Keyword::kFrom) return declared_globals_.contains(name);
  return graph_.stages.empty() || is_declared_in_stage(name) || starts_from_image() || has_open_base();
}

bool Planner::has_open_base() const {
  for (std::optional<size_t> at = graph_.stages.back().index; at; at = graph_.stages[*at].base_stage) {
    if (graph_.stages[*at].open_base) return true;
  }
  return false;
}

bool Planner::starts_from_image() const {
  const Stage* root = &graph_.stages.back();
  while (root->base_stage)
    root = &graph_.stages[*root->base_stage];
  return std::ranges::any_of(root->steps,
                             [&](size_t step) { return graph_.steps[step].kind == Step::Kind::kImage; });
}

bool Planner::is_declared_in_stage(std::string_view name) {
  for (std::optional<size_t> at = stage().index; at; at = graph_.stages[*at].base_stage) {
    if (graph_.stages[*at].declared.contains(name)) return true;
  }
  return false;
}

void Planner::note_undeclared(const Instruction& instruction, std::string_view name) {
  const bool from = instruction.keyword == Keyword::kFrom;
  if (trigger_) return;  // the other Dockerfile's own matter
  if (instruction.keyword == Keyword::kExpose || (!from && graph_.stages.empty())) return;
  if (from ? declared_globals_.contains(name) : is_declared_in_stage(name)) return;
  // What comes after an error in an instruction is not looked at.
  const bool failed = !graph_.errors.empty() && graph_.errors.back().line == instruction.start_line &&
                      !graph_.stages.empty() && graph_.errors.back().stage == stage().index;
  if (failed && !from) return;
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
  globals_.set({.name = std::move(name), .value = std::move(value), .line = line, .open = true});
}

void Planner::add_global_arguments(const Instruction& instruction) {
  for (const Word& word : instruction.arguments) {
    const size_t equals = word.text.find('=');
    const std::string name(word.text.substr(0, equals));  // BuildKit expands it in a stage only
    declared_globals_.insert(name);
    if (equals != std::string_view::npos) {
      set_global(name, expand_default(instruction, word.text.substr(equals + 1), word.span, globals_),
                 instruction.start_line);
    } else if (options_.build_args.contains(name)) {
      set_global(name, {}, instruction.start_line);
    }
  }
}

std::string Planner::expand_default(const Instruction& instruction, std::string_view word, text::Span span,
                                    const Environment& environment) {
  const size_t before = graph_.errors.size();
  std::string value = expand(instruction, word, span, environment);
  // A build argument takes the place of the default.
  if (graph_.errors.size() > before) graph_.errors.back().open = true;
  return value;
}

std::string Planner::read_platform(const Instruction& from) {
  const Flag* flag = from.find_flag("platform");
  // An empty one counts for nothing, but not a variable without a value.
  if (flag == nullptr || flag->value.find_first_not_of("\"'") == std::string_view::npos)
    return options_.platform;
  const size_t before = graph_.errors.size();
  const std::string text = expand(from, flag->value, flag->span, globals_);
  if (graph_.errors.size() > before) return options_.platform;
  if (text.empty()) {
    fail(from, flag->span, "the platform is empty",
         "give its ARG a default value above the first FROM, or pass --build-arg")
        .open = open_;
  } else if (!is_platform(text)) {
    fail(from, flag->span, fmt::format("'{}' is not a platform", text),
         text::did_you_mean(text, platform_names(), "write it as linux/amd64"))
        .open = open_;
  }
  return normal_platform(text);
}

Error* Planner::check_image(const Instruction& instruction, text::Span span, std::string_view name) {
  if (is_valid_reference(name) || options_.named_contexts.contains(name)) return nullptr;
  Error& error = fail(instruction, span, fmt::format("'{}' is not an image name", name),
                      "names are in lower case, and the tag comes after a colon");
  error.phase = Error::Phase::kImages;
  return &error;
}

// BuildKit looks for a named context in place of each stage, and refuses what can't be the name of one.
void Planner::check_stage_name(const Instruction& from, const std::string& name) {
  if (name.empty() || options_.builder != Builder::kBuildkit || is_valid_reference(name)) return;
  fail(from, from.arguments[2].span, fmt::format("'{}' is not a name that BuildKit accepts", name),
       "end it with a letter or digit, and separate its parts by one of '-', '_' and '.'");
}

void Planner::add_stage(const Instruction& from) {
  Stage added;
  added.index = graph_.stages.size();
  added.from = &from;
  if (from.arguments.size() == 3) added.name = text::to_lower(from.arguments[2].text);
  const size_t errors_before = graph_.errors.size();
  const std::string base = from.arguments.empty() ? std::string() : expand(from, from.arguments[0], globals_);
  added.open_base = open_;
  if (base.empty() && !from.arguments.empty()) {
    fail(from, from.arguments[0].span, "the name of the base image is empty",
         "give its ARG a default value above the first FROM, or pass --build-arg")
        .open = open_;
  }
  const Stage* parent = base_stage(base);
  const bool unreadable = graph_.errors.size() > errors_before;
  check_stage_name(from, added.name);
  added.platform = unreadable ? options_.platform : read_platform(from);
  for (size_t i = errors_before; i < graph_.errors.size(); ++i) {
    graph_.errors[i].phase = Error::Phase::kStages;
    graph_.errors[i].stage = added.index;
  }
  if (!unreadable && parent == nullptr && !base.empty()) {
    if (Error* error = check_image(from, from.arguments[0].span, base)) {
      error->stage = added.index;
      error->open = added.open_base;
    }
  }
  if (parent != nullptr) {
    inherit(*parent, added);
    if (options_.builder != Builder::kBuildkit) added.environment.forget_arguments();
  } else {
    added.environment.set({.name = "PATH", .value = std::string(kDefaultPath), .open = true});
  }
  const bool from_image = !added.base_stage;
  if (!added.name.empty()) graph_.stage_names[added.name] = added.index;
  graph_.stages.push_back(std::move(added));
  if (from_image) add_image_step(from, base);
  if (!from_image) run_triggers(graph_.stages[*stage().base_stage].onbuild);
}

const Stage* Planner::base_stage(std::string_view name) const {
  const auto known = graph_.stage_names.find(name);
  const bool hidden =
      known == graph_.stage_names.end() || options_.named_contexts.contains(std::string(name));
  return hidden ? nullptr : &graph_.stages[known->second];
}

void Planner::run_triggers(const Triggers& triggers) {
  const Instruction& from = *stage().from;
  for (const Instruction* trigger : triggers.instructions) {
    auto placed = std::make_shared<Instruction>(*trigger);
    placed->start_line = from.start_line;
    placed->end_line = from.end_line;
    graph_.triggers.push_back(placed);
    trigger_ = {triggers.dockerfile, trigger->start_line};
    run_triggers({placed.get()});
  }
  trigger_.reset();
}

void Planner::run_triggers(const std::vector<const Instruction*>& triggers) {
  if (options_.builder == Builder::kBuildah) return;
  in_trigger_ = true;
  for (const Instruction* trigger : triggers) {
    if (++triggered_ > kMostTriggers) break;
    if (const auto complaint = dockerfile::check_instruction(*trigger)) {
      fail(*trigger, complaint->span, complaint->message, complaint->remedy).phase = Error::Phase::kTriggers;
    } else {
      dispatch(*trigger);
    }
  }
  in_trigger_ = false;
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
  step.definition = {{Part::Kind::kImage, {}, folder ? step.image : normal_reference(step.image)},
                     {Part::Kind::kPlatform, {}, stage().platform}};
  if (folder) step.reads.push_back({Read::Origin::kNamedContext, 0, base, {}});
  add_step(std::move(step));
  // BuildKit knows a folder by its content alone, and a step by the key of what it starts from: there is
  // none.
  if (folder && options_.builder == Builder::kBuildkit) graph_.steps.back().ignores_cache = true;
  const std::string& image = graph_.steps.back().image;
  const BuiltImage* const built = folder ? nullptr : find_built(image);
  if (built != nullptr && built->triggers != nullptr) run_triggers(*built->triggers);
}

const BuiltImage* Planner::find_built(const std::string& reference) const {
  if (options_.built_images.empty()) return nullptr;
  const auto built = options_.built_images.find(normal_reference(reference));
  return built == options_.built_images.end() ? nullptr : &built->second;
}

// Tells the step of an image that it starts or copies from, if another build makes it.
void Planner::add_built_image(Step& step, const std::string& reference) const {
  const BuiltImage* const built = find_built(reference);
  if (built == nullptr) return;
  const BuiltImage& image = *built;
  // BuildKit takes a copy from what another image contains: its files may be the same.
  const bool is_copy = step.kind != Step::Kind::kImage && options_.builder == Builder::kBuildkit;
  if (!is_copy) step.definition.push_back({Part::Kind::kBuilt, image.name, image.state});
  step.definition.push_back({Part::Kind::kPossiblyBuilt, image.name, image.possible_state});
  if (step.kind == Step::Kind::kImage) step.needs_network = false;
}

void Planner::add_step(Step step) {
  if (step.kind == Step::Kind::kImage) add_built_image(step, step.image);
  for (const Read& read : step.reads) {
    if (read.origin == Read::Origin::kImage) add_built_image(step, read.name);
  }
  step.stage = stage().index;
  step.trigger = trigger_;
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
  open_ = image_value_ = false;
  if (options_.builder == Builder::kClassic) refuse_new_features(instruction);
  apply(instruction);
  open_ = image_value_ = false;
  const bool makes_step = instruction.keyword == Keyword::kRun || instruction.keyword == Keyword::kCopy ||
                          instruction.keyword == Keyword::kAdd || instruction.keyword == Keyword::kWorkdir;
  if (options_.builder != Builder::kBuildkit && !makes_step) add_metadata(instruction);
}

void Planner::refuse_new_features(const Instruction& instruction) {
  for (const Flag& flag : instruction.flags) {
    const bool known = flag.name == "from" || flag.name == "chown" || flag.name == "platform" ||
                       instruction.keyword == Keyword::kHealthcheck;
    if (!known) {
      fail(instruction, flag.span, fmt::format("the classic builder does not know --{}", flag.name),
           "build with BuildKit (DOCKER_BUILDKIT=1), or remove the flag");
    }
  }
  if (!instruction.heredocs.empty()) {
    fail(instruction, instruction.heredocs.front().marker,
         "the classic builder does not know "
         "here-documents",
         "build with BuildKit (DOCKER_BUILDKIT=1), or write the text into a file");
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
    case Keyword::kVolume:
      return check_volumes(instruction);
    case Keyword::kStopsignal:
      return check_signal(instruction);
    case Keyword::kLabel:
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

void Planner::check_volumes(const Instruction& instruction) {
  for (const Word& word : instruction.arguments) {
    if (!expand(instruction, word).empty() || options_.builder != Builder::kBuildkit) continue;
    fail(instruction, word.span, "a volume has an empty name", "write the path of the volume").open = open_;
  }
}

void Planner::check_signal(const Instruction& instruction) {
  for (const Word& word : instruction.arguments) {
    const size_t before = graph_.errors.size();
    const std::string signal = expand(instruction, word);
    const bool unchecked = options_.builder == Builder::kBuildah || graph_.errors.size() > before;
    if (unchecked || is_signal(signal)) continue;
    fail(instruction, word.span, fmt::format("'{}' is not a signal", signal),
         text::did_you_mean(signal.size() > 3 && !signal.starts_with("SIG") ? "SIG" + signal : signal,
                            signal_names(), "write a name such as SIGTERM, or a number"))
        .open = open_;
  }
}

void Planner::expose(const Instruction& instruction) {
  for (const Word& word : instruction.arguments) {
    const Environment& environment = stage().environment;
    // For Graph::text_of, and to report what can't be expanded.
    const std::string whole = expand(instruction, word);
    const auto ports =
        dockerfile::expand_words(word.text, noting_lookup(instruction, environment), expand_options_);
    if (!ports) continue;
    for (const dockerfile::ExpandedWord& port : *ports) {
      if (is_exposable(port.text)) continue;
      if (is_exposable(whole)) {
        fail(instruction, word.span,
             fmt::format("'{}' is not a port: BuildKit drops what is before a variable with a default",
                         port.text),
             "give the variable its default with ARG, and write only ${NAME} here")
            .open = open_;
        continue;
      }
      fail(instruction, word.span, fmt::format("'{}' is not a port", port.text),
           "write a number up to 65535 or a range of them, followed by /tcp, /udp or /sctp if needed")
          .open = open_;
    }
  }
}

// BuildKit leaves a name as it is that it can't expand.
std::string Planner::expand_argument_name(const Instruction& instruction, std::string_view name) {
  const size_t before = graph_.undeclared.size();
  auto expanded = dockerfile::expand(name, noting_lookup(instruction, stage().environment), expand_options_);
  const text::Span span = instruction.arguments.front().span;
  if (expanded && may_use(instruction, span, expanded->size())) return std::move(*expanded);
  graph_.undeclared.erase(graph_.undeclared.begin() + static_cast<std::ptrdiff_t>(before),
                          graph_.undeclared.end());
  return std::string(name);
}

void Planner::set_arguments(const Instruction& instruction) {
  for (const Word& word : instruction.arguments) {
    const size_t equals = word.text.find('=');
    const std::string name = expand_argument_name(instruction, word.text.substr(0, equals));
    const auto given = options_.build_args.find(name);
    const auto set = [&](std::string value) {
      stage().environment.set({.name = name,
                               .value = std::move(value),
                               .line = instruction.start_line,
                               .argument = true,
                               .open = true});
    };
    // A default is expanded even if a build argument takes its place.
    const bool has_default = equals != std::string_view::npos;
    std::string value =
        has_default ? expand(instruction, word.text.substr(equals + 1), word.span, stage().environment)
                    : std::string();
    if (given != options_.build_args.end()) {
      set(given->second);
    } else if (has_default) {
      set(std::move(value));
    } else if (const auto global = globals_.get(name)) {
      set(std::string(*global));
    }
    stage().declared.insert(name);
  }
}

void Planner::set_environment(const Instruction& instruction) {
  // All values of one ENV see the variables as they were before it.
  std::vector<Variable> variables;
  for (size_t i = 0; i + 1 < instruction.arguments.size(); i += 2) {
    Variable& variable = variables.emplace_back();
    variable.line = instruction.start_line;
    variable.name = expand(instruction, instruction.arguments[i]);
    variable.value = expand(instruction, instruction.arguments[i + 1]);
    variable.open = open_;
  }
  for (Variable& variable : variables)
    stage().environment.set(std::move(variable));
}

void Planner::change_workdir(const Instruction& instruction) {
  if (instruction.arguments.empty()) return;
  const std::string path = expand(instruction, instruction.arguments[0]);
  stage().open_workdir = open_ || (stage().open_workdir && !path.starts_with('/'));
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
    Error& error =
        fail(first_stage, first_stage.name_span,
             fmt::format("SOURCE_DATE_EPOCH is '{}', which is not a time", part.value),
             "set it to seconds since 1970, to 'context', or to the name of a stage that downloads one file");
    error.phase = Error::Phase::kArguments;
    error.open = true;
    return;
  }
  epoch_ = std::move(part);
}

bool Planner::is_proxy(std::string_view name) {
  return std::find(kProxies.begin(), kProxies.end(), text::to_lower(name)) != kProxies.end();
}

bool Planner::is_declared(std::string_view name) {
  const Variable* const variable = stage().environment.find(name);
  return variable != nullptr && variable->argument;
}

void Planner::choose_target() {
  if (graph_.stages.empty()) return;
  const Stage* target =
      options_.target.empty() ? &graph_.stages.back() : find_target(graph_, options_.target);
  if (target == nullptr) {
    std::string names;
    for (const Stage& known : graph_.stages) {
      if (find_target(graph_, known.label()) != nullptr) names += (names.empty() ? "" : ", ") + known.label();
    }
    Error& error = graph_.errors.emplace_back();
    error.message = fmt::format("unknown stage '{}'", options_.target);
    const bool is_number = graph_.find_stage(options_.target) != nullptr;
    if (is_number) error.remedy = "--target takes no numbers: name the stage with FROM … AS NAME";
    if (!names.empty()) error.remedy += fmt::format("{}known stages: {}", is_number ? "; " : "", names);
    error.phase = Error::Phase::kStages;
    return;
  }
  graph_.target = target->index;
  mark_needed(target->index, false);
  mark_needed(target->index, true);
  for (Step& step : graph_.steps)
    step.needed = graph_.stages[step.stage].needed;
}

void Planner::mark_needed(size_t target, bool always) {
  std::vector<size_t> todo = {target};
  // The classic builder goes through all stages before the target, whether it needs them or not.
  for (size_t i = 0; options_.builder == Builder::kClassic && i < target; ++i)
    todo.push_back(i);
  while (!todo.empty()) {
    Stage& needed = graph_.stages[todo.back()];
    todo.pop_back();
    bool& mark = always ? needed.needed_always : needed.needed;
    if (mark) continue;
    mark = true;
    if (needed.base_stage && !(always && needed.open_base)) todo.push_back(*needed.base_stage);
    for (const size_t index : needed.steps) {
      for (const Read& read : graph_.steps[index].reads) {
        if (read.origin == Read::Origin::kStage) todo.push_back(read.stage);
      }
    }
  }
}

// Stages that read from each other. BuildKit does not count what a stage starts from.
void Planner::find_circles() {
  enum class State : uint8_t { kNew, kOpen, kDone };
  std::vector<State> states(graph_.stages.size());
  struct Visit {
    size_t stage;
    size_t next;  // of its references
  };
  for (size_t first = 0; first < states.size(); ++first) {
    std::vector<Visit> path;
    const auto enter = [&](size_t stage) {
      states[stage] = State::kOpen;
      path.push_back({stage, 0});
    };
    if (states[first] == State::kNew) enter(first);
    while (!path.empty()) {
      Visit& visit = path.back();
      const auto& references = references_[visit.stage];
      if (visit.next == references.size()) {
        states[visit.stage] = State::kDone;
        path.pop_back();
        continue;
      }
      const Reference& reference = references[visit.next++];
      if (states[reference.stage] == State::kNew) {
        enter(reference.stage);
      } else if (states[reference.stage] == State::kOpen && reference.stage != visit.stage) {
        const std::string name = graph_.stages[reference.stage].label();
        Error& error =
            fail(*reference.instruction, reference.span,
                 fmt::format("the stages '{}' and '{}' read from each other, directly or through other "
                             "stages",
                             graph_.stages[visit.stage].label(), name),
                 "move what both need into a separate stage above them");
        error.phase = Error::Phase::kDependencies;
        error.stage = visit.stage;
        error.open = false;
      }
    }
  }
}

}  // namespace dcache::plan
