#include "dcache/editor/workspace.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "dcache/cache/revision.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/editor/asked_files.h"
#include "dcache/lint/catalogue.h"
#include "dcache/lint/configured_builder.h"
#include "dcache/lint/linters.h"
#include "dcache/lint/shellcheck.h"
#include "dcache/project/cache_option.h"
#include "dcache/project/definitions.h"
#include "dcache/project/discover.h"
#include "dcache/project/file_kinds.h"
#include "dcache/text/path.h"

namespace dcache::editor {
namespace {

using context::CachedFiles;
using context::MemoryFiles;

// The configurations and the linters of a set of texts.
struct LinterPair {
  LinterPair(const Workspace::Options& options, std::shared_ptr<const MemoryFiles> files)
      : texts(std::move(files)),
        fast(lint::catalogue(), {.config = options.config, .adjust = options.adjust, .files = texts.get()}),
        thorough(lint::catalogue(),
                 {.config = options.config,
                  .adjust = options.adjust,
                  .shellcheck = options.shellcheck.empty()
                                    ? nullptr
                                    : std::make_shared<const lint::ShellCheck>(asked(options)),
                  .files = texts.get()}) {}

  static lint::ShellCheck::Options asked(const Workspace::Options& options) {
    return {.program = options.shellcheck, .cache_folder = options.shellcheck_store};
  }

  std::shared_ptr<const MemoryFiles> texts;
  lint::Linters fast;
  lint::Linters thorough;
};

// The folders around the Dockerfiles of a set of texts.
struct RepositoryView {
  // `configurations`: what those are read from, which may be above what somebody asked about.
  RepositoryView(const Workspace::Options& options, std::shared_ptr<const context::FileSystem> files,
                 const std::shared_ptr<const context::FileSystem>& configurations)
      : texts(std::move(files)),
        reading({.read = {.files = texts},
                 .build = {.hash_store = options.hash_store, .plan = options.plan},
                 .builder = options.builder,
                 .configured_builder = configured_builders(options, configurations),
                 .fallback_context = options.context}),
        images(std::make_shared<project::ImageFinder>(reading)),
        facts(texts, images) {}

  static project::ProjectOptions::ConfiguredBuilder configured_builders(
      const Workspace::Options& options, const std::shared_ptr<const context::FileSystem>& files) {
    const auto configured = std::make_shared<lint::ConfiguredBuilders>(files, options.config);
    return [configured](const std::string& dockerfile) { return configured->of(dockerfile); };
  }

  std::shared_ptr<const context::FileSystem> texts;
  project::ProjectOptions reading;
  std::shared_ptr<project::ImageFinder> images;
  lint::BuildFactsFinder facts;
};

// Answers by what was asked, safe to use from many threads.
template <typename Answer>
class AnswerCache {
 public:
  // Takes over what another one knows.
  void take(const AnswerCache& other) {
    const std::scoped_lock lock(mutex_, other.mutex_);
    answers_ = other.answers_;
  }

  std::shared_ptr<const Answer> find(const std::string& question) const {
    const std::scoped_lock lock(mutex_);
    const auto found = answers_.find(question);
    return found == answers_.end() ? nullptr : found->second;
  }
  void add(const std::string& question, std::shared_ptr<const Answer> answer) const {
    const std::scoped_lock lock(mutex_);
    answers_.insert_or_assign(question, std::move(answer));
  }
  void forget(const std::string& question) {
    const std::scoped_lock lock(mutex_);
    answers_.erase(question);
  }

