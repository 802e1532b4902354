#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/lint_options.h"
#include "cli/lint_reports.h"
#include "cli/patches.h"
#include "cli/selection.h"
#include "cli/terminal.h"
#include "dcache/context/boundary.h"
#include "dcache/context/disk.h"
#include "dcache/dockerfile/check.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/ignore/matcher.h"
#include "dcache/lint/catalogue.h"
#include "dcache/lint/engine.h"
#include "dcache/lint/fixes.h"
#include "dcache/lint/hadolint_config.h"
#include "dcache/lint/inline_text.h"
#include "dcache/lint/linters.h"
#include "dcache/lint/shellcheck.h"
#include "dcache/observe/durations.h"
#include "dcache/process/program.h"
#include "dcache/project/file_kinds.h"
#include "dcache/project/yaml.h"
#include "dcache/report/baseline.h"
#include "dcache/report/findings.h"
#include "dcache/report/places.h"
#include "dcache/text/edit.h"
#include "dcache/text/failure.h"
#include "dcache/text/file_io.h"
#include "dcache/text/path.h"
#include "dcache/text/write_file.h"
#include "dcache/threads/share.h"

namespace dcache::cli {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// The disk, where the files that the user named are read wherever they lead.
context::DiskOptions disk_of(const LintOptions& options) {
  context::DiskOptions disk;
  if (!options.build.context.empty()) disk.folders.push_back(options.build.context);
  disk.within = readable_folders(options.build, options.paths);
  std::error_code unknown;
  for (const std::string& path : options.paths)
    (fs::is_directory(path, unknown) ? disk.folders : disk.named).push_back(path);
  disk.named.insert(disk.named.end(), options.build.definitions.begin(), options.build.definitions.end());
  // A configuration above the repository is the user's own.
  std::string above = lint::find_config(".", *context::disk());
  if (text::is_within(above, disk.within.front())) above.clear();
  for (const std::string& config :
       {options.config, above, lint::find_hadolint_home(variable, *context::disk())}) {
    if (!config.empty()) disk.named.push_back(config);
  }
  return disk;
}

// What the options of the command line make of configurations.
class Settings {
 public:
  Settings(const LintOptions& options, const context::FileSystem& files) : options_(options), files_(files) {
    if (options.no_shellcheck) return;
    const std::string program = process::find_program("shellcheck");
    if (!program.empty()) {
      shellcheck_ = std::make_shared<const lint::ShellCheck>(
          lint::ShellCheck::Options{.program = program, .cache_folder = shellcheck_folder()});
    } else if (options.rules.select.empty()) {
      note_ = "ShellCheck is not installed, so mistakes in the scripts of RUN are not reported (SC codes)";
    }
  }

  // False, with a message on standard error, if an option names what does not exist.
  bool check() const {
    std::vector<std::string> notes;
    const auto failure = lint::check(options_.rules, notes);
    for (const std::string& note : notes)
      complain("note: --" + note);
    if (failure) complain(fmt::format("--{}: {}", failure->path, text::words_of(*failure)));
    return !failure;
  }

  // What the summary says of this run; mostly empty.
  const std::string& note() const { return note_; }

  lint::Linters::Options linters() const {
    return {.config = options_.config,
            .variables = variable,
            .adjust = [this](lint::Config& config) { lint::apply(options_.rules, config); },
            .shellcheck = shellcheck_,
            .files = &files_};
  }

 private:
  const LintOptions& options_;
  const context::FileSystem& files_;
  std::shared_ptr<const lint::ShellCheck> shellcheck_;  // null if it is not there
  std::string note_;
};

// What came of one file.
struct Linted {
  std::string path;
  std::vector<std::string> complaints;    // for standard error
  std::vector<FileChange> changes;        // for a diff, which is printed instead of the report
  std::string text;                       // a fixed text, which is printed instead of the report
  std::vector<report::FilePart> parts;    // one for each report
  std::vector<std::string> fingerprints;  // for a new baseline
  std::string place;                      // the path as a baseline has it
  std::optional<lint::Impact> impact;     // the largest of its findings
  bool failed = false;
  bool above_threshold = false;
};

class Session {
 public:
  explicit Session(const LintOptions& options)
      : options_(options),
        files_(make_disk()),
        settings_(options, *files_),
        linters_(lint::catalogue(), settings_.linters()),
        project_(project_options_of(options.build)),
        images_(std::make_shared<project::ImageFinder>(finder_options(project_))),
        durations_(observe::Durations::open(store_folder())),
        surroundings_(files_, images_, seconds()) {}

  int run() {
    if (!settings_.check()) return kError;
    if (options_.show_config) return show_config();
    const auto inputs = find_inputs();
    if (!inputs) return kError;
    const bool fixes_input = options_.fix && std::ranges::find(*inputs, "-", &Input::path) != inputs->end();
    // Who records findings wants no list of them, unless a format is given.
    const bool records =
        !options_.new_baseline.empty() && options_.formats.empty() && options_.output.empty();
    const bool reports = !options_.diff && !fixes_input && !records;
    if ((reports && !reports_.open(options_, settings_.note())) || !read_baseline()) return kError;
    std::set<std::string> said;  // a configuration that can't be read is complained of once
    std::string out;
    std::vector<Linted> all;  // of a report by impact
    // Fixes may write a file that belongs to several Dockerfiles: one after the other.
    const size_t helpers = options_.fix ? 0 : threads::helpers_for(inputs->size(), kFilesPerThread);
    int status = failed_ ? kError : kOk;
    threads::in_order(
        inputs->size(), helpers, [&](size_t i) { return lint_file((*inputs)[i]); },
        [&](Linted linted) {
          for (const std::string& complaint : linted.complaints) {
            if (said.insert(complaint).second) complain(complaint);
          }
          out += linted.text;
          add_changes(std::move(linted.changes));
          for (std::string& fingerprint : linted.fingerprints)
            new_baseline_.add(linted.place, std::move(fingerprint));
          status = std::max<int>(status, linted.failed ? kError : linted.above_threshold ? kFindings : kOk);
          if (out.size() > kOutputPiece) print_file_and_clear(out);
          if (options_.by_impact) {
            all.push_back(std::move(linted));
          } else {
            reports_.add(std::move(linted.parts));
          }
        });
    if (options_.diff) out = diff();
    print_file_and_clear(out);
    report_by_impact(all);
    if (!check_definitions()) status = kError;
    if (!reports_.finish()) return kError;
    return write_baseline(status);
  }

 private:
  static constexpr size_t kFilesPerThread = 32;

  // A file to lint, and the image that is built from it if --image names that.
  struct Input {
    std::string path;
    std::shared_ptr<const project::Image> image = nullptr;
  };

  // Empty if no durations are kept: most users have none.
  lint::AllSurroundings::Seconds seconds() const {
    if (durations_.is_empty()) return {};
    return [this](const std::string& dockerfile, const plan::Graph& graph, size_t step) {
      return durations_.find(observe::Durations::key_of(graph, step, text::real_path(dockerfile)));
    };
  }

  project::ProjectOptions finder_options(const std::optional<project::ProjectOptions>& given) const {
    project::ProjectOptions options = given.value_or(project::ProjectOptions());
    options.read.files = files_;
    options.build = {};  // --context is told to the rules, and needs no definition
    return options;
  }

  // Nothing, with a word on standard error, if there is none.
  std::optional<std::vector<Input>> find_inputs() {
    if (!project_) return std::nullopt;
    const std::string& context = options_.build.context;
    if (!context.empty() && !fs::is_directory(context)) {
      complain(fmt::format("--context {}: there is no such folder", context));
      return std::nullopt;
    }
    if (!options_.build.images.empty()) return find_images();
    const project::Found found =
        find_files(options_.paths.empty() ? std::vector<std::string>{"."} : options_.paths,
                   {.companions = true, .definitions = true, .gitignore = !options_.no_gitignore}, failed_);
    for (const std::string& path : found.left_out) {
      if (options_.verbose) complain(fmt::format("{} is left out: {}", path, reason_of(path)));
    }
    if (options_.build.definitions.empty()) images_->add(found.definitions);
    const auto excluded = ignore::Matcher::compile(options_.exclude);
    if (!excluded) {
      complain(fmt::format("--exclude: {}", excluded.error().message));
      return std::nullopt;
    }
    std::vector<Input> inputs;
    for (const std::string& path : found.files) {
      const auto relative = fs::absolute(path).lexically_normal().lexically_relative(fs::current_path());
      if (is_named(path) || !excluded->decide(relative.generic_string()).ignored) inputs.push_back({path});
    }
    if (options_.build.definitions.empty() && !found.definitions.empty()) add_defined(inputs);
    return inputs;
  }