 private:
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::shared_ptr<const Answer>, std::less<>> answers_;
};

cache::Failure unreadable(const std::string& path, std::string message) {
  return {path, 0, 0, std::move(message), {}};
}

Workspace::Failures failed(std::string message) {
  return {{{}, 0, 0, std::move(message), {}}};
}

// Why no file has that path; empty if one may. No system opens a longer one, and answers would take long:
// each folder above is looked into.
std::string unusable(const std::string& path) {
  constexpr size_t kLongestPath = 4096;
  if (path.size() > kLongestPath)
    return fmt::format("a path has {} bytes; that of a file has at most {}", path.size(), kLongestPath);
  if (path.empty()) return "a path is empty";
  return path.find('\0') == std::string::npos ? "" : "a path contains a zero byte";
}

// Whether a text of that name says what holds for others.
bool is_configuration(const Workspace::Options& options, const std::string& path) {
  const std::string_view name = text::base_name(path);
  return name == project::kSettingsName || lint::is_hadolint_config(path) || path == options.config;
}

// What the values of --cache-from mean.
tl::expected<std::vector<cache::CacheImport>, text::Failure> imports_of(
    const std::vector<std::string>& texts) {
  std::vector<cache::CacheImport> imports;
  for (const std::string& text : texts) {
    if (text == project::kDefinedImports)
      return tl::unexpected(text::Failure{.path = {},
                                          .message = "'defined' is only known to dcache explain",
                                          .remedy = "write none, inline, min or max"});
    auto read = project::parse_cache_import(text);
    if (!read) return tl::unexpected(std::move(read.error()));
    imports.push_back(std::move(read->import));
  }
  return imports;
}

// A key for answers that depend on them.
std::string words_of(const std::vector<cache::CacheImport>& imports) {
  std::string words;
  for (const cache::CacheImport& import : imports)
    words += std::to_string(static_cast<int>(import.mode)) + ':' + import.stage + '\n';
  return words;
}

// Whether a text of that name may decide how images are built: a definition, or a file that one includes.
bool is_of_definitions(const Workspace::Options& options, const std::string& path) {
  const std::string_view name = text::base_name(path);
  return project::definition_kind(path) || is_configuration(options, path) || name.ends_with(".yaml") ||
         name.ends_with(".yml") || name.ends_with(".env") || name.starts_with(".env");
}

}  // namespace

// One state of the workspace. All but the answers that it gathers stays as it is.
struct Workspace::State {
  std::shared_ptr<const Options> options;
  std::shared_ptr<AskedFolders> asked;
  // What the disk contains, as far as it was read, until files change.
  std::shared_ptr<const CachedFiles> disk;
  std::shared_ptr<const MemoryFiles> texts;
  std::shared_ptr<LinterPair> linting;
  std::shared_ptr<RepositoryView> view;
  AnswerCache<ParsedDockerfile> parsed;
  AnswerCache<LintAnswer> linted[2];  // by depth
  AnswerCache<cache::BuildAtRevision> revisions;
  AnswerCache<cache::Build> builds;
  AnswerCache<ImageVerdicts> explained;
  AnswerCache<project::Project> defined;

  // One that knows nothing but the options and the texts.
  static std::shared_ptr<const State> fresh(std::shared_ptr<const Options> options,
                                            std::shared_ptr<AskedFolders> asked, const MemoryFiles& texts) {
    auto state = std::make_shared<State>();
    state->options = std::move(options);
    state->asked = std::move(asked);
    if (!state->options->context.empty()) {
      state->asked->add(state->options->context + "/Dockerfile");
      state->asked->add_context(state->options->context);
    }
    state->disk = std::make_shared<const CachedFiles>(state->options->files);
    state->texts = std::make_shared<const MemoryFiles>(texts.over(state->disk));
    state->linting = std::make_shared<LinterPair>(*state->options, state->texts);
    state->view =
        std::make_shared<RepositoryView>(*state->options, state->reachable(state->texts), state->texts);
    return state;
  }

  // Files without those that only a definition of a stranger names. There are none in memory.
  std::shared_ptr<const context::FileSystem> reachable(
      std::shared_ptr<const context::FileSystem> files) const {
    if (options->files != context::disk()) return files;
    return std::make_shared<const AskedFiles>(std::move(files), asked, options->wide_contexts);
  }