  // What definitions in the folders build beside the Dockerfiles that a search finds by their names: those of
  // other names, and texts in definitions.
  void add_defined(std::vector<Input>& inputs) const {
    const context::FileSystem& files = *files_;
    std::set<std::string> known;
    for (const Input& input : inputs)
      known.insert(files.real_path(input.path));
    for (project::Image& image : images_->defined_so_far().images) {
      const std::string path = image.build.dockerfile;
      if (!image.remote.empty()) continue;
      if (image.build.dockerfile_text) {
        inputs.push_back({path, std::make_shared<const project::Image>(std::move(image))});
      } else if (files.exists(path) && is_searched(path) && known.insert(files.real_path(path)).second) {
        inputs.push_back({path});
      }
    }
  }

  // Whether a file is in a folder that is searched, and in none that a search passes over.
  bool is_searched(const std::string& path) const {
    for (std::string_view rest = text::parent_path(path); !rest.empty() && rest != "/" && rest != ".";
         rest = text::parent_path(rest)) {
      if (project::is_vendored_folder(text::base_name(rest))) return false;
    }
    if (options_.paths.empty()) return !path.starts_with("../") && !path.starts_with('/');
    return std::ranges::any_of(options_.paths, [&](const std::string& folder) {
      const std::string clean = text::clean_path(folder);
      return clean == "." ? !path.starts_with("../") && !path.starts_with('/') : text::is_within(path, clean);
    });
  }

  // The Dockerfiles of --image, each once: as the first image that is named is built from it.
  std::optional<std::vector<Input>> find_images() {
    if (!options_.paths.empty()) {
      complain("name files or images, but not both: --image says which Dockerfile is linted");
      return std::nullopt;
    }
    std::vector<Input> inputs;
    Selection selection = select_images(options_.build, failed_);
    for (const size_t index : selection.meant) {
      project::Image& image = selection.project.images[index];
      const std::string path = image.build.dockerfile;
      if (!image.remote.empty()) {
        complain_of_unknown(image, image.remote);
        failed_ = true;
        continue;
      }
      if (std::ranges::find(inputs, path, &Input::path) != inputs.end()) continue;
      const bool is_defined = image.origin().kind != project::DefinitionKind::kDockerfile;
      inputs.push_back(
          {path, is_defined ? std::make_shared<const project::Image>(std::move(image)) : nullptr});
    }
    if (inputs.empty()) return std::nullopt;
    return inputs;
  }

  // Why a search passes a path over: see project::Found::left_out.
  static std::string_view reason_of(std::string_view path) {
    return path.ends_with('/') ? "it contains vendored files; name it, or a Dockerfile in it, to lint it"
                               : "its name is not that of a Dockerfile; name it to lint it";
  }

  // A definition that can't be read leaves contexts to guesses. False if it was named; of those that a search
  // finds, which may be fixtures of tests, only those who ask for it are told.
  bool check_definitions() const {
    const bool named = !options_.build.definitions.empty();
    if (!options_.verbose && !named) return true;
    const std::vector<text::Failure> failures = images_->failures();
    for (const text::Failure& failure : failures)
      complain((named ? "" : "warning: ") + text::words_of(failure));
    return failures.empty() || !named;
  }

  // A file that is reached over two paths, or that two fixes would write, is shown once.
  void add_changes(std::vector<FileChange> changes) {
    for (FileChange& change : changes) {
      if (shown_.insert(fs::weakly_canonical(fs::absolute(change.path)).string()).second)
        changes_.push_back(std::move(change));
    }
  }

  // Of all files.
  std::string diff() const { return patch_with_note(changes_); }

  // Remembers the texts that fixes rest on: see fix().
  std::shared_ptr<const context::FileSystem> make_disk() {
    context::DiskOptions options = disk_of(options_);
    options.remembers = !options_.fix;
    if (options_.fix) {
      options.note = [this](const std::string& path, const std::string& text) {
        texts_[context::absolute_path(path)] = text;
      };
    }
    return context::disk_with(std::move(options));
  }

  // What holds for the first path.
  int show_config() {
    const std::string path = options_.paths.empty() ? "." : options_.paths.front();
    const lint::Linters::Entry& entry =
        linters_.of(fs::is_directory(path) ? (fs::path(path) / "Dockerfile").string() : path);
    if (entry.failure) {
      complain(text::words_of(*entry.failure));
      return kError;
    }
    for (const cache::Failure& note : entry.notes)
      complain("note: " + text::words_of(note));
    std::string out = entry.path.empty() ? "# no configuration file\n"
                                         : fmt::format("# from {}\n", report::printable(entry.path));
    out += lint::to_toml_with_origins(entry.given, entry.config);
    print_and_clear(out);
    return kOk;
  }

  Linted lint_file(const Input& input) {
    if (input.image != nullptr && input.image->build.dockerfile_text) return lint_inline(*input.image, input);
    const std::string& path = input.path;
    Linted linted;
    linted.path = path;
    const lint::Linters::Entry& entry = linters_.of(path);
    auto source = path == "-" ? text::read_file(path) : files_->read(path);
    if (entry.failure) linted.complaints.push_back(text::words_of(*entry.failure));
    for (const cache::Failure& note : entry.notes)
      linted.complaints.push_back("note: " + text::words_of(note));
    if (!source) linted.complaints.push_back(source.error());
    if (!entry.linter || !source) {
      linted.failed = true;
      return linted;
    }
    if (entry.excluded && !is_named(path)) return linted;
    if (const auto kind = kind_of(path)) {
      lint_companion(path, *kind, *source, entry, linted);
    } else {
      lint_dockerfile(input, *source, entry, linted);
    }
    return linted;
  }

  static std::optional<lint::CompanionKind> kind_of(const std::string& path) {
    const bool yaml = path.ends_with(".yml") || path.ends_with(".yaml");
    return lint::companion_kind(yaml ? fs::absolute(path).string() : path);
  }

  void lint_dockerfile(const Input& input, std::string& source, const lint::Linters::Entry& entry,
                       Linted& linted) {
    const std::string& path = input.path;
    const auto load = path == "-" && options_.build.context.empty()
                          ? lint::LoadSurroundings()
                          : surroundings_.of(path, options_.build.context, input.image);
    const auto make_fixed = [&] {
      return lint::apply_fixes(*entry.linter, source, load, options_.unsafe_fixes);
    };
    if (input.image == nullptr && is_template(path, source)) {
      if (options_.verbose)
        linted.complaints.push_back(
            fmt::format("{} is left out: it is a template of a Dockerfile; name it to lint it", path));
      return;
    }
    if (options_.fix || options_.diff) fix(path, source, make_fixed, linted);
    const dockerfile::File file = dockerfile::parse(std::move(source));
    report(path, file.text(), entry.linter->lint(file, load), entry, linted);
  }

  // A Dockerfile that is a part of a definition. What is found is told where it is written there; fixes are
  // for files.
  Linted lint_inline(const project::Image& image, const Input& input) {
    const project::Origin& origin = image.origin();
    Linted linted;
    linted.path = origin.path;
    const lint::Linters::Entry& entry = linters_.of(origin.path);
    const auto definition = files_->read(origin.path);
    if (entry.failure) linted.complaints.push_back(text::words_of(*entry.failure));
    if (!definition) linted.complaints.push_back(definition.error());
    if (!entry.linter || !definition) {
      linted.failed = true;
      return linted;
    }
    const std::string& text = *image.build.dockerfile_text;
    const lint::InlineText place(*definition, text, origin.line);
    const auto load = surroundings_.of(input.path, options_.build.context, input.image);
    const dockerfile::File file = dockerfile::parse(text);
    lint::Findings findings = entry.linter->lint(file, load);
    for (lint::Diagnostic& diagnostic : findings.diagnostics)
      move_into(place, diagnostic);
    for (lint::Silenced& silenced : findings.silenced)
      move_into(place, silenced.diagnostic);
    findings.bad_fixes.clear();
    report(origin.path, {place.definition(), place.lines()}, std::move(findings), entry, linted);
    return linted;
  }

  static void move_into(const lint::InlineText& place, lint::Diagnostic& diagnostic) {
    diagnostic.span = place.place_of(diagnostic.span);
    if (diagnostic.focus) diagnostic.focus = place.place_of(*diagnostic.focus);
    diagnostic.decided_by.reset();
    diagnostic.fix.reset();
  }

  // Whether a file that nobody named, but was found in a folder, is a template and no Dockerfile.
  bool is_template(const std::string& path, const std::string& source) const {
    const bool may_be = source.find("{{") != std::string::npos || source.find("{%") != std::string::npos ||
                        source.find("<%") != std::string::npos || source.find("FROM ${") != std::string::npos;
    if (!may_be || is_named(path)) return false;
    return dockerfile::is_template(dockerfile::parse(source));
  }

  bool is_named(const std::string& path) const {
    return std::ranges::find(options_.paths, path) != options_.paths.end();
  }