  // Notes that a Dockerfile is asked about, and the contexts that definitions give it.
  void ask(const std::string& dockerfile) const {
    asked->add(dockerfile);
    if (options->wide_contexts) return;
    for (const project::Image& image : view->images->defined(dockerfile))
      asked->add_context(image.build.context);
  }
  tl::expected<std::shared_ptr<const ParsedDockerfile>, std::string> parse(const std::string& path) const;
  lint::BuildFacts facts_of_related(lint::RelatedFileKind kind, const std::string& path,
                                    const std::string& source) const {
    if (kind != lint::RelatedFileKind::kIgnoreFile) return {};
    return view->facts.within(path, source, options->context);
  }
  using Imports = std::vector<cache::CacheImport>;
  tl::expected<std::shared_ptr<const cache::Build>, Failures> build_now(
      const std::string& dockerfile, const Imports& imports, const std::stop_token& stop,
      const cache::Build::Progress& progress) const;
  tl::expected<std::shared_ptr<const cache::BuildAtRevision>, Failures> build_then(
      const std::string& dockerfile, const Question& question, const cache::Build& now) const;
  cache::BuildOptions build_options(const std::string& dockerfile,
                                    std::shared_ptr<const context::FileSystem> files,
                                    const std::stop_token& stop) const {
    cache::BuildOptions build = std::move(view->images->of(dockerfile).front().build);
    build.files = reachable(std::move(files));
    build.stop = stop;
    return build;
  }
};

Workspace::Workspace(Options options) {
  configure(std::move(options));
}

void Workspace::configure(Options options) {
  const std::scoped_lock lock(mutex_);
  state_ = State::fresh(std::make_shared<const Options>(std::move(options)),
                        state_ ? state_->asked : std::make_shared<AskedFolders>(),
                        state_ ? *state_->texts : MemoryFiles());
  marks_.clear();
}

void Workspace::files_changed() {
  const std::scoped_lock lock(mutex_);
  state_ = State::fresh(state_->options, state_->asked, *state_->texts);
}

Workspace::EditScope Workspace::change_texts(const std::string& path,
                                             const std::function<void(MemoryFiles&)>& change) {
  if (!unusable(path).empty()) return EditScope::kNothing;
  const std::scoped_lock lock(mutex_);
  auto texts = std::make_shared<MemoryFiles>(*state_->texts);
  change(*texts);
  auto state = std::make_shared<State>();
  state->options = state_->options;
  state->asked = state_->asked;
  state->asked->add(path);
  state->disk = state_->disk;
  state->texts = texts;
  // A configuration names the builder, which decides what there is to plan.
  if (!is_configuration(*state->options, path)) state->parsed.take(state_->parsed);
  state->parsed.forget(path);
  // Earlier states are of the build that was meant then.
  if (!is_of_definitions(*state->options, path)) state->revisions.take(state_->revisions);
  // What a Dockerfile says makes next to no difference for others, as long as it was there before and still
  // is.
  const bool inner = project::is_dockerfile_name(path) && state_->texts->exists(path) && texts->exists(path);
  state->linting = is_configuration(*state->options, path)
                       ? std::make_shared<LinterPair>(*state->options, texts)
                       : state_->linting;
  state->view = inner ? state_->view
                      : std::make_shared<RepositoryView>(*state->options, state->reachable(texts), texts);
  if (inner) {
    state->defined.take(state_->defined);
    for (size_t depth = 0; depth < std::size(state->linted); ++depth) {
      state->linted[depth].take(state_->linted[depth]);
      state->linted[depth].forget(path);
    }
  }
  state_ = std::move(state);
  return inner ? EditScope::kItself : EditScope::kAll;
}

Workspace::EditScope Workspace::set_text(const std::string& path, std::string text) {
  return change_texts(path, [&](MemoryFiles& texts) { texts.write(path, std::move(text)); });
}

Workspace::EditScope Workspace::drop_text(const std::string& path) {
  return change_texts(path, [&](MemoryFiles& texts) { texts.forget(path); });
}

std::optional<std::string> Workspace::text(const std::string& path) const {
  const auto state = now();
  const std::string* text = state->texts->find(path);
  return text == nullptr ? std::nullopt : std::optional(*text);
}

std::string Workspace::context_of(const std::string& dockerfile) const {
  const auto state = now();
  state->asked->add(dockerfile);
  return state->view->images->of(dockerfile).front().build.context;
}

std::shared_ptr<const context::FileSystem> Workspace::files() const {
  return now()->texts;
}

std::shared_ptr<const context::FileSystem> Workspace::files_inside() const {
  const auto state = now();
  return state->reachable(state->texts);
}

std::string Workspace::refusal(const std::string& named) const {
  const auto state = now();
  if (state->options->files != context::disk()) return {};
  return AskedFiles(state->texts, state->asked).refusal(named);
}

void Workspace::open_folder(const std::string& folder) {
  now()->asked->add(text::join_path(folder, "Dockerfile"));
}

std::shared_ptr<const Workspace::State> Workspace::now() const {
  const std::scoped_lock lock(mutex_);
  return state_;
}

tl::expected<std::shared_ptr<const Workspace::ParsedDockerfile>, std::string> Workspace::State::parse(
    const std::string& path) const {
  if (auto known = parsed.find(path)) return known;
  auto text = texts->read(path);
  if (!text) return tl::unexpected(std::move(text.error()));
  dockerfile::File file = dockerfile::parse(std::move(*text));
  plan::Options plan = options->plan;
  plan.builder = view->images->builder_of(path).value_or(plan.builder);
  plan::Graph graph = plan::build_graph(file, plan);
  auto answer = std::make_shared<const ParsedDockerfile>(ParsedDockerfile{std::move(file), std::move(graph)});
  parsed.add(path, answer);
  return answer;
}

tl::expected<std::shared_ptr<const Workspace::ParsedDockerfile>, std::string> Workspace::parse(
    const std::string& path) const {
  return now()->parse(path);
}

tl::expected<std::shared_ptr<const Workspace::LintAnswer>, cache::Failure> Workspace::lint(
    const std::string& path, Depth depth) const {
  if (std::string why = unusable(path); !why.empty()) return tl::unexpected(unreadable({}, std::move(why)));
  const auto state = now();
  state->ask(path);
  if (depth == Depth::kReady) {
    if (auto known = state->linted[static_cast<size_t>(Depth::kThorough)].find(path)) return known;
    depth = Depth::kFast;
  }
  if (state->options->shellcheck.empty()) depth = Depth::kFast;
  const AnswerCache<LintAnswer>& answers = state->linted[static_cast<size_t>(depth)];
  if (auto known = answers.find(path)) return known;
  lint::Linters& linters = depth == Depth::kFast ? state->linting->fast : state->linting->thorough;
  const lint::Linters::Entry& entry = linters.of(path);
  if (!entry.linter) return tl::unexpected(*entry.failure);
  LintAnswer linted;
  if (const auto kind = lint::related_file_kind(path)) {
    auto source = state->texts->read(path);
    if (!source) return tl::unexpected(unreadable(path, std::move(source.error())));
    linted.plain = std::make_shared<const Plain>(*kind, std::move(*source));
    const lint::BuildFacts facts = state->facts_of_related(*kind, path, linted.plain->source);
    const auto files = state->reachable(state->texts);
    lint::RelatedFile related(*kind, path, linted.plain->source, facts, *files);
    linted.findings = entry.linter->lint(related);
    linted.failure = facts.failure();
  } else {
    auto parsed = state->parse(path);
    if (!parsed) return tl::unexpected(unreadable(path, std::move(parsed.error())));
    linted.parsed = std::move(*parsed);
    const lint::BuildFacts facts = state->view->facts.of(path);
    linted.findings = entry.linter->lint(linted.parsed->file, facts);
    linted.failure = facts.failure();
  }
  auto answer = std::make_shared<const LintAnswer>(std::move(linted));
  answers.add(path, answer);
  return answer;
}

tl::expected<lint::FixedText, cache::Failure> Workspace::fix(const std::string& path, bool unsafe) const {
  if (std::string why = unusable(path); !why.empty()) return tl::unexpected(unreadable({}, std::move(why)));
  const auto state = now();
  state->ask(path);
  const lint::Linters::Entry& entry = (unsafe ? state->linting->thorough : state->linting->fast).of(path);
  if (!entry.linter) return tl::unexpected(*entry.failure);
  auto source = state->texts->read(path);
  if (!source) return tl::unexpected(unreadable(path, std::move(source.error())));
  if (const auto kind = lint::related_file_kind(path)) {
    const auto facts = state->facts_of_related(*kind, path, *source);
    const auto files = state->reachable(state->texts);
    return lint::apply_fixes(*entry.linter, *kind, path, std::move(*source), facts, unsafe, *files);
  }
  const auto facts = state->view->facts.of(path);
  return lint::apply_fixes(*entry.linter, std::move(*source), facts, unsafe);
}

std::shared_ptr<const project::Project> Workspace::defined_in(const std::string& definition) const {
  const auto state = now();
  state->asked->add(definition);
  if (auto known = state->defined.find(definition)) return known;
  const std::string folder(text::parent_path(definition));
  const auto kind = project::definition_kind(definition);
  auto paths = project::definitions_above(folder, folder, *state->view->texts);
  std::erase_if(paths, [&](const std::string& path) { return project::definition_kind(path) != kind; });
  project::ImageFinder finder(state->view->reading);
  finder.add(paths);
  auto answer = std::make_shared<const project::Project>(finder.defined_so_far());
  state->defined.add(definition, answer);
  return answer;
}

std::shared_ptr<const project::Project> Workspace::repository(const std::string& folder) const {
  const auto state = now();
  state->asked->add(text::join_path(folder, "Dockerfile"));
  return state->view->images->project(folder);
}

// The build as it is, its files hashed.
tl::expected<std::shared_ptr<const cache::Build>, Workspace::Failures> Workspace::State::build_now(
    const std::string& dockerfile, const Imports& imports, const std::stop_token& stop,
    const cache::Build::Progress& progress) const {
  const std::string key = dockerfile + '\n' + words_of(imports);
  if (auto known = builds.find(key)) return known;
  cache::BuildOptions build_of = build_options(dockerfile, texts, stop);
  build_of.cache_from = imports;
  auto build = cache::Build::load(build_of);
  if (!build) return tl::unexpected(std::move(build.error()));
  if (auto wrong = project::wrong_import(build->options(), build->graph()))
    return tl::unexpected(Failures{std::move(*wrong)});
  build->hash_files(progress);
  if (stop.stop_requested()) return tl::unexpected(failed(std::string(context::kCancelled)));
  auto answer = std::make_shared<const cache::Build>(std::move(*build));
  builds.add(key, answer);
  return answer;
}

tl::expected<std::shared_ptr<const cache::BuildAtRevision>, Workspace::Failures> Workspace::State::build_then(
    const std::string& dockerfile, const Question& question, const cache::Build& now) const {
  if (options->files != context::disk())
    return tl::unexpected(failed("'since' needs files on the disk (files: \"disk\")"));
  const std::string key = dockerfile + '\n' + question.since;
  if (auto known = revisions.find(key)) return known;
  auto then = cache::load_revision(build_options(dockerfile, disk, question.stop), question.since, now);
  if (!then) return tl::unexpected(std::move(then.error()));
  then->build.hash_files(question.progress);
  if (question.stop.stop_requested()) return tl::unexpected(failed(std::string(context::kCancelled)));
  auto answer = std::make_shared<const cache::BuildAtRevision>(std::move(*then));
  revisions.add(key, answer);
  return answer;
}

tl::expected<std::shared_ptr<const Workspace::ImageVerdicts>, Workspace::Failures> Workspace::explain(
    const std::string& dockerfile, const Question& question) const {
  std::string why = unusable(dockerfile);
  for (const std::string& path : question.changed)
    if (why.empty()) why = unusable(path);
  if (!question.since.empty() && !question.changed.empty()) why = "give either 'since' or 'changed'";
  if (!why.empty()) return tl::unexpected(failed(std::move(why)));
  const auto state = now();
  state->ask(dockerfile);
  const auto imports = imports_of(question.cache_from);
  if (!imports) return tl::unexpected(Failures{imports.error()});
  const std::string key = dockerfile + '\n' + question.since + '\n' + words_of(*imports);
  const bool kept = question.changed.empty() && !question.since.empty();
  if (auto known = kept ? state->explained.find(key) : nullptr) return known;
  auto build = state->build_now(dockerfile, *imports, question.stop, question.progress);
  if (!build) return tl::unexpected(std::move(build.error()));
  ImageVerdicts explained{*build, nullptr, {}, {}};
  const bool is_unchanged = question.since.empty() && !imports->empty() && !is_marked(dockerfile);
  if (!question.changed.empty() || is_unchanged) {
    cache::WhatIf what_if = cache::what_if_changed(
        **build, cache::locate(**build, question.changed, (*build)->options().context));
    explained.report = std::move(what_if.report);
    explained.paths = std::move(what_if.paths);
    return std::make_shared<const ImageVerdicts>(std::move(explained));
  }
  cache::Build::AssumedPaths assumed;
  if (question.since.empty()) {
    const std::scoped_lock lock(mutex_);
    const auto mark = marks_.find(dockerfile);
    if (mark == marks_.end())
      return tl::unexpected(
          failed("there is nothing to compare with: call mark() first, or give 'since' or 'changed'"));
    explained.before = mark->second;
  } else {
    const auto then = state->build_then(dockerfile, question, **build);
    if (!then) return tl::unexpected(then.error());
    explained.before = std::shared_ptr<const cache::Build>(*then, &(*then)->build);
    assumed = (*then)->assumed;
  }
  const cache::Build* const before = explained.before.get();
  explained.report = explained.build->compare_with({&before, 1}, assumed);
  auto answer = std::make_shared<const ImageVerdicts>(std::move(explained));
  if (kept) state->explained.add(key, answer);
  return answer;
}

tl::expected<void, Workspace::Failures> Workspace::mark(const std::string& dockerfile,
                                                        const std::stop_token& stop,
                                                        const cache::Build::Progress& progress) {
  if (std::string why = unusable(dockerfile); !why.empty()) return tl::unexpected(failed(std::move(why)));
  const auto state = now();
  state->ask(dockerfile);
  auto build = state->build_now(dockerfile, {}, stop, progress);
  if (!build) return tl::unexpected(std::move(build.error()));
  const std::scoped_lock lock(mutex_);
  marks_.insert_or_assign(dockerfile, std::move(*build));
  return {};
}

bool Workspace::is_marked(const std::string& dockerfile) const {
  const std::scoped_lock lock(mutex_);
  return marks_.contains(dockerfile);
}

}  // namespace dcache::editor