  // The definition of a CI service that somebody names has to be one. Of those that a search finds, the
  // service says what is wrong.
  void check_yaml(const std::string& path, lint::CompanionKind kind, const std::string& source,
                  Linted& linted) const {
    if (kind == lint::CompanionKind::kIgnoreFile || !is_named(path)) return;
    const project::yaml::Documents documents = project::yaml::parse(source, path);
    if (!documents.values.empty() || documents.failures.empty()) return;
    linted.complaints.push_back(text::words_of(documents.failures.front()));
    linted.failed = true;
  }

  void lint_companion(const std::string& path, lint::CompanionKind kind, std::string& source,
                      const lint::Linters::Entry& entry, Linted& linted) {
    check_yaml(path, kind, source, linted);
    const std::string place = fs::absolute(path).lexically_normal().string();
    const auto load = kind == lint::CompanionKind::kIgnoreFile
                          ? surroundings_.within(path, source, options_.build.context)
                          : lint::LoadSurroundings();
    const auto make_fixed = [&] {
      return lint::apply_fixes(*entry.linter, kind, place, source, load, options_.unsafe_fixes, *files_);
    };
    if (options_.fix || options_.diff) fix(path, source, make_fixed, linted);
    lint::Companion companion(kind, place, std::move(source), load, *files_);
    report(path, companion.text(), entry.linter->lint(companion), entry, linted);
  }

  void report(const std::string& path, const text::Document& text, lint::Findings findings,
              const lint::Linters::Entry& entry, Linted& linted) const {
    compare_with_baseline(path, text, findings, linted);
    complain_of(findings.bad_fixes, path, linted);
    if (options_.by_impact) sort_by_impact(findings, linted);
    linted.failed = linted.failed || !findings.parses;
    const auto& fail_on = entry.config.fail_on;
    linted.above_threshold =
        fail_on && std::any_of(findings.diagnostics.begin(), findings.diagnostics.end(),
                               [&](const lint::Diagnostic& d) { return d.level >= *fail_on; });
    linted.parts = reports_.parts({path == "-" ? "<stdin>" : path, text, &findings});
  }

  static void sort_by_impact(lint::Findings& findings, Linted& linted) {
    std::ranges::stable_sort(findings.diagnostics, lint::gains_more, &lint::Diagnostic::impact);
    if (!findings.diagnostics.empty()) linted.impact = findings.diagnostics.front().impact;
  }

  // The files whose findings cost the most first.
  void report_by_impact(std::vector<Linted>& all) {
    std::ranges::stable_sort(all, lint::gains_more, &Linted::impact);
    for (Linted& linted : all)
      reports_.add(std::move(linted.parts));
  }

  // What a new baseline contains does not count as a failure.
  int write_baseline(int status) const {
    if (options_.new_baseline.empty()) return status;
    if (!write_output(options_.new_baseline, new_baseline_.to_json())) return kError;
    const size_t count = new_baseline_.size();
    complain(fmt::format("{} recorded in {}", count == 1 ? "1 finding" : fmt::format("{} findings", count),
                         options_.new_baseline));
    return status == kError ? kError : kOk;
  }

  // False, with a word on standard error, if there is none that can be used.
  bool read_baseline() {
    if (options_.baseline.empty()) return true;
    const auto text = text::read_file(options_.baseline);
    auto baseline = text ? report::Baseline::read(*text) : tl::unexpected(text.error());
    if (!baseline) {
      complain(text ? fmt::format("{}: {}", options_.baseline, baseline.error()) : baseline.error());
      return false;
    }
    baseline_ = std::move(*baseline);
    return true;
  }

  // Silences what the baseline knows, or notes all for a new one.
  void compare_with_baseline(const std::string& path, const text::Document& file, lint::Findings& findings,
                             Linted& linted) const {
    const bool makes = !options_.new_baseline.empty();
    if (!makes && options_.baseline.empty()) return;
    const fs::path folder = fs::absolute(makes ? options_.new_baseline : options_.baseline).parent_path();
    linted.place =
        fs::absolute(path).lexically_normal().lexically_relative(folder.lexically_normal()).generic_string();
    report::Fingerprints fingerprints;
    std::erase_if(findings.diagnostics, [&](lint::Diagnostic& diagnostic) {
      std::string fingerprint = fingerprints.next(file, diagnostic);
      const bool known = !options_.baseline.empty() && baseline_.covers(linted.place, fingerprint);
      if (makes) linted.fingerprints.push_back(std::move(fingerprint));
      if (known) findings.silenced.push_back({std::move(diagnostic), lint::Silenced::By::kBaseline, {}});
      return known;
    });
  }

  // Fixes the file with what `make_fixed` gives, or shows how; with --fix `source` becomes the fixed text.
  void fix(const std::string& path, std::string& source, const std::function<lint::FixedText()>& make_fixed,
           Linted& linted) {
    lint::FixedText fixed = make_fixed();
    complain_of(fixed.bad_fixes, path, linted);
    if (options_.diff) {
      if (fixed.text != source) linted.changes.push_back({path, source, fixed.text});
      for (lint::Fix& file : fixed.new_files) {
        auto before = text::read_regular_file(file.new_file);
        linted.changes.push_back({file.new_file, before ? std::optional(std::move(*before)) : std::nullopt,
                                  std::move(file.new_file_content)});
      }
      return;
    }
    if (path == "-") {
      linted.text = fixed.text;
      source = std::move(fixed.text);
      return;
    }
    std::string failure = fixed.text == source ? "" : text::replace_file(path, source, fixed.text);
    for (const lint::Fix& file : fixed.new_files) {
      if (failure.empty() && shown_.insert(file.new_file).second)
        failure = text::replace_file(file.new_file, text_of(file.new_file), file.new_file_content);
    }
    if (!failure.empty()) {
      linted.complaints.push_back(failure);
      linted.failed = true;
      return;
    }
    if (fixed.fixed > 0) {
      linted.complaints.push_back(fmt::format(
          "{}: {} fixed", path, fixed.fixed == 1 ? "1 finding" : fmt::format("{} findings", fixed.fixed)));
    }
    source = std::move(fixed.text);
  }

  // What a file contained when it was read; nothing for one that was not there.
  std::optional<std::string> text_of(const std::string& path) const {
    const auto known = texts_.find(context::absolute_path(path));
    return known == texts_.end() ? std::nullopt : std::optional(known->second);
  }

  // A fix that was left out because it would have done harm is news of a fault, not of the Dockerfile.
  static void complain_of(const std::vector<lint::BadFix>& fixes, const std::string& path, Linted& linted) {
    for (const lint::BadFix& fix : fixes) {
      linted.complaints.push_back(
          fmt::format("{}:{}: the fix for {} is left out: {}. This is a fault in dcache; please report it",
                      path, fix.line, fix.rule, fix.problem));
    }
  }

  const LintOptions& options_;
  std::map<std::string, std::string> texts_;  // with --fix, by absolute path
  std::shared_ptr<const context::FileSystem> files_;
  Settings settings_;
  lint::Linters linters_;
  std::vector<FileChange> changes_;  // for a diff
  std::set<std::string>
      shown_;  // files of which a diff is printed, or that fixes have written beside Dockerfiles
  std::optional<project::ProjectOptions> project_;  // nothing if they are wrong
  std::shared_ptr<project::ImageFinder> images_;
  observe::Durations durations_;
  lint::AllSurroundings surroundings_;
  bool failed_ = false;  // an image that --image names can't be linted
  Reports reports_;
  report::Baseline baseline_;
  report::Baseline new_baseline_;
};

}  // namespace

Command lint_command() {
  auto options = std::make_shared<LintOptions>();
  Command command("lint", "Find and fix what makes builds slow or images worse");
  add_lint_options(command, *options);
  command.notes =
      "A comment '# dcache ignore=CODE reason' silences a rule for the next instruction.\n"
      "'dcache rules CODE' explains a rule.";
  command.examples =
      "  dcache lint Dockerfile\n"
      "  dcache lint --fix\n"
      "  dcache lint --image api\n"
      "  dcache lint --format text --format sarif=dcache.sarif services/\n"
      "  dcache lint --diff --select DC1001 Dockerfile\n"
      "  render-template | dcache lint -";
  command.exit_status =
      "0 if there is nothing at or above --fail-on, 1 for findings, 2 for wrong options, input that\n"
      "can't be read, or a Dockerfile that no builder accepts.";
  command.run = [options] {
    add_environment(*options);
    return Session(*options).run();
  };
  return command;
}

Command config_command() {
  auto options = std::make_shared<LintOptions>();
  Command command("config", "Show which settings apply to a Dockerfile, and where they come from");
  add_config_options(command, *options);
  command.examples =
      "  dcache config services/api/Dockerfile\n"
      "  DCACHE_IGNORE=DC1009 dcache config";
  command.exit_status = "0, or 2 if the configuration can't be read.";
  command.run = [options] {
    add_environment(*options);
    options->show_config = true;
    return Session(*options).run();
  };
  return command;
}

}  // namespace dcache::cli
